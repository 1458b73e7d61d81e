"""Writes the events of one stream and numbers them: https://platform.openai.com/docs/api-reference/responses-streaming.

`sequence_number` counts from 0 without a gap, and each event's name is its `type`.
"""

from __future__ import annotations

from typing import Any

from xrouter.wire import json


class Pen:
    """The next number is known to it alone."""

    def __init__(self) -> None:
        self._next = 0

    def write(self, name: str, /, **members: Any) -> bytes:
        """One event."""
        return self.end(lead_of(name, **members))

    def end(self, lead: bytes) -> bytes:
        """An event of which all but the number is written."""
        number, self._next = self._next, self._next + 1
        return b'%b,"sequence_number":%d}\n\n' % (lead, number)

    def delta(self, lead: bytes, text: str) -> bytes:
        """An event with a piece of text, which every word pays for: `lead` is written once for all of them."""
        number, self._next = self._next, self._next + 1
        return b'%b,"delta":%b,"sequence_number":%d}\n\n' % (lead, json.encode(text), number)


def lead_of(name: str, /, **members: Any) -> bytes:
    """How an event with these members begins."""
    return b"event: %b\ndata: %b" % (name.encode(), json.encode({"type": name, **members})[:-1])
