"""The raw path's request: the client's own bytes, changed no more than a target needs."""

from __future__ import annotations

from collections.abc import Mapping

from xrouter.chat.request import Envelope
from xrouter.chat.target import Target
from xrouter.wire import json


def spliced(envelope: Envelope, target: Target, changes: Mapping[str, bytes]) -> bytes:
    """The client's body with the target's model, names and members; no other byte is touched.

    `changes` are members (JSON) that the dialect sets; the target's own `body` wins over them. A provider that does
    not know some members gets a body without them, or with its own names for them.
    """
    body, known = envelope.body, envelope.members
    renamed = {theirs: bytes(known[ours]) for ours, theirs in target.renames if ours in known and theirs not in known}
    gone = {ours for ours, _ in target.renames if ours in known} | target.unknown.intersection(known)
    if gone:
        body = json.leave_out(body, known, gone)
        known = {key: value for key, value in known.items() if key not in gone}
    if target.model is not None and target.model != envelope.model:
        renamed["model"] = json.encode(target.model)
    return json.splice(body, known, {**renamed, **changes, **dict(target.body)})


def left_out(envelope: Envelope, target: Target) -> list[str]:
    """The client's members that the provider does not get to see."""
    return sorted(target.unknown.intersection(envelope.members))
