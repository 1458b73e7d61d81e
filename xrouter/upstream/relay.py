"""Moving a streamed answer to the client: what a provider's bytes are fed to.

`RawRelay` passes them on as they are. It keeps the last of them, because the usage and the proof that the answer was
whole stand at the end. Where the router asked for usage and the client did not, it holds back what is not yet a whole
event, to leave out that one chunk. `Translation` reads events and writes them in the client's dialect.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from xrouter.chat import events as says
from xrouter.chat.events import Event
from xrouter.chat.fold import fold, unfold
from xrouter.chat.reply import Reply, Usage, estimate
from xrouter.chat.request import Part
from xrouter.dialects.base import TAIL_BYTES, Dialect, ProviderDialect, StreamEnd, StreamMender, StreamWriter
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
        return end.usage if end.finished else _at_least(end.usage, self.said)

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


def _at_least(usage: Usage | None, said: int) -> Usage | None:
    """What was counted when an answer broke off is from its beginning: more has been said since."""
    if usage is None:
        return None
    return msgspec.structs.replace(
        usage, completion=max(usage.completion, estimate(0, said).completion), estimated=True
    )


_PREFACE = (says.Start, says.Usage)
"""What comes before an answer says anything."""
_KEPT = (says.Reasoning, says.Sealed, says.ToolStart)
_SAID = (says.Text, says.Reasoning, says.ToolArgs, says.Refusal)


class Translation:
    """Reads events in the provider's dialect and writes them in the client's; `renamed`: tools' names there → here."""

    def __init__(
        self, client: Client, provider: ProviderDialect, writer: StreamWriter, renamed: Mapping[str, str]
    ) -> None:
        self._client, self._provider = client, provider
        self._writer = _Renaming(writer, renamed) if renamed else writer
        self._reader = provider.reader()
        self._usage: Usage | None = None
        self._fault: UpstreamError | None = None
        self._ended = False
        self._kept: list[Event] = []
        self._preface: list[Event] = []
        self._is_quiet = True
        self.speaks = False
        self.said = 0
        self.complete = False
        self.when_ready = client.when_ready

    @property
    def full(self) -> bool:
        """Whether the client reads more slowly than the provider writes."""
        return self._client.full

    @property
    def parts(self) -> Sequence[Part]:
        """Thoughts and calls."""
        return fold(self._kept).answers[0].parts

    def open(self, first: bytes, *, whole: bool) -> bytes:
        """The first bytes for the client. Raises UpstreamError where they are an error."""
        events = [*self._preface, *(unfold(self._provider.read_reply(first)) if whole else self._read(first))]
        word = next((event for event in events if not isinstance(event, _PREFACE)), None)
        if isinstance(word, says.Fault):
            raise word.error()
        if isinstance(word, says.End) or (word is None and not first):
            raise Broken("the provider ended the stream before it said a word")
        if word is None:
            self._preface = events
            return b""
        self.speaks, self._is_quiet = True, False
        return self._write(events)

    def feed(self, data: bytes) -> None:
        """Translate what came; nothing counts that comes behind the end, or behind a fault."""
        if not self.complete and (written := self._write(self._reader.feed(data))):
            self._is_quiet = False
            self._client.write(written)

    def idle(self) -> bytes:
        """A sign of life for a client that has heard nothing since this was last asked; none where none is due."""
        was_quiet, self._is_quiet = self._is_quiet, True
        return self._writer.idle() if was_quiet and not self.complete else b""

    def finish(self) -> None:
        """The provider has ended the stream. Raises UpstreamError where it failed, or ended too early."""
        if not self.complete and (written := self._write(self._reader.close())):
            self._client.write(written)
        if self._fault is not None:
            raise self._fault
        if not self._ended:
            raise Broken("the provider ended the stream before the answer was complete")
        self._client.end()

    def fail(self, fault: UpstreamError) -> None:
        """The stream broke: the client sees its dialect's own error event, behind which nothing comes.

        What was complete already stays so. The body ends as announced: our own writer has told the error, and some
        clients throw away all that came where the connection breaks.
        """
        if not self._ended:
            self._client.write(self._writer.fail(fault))
        self._client.end()

    def usage(self) -> Usage | None:
        """What the provider said that it used."""
        return self._usage if self._ended else _at_least(self._usage, self.said)

    def _read(self, data: bytes) -> Sequence[Event]:
        return self._reader.feed(data) if data else self._reader.close()

    def _write(self, events: Sequence[Event]) -> bytes:
        written = []
        for event in events:
            if isinstance(event, says.Fault):
                self._fault, self.complete = event.error(), True
                break
            self._note(event)
            written.append(self._writer.send(event))
            if isinstance(event, says.End):
                self._ended = self.complete = True
                break
        return b"".join(written)

    def _note(self, event: Event) -> None:
        """Keep what the ledger and the next request will want to know."""
        if isinstance(event, _SAID):
            self.said += len(event.text)
        if isinstance(event, _KEPT):
            self._kept.append(event)
        if isinstance(event, says.Usage):
            self._usage = event.tokens


class _Renaming:
    """A writer that calls tools as the client knows them."""

    def __init__(self, writer: StreamWriter, names: Mapping[str, str]) -> None:
        self._writer, self._names = writer, names
        self.idle, self.fail = writer.idle, writer.fail

    def send(self, event: Event) -> bytes:
        """The event for the client."""
        return self._writer.send(_renamed(event, self._names) if isinstance(event, says.ToolStart) else event)


def put_names_back(reply: Reply, renamed: Mapping[str, str]) -> Reply:
    """A whole answer whose calls name the tools as the client knows them."""
    return fold(_renamed(event, renamed) if isinstance(event, says.ToolStart) else event for event in unfold(reply))


def _renamed(event: says.ToolStart, names: Mapping[str, str]) -> says.ToolStart:
    name = names.get(event.name)
    return event if name is None else msgspec.structs.replace(event, name=name)
