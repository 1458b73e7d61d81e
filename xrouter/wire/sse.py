"""Server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html, sections 9.2.5 and 9.2.6.

Lines may end in LF, CRLF or CR; comments, `id` and `retry` are skipped; an event without data is none; an event that
the stream ends in the middle of is discarded, as the specification says.
"""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_EVENT_BYTES = 64 * 1024 * 1024
DONE = b"data: [DONE]\n\n"

_BLANK = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r)")
_BOM = b"\xef\xbb\xbf"


class ServerEvent(NamedTuple):
    """One event: its name (empty for the default, "message") and its data, lines joined by LF."""

    name: str
    data: bytes


class EventReader:
    """Bytes in, events out; any split of the bytes gives the same events."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._started = False
        self._held = b""

    def feed(self, chunk: bytes) -> list[ServerEvent]:
        """Read on. Raises ValueError when one event grows beyond MAX_EVENT_BYTES."""
        rest = self._rest
        searched = max(len(rest) - 1, 0)
        rest += self._normalised(chunk)
        if not self._started:
            if len(rest) < len(_BOM) and _BOM.startswith(bytes(rest)):
                return []
            self._started = True
            if rest.startswith(_BOM):
                del rest[: len(_BOM)]
        end = rest.rfind(b"\n\n", searched)
        if end < 0:
            if len(rest) > MAX_EVENT_BYTES:
                raise ValueError("an event of the stream is larger than 64 MiB")
            return []
        whole = bytes(rest[:end])
        del rest[: end + 2]
        return [event for block in whole.split(b"\n\n") if (event := _read_block(block))]

    def close(self) -> list[ServerEvent]:
        """The stream has ended: a last line end that was waited for is taken as one."""
        events = self.feed(b"\n") if self._held else []
        self._rest.clear()
        return events

    def _normalised(self, chunk: bytes) -> bytes:
        """The bytes with all line ends as LF; a CR at the very end waits, for its LF may be in the next chunk."""
        if self._held:
            chunk, self._held = b"\r" + chunk, b""
        if b"\r" not in chunk:
            return chunk
        if chunk.endswith(b"\r"):
            chunk, self._held = chunk[:-1], b"\r"
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _read_block(block: bytes) -> ServerEvent | None:
    """The lines of one event, without its blank line; most have one line, or a name and one line."""
    if block.startswith(b"data: ") and b"\n" not in block:
        return ServerEvent("", block[6:])
    name, data = "", []
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value.decode("utf-8", "replace")
    return ServerEvent(name, b"\n".join(data)) if data else None


def event(data: bytes, name: str = "") -> bytes:
    """One event as bytes; `data` is JSON, so it holds no line end."""
    lead = b"event: " + name.encode() + b"\n" if name else b""
    return lead + b"data: " + data + b"\n\n"


def whole_events(buffer: bytes) -> int:
    """How many of the first bytes of `buffer` are whole events (up to and with the last blank line).

    A CR at the very end is no line end yet: its LF may be in the next chunk.
    """
    end = buffer.rfind(b"\n\n") + 2
    if end > 1 and b"\r" not in buffer:
        return end
    sure = len(buffer) - buffer.endswith(b"\r")
    return max((match.end() for match in _BLANK.finditer(buffer) if match.end() <= sure), default=0)


def first_event(buffer: bytes) -> int:
    """How many bytes the first event takes, its blank line included; all of them where it is not whole."""
    match = _BLANK.search(buffer)
    return match.end() if match else len(buffer)
