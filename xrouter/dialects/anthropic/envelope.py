"""The outside of a Messages request, and what of its inside a judge looks at.

The outside is strict where the router itself depends on it. No message of an error holds text of the body.
"""

from __future__ import annotations

from contextlib import suppress

from msgspec import Raw

from xrouter.chat.request import Envelope, Turn
from xrouter.dialects.anthropic.turns import read_message, read_messages, read_system
from xrouter.dialects.envelope import read_members, read_model, read_stream, require_messages

_NOTHING = Raw(b"null")


def read_envelope(body: bytes) -> Envelope:
    """The outer members, the rest untouched. Raises BadRequest, which names the member that is wrong.

    A client of this dialect always gets the usage of a stream.
    """
    members = read_members(body)
    require_messages(members)
    return Envelope(body=body, members=members, model=read_model(members), stream=read_stream(members))


def read_turns(envelope: Envelope) -> tuple[Turn, ...]:
    """The system prompt and the messages. Never raises: what cannot be read is left out."""
    turns: list[Turn] = []
    with suppress(ValueError):
        turns += read_system(envelope.members.get("system", _NOTHING))
    for message in read_messages(envelope.members["messages"]):
        with suppress(ValueError):
            turns += read_message(message)
    return tuple(turns)
