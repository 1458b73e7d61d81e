"""The outside of a request, strict where the router itself depends on it. No error holds text of the body."""

from __future__ import annotations

from msgspec import Raw

from xrouter.chat.request import ANY_MODEL
from xrouter.errors import BadRequest
from xrouter.wire import json
from xrouter.wire.json import Members

_STREAM = {b"true": True, b"false": False, b"null": False}
_NOTHING = Raw(b"null")


def read_members(body: bytes) -> Members:
    """The outer members, their values unread. Raises BadRequest where the body is no JSON object."""
    try:
        return json.members(body)
    except UnicodeDecodeError as error:
        raise BadRequest(f"the body is not UTF-8 (byte {error.start})") from None
    except ValueError as error:
        raise BadRequest(f"the body is not one JSON object: {error}") from None


def require_messages(members: Members) -> None:
    """Raises BadRequest where `messages` is no list."""
    if bytes(memoryview(members.get("messages", _NOTHING))[:1]) != b"[":
        raise BadRequest("messages must be a list of messages", param="messages")


def read_model(members: Members) -> str:
    """The model that is asked for, ANY_MODEL where none is. Raises BadRequest."""
    try:
        model = json.decode(members.get("model", _NOTHING))
    except ValueError:
        model = False
    if model is not None and not isinstance(model, str):
        raise BadRequest("model must be a string", param="model")
    return model or ANY_MODEL


def read_stream(members: Members) -> bool:
    """Whether events are wanted. Raises BadRequest."""
    stream = _STREAM.get(bytes(members.get("stream", _NOTHING)))
    if stream is None:
        raise BadRequest("stream must be true or false", param="stream")
    return stream
