"""The outside of a Messages request, and what of its inside a judge looks at.

The outside is strict where the router itself depends on it. No message of an error holds text of the body.
"""

from __future__ import annotations

from contextlib import suppress

from msgspec import Raw

from xrouter.chat.request import ANY_MODEL, Envelope, Turn
from xrouter.dialects.anthropic.turns import read_message, read_messages, read_system
from xrouter.errors import BadRequest
from xrouter.wire import json
from xrouter.wire.json import Members

_STREAM = {b"true": True, b"false": False, b"null": False}
_NOTHING = Raw(b"null")


def read_envelope(body: bytes) -> Envelope:
    """The outer members, the rest untouched. Raises BadRequest, which names the member that is wrong.

    A client of this dialect always gets the usage of a stream.
    """
    try:
        members = json.members(body)
    except UnicodeDecodeError as error:
        raise BadRequest(f"the body is not UTF-8 (byte {error.start})") from None
    except ValueError as error:
        raise BadRequest(f"the body is not one JSON object: {error}") from None
    if bytes(memoryview(members.get("messages", _NOTHING))[:1]) != b"[":
        raise BadRequest("messages must be a list of messages", param="messages")
    stream = _STREAM.get(bytes(members.get("stream", _NOTHING)))
    if stream is None:
        raise BadRequest("stream must be true or false", param="stream")
    return Envelope(body=body, members=members, model=_model(members), stream=stream, wants_usage=True)


def read_turns(envelope: Envelope) -> tuple[Turn, ...]:
    """The system prompt and the messages. Never raises: what cannot be read is left out."""
    turns: list[Turn] = []
    with suppress(ValueError):
        turns += read_system(envelope.members.get("system", _NOTHING))
    for message in read_messages(envelope.members["messages"]):
        with suppress(ValueError):
            turns += read_message(message)
    return tuple(turns)


def _model(members: Members) -> str:
    try:
        model = json.decode(members.get("model", _NOTHING))
    except ValueError:
        model = False
    if model is not None and not isinstance(model, str):
        raise BadRequest("model must be a string", param="model")
    return model or ANY_MODEL
