"""A request from the waist for a provider that speaks Responses.

Nothing is to be kept there (`store: false`), so thoughts are asked for in encrypted form and sent back with the input.
The members that a conversation shares from turn to turn stand first, so that prompt caches find them again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from msgspec import Raw

from xrouter.chat.request import (
    Conversation,
    Format,
    Opaque,
    Reasoning,
    Settings,
    Text,
    Thinking,
    Tool,
    ToolChoice,
    Turn,
)
from xrouter.chat.target import Target
from xrouter.dialects.base import Written
from xrouter.dialects.naming import fit_name, fit_names, label
from xrouter.dialects.responses.history import History
from xrouter.dialects.responses.tools import DIALECT
from xrouter.errors import Unsupported
from xrouter.wire import json

_THINKS = re.compile(r"(?:.*/)?(?:o[1-9]|gpt-(?:[5-9]|\d\d)(?!.*chat)|codex)")
"""Models that think; others refuse to be asked for encrypted thoughts, and these for a temperature."""
_ENCRYPTED, _LOGPROBS = "reasoning.encrypted_content", "message.output_text.logprobs"
_FEWEST_TOKENS = 16
_MOST_USER = 64
_TIERS = frozenset({"auto", "default", "flex", "scale", "priority", "fast", "ultrafast"})
_MODES = {"auto": "auto", "none": "none", "any": "required"}
_BUDGETS = ((0, "none"), (2048, "low"), (8192, "medium"))
"""How many tokens of thought are which effort at most; more are high."""
_PASSED = frozenset(
    {"metadata", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "safety_identifier"}
)
_HINTS = frozenset({"store", "prediction", "stream_options", "verbosity", "cache_control"})
"""Extras without effect on the meaning."""
_MEANT = frozenset({"audio", "web_search_options"})
"""Extras without which a request would mean something else."""


def write_request(talk: Conversation, target: Target) -> Written:
    """The request as the target takes it. Raises Unsupported where it cannot."""
    model = target.model or talk.model
    asking = _Asking(talk, target, model)
    instructions, turns = _split(talk.turns)
    history = History(asking.who)
    body: dict[str, Any] = {"model": model, "store": False}
    body |= {"instructions": instructions} if instructions else {}
    body |= asking.tools()
    body |= {"input": history.write(turns)}
    body |= asking.settings()
    body |= {"stream": True} if talk.stream else {}
    given = {theirs: body.pop(ours) for ours, theirs in target.renames if ours in body and theirs not in body}
    gone = sorted(target.unknown.intersection(body))
    body = {name: value for name, value in {**body, **given}.items() if name not in target.unknown}
    body |= {name: Raw(value) for name, value in target.body}
    dropped = dict.fromkeys((*asking.dropped, *history.dropped, *gone))
    return Written(json.encode(body), target.url, tuple(dropped), asking.renamed)


class _Asking:
    """One request on its way out, and what had to be left out of it."""

    def __init__(self, talk: Conversation, target: Target, model: str) -> None:
        self._talk, self._target, self._model = talk, target, model
        self.who = f"{target.provider} ({model})"
        self.dropped: list[str] = []
        self.renamed: dict[str, str] = {}

    def tools(self) -> dict[str, Any]:
        """The tools, and which may be called."""
        offered = [tool for tool in self._talk.tools if isinstance(tool, Tool)]
        self.dropped += [label(tool, "tools") for tool in self._talk.tools if isinstance(tool, Opaque)]
        self.renamed = {there: here for here, there in fit_names(offered).items()}
        settings = self._talk.settings
        choice = settings.tool_choice
        if not offered:
            if choice is not None and choice.mode in {"any", "tool"}:
                raise self._refuse("tool_choice", "asks for a tool, but there is none that it can call")
            return {}
        body: dict[str, Any] = {"tools": [_tool(tool) for tool in offered]}
        if choice is not None:
            body["tool_choice"] = self._choice(choice, offered)
        if settings.parallel is not None:
            body["parallel_tool_calls"] = settings.parallel
        return body

    def settings(self) -> dict[str, Any]:
        """How to answer."""
        asked, target = self._talk.settings, self._target
        if asked.n is not None and asked.n > 1:
            raise self._refuse("n", "gives one answer to a request")
        if asked.stop:
            raise self._refuse("stop", "cannot stop at words")
        limit = asked.max_tokens if asked.max_tokens is not None else target.max_output_tokens
        thinking = self._thinking()
        tier = asked.service_tier if asked.service_tier in _TIERS else None
        user = asked.user if asked.user and len(asked.user) <= _MOST_USER else None
        known = {
            "max_output_tokens": limit and max(limit, _FEWEST_TOKENS),
            **self._sampling(thinking),
            "reasoning": thinking,
            "text": self._text(asked),
            "include": self._include(thinking),
            "service_tier": tier,
            "user": user,
            **self._extras(),
        }
        self.dropped += [name for name in _UNKNOWN if getattr(asked, name) is not None]
        return {name: value for name, value in known.items() if value is not None}

    def _choice(self, choice: ToolChoice, offered: Sequence[Tool]) -> Any:
        kinds = {tool.name: "custom" if tool.custom else "function" for tool in offered}
        if any(name not in kinds for name in choice.names):
            raise self._refuse("tool_choice", "is to choose a tool that is not offered")
        named = [{"type": kinds[name], "name": fit_name(name)} for name in choice.names]
        if choice.mode == "tool":
            return named[0] if named else "required"
        mode = _MODES[choice.mode]
        return {"type": "allowed_tools", "mode": mode, "tools": named} if named and mode != "none" else mode

    def _thinking(self) -> dict[str, Any] | None:
        asked = self._talk.settings.thinking
        effort = _effort(asked) or self._target.effort
        summary = "auto" if asked is not None and asked.shown and effort != "none" else None
        known = {"effort": effort, "summary": summary}
        return {name: value for name, value in known.items() if value} or None

    def _sampling(self, thinking: dict[str, Any] | None) -> dict[str, Any]:
        """Temperature and the like; models that think refuse them."""
        asked = self._talk.settings
        top_logprobs = asked.top_logprobs if asked.logprobs is not False else None
        known = {"temperature": asked.temperature, "top_p": asked.top_p, "top_logprobs": top_logprobs}
        if not self._thinks(thinking):
            return known
        self.dropped += [
            name for name, value in known.items() if value is not None and (name, value) != ("temperature", 1)
        ]
        self.dropped += ["logprobs"] if asked.logprobs else []
        return {}

    def _include(self, thinking: dict[str, Any] | None) -> list[str] | None:
        thinks = self._thinks(thinking)
        included = [_ENCRYPTED] if thinks or _THINKS.match(self._model) or _has_seal(self._talk.turns) else []
        included += [_LOGPROBS] if self._talk.settings.logprobs and not thinks else []
        return included or None

    def _thinks(self, thinking: dict[str, Any] | None) -> bool:
        effort = (thinking or {}).get("effort")
        return effort != "none" and (thinking is not None or _THINKS.match(self._model) is not None)

    def _text(self, asked: Settings) -> dict[str, Any] | None:
        verbosity = self._extra("verbosity")
        known = {"format": _format(asked.format), "verbosity": verbosity and Raw(verbosity)}
        return {name: value for name, value in known.items() if value is not None} or None

    def _extra(self, name: str) -> bytes | None:
        extras = self._talk.settings.extras
        return next((extra.value for extra in extras if extra.kind == name and extra.dialect in _OURS), None)

    def _extras(self) -> dict[str, Raw]:
        passed: dict[str, Raw] = {}
        for extra in self._talk.settings.extras:
            if extra.kind in _PASSED and extra.dialect in _OURS:
                passed[extra.kind] = Raw(extra.value)
            elif extra.kind in _MEANT:
                raise self._refuse(extra.kind, "cannot take it")
            elif extra.kind not in _HINTS and extra.kind not in _PASSED:
                self.dropped.append(extra.kind)
        return passed

    def _refuse(self, name: str, why: str) -> Unsupported:
        message = f"{name} cannot be sent to {self.who}: this provider, asked through Responses, {why}."
        return Unsupported(message, hint=f"Leave {name} out, or ask another model.", param=name)


_OURS = frozenset({"openai", DIALECT})
_UNKNOWN = ("top_k", "seed", "presence_penalty", "frequency_penalty")
"""Settings that Responses does not have."""


def _split(turns: Sequence[Turn]) -> tuple[str | None, Sequence[Turn]]:
    """(instructions, the other turns): a system message of one text that stands first."""
    match turns:
        case [Turn("system", (Text(text),)), *rest]:
            return text, rest
    return None, turns


def _tool(tool: Tool) -> dict[str, Any]:
    known: dict[str, Any] = {"type": "custom" if tool.custom else "function", "name": fit_name(tool.name)}
    known |= {"description": tool.description} if tool.description else {}
    if tool.custom:
        return {**known, "format": _grammar(tool.grammar)} if tool.grammar else known
    empty = {"type": "object", "properties": {}}
    return {**known, "parameters": Raw(tool.schema) if tool.schema else empty, "strict": tool.strict or False}


def _grammar(given: bytes) -> Any:
    """A custom tool's format; Chat Completions puts the grammar one level deeper."""
    said = json.decode(given)
    inner = said.get("grammar") if isinstance(said, dict) else None
    return {"type": "grammar", **inner} if isinstance(inner, dict) else said


def _format(asked: Format | None) -> dict[str, Any] | None:
    if asked is None:
        return None
    if asked.kind == "json_object":
        return {"type": "json_object"}
    known = {
        "name": asked.name or "response",
        "schema": Raw(asked.schema or b"{}"),
        "strict": asked.strict,
        "description": asked.description,
    }
    return {"type": "json_schema", **{name: value for name, value in known.items() if value is not None}}


def _effort(asked: Thinking | None) -> str | None:
    if asked is None:
        return None
    if asked.effort or asked.budget is None:
        return asked.effort
    return next((effort for most, effort in _BUDGETS if asked.budget <= most), "high")


def _has_seal(turns: Sequence[Turn]) -> bool:
    seals = (part.seal for turn in turns for part in turn.parts if isinstance(part, Reasoning))
    return any(seal is not None and seal.dialect == DIALECT for seal in seals)
