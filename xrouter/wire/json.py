"""JSON as bytes: the only user of msgspec.json.

`members` reads the outer object alone and leaves each value as the bytes it came in, so that `splice` can change one
of them and keep every other byte: unknown fields, `1.0`, big integers, `1e400`, key order, white space, unicode.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import Raw

T = TypeVar("T")
Members = dict[str, Raw]

_members = msgspec.json.Decoder(Members)
_any = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()
_KEY = re.compile(rb'[\s,]*"(?:[^"\\]|\\.)*"\s*:\s*')


def decode(body: bytes | Raw) -> Any:
    """Any JSON value. Raises ValueError, which says where; never RecursionError."""
    try:
        return _any.decode(body)
    except RecursionError:
        raise ValueError("JSON is nested too deeply") from None


def encode(value: Any) -> bytes:
    """Compact UTF-8 JSON."""
    return _encoder.encode(value)


def reader(kind: type[T]) -> msgspec.json.Decoder[T]:
    """A decoder for one type, to be made once and kept; its `decode` raises ValueError."""
    return msgspec.json.Decoder(kind)


def members(body: bytes) -> Members:
    """The outer object's values, unread. Raises ValueError when the body is not one JSON object in UTF-8."""
    if not body.isascii():
        body.decode()  # values are not read here, so nobody else would notice
    try:
        return _members.decode(body)
    except RecursionError:
        raise ValueError("JSON is nested too deeply") from None


def splice(body: bytes, known: Members, changes: Mapping[str, bytes]) -> bytes:
    """`body` with some members changed or added at the end; all other bytes stay as they are.

    `known` is what `members(body)` gave. A body that names a key twice is written anew from `known`, where the last
    one counts: a provider must not read another value than the router did.
    """
    if not changes:
        return body
    spans = _spans(body, known)
    if spans is None:
        return encode({**known, **{key: Raw(value) for key, value in changes.items()}})
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
