"""A request for a provider that speaks OpenAI: https://platform.openai.com/docs/api-reference/chat/create."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Raw

from xrouter.chat.request import Conversation, Envelope, Format, Opaque, Settings, Thinking, Tool, ToolChoice
from xrouter.chat.target import Target
from xrouter.dialects.base import Written
from xrouter.dialects.naming import fit_names, foreign_tools, lost_thoughts
from xrouter.dialects.openai.messages import REASONING_BACK, lost_blocks, write_messages
from xrouter.dialects.openai.raw import dropped, rewrite
from xrouter.errors import BadRequest, Unsupported
from xrouter.wire import json

Object = dict[str, Any]

_DIALECT = "openai"
_OFFICIAL = frozenset({"openai", "azure_openai"})
_MOST_STOPS = 4
_THINKS = re.compile(r"^(?:o\d|gpt-[5-9])")
"""OpenAI's models that think refuse to be sampled otherwise than they are."""
_SAMPLING = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "stop")
_PASSING = frozenset({"metadata", "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "verbosity"})
"""Members that Responses and Chat share: hints, which OpenAI itself takes and nobody else is sent."""
_HINTS = _PASSING | {"store", "include", "inference_geo", "speed", "diagnostics", "prompt_cache_options", "moderation"}
_TIERS = frozenset({"auto", "default", "flex", "scale", "priority"})
_TEXT_INPUT = b'{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}'
_LOW, _MEDIUM = 2_048, 8_192
"""Tokens of a thinking budget below which an effort is low, or medium."""


def write_request(talk: Conversation, target: Target) -> Written:
    """The request. Raises Unsupported where the target cannot take what it asks for."""
    names = fit_names(talk.tools)
    tools = _tools(talk, names, target)
    messages = write_messages(talk.turns, names, target)
    if not messages:
        raise BadRequest("there is no message to answer", param="messages")
    members, left_out = _settings(talk.settings, target)
    body: Object = {
        "model": talk.model,
        "messages": messages,
        **({"tools": tools} if tools else {}),
        **_choice(talk.settings, tools, names),
        **members,
        **({"stream": True} if talk.stream else {}),
        **({"stream_options": {"include_usage": True}} if talk.stream and talk.wants_usage else {}),
    }
    if talk.settings.max_tokens is not None:
        body[target.output_limit] = talk.settings.max_tokens
    unsampled = _unsampled(body, target.model or talk.model, target)
    written = json.encode({name: value for name, value in body.items() if name not in unsampled})
    envelope = Envelope(body=written, members=json.members(written), model=talk.model, stream=talk.stream)
    lost = [] if REASONING_BACK in target.quirks else lost_thoughts(talk.turns, _DIALECT)
    lost += [*foreign_tools(talk.tools, _DIALECT), *lost_blocks(talk.turns)]
    gone = [*left_out, *unsampled, *lost, *dropped(envelope, target)]
    renamed = {there: here for here, there in names.items()}
    return Written(rewrite(envelope, target, add_usage=False), target.url, tuple(dict.fromkeys(gone)), renamed)


def _settings(settings: Settings, target: Target) -> tuple[Object, list[str]]:
    """(members, the names of what has no place)."""
    known: Object = {
        "temperature": settings.temperature,
        "top_p": settings.top_p,
        "stop": list(settings.stop[:_MOST_STOPS]) or None,
        "seed": settings.seed,
        "n": settings.n,
        "presence_penalty": settings.presence_penalty,
        "frequency_penalty": settings.frequency_penalty,
        "logprobs": settings.logprobs,
        "top_logprobs": settings.top_logprobs,
        "response_format": _format(settings.format),
        "reasoning_effort": _effort(settings.thinking, target),
        "user": settings.user,
        "service_tier": settings.service_tier if settings.service_tier in _TIERS else None,
    }
    left_out = ["stop"] if len(settings.stop) > _MOST_STOPS else []
    if settings.top_k is not None:
        if "top_k" in target.quirks:
            known["top_k"] = settings.top_k
        else:
            left_out.append("top_k")
    if known["reasoning_effort"] is None and settings.thinking is not None and settings.thinking.effort:
        left_out.append("reasoning_effort")
    for extra in settings.extras:
        if extra.kind in _PASSING and target.provider in _OFFICIAL:
            known[extra.kind] = Raw(extra.value)
        elif extra.kind not in _HINTS:
            left_out.append(extra.kind)
    return {name: value for name, value in known.items() if value is not None}, left_out


def _effort(thinking: Thinking | None, target: Target) -> str | None:
    """The effort, from a budget where the client gave that alone; a provider may know fewer of them, or none."""
    if thinking is None or "no_effort" in target.quirks:
        return None
    if thinking.effort is None:
        budget = thinking.budget
        return None if budget is None else "low" if budget < _LOW else "medium" if budget < _MEDIUM else "high"
    if thinking.effort in {"xhigh", "max"}:
        return "xhigh" if target.provider in _OFFICIAL else "high"
    return thinking.effort


def _unsampled(body: Object, model: str, target: Target) -> list[str]:
    """What one of OpenAI's models that think would refuse."""
    if target.provider not in _OFFICIAL or not _THINKS.match(model) or body.get("reasoning_effort") == "none":
        return []
    return [name for name in _SAMPLING if name in body and not (name in {"temperature", "top_p"} and body[name] == 1)]


def _format(wish: Format | None) -> Object | None:
    if wish is None:
        return None
    if wish.kind == "json_object":
        return {"type": "json_object"}
    schema: Object = {"name": wish.name or "output", "schema": Raw(wish.schema or b"{}")}
    optional = {"strict": wish.strict, "description": wish.description}
    schema |= {name: value for name, value in optional.items() if value is not None}
    return {"type": "json_schema", "json_schema": schema}


def _tools(talk: Conversation, names: Mapping[str, str], target: Target) -> list[Object | Raw]:
    choice = talk.settings.tool_choice
    filters = choice is not None and choice.mode in {"auto", "any"} and target.provider not in _OFFICIAL
    allowed = set(choice.names) if choice is not None and filters else set()
    written: list[Object | Raw] = []
    for tool in talk.tools:
        if isinstance(tool, Tool) and (not allowed or tool.name in allowed):
            written.append(_tool(tool, names, target))
        elif isinstance(tool, Opaque) and tool.dialect == _DIALECT:
            written.append(Raw(tool.value))
    return written


def _tool(tool: Tool, names: Mapping[str, str], target: Target) -> Object:
    function: Object = {"name": names.get(tool.name, tool.name)}
    description = tool.description
    if tool.custom and target.provider in _OFFICIAL:
        grammar = {"format": Raw(_nested(tool.grammar))} if tool.grammar is not None else {}
        custom = function | ({"description": description} if description else {}) | grammar
        return {"type": "custom", "custom": custom}
    if tool.custom and tool.grammar is not None:
        description = f"{description or ''}\n\nThe input must follow this format: {tool.grammar.decode()}".strip()
    if description:
        function["description"] = description
    schema = _TEXT_INPUT if tool.custom else tool.schema
    if schema is not None:
        function["parameters"] = Raw(schema)
    if tool.strict is not None and not tool.custom:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _nested(grammar: bytes) -> bytes:
    """Responses has a grammar on one level, Chat below a name of its own."""
    known = json.decode(grammar)
    if not isinstance(known, dict) or known.get("type") != "grammar" or "grammar" in known:
        return grammar
    inner = {name: value for name, value in known.items() if name != "type"}
    return json.encode({"type": "grammar", "grammar": inner})


def _choice(settings: Settings, tools: Sequence[Object | Raw], names: Mapping[str, str]) -> Object:
    """`tool_choice` and `parallel_tool_calls`, which mean nothing without tools."""
    choice = settings.tool_choice
    if not tools:
        if choice is not None and choice.mode in {"any", "tool"}:
            message = "tool_choice forces a tool, and there is none that this target can call"
            raise Unsupported(message, param="tool_choice")
        return {}
    parallel = {} if settings.parallel is None else {"parallel_tool_calls": settings.parallel}
    return {**({} if choice is None else {"tool_choice": _chosen(choice, tools, names)}), **parallel}


def _chosen(choice: ToolChoice, tools: Sequence[Object | Raw], names: Mapping[str, str]) -> Any:
    if choice.mode != "tool":
        mode = {"any": "required"}.get(choice.mode, choice.mode)
        if not choice.names or len(tools) <= len(choice.names):
            return mode
        allowed = [{"type": "function", "function": {"name": names.get(name, name)}} for name in choice.names]
        return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": allowed}}
    name = names.get(choice.names[0], choice.names[0]) if choice.names else ""
    offered = (tool for tool in tools if isinstance(tool, dict))
    kind = next((tool["type"] for tool in offered if tool[tool["type"]]["name"] == name), "function")
    return {"type": kind, kind: {"name": name}}
