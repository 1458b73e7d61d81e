"""Moving a streamed answer to the client, byte for byte.

`Relay` is what a provider's bytes are fed to. It keeps the last of them, because the usage and the proof that the
answer was whole stand at the end. Where the router asked for usage and the client did not, it holds back what is not
yet a whole event, to leave out that one chunk.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from xrouter.chat.reply import Usage
from xrouter.dialects.base import TAIL_BYTES, Dialect, StreamEnd
from xrouter.errors import Broken, UpstreamError
from xrouter.wire import sse

MOST_HELD = 1024 * 1024
"""How much of an event is held until it is whole: one that is larger is none that only carries the usage."""
DONE_ENDS = (b"[DONE]\n\n", b"[DONE]\r\n\r\n")
_DONE_BYTES = max(map(len, DONE_ENDS))
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


class Relay:
    """A sink that passes bytes on and remembers the tail."""

    def __init__(self, client: Client, dialect: Dialect, *, hide_usage: bool) -> None:
        self._client = client
        self._dialect = dialect
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._held = b""
        self._last = b""
        self.events = 0
        self.complete = False
        self._ending: StreamEnd | None = None
        self._hide_usage = hide_usage
        self.when_ready = client.when_ready

    @property
    def full(self) -> bool:
        """Whether the client reads more slowly than the provider writes."""
        return self._client.full

    def finish(self) -> None:
        """The provider has ended the stream. Raises Broken where that was too early."""
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
        return self._end().usage

    def _end(self) -> StreamEnd:
        """Read once: nothing comes after it was asked for."""
        if self._ending is None:
            self._ending = self._dialect.read_end(b"".join(self._tail))
        return self._ending

    def feed(self, data: bytes) -> None:
        """Pass bytes on, as they are; where the usage is hidden, as far as they are whole events."""
        self._remember(data)
        if self._hide_usage:
            self._write_whole_events(self._held + data)
        else:
            self._client.write(data)

    def _write_whole_events(self, data: bytes) -> None:
        end = sse.whole_events(data)
        if len(data) - end > MOST_HELD:
            end = len(data)
        self._held = data[end:]
        if end and (events := self._dialect.without_usage(data[:end])):
            self._client.write(events)

    def _remember(self, data: bytes) -> None:
        self.events += data.count(b"data:")
        tail = self._tail
        tail.append(data)
        self._last = data if len(data) >= _DONE_BYTES else (self._last + data)[-_DONE_BYTES:]
        self.complete = self._last.endswith(DONE_ENDS)
        self._tail_bytes += len(data)
        while self._tail_bytes - len(tail[0]) >= TAIL_BYTES:
            self._tail_bytes -= len(tail.popleft())
