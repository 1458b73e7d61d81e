"""The raw path: the same dialect on both sides, so the bytes pass and only what must change is changed."""

from __future__ import annotations

import re
from collections.abc import Mapping

from xrouter.chat.request import Envelope
from xrouter.chat.target import Target
from xrouter.dialects.openai.ending import has_fault
from xrouter.dialects.openai.errors import error_of, find_error, write_error
from xrouter.errors import UpstreamError, XrouterError
from xrouter.wire import json, sse

_MOST_OUTPUT = frozenset({"max_tokens", "max_completion_tokens"})
_NO_CHOICES = re.compile(rb'"choices"\s*:\s*\[\s*\]')


def rewrite(envelope: Envelope, target: Target, *, add_usage: bool) -> bytes:
    """The client's body for this target: `model`, the target's own members and the wish for usage; no other byte.

    A provider that does not know some members gets a body without them, or with its own names for them.
    """
    body, known = envelope.body, envelope.members
    changes = {theirs: bytes(known[ours]) for ours, theirs in target.renames if ours in known and theirs not in known}
    gone = {ours for ours, _ in target.renames if ours in known} | target.unknown.intersection(known)
    if gone:
        body = json.leave_out(body, known, gone)
        known = {key: value for key, value in known.items() if key not in gone}
    if target.model is not None and target.model != envelope.model:
        changes["model"] = json.encode(target.model)
    changes |= {name: value for name, value in target.default_body if not _is_given(name, {**known, **changes})}
    changes |= dict(target.body)
    if add_usage:
        changes["stream_options"] = _with_usage(known)
    return json.splice(body, known, changes)


def dropped(envelope: Envelope, target: Target) -> list[str]:
    """The members that the provider does not get to see."""
    return sorted(target.unknown.intersection(envelope.members))


def read_first(chunk: bytes) -> UpstreamError | None:
    """The error with which a stream starts, before any word."""
    if not has_fault(chunk):
        return None
    for event in sse.EventReader().feed(chunk + b"\n\n"):  # a provider that gives up may not end its last event
        try:
            said = json.decode(event.data)
        except ValueError:
            return None
        if not isinstance(said, dict) or said.get("choices"):
            return None
        if (event.name == "error" or said.get("error")) and (found := find_error(said)):
            return error_of(found)
    return None


def without_usage(events: bytes) -> bytes:
    """Whole events less the chunk that carries the usage alone: the client has not asked for it."""
    if _NO_CHOICES.search(events) is None:
        return events
    kept = bytearray()
    at = 0
    while at < len(events):
        end = at + sse.first_event(events[at:])
        if not _is_usage_chunk(events[at:end]):
            kept += events[at:end]
        at = end
    return bytes(kept)


def empty_delta(stream_id: str, model: str, created: int) -> bytes:
    """A chunk that says nothing: it resets a client's watchdog, which a comment does not."""
    choice = {"index": 0, "delta": {}, "finish_reason": None}
    chunk = {"id": stream_id, "object": "chat.completion.chunk", "created": created, "model": model}
    return sse.event(json.encode(chunk | {"choices": [choice]}))


def error_event(error: XrouterError) -> bytes:
    """An error in the middle of a stream; the blank line first ends an event that was cut."""
    return b"\n\n" + sse.event(write_error(error))


def _is_given(name: str, known: Mapping[str, object]) -> bool:
    """Whether the client sent it; the two names of the output limit stand for each other."""
    return name in known or (name in _MOST_OUTPUT and not _MOST_OUTPUT.isdisjoint(known))


def _with_usage(known: json.Members) -> bytes:
    options = json.decode(known["stream_options"]) if "stream_options" in known else None
    return json.encode({**(options if isinstance(options, dict) else {}), "include_usage": True})


def _is_usage_chunk(event: bytes) -> bool:
    reader = sse.EventReader()
    for _, data in (*reader.feed(event), *reader.close()):  # its last LF may not have come yet
        try:
            said = json.decode(data)
        except ValueError:
            return False
        return isinstance(said, dict) and said.get("choices") == [] and isinstance(said.get("usage"), dict)
    return False
