"""Thoughts that are not Anthropic's, which it refuses: "Invalid `signature` in `thinking` block".

A client of this dialect gets other providers' thoughts as thinking blocks, signed with nothing or with a seal of ours
(see signatures.py), and sends them back. Where the next turn goes to Anthropic itself they are left out.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import Raw

from xrouter.dialects.anthropic.signatures import is_ours
from xrouter.wire import json
from xrouter.wire.json import Members

_SIGN = re.compile(rb'"signature"\s*:\s*""|"xr1:')


class _Block(msgspec.Struct):
    type: Any = None
    signature: Any = None
    data: Any = None


_pieces = json.Reader(list[Raw])
_object = json.Reader(Members)
_block = json.Reader(_Block)


def without_foreign(messages: Raw) -> bytes | None:
    """The messages less such thoughts, all others as they came; None where there are none, or nobody can read them.

    A message that holds nothing else is left out whole.
    """
    if not _SIGN.search(messages):
        return None
    try:
        kept = [left for message in _pieces.decode(messages) if (left := _message(message))]
    except ValueError:
        return None  # it is the provider who judges whether a request is right
    return b"[%b]" % b",".join(kept)


def _message(message: Raw) -> bytes:
    """Empty where nothing is left of it."""
    given = bytes(message)
    if not _SIGN.search(given):
        return given
    known = _object.decode(given)
    content = known.get("content", Raw(b""))
    if bytes(memoryview(content)[:1]) != b"[":
        return given
    blocks = [bytes(block) for block in _pieces.decode(content)]
    kept = [block for block in blocks if not _is_foreign(block)]
    if len(kept) == len(blocks):
        return given
    return json.splice(given, known, {"content": b"[%b]" % b",".join(kept)}) if kept else b""


def _is_foreign(raw: bytes) -> bool:
    block = _block.decode(raw)
    if block.type == "thinking":
        return block.signature == "" or is_ours(block.signature)
    return block.type == "redacted_thinking" and is_ours(block.data)
