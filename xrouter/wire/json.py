r"""JSON as bytes: the only user of msgspec.json.

`members` reads the outer object alone and leaves each value as the bytes it came in, so that `splice` can change one
of them and keep every other byte: unknown fields, `1.0`, big integers, `1e400`, key order, white space, unicode.

Half a surrogate pair (`"\ud83d"`) is legal JSON that msgspec refuses. Clients written in JavaScript send it where they
cut a text in the middle of an emoji, so it is read as U+FFFD, and passed on as it came. So is a provider's answer that
is not quite UTF-8.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Raw

T = TypeVar("T")
Members = dict[str, Raw]

_members = msgspec.json.Decoder(Members)
_encoder = msgspec.json.Encoder()
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.", re.DOTALL
)
"""A surrogate pair, half of one (the group), or any other escape."""
_KEY = re.compile(rb'[\s,]*"(?:[^"\\]++|\\.)*+"\s*:\s*')  # never goes back: a key may be megabytes long


class Reader(Generic[T]):
    """Reads JSON as one type; to be made once and kept."""

    def __init__(self, kind: type[T]) -> None:
        self._decoder = msgspec.json.Decoder(kind)

    def decode(self, body: bytes | Raw) -> T:
        """The value. Raises ValueError, which says where; never RecursionError."""
        try:
            return _decode(self._decoder, body)
        except ValueError:
            mended = _mend(bytes(body).decode("utf-8", "replace").encode())
            if mended == body:
                raise
            return _decode(self._decoder, mended)


_any: Reader[Any] = Reader(Any)


def decode(body: bytes | Raw) -> Any:
    """Any JSON value. Raises ValueError, which says where; never RecursionError."""
    return _any.decode(body)


def encode(value: Any) -> bytes:
    """Compact UTF-8 JSON."""
    return _encoder.encode(value)


def compact(body: bytes) -> bytes:
    """Valid JSON as one line: no white space between its tokens, its values as they came. Raises ValueError."""
    try:
        return msgspec.json.format(body, indent=-1)
    except ValueError:
        return msgspec.json.format(_mend(body), indent=-1)


def members(body: bytes) -> Members:
    """The outer object's values, unread. Raises ValueError when the body is not one JSON object in UTF-8."""
    if not body.isascii():
        body.decode()  # values are not read here, so nobody else would notice
    try:
        return _decode(_members, body)
    except ValueError:
        mended = _mend(body)
        if mended == body:
            raise
        known = _decode(_members, mended)
        spans = _spans(mended, known)  # mending keeps every length, so these are the places in the body too
        return known if spans is None else {key: Raw(body[start:end]) for key, (start, end) in spans.items()}


def splice(body: bytes, known: Members, changes: Mapping[str, bytes]) -> bytes:
    """`body` with some members changed or added at the end; all other bytes stay as they are.

    `known` is what `members(body)` gave. A body that names a key twice is written anew from `known`, where the last
    one counts: a provider must not read another value than the router did.
    """
    spans = _spans(body, known)
    if spans is None:
        return encode({**known, **{key: Raw(value) for key, value in changes.items()}})
    if not changes:
        return body
    pieces: list[bytes] = []
    at = 0
    for key, (start, end) in spans.items():
        if key in changes:
            pieces += (body[at:start], changes[key])
            at = end
    added = b",".join(encode(key) + b":" + value for key, value in changes.items() if key not in spans)
    close = body.rindex(b"}")
    pieces += (body[at:close], b"," if added and spans else b"", added, body[close:])
    return b"".join(pieces)


def leave_out(body: bytes, known: Members, names: Container[str]) -> bytes:
    """`body` without some members; all other bytes stay as they are. `known` is what `members(body)` gave."""
    spans = _spans(body, known)
    if spans is None:
        return encode({key: value for key, value in known.items() if key not in names})
    opened = at = body.index(b"{") + 1
    kept: list[bytes] = []
    for key, (_, end) in spans.items():
        if key not in names:
            kept.append(body[at:end] if kept or at == opened else body[at:end].lstrip(b", \t\r\n"))
        at = end
    return b"".join((body[:opened], *kept, body[at:]))


def _decode(decoder: msgspec.json.Decoder[T], body: bytes | Raw) -> T:
    try:
        return decoder.decode(body)
    except RecursionError:
        raise ValueError("JSON is nested too deeply") from None


def _spans(body: bytes, known: Members) -> dict[str, tuple[int, int]] | None:
    """Where each member's value starts and ends; None when the body names a key twice."""
    spans: dict[str, tuple[int, int]] = {}
    at = body.index(b"{") + 1
    for key, raw in known.items():
        match = _KEY.match(body, at)
        if match is None or not body.startswith(raw, match.end()):
            return None
        at = match.end() + memoryview(raw).nbytes
        spans[key] = (match.end(), at)
    return spans if body[at:].strip() == b"}" else None


def _mend(body: bytes) -> bytes:
    """The same with U+FFFD in place of halves of surrogate pairs; as long as before."""
    return _ESCAPE.sub(lambda found: b"\\ufffd" if found.group(1) else found.group(), body)
