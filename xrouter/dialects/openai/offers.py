"""The tools of a request, and which of them may be called."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec
from msgspec import Raw

from xrouter.chat.request import Opaque, Tool, ToolChoice
from xrouter.dialects.openai.parts import DIALECT
from xrouter.dialects.values import dicts, string
from xrouter.errors import BadRequest
from xrouter.wire import json
from xrouter.wire.json import Members

_NOTHING = Raw(b"null")
_MODES: dict[str, Literal["auto", "none", "any"]] = {"auto": "auto", "none": "none", "required": "any", "any": "any"}


class _Function(msgspec.Struct):
    name: str
    description: str | None = None
    parameters: Raw = _NOTHING
    format: Raw = _NOTHING
    strict: bool | None = None
    cache_control: Raw = _NOTHING


class _Offer(msgspec.Struct):
    type: str | None = None
    function: _Function | None = None
    custom: _Function | None = None
    cache_control: Raw = _NOTHING


_offer = json.Reader(_Offer)
_function = json.Reader(_Function)
_pieces = json.Reader(list[Raw])


def read_tools(members: Members) -> tuple[Tool | Opaque, ...]:
    """All tools on offer, those that are called `functions` too. Raises BadRequest, which names the one that is wrong.

    A tool that the provider runs itself, or that nobody knows, is this dialect's alone.
    """
    tools = _each(members, "tools", _tool)
    functions = _each(members, "functions", lambda raw: _read(_function.decode(raw), None, custom=False))
    return (*tools, *functions)


def read_choice(members: Members) -> ToolChoice | None:
    """`tool_choice`, or `function_call` as it was called before. Raises BadRequest."""
    name = "tool_choice" if "tool_choice" in members else "function_call"
    given = json.decode(members.get(name, _NOTHING))
    if given is None:
        return None
    choice = _choice(given)
    if choice is None:
        raise BadRequest(f"{name} must be auto, none, required, or name the tool", param=name)
    return choice


def _each(members: Members, name: str, read: Any) -> Iterator[Tool | Opaque]:
    raw = members.get(name, _NOTHING)
    if bytes(raw) == b"null":
        return
    try:
        pieces = _pieces.decode(raw)
    except ValueError:
        raise BadRequest(f"{name} must be a list", param=name) from None
    for at, piece in enumerate(pieces):
        try:
            yield read(piece)
        except ValueError as error:
            place = f"{name}[{at}]"
            raise BadRequest(f"{place} cannot be read: {error}", param=place) from None


def _tool(raw: Raw) -> Tool | Opaque:
    offer = _offer.decode(raw)
    given = offer.function or offer.custom
    if given is not None:
        return _read(given, offer, custom=offer.function is None)
    if offer.type in {"function", "custom"}:  # as Responses has it: all on one level
        return _read(_function.decode(raw), offer, custom=offer.type == "custom")
    return Opaque(DIALECT, offer.type or "tool", bytes(raw))


def _read(given: _Function, offer: _Offer | None, *, custom: bool) -> Tool:
    cache = _present(offer.cache_control) if offer else None
    return Tool(
        name=given.name,
        description=given.description,
        schema=_present(given.parameters),
        strict=given.strict,
        custom=custom,
        grammar=_present(given.format) if custom else None,
        cache=cache or _present(given.cache_control),
    )


def _choice(given: Any) -> ToolChoice | None:
    if isinstance(given, str):
        return ToolChoice(_MODES[given]) if given in _MODES else None
    if not isinstance(given, dict):
        return None
    if given.get("type") == "allowed_tools":
        inner = given.get("allowed_tools")
        inner = inner if isinstance(inner, dict) else given
        names = tuple(name for tool in dicts(inner.get("tools")) if (name := _named(tool)))
        return ToolChoice("any" if inner.get("mode") == "required" else "auto", names)
    name = _named(given)
    return ToolChoice("tool", (name,)) if name else None


def _named(given: dict[str, Any]) -> str:
    inner = given.get("function") or given.get("custom") or given
    return string(inner.get("name")) if isinstance(inner, dict) else ""


def _present(raw: Raw) -> bytes | None:
    value = bytes(raw)
    return None if value == b"null" else value
