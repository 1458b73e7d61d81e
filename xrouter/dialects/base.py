"""What a dialect can do, as the rooms above it see it. A dialect is a package of pure functions with these names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from xrouter.chat.reply import Usage
from xrouter.chat.request import Conversation, Envelope
from xrouter.chat.target import Target
from xrouter.errors import UpstreamError, XrouterError

TAIL_BYTES = 16 * 1024
"""How much of a stream's end is kept: enough for its last chunks and the usage, however chatty a provider is."""


class StreamEnd(msgspec.Struct, frozen=True):
    """What the last bytes of a stream say: was it whole, did it say so, did it end in an error, what was used."""

    finished: bool
    done: bool
    fault: bool
    usage: Usage | None


class Dialect(Protocol):
    """A wire format, both ways."""

    DONE: bytes
    """What ends a stream."""

    def read_envelope(self, body: bytes) -> Envelope:
        """The outside of a request. Raises BadRequest."""

    def read_request(self, envelope: Envelope) -> Conversation:
        """The inside of a request; never raises on odd content."""

    def rewrite(self, envelope: Envelope, target: Target, *, add_usage: bool) -> bytes:
        """The client's own body for this target, changed no more than needed."""

    def dropped(self, envelope: Envelope, target: Target) -> list[str]:
        """The members that `rewrite` leaves out because the provider would refuse them."""

    def read_reply(self, body: bytes) -> tuple[Usage | None, int]:
        """(usage, characters said) of a whole answer. Raises UpstreamError where it is none."""

    def read_first(self, chunk: bytes) -> UpstreamError | None:
        """The error that a stream starts with, before any word."""

    def as_stream(self, body: bytes) -> bytes:
        """A whole answer as the events of a stream. Raises UpstreamError where it is none."""

    def read_end(self, tail: bytes) -> StreamEnd:
        """What the last TAIL_BYTES of a stream say."""

    def without_usage(self, events: bytes) -> bytes:
        """Whole events less the chunk that only carries the usage."""

    def empty_delta(self, stream_id: str, model: str, created: int) -> bytes:
        """An event that says nothing, for a client that waits."""

    def read_error(self, status: int, body: bytes, headers: Sequence[tuple[str, str]] = ()) -> UpstreamError:
        """A provider's error answer."""

    def write_error(self, error: XrouterError) -> bytes:
        """The body of an error answer."""

    def error_event(self, error: XrouterError) -> bytes:
        """An error in the middle of a stream."""
