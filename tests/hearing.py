"""A client's end of a stream, for what relays do to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Client:
    """A client's end: a transcript of what was done to it."""

    begun = True
    full = False

    def __init__(self) -> None:
        self.got = b""
        self.ended = ""

    def reply(self, status: int, headers: Any, body: bytes) -> None:
        """Never in a stream."""
        raise AssertionError

    def begin(self, status: int, headers: Any) -> None:
        """Never by the relay."""
        raise AssertionError

    def write(self, data: bytes) -> None:
        """The next bytes, before the end."""
        assert not self.ended
        self.got += data

    def end(self) -> None:
        """A clean end, once."""
        assert not self.ended
        self.ended = "end"

    def abort(self) -> None:
        """No clean end, once."""
        assert not self.ended
        self.ended = "abort"

    def when_ready(self, callback: Callable[[], None] | None) -> None:
        """It always is."""
