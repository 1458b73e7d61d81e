"""A stream of events for a client that speaks Responses, from `response.created` to the event that ends it.

One message or thought is open at a time. Calls stay open until the answer ends, for their arguments may come
interleaved; each has its own place in the output.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xrouter.chat import events as says
from xrouter.chat.events import Event
from xrouter.chat.fold import unfold
from xrouter.chat.media import split_data_url
from xrouter.chat.reply import Reply, Usage
from xrouter.chat.request import Seal
from xrouter.dialects.base import Stamp, StreamWriter
from xrouter.dialects.responses.frame import Ending, Frame
from xrouter.dialects.responses.output import Call, Item, Message, Status, Thought
from xrouter.dialects.responses.pen import Pen, lead_of
from xrouter.dialects.responses.seals import MARK, Carried, carry
from xrouter.dialects.responses.tools import DIALECT, forms
from xrouter.dialects.values import string
from xrouter.errors import XrouterError
from xrouter.wire import json

_INCLUDED = b'"reasoning.encrypted_content"'
_REASONS = {"length": "max_output_tokens", "content_filter": "content_filter"}
"""Why an answer is incomplete."""


def writer(stamp: Stamp) -> StreamWriter:
    """For one streamed answer."""
    return _Writer(stamp)


def write_reply(reply: Reply, stamp: Stamp) -> bytes:
    """A whole answer: the object with which its stream would have ended."""
    whole = _Writer(stamp)
    for event in unfold(reply):
        whole.send(event)
    return whole.answer


class _Writer:
    """Events in, bytes out. Of several answers to one request only the first can be told."""

    def __init__(self, stamp: Stamp) -> None:
        self._frame = Frame(stamp)
        self._pen = Pen()
        self._forms = forms(stamp.envelope)
        self._sealing = _INCLUDED in bytes(stamp.envelope.members.get("include", b""))
        self._signs = 0
        self._started = False
        self._items: list[Item | bytes] = []
        self._open: Message | Thought | None = None
        self._calls: dict[int, Call] = {}
        self._message: Message | None = None
        self._usage: Usage | None = None
        self._finish = "stop"
        self.answer = b""

    def send(self, event: Event) -> bytes:
        """The event for the client; End closes the stream properly."""
        take = _TAKES.get(type(event))
        if take is None or getattr(event, "choice", None):
            return b""
        return take(self, event) if self._started else self._begin(event) + take(self, event)

    def idle(self) -> bytes:
        """The answer's beginning, again and again, for a client that waits."""
        if not self._signs:
            self._frame.set("", 0)
        return self._state("in_progress" if self._signs else "created")

    def fail(self, error: XrouterError) -> bytes:
        """The error that ends the stream."""
        begun = b"" if self._signs else self.idle()
        return begun + self._end(Ending("failed", error=error, usage=self._usage), "incomplete")

    def say_text(self, event: says.Text) -> bytes:
        message = self._open
        if isinstance(message, Message):
            return message.say("output_text", event.text)
        return self._in_message(lambda opened: opened.say("output_text", event.text)) if event.text else b""

    def say_refusal(self, event: says.Refusal) -> bytes:
        return self._in_message(lambda message: message.say("refusal", event.text))

    def cite(self, event: says.Cited) -> bytes:
        said = event.citation
        if not said.url:
            return b""
        return self._in_message(lambda message: message.cite(said.title, said.url, said.start, said.end))

    def think(self, event: says.Reasoning) -> bytes:
        thought = self._open
        if isinstance(thought, Thought):
            return thought.say(event.text)
        if not event.text:
            return b""
        begun, thought = self._new_thought()
        return begun + thought.say(event.text)

    def seal(self, event: says.Sealed) -> bytes:
        thought = self._open
        if isinstance(thought, Thought) and not event.redacted:
            thought.encrypted = self._encrypted(event.seal)
            return self._close("completed")
        alone = event.redacted or not isinstance(self._open, Message)
        return self._seal_apart(event.seal, "thought" if alone else "words", redacted=event.redacted)

    def start_call(self, event: says.ToolStart) -> bytes:
        begun = self._seal_apart(event.seal, "call") if event.seal else self._close("completed")
        call = Call(self._pen, len(self._items), self._frame.tail, event, self._forms.get(event.name))
        self._items.append(call)
        self._calls[event.index] = call
        return begun + call.open()

    def say_arguments(self, event: says.ToolArgs) -> bytes:
        call = self._calls.get(event.index)
        return call.say(event.text) if call else b""

    def show(self, event: says.Picture) -> bytes:
        parts = split_data_url(event.url)
        if parts is None:
            return self._in_message(lambda message: message.say("output_text", f"![]({event.url})"))
        item_id = f"ig_{self._frame.tail}{len(self._items)}"
        return self._whole({"id": item_id, "type": "image_generation_call", "status": "completed", "result": parts[1]})

    def pass_on(self, event: says.Other) -> bytes:
        return self._whole(json.decode(event.block.value)) if event.block.dialect == DIALECT else b""

    def weigh(self, event: says.Logprobs) -> bytes:
        if self._message is not None and (part := self._message.text)["type"] == "output_text":
            part["logprobs"] += [_logprob(item) for item in json.decode(event.items)]
        return b""

    def count(self, event: says.Usage) -> bytes:
        self._usage = event.tokens
        return b""

    def finish(self, event: says.Finish) -> bytes:
        self._finish = event.reason
        return b""

    def end(self, _: says.End) -> bytes:
        reason = _REASONS.get(self._finish)
        status: Status = "incomplete" if reason else "completed"
        return self._end(Ending(status, reason, usage=self._usage), status)

    def _begin(self, event: Event) -> bytes:
        self._started = True
        start = event if isinstance(event, says.Start) else says.Start()
        self._frame.set(start.model, start.created)
        created = b"" if self._signs else self._state("created")
        return created + self._state("in_progress")

    def _state(self, name: str) -> bytes:
        self._signs += 1
        return self._write_answer(f"response.{name}", Ending("in_progress"))

    def _end(self, ending: Ending, status: Status) -> bytes:
        closed = self._close(status)
        calls = b"".join(call.close(status) for call in self._calls.values())
        return closed + calls + self._write_answer(f"response.{ending.status}", ending)

    def _write_answer(self, name: str, ending: Ending) -> bytes:
        done = [] if ending.status == "in_progress" else self._items
        items = [item if isinstance(item, bytes) else json.encode(item.whole) for item in done]
        self.answer = self._frame.write(ending, items)
        return self._pen.end(b'%b,"response":%b' % (lead_of(name), self.answer))

    def _in_message(self, say: Callable[[Message], bytes]) -> bytes:
        message, begun = self._open, b""
        if not isinstance(message, Message):
            begun = self._close("completed")
            message = Message(self._pen, len(self._items), f"msg_{self._frame.tail}{len(self._items)}")
            self._items.append(message)
            self._open = self._message = message
            begun += message.open()
        return begun + say(message)

    def _new_thought(self) -> tuple[bytes, Thought]:
        closed = self._close("completed")
        thought = Thought(self._pen, len(self._items), f"rs_{MARK}{self._frame.tail}{len(self._items)}")
        self._items.append(thought)
        self._open = thought
        return closed + thought.open(), thought

    def _close(self, status: Status) -> bytes:
        item, self._open = self._open, None
        return item.close(status) if item else b""

    def _seal_apart(self, seal: Seal, of: Any, *, redacted: bool = False) -> bytes:
        """A seal with nothing to stand on: a reasoning item without words."""
        encrypted = self._encrypted(seal, of, redacted=redacted)
        if encrypted is None:
            return self._close("completed")
        begun, thought = self._new_thought()
        thought.encrypted = encrypted
        return begun + self._close("completed")

    def _encrypted(self, seal: Seal, of: Any = "thought", *, redacted: bool = False) -> str | None:
        if not self._sealing:
            return None
        if seal.dialect != DIALECT:
            return carry(Carried(seal.dialect, seal.value, of=of, redacted=redacted))
        try:
            return string(json.decode(seal.value.encode()).get("encrypted_content")) or None
        except (ValueError, AttributeError):
            return None

    def _whole(self, item: dict[str, Any]) -> bytes:
        """An item that comes in one piece."""
        closed = self._close("completed")
        place = {"output_index": len(self._items), "item": item}
        self._items.append(json.encode(item))
        added = self._pen.write("response.output_item.added", **place)
        return closed + added + self._pen.write("response.output_item.done", **place)


def _logprob(item: dict[str, Any]) -> dict[str, Any]:
    """A token in the official form: its bytes and its alternatives are always there."""
    token = string(item.get("token"))
    more = {"top_logprobs": [_logprob(other) for other in item["top_logprobs"]]} if item.get("top_logprobs") else {}
    known = {"token": token, "logprob": item.get("logprob"), "bytes": item.get("bytes") or list(token.encode())}
    return {**known, "top_logprobs": [], **more}


_TAKES: dict[type, Callable[[_Writer, Any], bytes]] = {
    says.Start: lambda _, __: b"",
    says.Text: _Writer.say_text,
    says.Refusal: _Writer.say_refusal,
    says.Cited: _Writer.cite,
    says.Reasoning: _Writer.think,
    says.Sealed: _Writer.seal,
    says.ToolStart: _Writer.start_call,
    says.ToolArgs: _Writer.say_arguments,
    says.Picture: _Writer.show,
    says.Other: _Writer.pass_on,
    says.Logprobs: _Writer.weigh,
    says.Usage: _Writer.count,
    says.Finish: _Writer.finish,
    says.End: _Writer.end,
}
