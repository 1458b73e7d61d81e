"""Server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html, sections 9.2.5 and 9.2.6.

Lines may end in LF, CRLF or CR; comments, `id` and `retry` are skipped; an event without data is none; an event that
the stream ends in the middle of is discarded, as the specification says.
"""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_EVENT_BYTES = 64 * 1024 * 1024
DONE = b"data: [DONE]\n\n"

_LINE_END = re.compile(rb"\r\n|\n|\r")
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
        self._name = ""
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[ServerEvent]:
        """Read on. Raises ValueError when one event grows beyond MAX_EVENT_BYTES."""
        rest = self._rest
        searched = max(len(rest) - 1, 0) if self._started else 0
        rest += chunk
        if not self._started:
            if len(rest) < len(_BOM) and _BOM.startswith(bytes(rest)):
                return []
            self._started = True
            if rest.startswith(_BOM):
                del rest[: len(_BOM)]
        events: list[ServerEvent] = []
        at = 0
        for end in _LINE_END.finditer(rest, searched):
            if end.group() == b"\r" and end.end() == len(rest):
                break  # its LF may be in the next chunk
            event = self._line(bytes(rest[at : end.start()]))
            if event is not None:
                events.append(event)
            at = end.end()
        del rest[:at]
        if len(rest) + self._size > MAX_EVENT_BYTES:
            raise ValueError("an event of the stream is larger than 64 MiB")
        return events

    def close(self) -> list[ServerEvent]:
        """The stream has ended: a last line end that was waited for is taken as one."""
        events = self.feed(b"\n") if self._rest.endswith(b"\r") else []
        self._rest.clear()
        return events

    def _line(self, line: bytes) -> ServerEvent | None:
        if not line:
            return self._dispatch()
        field, _, value = line.partition(b":")
        if value.startswith(b" "):
            value = value[1:]
        if field == b"data":
            self._data.append(value)
            self._size += len(value) + 1
        elif field == b"event":
            self._name = value.decode("utf-8", "replace")
        return None

    def _dispatch(self) -> ServerEvent | None:
        name, data = self._name, self._data
        self._name, self._data, self._size = "", [], 0
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
