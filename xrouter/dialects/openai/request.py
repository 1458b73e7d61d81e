"""The outside of a chat completion request: strict where the router itself depends on it.

No message of an error holds text of the body.
"""

from __future__ import annotations

from msgspec import Raw

from xrouter.chat.request import Envelope
from xrouter.dialects.envelope import read_members, read_model, read_stream, require_messages
from xrouter.wire import json
from xrouter.wire.json import Members


def read_envelope(body: bytes) -> Envelope:
    """The outer members, the rest untouched. Raises BadRequest, which names the member that is wrong."""
    members = read_members(body)
    require_messages(members)
    return Envelope(
        body=body,
        members=members,
        model=read_model(members),
        stream=read_stream(members),
        wants_usage=_wants_usage(members),
    )


def _wants_usage(members: Members) -> bool:
    try:
        options = json.decode(members.get("stream_options", Raw(b"null")))
    except ValueError:
        return False
    return isinstance(options, dict) and options.get("include_usage") is True
