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
from xrouter.dialects.openai.reply import write_annotation, write_signature
from xrouter.dialects.openai.usage import write_usage
from xrouter.errors import XrouterError
from xrouter.wire import json, sse

_NO_USAGE = b',"usage":null'


def writer(stamp: Stamp) -> StreamWriter:
    """For one streamed answer."""
    return _Writer(stamp)


class _Writer:
    def __init__(self, stamp: Stamp) -> None:
        self._stamp = stamp
        self._tells_usage = stamp.envelope.wants_usage
        self._head = b""
        self._tail = (_NO_USAGE if self._tells_usage else b"") + b"}\n\n"
        self._begun: set[int] = set()
        self._calls: dict[tuple[int, int], int] = {}
        self._usage: Usage | None = None
        self._name(Start())

    def send(self, event: Event) -> bytes:
        """The event as chunks; End closes the stream."""
        write = _WRITES.get(type(event))
        return write(self, event) if write is not None else b""

    def idle(self) -> bytes:
        """A chunk that says nothing: it resets a client's watchdog, which a comment does not."""
        return self._chunk(0, b"{}")

    def fail(self, error: XrouterError) -> bytes:
        """An error in the middle of a stream."""
        return sse.event(write_error(error))

    def _name(self, start: Start) -> bytes:
        """From now on chunks bear what the provider calls its answer, or the stamp where it says nothing."""
        stamp = self._stamp
        lead = {
            "id": start.id or stamp.id,
            "object": "chat.completion.chunk",
            "created": start.created or stamp.created,
            "model": start.model or stamp.model,
        }
        self._head = b"data: " + json.encode(lead)[:-1] + b',"choices":['
        return b""

    def _begin(self, choice: int) -> bytes:
        """The role, once for each choice."""
        if choice in self._begun:
            return b""
        self._begun.add(choice)
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
        return self._name(event) + self._begin(0)

    def _text(self, event: Text) -> bytes:
        return self._say(event.choice, b'{"content":%b}' % json.encode(event.text)) if event.text else b""

    def _reasoning(self, event: Reasoning) -> bytes:
        return self._say(event.choice, b'{"reasoning_content":%b}' % json.encode(event.text)) if event.text else b""

    def _refusal(self, event: Refusal) -> bytes:
        return self._say(event.choice, b'{"refusal":%b}' % json.encode(event.text))

    def _sealed(self, event: Sealed) -> bytes:
        block = write_signature(event.seal, "", redacted=event.redacted)
        return self._delta(event.choice, {"thinking_blocks": [block]}) if block else b""

    def _tool_start(self, event: ToolStart) -> bytes:
        key = (event.choice, event.index)
        index = self._calls.setdefault(key, sum(choice == event.choice for choice, _ in self._calls))
        call: dict[str, Any] = {"index": index, "id": event.id, "type": "function"}
        call["function"] = {"name": event.name, "arguments": ""}
        if event.seal is not None and event.seal.dialect == "gemini":
            call["extra_content"] = {"google": {"thought_signature": event.seal.value}}
        return self._delta(event.choice, {"tool_calls": [call]})

    def _tool_args(self, event: ToolArgs) -> bytes:
        index = self._calls.get((event.choice, event.index))
        if index is None or not event.text:
            return b""
        pieces = (index, json.encode(event.text))
        return self._say(event.choice, b'{"tool_calls":[{"index":%d,"function":{"arguments":%b}}]}' % pieces)

    def _cited(self, event: Cited) -> bytes:
        return self._delta(event.choice, {"annotations": [write_annotation(event.citation)]})

    def _picture(self, event: Picture) -> bytes:
        image = {"type": "image_url", "image_url": {"url": event.url}}
        return self._delta(event.choice, {"images": [image]})

    def _logprobs(self, event: Logprobs) -> bytes:
        logprobs = b',"logprobs":{"content":%b,"refusal":null}' % event.items
        return self._begin(event.choice) + self._chunk(event.choice, b"{}", logprobs=logprobs)

    def _finish(self, event: Finish) -> bytes:
        begin = self._begin(event.choice)
        return begin + self._chunk(event.choice, b"{}", b'"%b"' % event.reason.encode())

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
