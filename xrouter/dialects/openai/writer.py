"""A chat completion's stream: https://platform.openai.com/docs/api-reference/chat-streaming.

Every chunk has the same id, time and model; the role comes first; a call's id and name come with its first piece; a
choice ends with one chunk that gives the reason; the usage, where the client asked for it, comes last and alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xrouter.chat.events import (
    Cited,
    End,
    Event,
    Finish,
    Logprobs,
    Picture,
    Reasoning,
    Refusal,
    Sealed,
    Start,
    Text,
    ToolArgs,
    ToolStart,
    Usage,
)
from xrouter.dialects.base import Stamp, StreamWriter
from xrouter.dialects.openai.errors import write_error
from xrouter.dialects.openai.forms import Kind, forms_of, unpack
from xrouter.dialects.openai.reply import write_annotation, write_seal, write_signature
from xrouter.dialects.openai.usage import write_usage
from xrouter.errors import XrouterError
from xrouter.wire import json, sse

_NO_USAGE = b',"usage":null'
_LEGACY = b'{"function_call":{"arguments":%b}}'


def writer(stamp: Stamp) -> StreamWriter:
    """For one streamed answer."""
    return _Writer(stamp)


class _Call:
    """A call under way: `member` is a delta with a place for a piece of its arguments, empty for what is not told."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.member = b""
        self.pieces: list[str] = []


class _Writer:
    def __init__(self, stamp: Stamp) -> None:
        self._stamp = stamp
        self._tells_usage = stamp.envelope.wants_usage
        self._head = b""
        self._tail = (_NO_USAGE if self._tells_usage else b"") + b"}\n\n"
        self._named = False
        self._begun: set[int] = set()
        self._forms = forms_of(stamp.envelope)
        self._calls: dict[tuple[int, int], _Call] = {}
        self._usage: Usage | None = None
        self._name(Start())

    def send(self, event: Event) -> bytes:
        """The event as chunks; End closes the stream."""
        write = _WRITES.get(type(event))
        return write(self, event) if write is not None else b""

    def idle(self) -> bytes:
        """A chunk that says nothing: it resets a client's watchdog, which a comment does not."""
        self._named = True
        return self._chunk(0, b"{}")

    def fail(self, error: XrouterError) -> bytes:
        """An error in the middle of a stream."""
        return sse.event(write_error(error))

    def _name(self, start: Start) -> None:
        """From now on chunks bear what the provider calls its answer, or the stamp where it says nothing."""
        stamp = self._stamp
        lead = {
            "id": start.id or stamp.id,
            "object": "chat.completion.chunk",
            "created": start.created or stamp.created,
            "model": start.model or stamp.model,
        }
        self._head = b"data: " + json.encode(lead)[:-1] + b',"choices":['

    def _begin(self, choice: int) -> bytes:
        """The role, once for each choice."""
        if choice in self._begun:
            return b""
        self._begun.add(choice)
        self._named = True
        return self._chunk(choice, b'{"role":"assistant","content":""}')

    def _chunk(self, choice: int, delta: bytes, finish: bytes = b"null", logprobs: bytes = b"") -> bytes:
        return b'%b{"index":%d,"delta":%b%b,"finish_reason":%b}]%b' % (
            self._head,
            choice,
            delta,
            logprobs,
            finish,
            self._tail,
        )

    def _say(self, choice: int, delta: bytes) -> bytes:
        if choice in self._begun:
            return self._chunk(choice, delta)
        return self._begin(choice) + self._chunk(choice, delta)

    def _start(self, event: Start) -> bytes:
        """The answer's name, but where a chunk has been sent already: all of them bear the same."""
        if not self._named:
            self._name(event)
        return self._begin(0)

    def _text(self, event: Text) -> bytes:
        return self._say(event.choice, b'{"content":%b}' % json.encode(event.text)) if event.text else b""

    def _reasoning(self, event: Reasoning) -> bytes:
        return self._say(event.choice, b'{"reasoning_content":%b}' % json.encode(event.text)) if event.text else b""

    def _refusal(self, event: Refusal) -> bytes:
        return self._say(event.choice, b'{"refusal":%b}' % json.encode(event.text))

    def _sealed(self, event: Sealed) -> bytes:
        block = write_signature(event.seal, "", redacted=event.redacted)
        delta = {"thinking_blocks": [block]} if block else write_seal(event.seal)
        return self._delta(event.choice, delta) if delta else b""

    def _tool_start(self, event: ToolStart) -> bytes:
        key = (event.choice, event.index)
        if key in self._calls:
            return b""
        index = sum(choice == event.choice for choice, _ in self._calls)
        call = self._calls[key] = _Call(self._forms.kind(event.name, custom=event.custom))
        if self._forms.legacy:
            call.member = b"" if index else _LEGACY
            named = {"function_call": {"name": event.name, "arguments": ""}}
            return b"" if index else self._delta(event.choice, named)
        kind, words = ("function", "arguments") if call.kind == "function" else ("custom", "input")
        call.member = b'{"tool_calls":[{"index":%d,"%b":{"%b":%%b}}]}' % (index, kind.encode(), words.encode())
        begun = {"index": index, "id": event.id, "type": kind, kind: {"name": event.name, words: ""}}
        return self._delta(event.choice, {"tool_calls": [{**begun, **write_seal(event.seal)}]})

    def _tool_args(self, event: ToolArgs) -> bytes:
        call = self._calls.get((event.choice, event.index))
        if call is None or not event.text or not call.member:
            return b""
        if call.kind == "packed":
            call.pieces.append(event.text)
            return b""
        return self._say(event.choice, call.member % json.encode(event.text))

    def _unpacked(self, choice: int) -> bytes:
        """The texts of custom tools that came inside of arguments, which can be read now that they are whole."""
        packed = [call for (of, _), call in self._calls.items() if of == choice and call.pieces]
        return b"".join(self._say(choice, call.member % json.encode(unpack("".join(call.pieces)))) for call in packed)

    def _cited(self, event: Cited) -> bytes:
        return self._delta(event.choice, {"annotations": [write_annotation(event.citation)]})

    def _picture(self, event: Picture) -> bytes:
        image = {"type": "image_url", "image_url": {"url": event.url}}
        return self._delta(event.choice, {"images": [image]})

    def _logprobs(self, event: Logprobs) -> bytes:
        logprobs = b',"logprobs":{"content":%b,"refusal":null}' % event.items
        return self._begin(event.choice) + self._chunk(event.choice, b"{}", logprobs=logprobs)

    def _finish(self, event: Finish) -> bytes:
        reason = "function_call" if self._forms.legacy and event.reason == "tool_calls" else event.reason
        before = self._begin(event.choice) + self._unpacked(event.choice)
        return before + self._chunk(event.choice, b"{}", b'"%b"' % reason.encode())

    def _keep_usage(self, event: Usage) -> bytes:
        self._usage = event
        return b""

    def _end(self, _: End) -> bytes:
        if not self._tells_usage or self._usage is None:
            return sse.DONE
        usage = json.encode(write_usage(self._usage.tokens))
        return b'%b],"usage":%b}\n\n%b' % (self._head, usage, sse.DONE)

    def _delta(self, choice: int, delta: dict[str, Any]) -> bytes:
        return self._say(choice, json.encode(delta))


_WRITES: dict[type, Callable[[_Writer, Any], bytes]] = {
    Start: _Writer._start,  # noqa: SLF001 - the table belongs to the class
    Text: _Writer._text,  # noqa: SLF001
    Cited: _Writer._cited,  # noqa: SLF001
    Refusal: _Writer._refusal,  # noqa: SLF001
    Reasoning: _Writer._reasoning,  # noqa: SLF001
    Sealed: _Writer._sealed,  # noqa: SLF001
    ToolStart: _Writer._tool_start,  # noqa: SLF001
    ToolArgs: _Writer._tool_args,  # noqa: SLF001
    Picture: _Writer._picture,  # noqa: SLF001
    Logprobs: _Writer._logprobs,  # noqa: SLF001
    Usage: _Writer._keep_usage,  # noqa: SLF001
    Finish: _Writer._finish,  # noqa: SLF001
    End: _Writer._end,  # noqa: SLF001
}
