"""All of a request, to be translated: https://platform.openai.com/docs/api-reference/chat/create.

What has no place in the waist becomes an extra of this dialect. Raises BadRequest where something cannot be understood
at all; no message of an error holds text of the body.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Raw

from xrouter.chat.request import Conversation, Envelope, Format, Opaque, Settings, Thinking
from xrouter.dialects.openai.offers import read_choice, read_tools
from xrouter.dialects.openai.parts import DIALECT
from xrouter.dialects.openai.turns import read_all
from xrouter.dialects.openai.values import whole
from xrouter.dialects.values import string
from xrouter.errors import BadRequest
from xrouter.wire import json
from xrouter.wire.json import Members

_NOTHING = Raw(b"null")
_READ = frozenset({
    "model", "messages", "stream", "stream_options", "tools", "functions", "tool_choice", "function_call",
    "parallel_tool_calls", "max_tokens", "max_completion_tokens", "temperature", "top_p", "top_k", "stop", "seed", "n",
    "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "response_format", "reasoning_effort",
    "reasoning", "thinking", "user", "service_tier",
})  # fmt: skip
"""Members that have a place in the waist."""
_TEXT_ALONE = b'["text"]'
_KINDS = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a string",
    dict: "an object",
}


class _Schema(msgspec.Struct):
    name: str = ""
    schema: Raw = _NOTHING
    strict: bool | None = None
    description: str | None = None


class _Format(msgspec.Struct):
    type: str
    json_schema: _Schema | None = None
    schema: Raw = _NOTHING


_format_reader = json.Reader(_Format)


def read_request(envelope: Envelope) -> Conversation:
    """All of a request. Raises BadRequest, which names the member that cannot be understood."""
    members = envelope.members
    return Conversation(
        model=envelope.model,
        turns=read_all(members["messages"]),
        tools=read_tools(members),
        settings=_settings(members),
        stream=envelope.stream,
        wants_usage=envelope.wants_usage,
    )


def _settings(members: Members) -> Settings:
    limit = _value(members, "max_completion_tokens", int)
    return Settings(
        max_tokens=_value(members, "max_tokens", int) if limit is None else limit,
        temperature=_value(members, "temperature", float),
        top_p=_value(members, "top_p", float),
        top_k=_value(members, "top_k", int),
        stop=_stop(members),
        seed=_value(members, "seed", int),
        n=_value(members, "n", int),
        presence_penalty=_value(members, "presence_penalty", float),
        frequency_penalty=_value(members, "frequency_penalty", float),
        logprobs=_value(members, "logprobs", bool),
        top_logprobs=_value(members, "top_logprobs", int),
        tool_choice=read_choice(members),
        parallel=_value(members, "parallel_tool_calls", bool),
        format=_format(members),
        thinking=_thinking(members),
        user=_value(members, "user", str),
        service_tier=_value(members, "service_tier", str),
        extras=tuple(_extras(members)),
    )


def _value(members: Members, name: str, kind: type) -> Any:
    """A member's value, None where it is absent or null. Raises BadRequest where it is of another kind."""
    raw = members.get(name)
    if raw is None:
        return None
    try:
        value = json.decode(raw)
    except ValueError:  # 1e400
        value = ()
    if kind is int and isinstance(value, float) and value.is_integer():
        value = int(value)
    wanted = (int, float) if kind is float else kind
    if value is None or (isinstance(value, wanted) and (kind is bool or not isinstance(value, bool))):
        return value
    raise BadRequest(f"{name} must be {_KINDS[kind]}", param=name)


def _stop(members: Members) -> tuple[str, ...]:
    given = json.decode(members.get("stop", _NOTHING))
    stops = [given] if isinstance(given, str) else given or []
    if not isinstance(stops, list) or not all(isinstance(stop, str) for stop in stops):
        raise BadRequest("stop must be a string or a list of strings", param="stop")
    return tuple(stops)


def _format(members: Members) -> Format | None:
    """`response_format`; Together's old form has the schema beside the type json_object."""
    raw = members.get("response_format", _NOTHING)
    if bytes(raw) == b"null":
        return None
    try:
        given = _format_reader.decode(raw)
    except ValueError:
        given = _Format("?")
    if given.type == "text":
        return None
    said = given.json_schema or _Schema(schema=given.schema)
    schema = None if bytes(said.schema) == b"null" else bytes(said.schema)
    if given.type == "json_object" and schema is None:
        return Format("json_object")
    if given.type not in {"json_object", "json_schema"} or schema is None:
        message = "response_format must be text, json_object, or a json_schema with its schema"
        raise BadRequest(message, param="response_format")
    return Format("json_schema", said.name, schema, said.strict, said.description)


def _thinking(members: Members) -> Thinking | None:
    """`reasoning_effort`, OpenRouter's `reasoning` or Anthropic's `thinking`."""
    effort = _value(members, "reasoning_effort", str)
    routed = _value(members, "reasoning", dict)
    native = _value(members, "thinking", dict)
    if effort is None and routed is None and native is None:
        return None
    routed, native = routed or {}, native or {}
    if routed.get("enabled") is False or native.get("type") == "disabled":
        effort = effort or "none"
    budget = whole(routed.get("max_tokens"))
    return Thinking(
        effort=effort or string(routed.get("effort")) or None,
        budget=whole(native.get("budget_tokens")) if budget is None else budget,
        shown=routed.get("exclude") is not True and native.get("display") != "omitted",
    )


def _extras(members: Members) -> Iterator[Opaque]:
    for name, raw in members.items():
        value = bytes(raw)
        if name in _READ or value == b"null" or (name == "modalities" and value == _TEXT_ALONE):
            continue
        yield Opaque(DIALECT, name, value)
