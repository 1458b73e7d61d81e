"""What a dialect can do, as the rooms above it see it. A dialect is a package of pure functions with these names.

A dialect that clients speak is a `ClientDialect`, one that providers speak a `ProviderDialect`, and one that both
speak is a `Dialect`: between its two ends the bytes pass as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Protocol

import msgspec

from xrouter import plugins
from xrouter.chat.events import Event, Fault
from xrouter.chat.reply import Reply, Usage
from xrouter.chat.request import Conversation, Envelope, Turn
from xrouter.chat.target import Target
from xrouter.errors import UpstreamError, XrouterError
from xrouter.wire import sse

TAIL_BYTES = 16 * 1024
"""How much of a stream's end is kept: enough for its last chunks and the usage, however chatty a provider is."""


class StreamEnd(msgspec.Struct, frozen=True):
    """What the first and last bytes of a stream say: was it whole, did it say so, did it end in an error, its usage."""

    finished: bool
    done: bool
    fault: bool
    usage: Usage | None


class Stamp(msgspec.Struct, frozen=True):
    """What an answer is marked with where the provider gives nothing: identity, model, Unix time; and who asked."""

    id: str
    model: str
    created: int
    envelope: Envelope


class Written(msgspec.Struct, frozen=True):
    """A request for a provider.

    `dropped` are the client's members that it cannot take, `renamed` the tools' names there → as the client knows them.
    """

    body: bytes
    url: str
    dropped: tuple[str, ...] = ()
    renamed: Mapping[str, str] = {}


class StreamReader(Protocol):
    """A provider's bytes in, events out; any split of the bytes gives the same events. A Fault, never an exception."""

    def feed(self, data: bytes) -> list[Event]:
        """Read on."""

    def close(self) -> list[Event]:
        """The bytes have ended. Without an End among all events the answer is not whole."""


class StreamWriter(Protocol):
    """Events in, the client's bytes out. A Fault is never sent here: `fail` says it."""

    def send(self, event: Event) -> bytes:
        """The event for the client; End closes the stream properly."""

    def idle(self) -> bytes:
        """A data event that says nothing, for a client that waits."""

    def fail(self, error: XrouterError) -> bytes:
        """The error that ends the stream."""


class StreamMender(Protocol):
    """A stream of the same dialect on both sides, brought into its official shape event by event."""

    def feed(self, data: bytes) -> bytes:
        """Read on."""

    def close(self) -> bytes:
        """The bytes have ended."""


class ClientDialect(Protocol):
    """A wire format that clients speak."""

    def read_envelope(self, body: bytes) -> Envelope:
        """The outside of a request. Raises BadRequest."""

    def read_turns(self, envelope: Envelope) -> tuple[Turn, ...]:
        """The inside of a request, to be judged; never raises on odd content."""

    def read_request(self, envelope: Envelope) -> Conversation:
        """All of a request, to be translated. Raises BadRequest where it cannot be understood."""

    def write_reply(self, reply: Reply, stamp: Stamp) -> bytes:
        """A whole answer."""

    def writer(self, stamp: Stamp) -> StreamWriter:
        """For one streamed answer."""

    def write_error(self, error: XrouterError) -> bytes:
        """The body of an error answer."""

    def error_event(self, error: XrouterError) -> bytes:
        """An error in the middle of a stream whose events are not ours."""


class ProviderDialect(Protocol):
    """A wire format that providers speak."""

    def write_request(self, talk: Conversation, target: Target) -> Written:
        """A request from the waist. Raises Unsupported where the target cannot take what it asks for."""

    def read_reply(self, body: bytes) -> Reply:
        """A whole answer. Raises UpstreamError where it is none."""

    def reader(self) -> StreamReader:
        """For one streamed answer."""

    def read_error(self, status: int, body: bytes, headers: Sequence[tuple[str, str]] = ()) -> UpstreamError:
        """A provider's error answer."""


class Dialect(ClientDialect, ProviderDialect, Protocol):
    """A wire format that both speak."""

    DONE: bytes
    """What is missing where a whole stream ended without saying so."""

    def rewrite(self, envelope: Envelope, target: Target, *, add_usage: bool) -> bytes:
        """The client's own body for this target, changed no more than needed."""

    def dropped(self, envelope: Envelope, target: Target) -> list[str]:
        """The members that `rewrite` leaves out because the provider would refuse them."""

    def read_used(self, body: bytes) -> tuple[Usage | None, int]:
        """(usage, characters said) of a whole answer. Raises UpstreamError where it is none."""

    def read_first(self, chunk: bytes) -> UpstreamError | None:
        """The error that a stream starts with, before any word."""

    def as_stream(self, body: bytes) -> bytes:
        """A whole answer as the events of a stream. Raises UpstreamError where it is none."""

    def is_over(self, last: bytes) -> bool:
        """Whether the last bytes of a stream (as few as they are) say that nothing is to come."""

    def read_end(self, head: bytes, tail: bytes) -> StreamEnd:
        """What the first event and the last TAIL_BYTES of a stream say."""

    def without_usage(self, events: bytes) -> bytes:
        """Whole events less the chunk that only carries the usage."""

    def mend_reply(self, body: bytes, target: Target) -> bytes:
        """A whole answer of a provider that deviates, in the official shape; of any other as it is."""

    def mender(self, target: Target) -> StreamMender | None:
        """The same for a stream; None where there is nothing to mend."""


@cache
def speak(name: str) -> Any:
    """The dialect of that name: a ClientDialect, a ProviderDialect or both. Raises ConfigError where there is none."""
    return plugins.load("dialect", name)


def first_fault(reader: StreamReader, chunk: bytes) -> UpstreamError | None:
    """The error that stands among the first events of a stream."""
    return next((event.error() for event in reader.feed(chunk) if isinstance(event, Fault)), None)


class SseReader:
    """A StreamReader over server-sent events: `read` says what each of them means.

    What cannot be read must become a Fault: something of the answer is lost, so it must not pass for a whole one.
    """

    def __init__(self, read: Callable[[sse.ServerEvent], list[Event]]) -> None:
        self._events = sse.EventReader()
        self._read = read

    def feed(self, data: bytes) -> list[Event]:
        """Read on."""
        try:
            found = self._events.feed(data)
        except ValueError as error:
            return [Fault(str(error))]
        return self._all(found)

    def close(self) -> list[Event]:
        """The bytes have ended: a last event counts without its blank line too."""
        return self.feed(b"\n\n")

    def _all(self, found: list[sse.ServerEvent]) -> list[Event]:
        read = self._read
        return [event for one in found for event in read(one)]
