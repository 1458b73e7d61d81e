"""Calls and their results: the message behind one with calls is a user's, and begins with all of their results.

A call's id is made of letters, digits, `_` and `-`; other providers' ids hold other signs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256

from xrouter.chat.request import Part, Turn
from xrouter.dialects import pairing

_UNFIT = re.compile(r"[^a-zA-Z0-9_-]")


def pair(turns: tuple[Turn, ...]) -> Iterator[tuple[str, list[Part]]]:
    """(who speaks, what) turn by turn; what has no result gets one that says so, a result of no call becomes words."""
    for turn in pairing.pair(turns, _fit):
        yield "user" if turn.role == "tool" else turn.role, list(turn.parts)


def _fit(call_id: str) -> str:
    if call_id and not _UNFIT.search(call_id):
        return call_id
    digest = sha256(call_id.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{_UNFIT.sub('_', call_id) or 'call'}_{digest}"
