"""The raw path: the same dialect on both sides, so the bytes pass and only what must change is changed."""

from __future__ import annotations

import re

from xrouter.chat.request import Envelope
from xrouter.chat.target import Target
from xrouter.dialects.openai.demands import mend_request
from xrouter.dialects.openai.ending import has_fault
from xrouter.dialects.openai.errors import error_inside, write_error
from xrouter.dialects.openai.thinkers import for_thinker
from xrouter.dialects.splicing import left_out, spliced
from xrouter.errors import UpstreamError, XrouterError
from xrouter.wire import json, sse

_LIMITS = ("max_tokens", "max_completion_tokens")
"""The two names of the output limit stand for each other."""
_EFFORTS = ("reasoning_effort", "reasoning")
_NO_CHOICES = re.compile(rb'"choices"\s*:\s*\[\s*\]')


def rewrite(envelope: Envelope, target: Target, *, add_usage: bool) -> bytes:
    """The client's body for this target: `model`, the target's own members and the wish for usage; no other byte.

    A provider that does not know some members gets a body without them, or with its own names for them.
    """
    known, target = envelope.members, for_thinker(target, envelope)
    changes = mend_request(known, target) if target.quirks else {}
    if target.effort is not None and not any(name in known for name in _EFFORTS):
        changes["reasoning_effort"] = json.encode(target.effort)
    if target.max_output_tokens is not None and not any(name in known for name in _LIMITS):
        changes[target.output_limit] = json.encode(target.max_output_tokens)
    if add_usage:
        changes["stream_options"] = _with_usage(known)
    return spliced(envelope, target, changes)


def dropped(envelope: Envelope, target: Target) -> list[str]:
    """The members that the provider does not get to see."""
    return left_out(envelope, for_thinker(target, envelope))


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
        if (event.name == "error" or said.get("error")) and (error := error_inside(said)):
            return error
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


def error_event(error: XrouterError) -> bytes:
    """An error in the middle of a stream; the blank line first ends an event that was cut."""
    return b"\n\n" + sse.event(write_error(error))


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
