"""A request for a provider that speaks OpenAI: https://platform.openai.com/docs/api-reference/chat/create."""

from __future__ import annotations

from typing import Any

from msgspec import Raw

from xrouter.chat.request import Conversation, Envelope, Format, Reasoning, Thinking, ToolCall
from xrouter.chat.target import Target
from xrouter.dialects.base import Written
from xrouter.dialects.naming import fit_names, foreign_tools, lost_thoughts
from xrouter.dialects.openai.efforts import fit_effort
from xrouter.dialects.openai.messages import REASONING_BACK, lost_blocks, write_messages
from xrouter.dialects.openai.raw import dropped, rewrite
from xrouter.dialects.openai.thinkers import OFFICIAL
from xrouter.dialects.openai.tools import write_choice, write_tools
from xrouter.errors import BadRequest
from xrouter.wire import json

Object = dict[str, Any]

_DIALECT = "openai"
_MOST_STOPS = 4
_PASSING = frozenset({"prompt_cache_key", "prompt_cache_retention", "safety_identifier", "verbosity"})
"""Members that Responses and Chat share: hints, which OpenAI itself takes and nobody else is sent."""
_HINTS = _PASSING | {
    "metadata",  # refused where nothing is stored
    "store",
    "include",
    "inference_geo",
    "speed",
    "diagnostics",
    "prompt_cache_options",
    "moderation",
    "user",
    "service_tier",
    "stream_options",
}
"""Members that mean nothing to the answer: left out without a word."""
_TIERS = frozenset({"auto", "default", "flex", "scale", "priority"})
_LOW, _MEDIUM = 2_048, 8_192
"""Tokens of a thinking budget below which an effort is low, or medium."""


def write_request(talk: Conversation, target: Target) -> Written:
    """The request. Raises Unsupported where the target cannot take what it asks for."""
    names = fit_names(talk.tools, talk.turns)
    tools = write_tools(talk, names, target)
    messages = write_messages(talk.turns, names, target)
    if not messages:
        raise BadRequest("there is no message to answer", param="messages")
    members, left_out = _settings(talk, target)
    body: Object = {
        "model": talk.model,
        "messages": messages,
        **({"tools": tools} if tools else {}),
        **write_choice(talk.settings, tools, names, target),
        **members,
        **({"stream": True} if talk.stream else {}),
        **({"stream_options": {"include_usage": True}} if talk.stream and talk.wants_usage else {}),
    }
    if talk.settings.max_tokens is not None:
        body[target.output_limit] = talk.settings.max_tokens
    written = json.encode(body)
    envelope = Envelope(body=written, members=json.members(written), model=talk.model, stream=talk.stream)
    gone = [*left_out, *(name for name in dropped(envelope, target) if name not in _HINTS)]
    renamed = {there: here for here, there in names.items()}
    ready = rewrite(envelope, target, add_usage=False)
    return Written(ready, target.url, tuple(dict.fromkeys([*gone, *_lost(talk, target)])), renamed)


def _lost(talk: Conversation, target: Target) -> list[str]:
    """What only other dialects have: what their models thought and did by themselves, tools that they host."""
    thoughts = [] if REASONING_BACK in target.quirks else lost_thoughts(talk.turns, _DIALECT)
    return [*thoughts, *foreign_tools(talk.tools, _DIALECT), *lost_blocks(talk.turns)]


def _settings(talk: Conversation, target: Target) -> tuple[Object, list[str]]:
    """(members, the names of what has no place)."""
    settings = talk.settings
    thinking, left_out = _thinking(talk, target)
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
        **thinking,
        "user": settings.user,
        "service_tier": settings.service_tier if settings.service_tier in _TIERS else None,
        "top_k": settings.top_k if "top_k" in target.quirks else None,
    }
    left_out += ["stop"] if len(settings.stop) > _MOST_STOPS else []
    left_out += ["top_k"] if settings.top_k is not None and known["top_k"] is None else []
    for extra in settings.extras:
        if extra.kind in _PASSING and target.provider in OFFICIAL:
            known[extra.kind] = Raw(extra.value)
        elif extra.kind not in _HINTS:
            left_out.append(extra.kind)
    return {name: value for name, value in known.items() if value is not None}, left_out


def _thinking(talk: Conversation, target: Target) -> tuple[Object, list[str]]:
    """(how much to think, the wish for it where the target cannot fulfil it)."""
    asked = _asked(talk.settings.thinking)
    if REASONING_BACK in target.quirks and (asked == "none" or not _may_think(talk)):
        return {"thinking": {"type": "disabled"}}, ["reasoning_effort"] if asked not in {None, "none"} else []
    if asked is None:
        return {}, []
    effort = fit_effort(asked, target.model or talk.model, target)
    return ({}, ["reasoning_effort"]) if effort is None else ({"reasoning_effort": effort}, [])


def _asked(thinking: Thinking | None) -> str | None:
    """The effort, from a budget where the client gave that alone."""
    if thinking is None or thinking.effort is not None or thinking.budget is None:
        return None if thinking is None else thinking.effort
    return "low" if thinking.budget < _LOW else "medium" if thinking.budget < _MEDIUM else "high"


def _may_think(talk: Conversation) -> bool:
    """Whether a provider that wants its thoughts back lets a model think: no call without one, and none is forced."""
    choice = talk.settings.tool_choice
    if talk.tools and choice is not None and choice.mode in {"any", "tool"}:
        return False
    called = [turn.parts for turn in talk.turns if any(isinstance(part, ToolCall) for part in turn.parts)]
    return all(any(isinstance(part, Reasoning) and part.text for part in parts) for parts in called)


def _format(wish: Format | None) -> Object | None:
    if wish is None:
        return None
    if wish.kind == "json_object":
        return {"type": "json_object"}
    schema: Object = {"name": wish.name or "output", "schema": Raw(wish.schema or b"{}")}
    optional = {"strict": wish.strict, "description": wish.description}
    schema |= {name: value for name, value in optional.items() if value is not None}
    return {"type": "json_schema", "json_schema": schema}
