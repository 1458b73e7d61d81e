"""The outside of a chat completion request: strict where the router itself depends on it.

No message of an error holds text of the body.
"""

from __future__ import annotations

from msgspec import Raw

from xrouter.chat.request import ANY_MODEL, Envelope
from xrouter.errors import BadRequest
from xrouter.wire import json
from xrouter.wire.json import Members

_STREAM = {b"true": True, b"false": False, b"null": False}


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
