"""Moving a streamed answer to the client: what a provider's bytes are fed to.

`RawRelay` passes them on as they are. It keeps the last of them, because the usage and the proof that the answer was
whole stand at the end. Where the router asked for usage and the client did not, it holds back what is not yet a whole
event, to leave out that one chunk. Where the ends speak different dialects, a `Translation` takes its place.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import msgspec

from xrouter.chat.reply import Usage, estimate
from xrouter.chat.request import Part
from xrouter.dialects.base import TAIL_BYTES, Dialect, StreamEnd, StreamMender
from xrouter.errors import Broken, UpstreamError
from xrouter.wire import sse

MOST_HELD = 1024 * 1024
"""How much of an event is held until it is whole: one that is larger is none that only carries the usage."""
_LAST_BYTES = 256
"""How much of the end says whether a stream is over."""
Callback = Callable[[], None]
Headers = Sequence[tuple[str, str]]


class Client(Protocol):
    """The client's end of one request. Nothing here waits; all of it does nothing once the client has gone."""

    @property
    def begun(self) -> bool:
        """Whether a status has been sent."""

    @property
    def full(self) -> bool:
        """Whether the client reads more slowly than we write."""

    def reply(self, status: int, headers: Headers, body: bytes) -> None:
        """A whole answer."""

    def begin(self, status: int, headers: Headers) -> None:
        """The head of a stream."""

    def write(self, data: bytes) -> None:
        """The next bytes of a stream."""

    def end(self) -> None:
        """A stream that is complete."""

    def abort(self) -> None:
        """A stream that is not: the connection ends without the mark of a whole body."""

    def when_ready(self, callback: Callback | None) -> None:
        """What to call when it is no longer full."""


class Relay(Protocol):
    """A sink that moves a provider's answer to the client, and what came of it."""

    @property
    def full(self) -> bool:
        """Whether the client reads more slowly than the provider writes."""

    @property
    def complete(self) -> bool:
        """Whether nothing more is to come."""

    @property
    def said(self) -> int:
        """About how many characters the answer has so far."""

    @property
    def parts(self) -> Sequence[Part]:
        """What of the answer is to be remembered: thoughts and calls."""

    @property
    def speaks(self) -> bool:
        """Whether the provider has begun to say something."""

    def open(self, first: bytes, *, whole: bool) -> bytes:
        """The first bytes for the client, while the status is still open. Raises UpstreamError.

        `whole`: the provider answered a stream request in one piece, and this is all of it. As long as it does not
        speak (a ping, a head without a word) there are none: open it again with what comes next, at the end with none.
        """

    def idle(self) -> bytes:
        """A sign of life for a client that has heard nothing since this was last asked; none where none is due."""

    def feed(self, data: bytes) -> None:
        """Pass bytes on."""

    def when_ready(self, callback: Callback | None) -> None:
        """What to call when it is no longer full."""

    def finish(self) -> None:
        """The provider has ended the stream. Raises UpstreamError where it failed, or ended too early."""

    def fail(self, fault: UpstreamError) -> None:
        """The stream broke: the client sees an error, and no clean end. What was complete already stays so."""

    def usage(self) -> Usage | None:
        """What the provider said that it used."""


class RawRelay:
    """Passes bytes on and remembers the tail. `secrets` are what a provider may not quote in an error."""

    speaks = True

    def __init__(
        self,
        client: Client,
        dialect: Dialect,
        mender: StreamMender | None,
        *,
        hide_usage: bool,
        secrets: Sequence[bytes] = (),
    ) -> None:
        self._client, self._secrets = client, secrets
        self._dialect = dialect
        self._mender = mender
        self._head = b""
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._held = b""
        self._last = b""
        self._events = 0
        self.complete = False
        self.parts: Sequence[Part] = ()
        self._ending: StreamEnd | None = None
        self._hide_usage = hide_usage
        self.when_ready = client.when_ready

    @property
    def full(self) -> bool:
        """Whether the client reads more slowly than the provider writes."""
        return self._client.full

    @property
    def said(self) -> int:
        """About four characters an event."""
        return 4 * self._events

    def open(self, first: bytes, *, whole: bool) -> bytes:
        """The first bytes for the client. Raises UpstreamError where they are an error."""
        if whole:
            first = self._dialect.as_stream(first)
        elif fault := self._dialect.read_first(first):
            raise fault
        elif self._mender is not None:
            first = self._mender.feed(first)
        first = mask(first, self._secrets) if b'"error"' in first else first
        self._head = first
        self._remember(first)
        return self._visible(first)

    def feed(self, data: bytes) -> None:
        """Pass bytes on, as they are; where the usage is hidden, as far as they are whole events."""
        if self._mender is not None:
            data = self._mender.feed(data)
        if b'"error"' in data:
            data = mask(data, self._secrets)
        self._remember(data)
        self._client.write(self._visible(data))

    def idle(self) -> bytes:
        """None: an event of ours could end up inside one of the provider's."""
        return b""

    def finish(self) -> None:
        """The provider has ended the stream. Raises Broken where that was too early."""
        if self._mender is not None and (rest := self._mender.close()):
            self._remember(rest)
            self._held += rest
        end = self._end()
        if not end.finished:
            raise Broken("the provider ended the stream before the answer was complete")
        self._client.write(self._held)
        if not end.done:
            self._client.write(b"\n\n" + self._dialect.DONE)
        self._client.end()

    def fail(self, fault: UpstreamError) -> None:
        """The stream broke: the client sees an error, and no clean end. What was complete already stays so."""
        end = self._end()
        if end.done or end.fault:
            self._client.write(self._held)
        if end.done and not end.fault:
            self._client.end()
            return
        self._client.write(b"\n\n" if end.fault else self._dialect.error_event(fault))
        self._client.abort()

    def usage(self) -> Usage | None:
        """What the provider said that it used."""
        end = self._end()
        return end.usage if end.finished else at_least(end.usage, self.said)

    def _end(self) -> StreamEnd:
        """Read once: nothing comes after it was asked for."""
        if self._ending is None:
            self._ending = self._dialect.read_end(self._head, b"".join(self._tail))
        return self._ending

    def _visible(self, data: bytes) -> bytes:
        """What the client gets to see of the bytes now."""
        if not self._hide_usage:
            return data
        data = self._held + data
        end = sse.whole_events(data)
        if len(data) - end > MOST_HELD:
            end = len(data)
        self._held = data[end:]
        return self._dialect.without_usage(data[:end]) if end else b""

    def _remember(self, data: bytes) -> None:
        self._events += data.count(b"data:")
        tail = self._tail
        tail.append(data)
        self._last = data if len(data) >= _LAST_BYTES else (self._last + data)[-_LAST_BYTES:]
        self.complete = self._dialect.is_over(self._last)
        self._tail_bytes += len(data)
        while self._tail_bytes - len(tail[0]) >= TAIL_BYTES:
            self._tail_bytes -= len(tail.popleft())


def mask(data: bytes, secrets: Iterable[bytes]) -> bytes:
    """A provider that quotes our key must not give it to the client."""
    for secret in secrets:
        data = data.replace(secret, b"***")
    return data


def at_least(usage: Usage | None, said: int) -> Usage | None:
    """What was counted when an answer broke off is from its beginning: more has been said since."""
    if usage is None:
        return None
    return msgspec.structs.replace(
        usage, completion=max(usage.completion, estimate(0, said).completion), estimated=True
    )
