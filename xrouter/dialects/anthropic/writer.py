"""A streamed answer as this dialect's events: https://docs.claude.com/en/api/messages-streaming."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xrouter.chat import events as says
from xrouter.chat.events import Event
from xrouter.chat.reply import Usage, estimate
from xrouter.dialects.anthropic.errors import ending_event
from xrouter.dialects.anthropic.reply import stop_reason, write_usage
from xrouter.dialects.anthropic.sequence import BlockSequence, write_event
from xrouter.dialects.base import Stamp
from xrouter.errors import XrouterError

DONE = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
_PING = b'event: ping\ndata: {"type":"ping"}\n\n'


def writer(stamp: Stamp) -> StreamWriter:
    """For one streamed answer."""
    return StreamWriter(stamp)


class StreamWriter:
    """One answer. Of several choices only the first is written: the dialect knows no more."""

    def __init__(self, stamp: Stamp) -> None:
        self._stamp = stamp
        self._started = False
        self._blocks = BlockSequence()
        self._finish = says.Finish("stop")
        self._usage: Usage | None = None

    def send(self, event: Event) -> bytes:
        """The event for the client; End closes the stream properly."""
        act = _ACTS.get(type(event))
        if act is not None:
            return act(self, event)
        if getattr(event, "choice", 0):
            return b""
        return self._blocks.write(event) if self._started else self.start(says.Start()) + self._blocks.write(event)

    def idle(self) -> bytes:
        """A data event that says nothing, for a client that waits."""
        return _PING

    def fail(self, error: XrouterError) -> bytes:
        """The error that ends the stream: no message_stop follows it."""
        return ending_event(error)

    def start(self, event: says.Start) -> bytes:
        """The message begins. What it cost is said at its end: a guess here would be added up by some clients."""
        if self._started:
            return b""
        self._started = True
        message: dict[str, object] = {
            "id": event.id or self._stamp.id,
            "type": "message",
            "role": "assistant",
            "model": event.model or self._stamp.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": write_usage(Usage(completion=1)),
        }
        return write_event("message_start", message=message)

    def note_usage(self, event: says.Usage) -> bytes:
        """Figures are held until the end: only the last ones count."""
        self._usage = event.tokens
        return b""

    def finish(self, event: says.Finish) -> bytes:
        """The model is done; the reason is held until the usage has come."""
        if event.choice:
            return b""
        self._finish = event
        return self._blocks.flush()

    def end(self, _: says.End) -> bytes:
        """The last events."""
        begun = self.start(says.Start())
        blocks, finish = self._blocks, self._finish
        flushed = blocks.flush()
        reason = stop_reason(finish.reason, finish.stop_sequence, called=blocks.called, refused=blocks.refused)
        delta = {"stop_reason": reason, "stop_sequence": finish.stop_sequence}
        tokens = self._usage or estimate(len(self._stamp.envelope.body), blocks.said)
        return begun + flushed + write_event("message_delta", delta=delta, usage=write_usage(tokens)) + DONE


_ACTS: dict[type, Callable[[StreamWriter, Any], bytes]] = {
    says.Start: StreamWriter.start,
    says.Usage: StreamWriter.note_usage,
    says.Finish: StreamWriter.finish,
    says.End: StreamWriter.end,
}
