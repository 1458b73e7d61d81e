"""A Messages request as the waist has it: https://docs.claude.com/en/api/messages.

What the waist has no word for becomes an extra of this dialect. Raises BadRequest where something cannot be understood
at all; no message of an error holds text of the body.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Raw

from xrouter.chat.request import Conversation, Envelope, Format, Opaque, Settings, Thinking, Tool, ToolChoice, Turn
from xrouter.dialects.anthropic.toolbox import spell_out
from xrouter.dialects.anthropic.turns import read_message, read_messages, read_system
from xrouter.errors import BadRequest
from xrouter.wire import json
from xrouter.wire.json import Members

_NAME = "anthropic"
_NOTHING = Raw(b"null")
_MODES = frozenset({"auto", "any", "tool", "none"})
_READ = frozenset({
    "model", "messages", "system", "stream", "tools", "tool_choice", "max_tokens", "temperature", "top_p", "top_k",
    "stop_sequences", "thinking", "output_config", "output_format", "metadata", "service_tier",
})  # fmt: skip
"""Members that have a place in the waist."""


class _Offer(msgspec.Struct):
    type: Any = None
    name: Any = None
    description: Any = None
    input_schema: Raw = _NOTHING
    strict: Any = None
    cache_control: Raw = _NOTHING


class _Addition(msgspec.Struct):
    tool: Raw = _NOTHING


class _Definition(msgspec.Struct):
    definition: Raw = _NOTHING


class _Schema(msgspec.Struct):
    type: Any = None
    schema: Raw = _NOTHING


_pieces = json.Reader(list[Raw])
_offer = json.Reader(_Offer)
_addition = json.Reader(_Addition)
_definition = json.Reader(_Definition)
_schema = json.Reader(_Schema)
_object = json.Reader(Members)


def read_request(envelope: Envelope) -> Conversation:
    """All of a request. Raises BadRequest, which names the member that cannot be understood."""
    members = envelope.members
    turns = tuple(_turns(members))
    return Conversation(
        model=envelope.model,
        turns=turns,
        tools=(*_tools(members.get("tools", _NOTHING)), *_added_tools(turns)),
        settings=_settings(members),
        stream=envelope.stream,
        wants_usage=envelope.wants_usage,
    )


def _turns(members: Members) -> Iterator[Turn]:
    try:
        yield from read_system(members.get("system", _NOTHING))
    except ValueError as error:
        raise BadRequest(f"system cannot be read: {error}", param="system") from None
    for at, message in enumerate(read_messages(members["messages"])):
        try:
            yield from read_message(message)
        except ValueError as error:
            place = f"messages.{at}"
            raise BadRequest(f"{place} cannot be read: {error}", param=place) from None


def _tools(raw: Raw) -> Iterator[Tool | Opaque]:
    if bytes(raw) == b"null":
        return
    try:
        pieces = _pieces.decode(raw)
    except ValueError:
        raise BadRequest("tools must be a list of tools", param="tools") from None
    for at, piece in enumerate(pieces):
        try:
            yield _tool(piece)
        except ValueError as error:
            place = f"tools.{at}"
            raise BadRequest(f"{place} cannot be read: {error}", param=place) from None


def _tool(raw: Raw) -> Tool | Opaque:
    """A function; what the provider runs itself, and whole families of tools, are this dialect's alone."""
    offer = _offer.decode(raw)
    cache = _present(offer.cache_control)
    if isinstance(offer.type, str) and offer.type != "custom":
        name = offer.name if isinstance(offer.name, str) else ""
        spelled = spell_out(offer.type, name, json.decode(raw), cache) if name else None
        return spelled or Opaque(_NAME, offer.type, bytes(raw))
    if not isinstance(offer.name, str):
        raise ValueError("a tool must have a name")  # noqa: TRY004 - like all that is wrong in a body
    description = offer.description if isinstance(offer.description, str) else None
    strict = offer.strict if isinstance(offer.strict, bool) else None
    return Tool(offer.name, description, _present(offer.input_schema), strict, cache=cache)


def _added_tools(turns: tuple[Turn, ...]) -> Iterator[Tool | Opaque]:
    """Tools that a system message in the middle defines: offered from the start to who has no such messages."""
    for turn in turns:
        for part in turn.parts:
            if not isinstance(part, Opaque) or part.kind != "tool_addition":
                continue
            try:
                definition = _definition.decode(_addition.decode(part.value).tool).definition
                if _present(definition):
                    yield _tool(definition)
            except ValueError:
                continue


def _settings(members: Members) -> Settings:
    output = _member(members, "output_config", dict) or {}
    mode, parallel = _tool_choice(members)
    return Settings(
        max_tokens=_member(members, "max_tokens", int),
        temperature=_member(members, "temperature", float),
        top_p=_member(members, "top_p", float),
        top_k=_member(members, "top_k", int),
        stop=_stop(members),
        tool_choice=mode,
        parallel=parallel,
        format=_format(members),
        thinking=_thinking(members, output.get("effort")),
        user=_text((_member(members, "metadata", dict) or {}).get("user_id")),
        service_tier=_member(members, "service_tier", str),
        extras=tuple(_extras(members)),
    )


_KINDS = {int: "a whole number", float: "a number", str: "a text", dict: "an object", list: "a list"}


def _member(members: Members, name: str, kind: type) -> Any:
    """A member's value, None where it is absent or null. Raises BadRequest where it is of another kind."""
    wanted = (int, float) if kind is float else kind
    try:
        value = json.decode(members.get(name, _NOTHING))
    except ValueError:  # 1e400
        value = False
    if value is None or (isinstance(value, wanted) and not isinstance(value, bool)):
        return value
    raise BadRequest(f"{name} must be {_KINDS[kind]}", param=name)


def _stop(members: Members) -> tuple[str, ...]:
    given = _member(members, "stop_sequences", list) or []
    if not all(isinstance(item, str) for item in given):
        raise BadRequest("stop_sequences must be a list of texts", param="stop_sequences")
    return tuple(given)


def _tool_choice(members: Members) -> tuple[ToolChoice | None, bool | None]:
    """Which tools may be called, and whether several at once."""
    given = _member(members, "tool_choice", dict)
    if given is None:
        return None, None
    mode, name = _text(given.get("type")), _text(given.get("name"))
    if mode not in _MODES or (mode == "tool" and name is None):
        raise BadRequest("tool_choice must be auto, any, none, or tool with a name", param="tool_choice")
    parallel = False if given.get("disable_parallel_tool_use") is True else None
    return ToolChoice(mode, (name,) if mode == "tool" and name else ()), parallel  # type: ignore[arg-type]


def _thinking(members: Members, effort: Any) -> Thinking | None:
    """How much to think. An effort says more than a budget: who thinks adaptively has no other measure."""
    given = _member(members, "thinking", dict)
    effort = _text(effort)
    if given is None:
        return Thinking(effort) if effort else None
    if given.get("type") == "disabled":
        return Thinking("none")
    budget = given.get("budget_tokens")
    return Thinking(
        effort=effort,
        budget=budget if isinstance(budget, int) else None,
        shown=given.get("display") != "omitted",
    )


def _format(members: Members) -> Format | None:
    """The schema of the answer: `output_config.format`, or `output_format` as it was called before."""
    config = members.get("output_config", _NOTHING)
    inside = _object.decode(config).get("format") if _present(config) else None
    raw = inside or members.get("output_format", _NOTHING)
    if not _present(raw):
        return None
    try:
        given = _schema.decode(raw)
    except ValueError:
        given = _Schema()
    if given.type != "json_schema" or not _present(given.schema):
        raise BadRequest("the format of the answer must be json_schema with a schema", param="output_config")
    return Format("json_schema", name="output", schema=bytes(given.schema), strict=True)


def _extras(members: Members) -> Iterator[Opaque]:
    for name, raw in members.items():
        if name not in _READ and _present(raw):
            yield Opaque(_NAME, name, bytes(raw))
    config = members.get("output_config", _NOTHING)
    for name, raw in (_object.decode(config) if _present(config) else {}).items():
        if name not in {"effort", "format"} and _present(raw):
            yield Opaque(_NAME, f"output_config.{name}", bytes(raw))


def _present(raw: Raw) -> bytes | None:
    value = bytes(raw)
    return None if value == b"null" else value


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
