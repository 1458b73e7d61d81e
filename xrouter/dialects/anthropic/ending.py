"""What the first and last bytes of a stream say.

The end stands in the last two events, so the search goes backwards, line by line, up to the last content: every stream
pays for this. Anthropic pads its JSON with spaces; members may come in any order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from xrouter.chat.reply import Usage
from xrouter.dialects.base import StreamEnd
from xrouter.dialects.values import count
from xrouter.wire import json, sse

_COUNTS = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")


class _Delta(msgspec.Struct):
    stop_reason: Any = None


class _Message(msgspec.Struct):
    usage: Any = None


class _Event(msgspec.Struct):
    type: Any = None
    delta: Any = None
    usage: Any = None
    message: Any = None


_event = json.Reader(_Event)


def read_end(head: bytes, tail: bytes) -> StreamEnd:
    """The end of a stream, of which `head` is the first event and `tail` the last part (it may start inside an event).

    The input is counted in the first event, the totals in the last one; field by field the later counts.
    """
    said = list(_last_events(tail))
    kinds = {event.type for event in said}
    stopped = any(event.type == "message_delta" and _get(event.delta, "stop_reason") for event in said)
    fault, done = "error" in kinds, "message_stop" in kinds
    counts = _counts(_first_usage(head))
    for event in reversed(said):
        counts |= _counts(event.usage) if event.type == "message_delta" else {}
    return StreamEnd(finished=(done or stopped) and not fault, done=done, fault=fault, usage=_usage(counts))


def is_over(last: bytes) -> bool:
    """Whether the last bytes of a stream hold a whole message_stop."""
    if b"message_stop" not in last:
        return False
    return any(event.type == "message_stop" for event in _last_events(last[: sse.whole_events(last)]))


def _last_events(tail: bytes) -> Iterator[_Event]:
    """The events after the last content, the last one first; what is no JSON (`[DONE]`) is none."""
    for line in _lines_backwards(tail):
        if not line.startswith(b"data:"):
            continue
        try:
            event = _event.decode(line[len(b"data:") :])
        except ValueError:
            continue
        if not isinstance(event.type, str):
            continue
        if event.type.startswith("content_block_"):
            return
        yield event


def _lines_backwards(text: bytes) -> Iterator[bytes]:
    """Lines end in LF, CRLF or CR."""
    end = len(text)
    while end > 0:
        start = max(text.rfind(b"\n", 0, end), text.rfind(b"\r", 0, end)) + 1
        yield text[start:end]
        end = start - 1


def _first_usage(head: bytes) -> Any:
    for event in sse.EventReader().feed(head + b"\n\n"):
        try:
            said = _event.decode(event.data)
        except ValueError:
            continue
        if said.type == "message_start":
            return _get(said.message, "usage")
    return None


def _get(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _counts(usage: Any) -> dict[str, int]:
    """The counts that a usage object gives; null says nothing."""
    if not isinstance(usage, dict):
        return {}
    counts = {name: _count(usage.get(name)) for name in _COUNTS}
    counts["thinking_tokens"] = _count(_get(usage.get("output_tokens_details"), "thinking_tokens"))
    return {name: known for name, known in counts.items() if known is not None}


def _count(value: Any) -> int | None:
    return count(value) if isinstance(value, int | float) else None


def _usage(counts: Mapping[str, int]) -> Usage | None:
    if "input_tokens" not in counts and "output_tokens" not in counts:
        return None
    cached, written = counts.get("cache_read_input_tokens", 0), counts.get("cache_creation_input_tokens", 0)
    return Usage(
        prompt=counts.get("input_tokens", 0) + cached + written,
        completion=counts.get("output_tokens", 0),
        cached=cached,
        cache_write=written,
        reasoning=counts.get("thinking_tokens", 0),
    )
