"""Moving a streamed answer from a provider of one dialect to a client of another, event by event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from xrouter.chat import events as says
from xrouter.chat.events import Event
from xrouter.chat.fold import fold, unfold
from xrouter.chat.reply import Reply, Usage
from xrouter.chat.request import Part
from xrouter.dialects.base import ProviderDialect, StreamWriter
from xrouter.errors import Broken, UpstreamError
from xrouter.upstream.relay import Client, at_least

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
        return self._usage if self._ended else at_least(self._usage, self.said)

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
    if not renamed:
        return reply
    return fold(_renamed(event, renamed) if isinstance(event, says.ToolStart) else event for event in unfold(reply))


def _renamed(event: says.ToolStart, names: Mapping[str, str]) -> says.ToolStart:
    name = names.get(event.name)
    return event if name is None else msgspec.structs.replace(event, name=name)
