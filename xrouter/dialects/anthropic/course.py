"""The course of a streamed answer, event by event: https://docs.claude.com/en/api/messages-streaming.

Indexes of content blocks are not indexes of calls: thoughts, words and searches have blocks too. Usage comes in two
places, in `message_start` and (cumulative, in newer answers with the input too) in `message_delta`: of each figure the
later counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw

from xrouter.chat.events import (
    End,
    Event,
    Fault,
    Other,
    Reasoning,
    Sealed,
    Start,
    ToolArgs,
    ToolStart,
    Usage,
)
from xrouter.chat.reply import Usage as Tokens
from xrouter.chat.request import Opaque, Seal
from xrouter.dialects.anthropic.faults import fault_of
from xrouter.dialects.anthropic.pieces import DIALECT, cited, completed, ending, sealed, texts
from xrouter.dialects.values import count, string
from xrouter.wire import json
from xrouter.wire.sse import ServerEvent

_UNREADABLE = "the provider's stream holds what is no message"
_BEGAN_AGAIN = "the provider began another answer in the middle of this one"
_COUNTS = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


class _Block(msgspec.Struct):
    type: Any = None
    text: Any = None
    thinking: Any = None
    signature: Any = None
    data: Any = None
    id: Any = None
    name: Any = None
    input: Raw = Raw(b"{}")
    citations: Any = None


class _Delta(msgspec.Struct):
    type: str = ""
    text: Any = None
    thinking: Any = None
    signature: Any = None
    partial_json: Any = None
    content: Any = None
    citation: Any = None
    stop_reason: Any = None
    stop_sequence: Any = None
    stop_details: Any = None


class _Event(msgspec.Struct):
    type: str = ""
    delta: _Delta | None = None
    content_block: Raw = Raw(b"null")
    message: Any = None
    usage: Any = None
    error: Any = None


class _Kind(msgspec.Struct):
    type: str


_event = json.Reader(_Event)
_kind = json.Reader(_Kind)
_block = json.Reader(_Block)


class Course:
    """What has to be known of a stream to read on: which block is open, how many calls there were, the counts."""

    def __init__(self) -> None:
        self._calls = 0
        self._open: str | None = None
        self._given: str | None = None
        self._other: Raw | None = None
        self._pieces: list[str] = []
        self._counts: dict[str, int] = {}
        self._thought = 0
        self._id: Any = None
        self._started = False
        self._over = False

    def read(self, event: ServerEvent) -> list[Event]:
        """What one server-sent event says; behind the end nothing does."""
        try:
            said = _event.decode(event.data)
        except ValueError:
            return [] if self._over or _is_news(event.data) else [fault_of(event.data) or Fault(_UNREADABLE)]
        read = _EVENTS.get(said.type)
        if self._over:
            return []
        if read is not None:
            return read(self, said)
        if said.error is not None or "error" in {said.type, event.name}:
            return [fault_of(event.data) or Fault(_UNREADABLE)]
        return []

    def count(self, usage: Any) -> None:
        """Take over what a `usage` object says, figure by figure."""
        if not isinstance(usage, dict):
            return
        for name in _COUNTS:
            if isinstance(given := usage.get(name), int | float):
                self._counts[name] = count(given)
        details = usage.get("output_tokens_details")
        if isinstance(details, dict) and isinstance(thought := details.get("thinking_tokens"), int):
            self._thought = count(thought)

    def used(self) -> list[Event]:
        """All that was counted so far; nothing where nobody counted."""
        fresh, output, cached, written = (self._counts.get(name, 0) for name in _COUNTS)
        tokens = Tokens(fresh + cached + written, output, cached, written, self._thought)
        return [Usage(tokens)] if self._counts else []

    def open(self, raw: Raw) -> list[Event]:
        """A block begins, in a stream with nothing or its first piece in it, in a whole answer with all."""
        try:
            block = _block.decode(raw)
        except ValueError:
            return [Fault(_UNREADABLE)]
        closed = self.close_block()
        self._open = string(block.type)
        return closed + self._begin_block(block, raw)

    def _begin_block(self, block: _Block, raw: Raw) -> list[Event]:
        match block.type:
            case "text":
                return [*texts(block.text), *cited(block.citations)]
            case "thinking":
                words: list[Event] = [Reasoning(block.thinking)] if string(block.thinking) else []
                return [*words, *sealed(block.signature)]
            case "redacted_thinking":
                return [Sealed(Seal(DIALECT, string(block.data)), redacted=True)]
            case "tool_use":
                return self._start_call(block)
            case _:
                self._other, self._pieces = raw, []
                return []

    def close_block(self) -> list[Event]:
        """A block ends, if one is open: a call whose arguments did not come in pieces has those that it began with."""
        kind, self._open = self._open, None
        given, self._given = self._given, None
        other, self._other = self._other, None
        if given is not None:
            return [ToolArgs(self._calls - 1, given)]
        if other is not None:
            return [Other(Opaque(DIALECT, kind or "", completed(other, kind, "".join(self._pieces))))]
        return []

    def _start_call(self, block: _Block) -> list[Event]:
        index, self._calls = self._calls, self._calls + 1
        given = json.compact(bytes(block.input)).decode("utf-8", "replace")
        self._given = "{}" if given == "null" else given
        return [ToolStart(index, string(block.id), string(block.name))]

    def _begin(self, said: _Event) -> list[Event]:
        """A second beginning comes from gateways that ask twice: with an open block the first answer is broken off."""
        message = said.message if isinstance(said.message, dict) else {}
        if self._open is not None and message.get("id") != self._id:
            return [Fault(_BEGAN_AGAIN)]
        self.count(message.get("usage"))
        if self._started:
            return []
        self._started, self._id = True, message.get("id")
        return [Start(string(message.get("id")), string(message.get("model")))]

    def _start_block(self, said: _Event) -> list[Event]:
        return self.open(said.content_block)

    def _add(self, said: _Event) -> list[Event]:
        add = _DELTAS.get(said.delta.type) if said.delta is not None else None
        return add(self, said.delta) if add is not None else []

    def add_arguments(self, delta: _Delta) -> list[Event]:
        """A piece of a call's arguments; those of other blocks belong to the provider's own tools."""
        if self._open != "tool_use" or not string(delta.partial_json):
            return self.add_piece(delta.partial_json)
        self._given = None
        return [ToolArgs(self._calls - 1, delta.partial_json)]

    def add_piece(self, piece: Any) -> list[Event]:
        """A piece of a block that is told as a whole."""
        if self._other is not None:
            self._pieces.append(string(piece))
        return []

    def _stop_block(self, _: _Event) -> list[Event]:
        return self.close_block()

    def _finish(self, said: _Event) -> list[Event]:
        self.count(said.usage)
        delta = said.delta
        if delta is None or delta.stop_reason is None:
            return []
        return self.close_block() + ending(delta.stop_reason, delta.stop_sequence, delta.stop_details)

    def _end(self, _: _Event) -> list[Event]:
        self._over = True
        return [*self.close_block(), *self.used(), End()]


_EVENTS: dict[str, Callable[[Course, _Event], list[Event]]] = {
    "message_start": Course._begin,  # noqa: SLF001 - the table belongs to the class
    "content_block_start": Course._start_block,  # noqa: SLF001
    "content_block_delta": Course._add,  # noqa: SLF001
    "content_block_stop": Course._stop_block,  # noqa: SLF001
    "message_delta": Course._finish,  # noqa: SLF001
    "message_stop": Course._end,  # noqa: SLF001
}


_DELTAS: dict[str, Callable[[Course, Any], list[Event]]] = {
    "text_delta": lambda _, delta: texts(delta.text),
    "thinking_delta": lambda _, delta: [Reasoning(delta.thinking)] if string(delta.thinking) else [],
    "signature_delta": lambda _, delta: sealed(delta.signature),
    "input_json_delta": Course.add_arguments,
    "compaction_delta": lambda stream, delta: stream.add_piece(delta.content),
    "citations_delta": lambda _, delta: cited([delta.citation]),
}


def _is_news(data: bytes) -> bool:
    """Whether an event is of a kind that is not known here, and may hold what it likes; or says `[DONE]`."""
    try:
        return _kind.decode(data).type not in {*_EVENTS, "error"}
    except ValueError:
        return data.strip() == b"[DONE]"
