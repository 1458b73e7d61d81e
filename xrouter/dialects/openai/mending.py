"""Answers of providers that speak OpenAI with peculiarities, brought into the official shape as far as needed.

https://platform.openai.com/docs/api-reference/chat-streaming. What needs no mending passes as its own bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from xrouter.chat.target import Target
from xrouter.dialects.openai.course import Course
from xrouter.dialects.openai.errors import find_error
from xrouter.dialects.openai.quirks import QUIRKS, Quirk
from xrouter.wire import json, sse

_DONE = b"[DONE]"


def mend_reply(body: bytes, target: Target) -> bytes:
    """A whole answer in the official shape. What is no answer is left as it is: whoever reads it will say so."""
    quirks = _quirks(target)
    if not quirks:
        return body
    try:
        answer = json.decode(body)
    except ValueError:
        return body
    if not isinstance(answer, dict) or not isinstance(answer.get("choices"), list):
        return body
    return json.encode(answer) if _mend(answer, Course(whole=True), quirks) else body


def mender(target: Target) -> Mender | None:
    """The same for a stream; None where there is nothing to mend."""
    quirks = _quirks(target)
    return Mender(quirks) if quirks else None


class Mender:
    """Bytes of a stream in, bytes out: whole events, each as it came or mended."""

    def __init__(self, quirks: list[Quirk]) -> None:
        self._quirks = quirks
        self._course = Course(whole=False)
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        """Read on."""
        data = self._rest + data
        end = sse.whole_events(data)
        self._rest = data[end:]
        return b"".join([self._event(raw) for raw in _split(data[:end])])

    def close(self) -> bytes:
        """The bytes have ended: an event that lacks its blank line alone counts too."""
        rest, self._rest = self._rest, b""
        rest = rest.strip(b"\r\n")
        return (self._event(rest + b"\n\n") if rest else b"") + self._usage()

    def _event(self, raw: bytes) -> bytes:
        name, data = _read(raw)
        if data == _DONE:
            return self._usage() + sse.DONE
        try:
            said = json.decode(data)
        except ValueError:
            return raw
        if not isinstance(said, dict):
            return raw
        if said.get("error") or name == "error" or said.get("object") == "error":
            return _error(said, raw)
        if not _mend(said, self._course, self._quirks):
            return raw
        return sse.event(json.encode(said)) if said else b""

    def _usage(self) -> bytes:
        chunk = self._course.usage_chunk()
        return sse.event(json.encode(chunk)) if chunk else b""


def _quirks(target: Target) -> list[Quirk]:
    return [mend for name, mend in QUIRKS.items() if name in target.quirks] if target.quirks else []


def _mend(answer: dict[str, Any], course: Course, quirks: list[Quirk]) -> bool:
    changed = False
    for mend in quirks:
        changed |= mend(answer, course)
    return changed


def _split(events: bytes) -> Iterator[bytes]:
    """Whole events, one by one, without blank lines before them."""
    if b"\r" not in events:
        return (event + b"\n\n" for piece in events.split(b"\n\n") if (event := piece.lstrip(b"\n")))
    return _split_slowly(events)


def _split_slowly(events: bytes) -> Iterator[bytes]:
    while events := events.lstrip(b"\r\n"):
        end = sse.first_event(events)
        yield events[:end]
        events = events[end:]


def _read(raw: bytes) -> tuple[str, bytes]:
    """(name, data) of one event; nearly all of them are one line of data."""
    if raw.startswith(b"data: ") and raw.find(b"\n") == len(raw) - 2:
        return "", raw[6:-2].strip()
    found = sse.EventReader().feed(raw)
    return (found[0].name, found[0].data.strip()) if found else ("", b"")


def _error(said: dict[str, Any], raw: bytes) -> bytes:
    """An error in the middle of a stream: an event without a name whose `error` is an object with a message."""
    error = said.get("error")
    if isinstance(error, dict) and isinstance(error.get("message"), str):
        return sse.event(json.encode(said))
    found = find_error(said)
    if found is None:
        return raw
    message, kind, code, param = found
    return sse.event(json.encode({"error": {"message": message, "type": kind, "param": param, "code": code}}))
