"""The messages of a request as turns.

To be judged they are read leniently: what cannot be read is left out, for it is the provider who says whether a
request is right. To be translated they are read strictly: what is left out nobody else would see.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Raw

from xrouter.chat.request import (
    Envelope,
    File,
    Image,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Role,
    Seal,
    Text,
    ToolCall,
    ToolResult,
    Turn,
)
from xrouter.dialects.openai.parts import cache_of, read_content
from xrouter.dialects.openai.thoughts import google_seal, read_thoughts
from xrouter.dialects.values import dicts, string
from xrouter.errors import BadRequest
from xrouter.wire import json

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}


class _Message(msgspec.Struct):
    role: Any = None
    content: Any = None
    name: Any = None
    tool_calls: Any = None
    tool_call_id: Any = None
    function_call: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    reasoning_details: Any = None
    thinking_blocks: Any = None
    refusal: Any = None
    images: Any = None
    extra_content: Any = None
    cache_control: Any = None


_messages = json.Reader(list[_Message])
_message = json.Reader(_Message)
_pieces = json.Reader(list[Raw])


def read_turns(envelope: Envelope) -> tuple[Turn, ...]:
    """The turns, to be judged. Never raises: a message that cannot be read is left out."""
    messages = _read_what_can_be_read(envelope.members["messages"])
    return tuple(_turn(role, message, at) for at, message in enumerate(messages) if (role := _role(message)))


def read_all(raw: Raw) -> tuple[Turn, ...]:
    """All turns, to be translated. Raises BadRequest at the first message that is none."""
    turns = []
    for at, message in enumerate(_read_what_can_be_read(raw)):
        role, place = _role(message), f"messages[{at}]"
        if role is None:
            kinds = ", ".join(_ROLES)
            raise BadRequest(f"{place} must be a message whose role is one of {kinds}", param=f"{place}.role")
        if message.content is not None and not isinstance(message.content, str | list):
            raise BadRequest(f"{place}.content must be a string or a list of parts", param=f"{place}.content")
        turns.append(_turn(role, message, at))
    return tuple(turns)


def _read_what_can_be_read(raw: Raw) -> list[_Message]:
    """One that is no object is without a role."""
    try:
        return _messages.decode(raw)
    except ValueError:
        return [*_one_by_one(raw)]


def _one_by_one(raw: Raw) -> Iterator[_Message]:
    for piece in _pieces.decode(raw):
        try:
            yield _message.decode(piece)
        except ValueError:
            yield _Message()


def _role(message: _Message) -> Role | None:
    return _ROLES.get(message.role) if isinstance(message.role, str) else None


def _turn(role: Role, message: _Message, at: int) -> Turn:
    if role == "assistant":
        parts = _assistant(message, at)
    elif role == "tool":
        return Turn(role, (_result(message, at),))
    else:
        parts = read_content(message.content)
    if isinstance(message.cache_control, dict):
        parts = _marked(parts, json.encode(message.cache_control))
    return Turn(role, tuple(parts), message.name if isinstance(message.name, str) else None)


def _assistant(message: _Message, at: int) -> list[Part]:
    """Thoughts first, then words and pictures, then calls."""
    thoughts = read_thoughts(
        message.reasoning_content or message.reasoning, message.thinking_blocks, message.reasoning_details
    )
    said = read_content(message.content) if message.content else []
    if isinstance(message.refusal, str) and message.refusal:
        said.append(Refusal(message.refusal))
    if message.images:
        said += read_content(message.images)
    calls = [call for item in dicts(message.tool_calls) if (call := _call(item))]
    if isinstance(message.function_call, dict):
        calls.append(_legacy_call(message.function_call, at))
    seal = google_seal(message.extra_content)
    parts: list[Part] = [*thoughts, *said, *calls]
    return _sealed(parts, seal) if seal else parts


def _call(item: dict[str, Any]) -> ToolCall | None:
    function, custom = item.get("function"), item.get("custom")
    seal, cache = google_seal(item.get("extra_content")), cache_of(item)
    if isinstance(function, dict):
        arguments = _arguments(function.get("arguments"))
        return ToolCall(string(item.get("id")), string(function.get("name")), arguments, seal=seal, cache=cache)
    if isinstance(custom, dict):
        name, given = string(custom.get("name")), string(custom.get("input"))
        return ToolCall(string(item.get("id")), name, given, custom=True, seal=seal, cache=cache)
    return None


def _arguments(given: Any) -> str:
    return json.encode(given).decode() if isinstance(given, dict | list) else string(given)


def _legacy_call(call: dict[str, Any], at: int) -> ToolCall:
    """A `function_call`, which has no id: its result is the message after it."""
    return ToolCall(_legacy_id(at), string(call.get("name")), _arguments(call.get("arguments")))


def _legacy_id(at: int) -> str:
    return f"call_{at}"


def _result(message: _Message, at: int) -> ToolResult:
    known = (Text, Image, File, Opaque)
    parts = tuple(part for part in read_content(message.content) if isinstance(part, known))
    called = _legacy_id(at - 1) if message.role == "function" else string(message.tool_call_id)
    cache = message.cache_control
    return ToolResult(called, parts, cache=json.encode(cache) if isinstance(cache, dict) else None)


def _marked(parts: list[Part], cache: bytes) -> list[Part]:
    """The mark of a message stands at its last part that can bear one."""
    for at in range(len(parts) - 1, -1, -1):
        part = parts[at]
        if isinstance(part, Text | Image | File | ToolCall):
            return [*parts[:at], msgspec.structs.replace(part, cache=cache), *parts[at + 1 :]]
    return parts


def _sealed(parts: list[Part], seal: Seal) -> list[Part]:
    """A signature of the whole message belongs to its first call, else to its last words."""
    called = next((at for at, part in enumerate(parts) if isinstance(part, ToolCall)), None)
    at = called if called is not None else len(parts) - 1
    part = parts[at] if parts else None
    if isinstance(part, ToolCall | Text) and part.seal is None:
        return [*parts[:at], msgspec.structs.replace(part, seal=seal), *parts[at + 1 :]]
    return parts if called is not None else [*parts, Reasoning("", seal)]
