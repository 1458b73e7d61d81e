"""A chat completion request: its outside (`read_envelope`) and, where somebody looks, its inside (`read_request`).

The outside is strict where the router itself depends on it; the inside is lenient: what cannot be read is left out,
for it is the provider who judges whether a request is right. No message of an error holds text of the body.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw

from xrouter.chat.request import (
    ANY_MODEL,
    Attachment,
    Conversation,
    Envelope,
    Image,
    Part,
    Reasoning,
    Role,
    Text,
    ToolCall,
    ToolResult,
    Turn,
)
from xrouter.errors import BadRequest
from xrouter.wire import json
from xrouter.wire.json import Members

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}
_STREAM = {b"true": True, b"false": False, b"null": False}


class _Message(msgspec.Struct):
    role: Any = None
    content: Any = None
    tool_calls: Any = None
    tool_call_id: Any = None
    reasoning_content: Any = None
    reasoning: Any = None


class _Function(msgspec.Struct):
    name: str


class _Tool(msgspec.Struct):
    function: _Function | None = None


_messages = json.Reader(list[_Message])
_message = json.Reader(_Message)
_pieces = json.Reader(list[Raw])
_tools = json.Reader(list[_Tool])


def read_envelope(body: bytes) -> Envelope:
    """The outer members, the rest untouched. Raises BadRequest, which names the member that is wrong."""
    try:
        members = json.members(body)
    except UnicodeDecodeError as error:
        raise BadRequest(f"the body is not UTF-8 (byte {error.start})") from None
    except ValueError as error:
        raise BadRequest(f"the body is not one JSON object: {error}") from None
    messages = members.get("messages")
    if messages is None or bytes(memoryview(messages)[:1]) != b"[":
        raise BadRequest("messages must be a list of messages", param="messages")
    return Envelope(
        body=body,
        members=members,
        model=_model(members),
        stream=_streams(members),
        wants_usage=_wants_usage(members),
    )


def read_request(envelope: Envelope) -> Conversation:
    """The turns and the names of the tools. Never raises: a message that cannot be read is left out."""
    turns = []
    for message in _read_messages(envelope.members["messages"]):
        role = _ROLES.get(message.role) if isinstance(message.role, str) else None
        if role is not None:
            turns.append(Turn(role, tuple(_parts(role, message))))
    return Conversation(tuple(turns), _tool_names(envelope.members))


def _model(members: Members) -> str:
    try:
        model = json.decode(members.get("model", Raw(b"null")))
    except ValueError:
        model = False
    if model is not None and not isinstance(model, str):
        raise BadRequest("model must be a string", param="model")
    return model or ANY_MODEL


def _streams(members: Members) -> bool:
    stream = _STREAM.get(bytes(members.get("stream", b"null")))
    if stream is None:
        raise BadRequest("stream must be true or false", param="stream")
    return stream


def _wants_usage(members: Members) -> bool:
    try:
        options = json.decode(members.get("stream_options", Raw(b"null")))
    except ValueError:
        return False
    return isinstance(options, dict) and options.get("include_usage") is True


def _read_messages(raw: Raw) -> list[_Message]:
    try:
        return _messages.decode(raw)
    except ValueError:
        return _read_what_can_be_read(raw)


def _read_what_can_be_read(raw: Raw) -> list[_Message]:
    """One by one, without those that are no objects."""
    messages = []
    for piece in _pieces.decode(raw):
        try:
            messages.append(_message.decode(piece))
        except ValueError:
            continue
    return messages


def _tool_names(members: Members) -> tuple[str, ...]:
    try:
        tools = _tools.decode(members.get("tools", Raw(b"[]")))
    except ValueError:
        return ()
    return tuple(tool.function.name for tool in tools if tool.function)


def _parts(role: Role, message: _Message) -> list[Part]:
    parts: list[Part] = []
    thought = message.reasoning_content or message.reasoning
    if isinstance(thought, str) and thought:
        parts.append(Reasoning(thought))
    content = _content(message.content)
    if role == "tool":
        words = "\n".join(part.text for part in content if isinstance(part, Text))
        parts += [ToolResult(_string(message.tool_call_id), words), *(p for p in content if not isinstance(p, Text))]
    else:
        parts += content
    if isinstance(message.tool_calls, list):
        parts += [call for item in message.tool_calls if (call := _tool_call(item))]
    return parts


def _content(content: Any) -> list[Part]:
    if isinstance(content, str):
        return [Text(content)]
    if not isinstance(content, list):
        return []
    return [part for item in content if (part := _part(item))]


def _part(item: Any) -> Part | None:
    if isinstance(item, str):
        return Text(item)
    if not isinstance(item, dict):
        return None
    kind = _string(item.get("type"))
    read = _PARTS.get(kind)
    return read(item) if read else Attachment(kind)


def _tool_call(item: Any) -> ToolCall | None:
    function = item.get("function") if isinstance(item, dict) else None
    if not isinstance(function, dict):
        return None
    return ToolCall(_string(item.get("id")), _string(function.get("name")), _string(function.get("arguments")))


def _image(item: dict[str, Any]) -> Image:
    address = item.get("image_url")
    return Image(_string(address.get("url") if isinstance(address, dict) else address))


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


_PARTS: dict[str, Callable[[dict[str, Any]], Part]] = {
    "text": lambda item: Text(_string(item.get("text"))),
    "input_text": lambda item: Text(_string(item.get("text"))),
    "output_text": lambda item: Text(_string(item.get("text"))),
    "refusal": lambda item: Text(_string(item.get("refusal"))),
    "image_url": _image,
    "input_image": _image,
    "reasoning": lambda item: Reasoning(_string(item.get("text"))),
    "thinking": lambda item: Reasoning(_string(item.get("thinking"))),
}
