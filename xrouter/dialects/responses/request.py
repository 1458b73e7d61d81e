"""The inside of a Responses request: instructions, input, tools, and how to answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Raw

from xrouter.chat.request import Conversation, Envelope, Format, Opaque, Settings, Text, Thinking, Turn
from xrouter.dialects.responses.envelope import value_of
from xrouter.dialects.responses.items import read_items
from xrouter.dialects.responses.tools import DIALECT, read_choice, read_tools
from xrouter.dialects.values import listed, string
from xrouter.errors import BadRequest
from xrouter.wire import json
from xrouter.wire.json import Members

_LOGPROBS = "message.output_text.logprobs"
_READ = frozenset(
    {
        *("model", "input", "instructions", "stream", "tools", "max_output_tokens", "temperature", "top_p"),
        *("top_logprobs", "parallel_tool_calls", "tool_choice", "text", "reasoning", "user", "service_tier"),
        *("previous_response_id", "conversation", "prompt", "background", "store", "include", "stream_options"),
        "client_metadata",
    }
)
"""Members with a place of their own, or without a meaning beyond one provider; all others are extras."""


def read_turns(envelope: Envelope) -> tuple[Turn, ...]:
    """The turns, to be judged; never raises: what cannot be read is left out."""
    try:
        turns = read_items(envelope.members["input"], strict=False)
        instructions = json.decode(envelope.members.get("instructions", Raw(b"null")))
    except ValueError:
        return ()
    first = [Turn("system", (Text(instructions),))] if isinstance(instructions, str) and instructions else []
    return (*first, *turns)


def read_request(envelope: Envelope) -> Conversation:
    """All of a request. Raises BadRequest at what cannot be understood, and names it."""
    members = envelope.members
    instructions = _typed(members, "instructions", str)
    first = [Turn("system", (Text(instructions),))] if instructions else []
    try:
        turns = read_items(members["input"], strict=True)
    except ValueError as error:
        raise BadRequest(f"input cannot be read: {error}", param="input") from None
    return Conversation(
        model=envelope.model,
        turns=(*first, *turns),
        tools=read_tools(members),
        settings=_settings(members),
        stream=envelope.stream,
    )


def _settings(members: Members) -> Settings:
    choice = value_of(members, "tool_choice")
    text = _typed(members, "text", dict) or {}
    top_logprobs = _typed(members, "top_logprobs", int)
    tool_choice = read_choice(choice)
    unread = {"tool_choice": choice} if choice is not None and tool_choice is None else {}
    return Settings(
        max_tokens=_typed(members, "max_output_tokens", int),
        temperature=_typed(members, "temperature", int | float),
        top_p=_typed(members, "top_p", int | float),
        logprobs=True if top_logprobs or _LOGPROBS in listed(value_of(members, "include")) else None,
        top_logprobs=top_logprobs,
        tool_choice=tool_choice,
        parallel=_typed(members, "parallel_tool_calls", bool),
        format=_format(text.get("format")),
        thinking=_thinking(members),
        user=_typed(members, "user", str),
        service_tier=_typed(members, "service_tier", str),
        extras=_extras(members, {**unread, "verbosity": text.get("verbosity")}),
    )


def _typed(members: Members, name: str, kind: Any) -> Any:
    value = value_of(members, name)
    if value is None or (isinstance(value, kind) and (kind is bool or not isinstance(value, bool))):
        return value
    raise BadRequest(f"{name} is of the wrong type", param=name)


def _format(said: Any) -> Format | None:
    if not isinstance(said, dict) or said.get("type") is None or said["type"] == "text":
        return None
    if said["type"] == "json_object":
        return Format("json_object")
    schema, strict = said.get("schema"), said.get("strict")
    if said["type"] != "json_schema" or not isinstance(schema, dict):
        raise BadRequest("text.format must be text, json_object or a json_schema with its schema", param="text.format")
    return Format(
        "json_schema",
        string(said.get("name")),
        json.encode(schema),
        strict if isinstance(strict, bool) else None,
        string(said.get("description")) or None,
    )


def _thinking(members: Members) -> Thinking | None:
    """`reasoning`; the last item that changes it on the way wins. Without a summary no thought is shown."""
    said = _typed(members, "reasoning", dict)
    effort = _updated_effort(members) or string((said or {}).get("effort")) or None
    shown = bool(said and (said.get("summary") or said.get("generate_summary")))
    return Thinking(effort, shown=shown) if effort or shown else None


def _updated_effort(members: Members) -> str | None:
    if b'"configuration_update"' not in bytes(members["input"]):
        return None
    items = (item for item in listed(value_of(members, "input")) if isinstance(item, dict))
    changes = [item.get("reasoning") for item in items if item.get("type") == "configuration_update"]
    efforts = [string(change.get("effort")) for change in changes if isinstance(change, dict)]
    return next((effort for effort in reversed(efforts) if effort), None)


def _extras(members: Members, more: Mapping[str, Any]) -> tuple[Opaque, ...]:
    """What the waist has no place for. `truncation` only where it asks for something."""
    given = {name: bytes(raw) for name, raw in members.items() if name not in _READ and bytes(raw) != b"null"}
    if given.get("truncation") == b'"disabled"':
        del given["truncation"]
    given |= {name: json.encode(value) for name, value in more.items() if value is not None}
    return tuple(Opaque(DIALECT, name, value) for name, value in given.items())
