"""Cohere's answers as events, streamed or whole: https://docs.cohere.com/v2/docs/streaming.

An event of the stream is `{"type", "index", "delta": {"message": {"content" | "tool_plan" | "tool_calls" |
"citations"}}}`; in a whole answer each of those is a list, in a stream the one thing that is said now. `message-end`
ends it; the `[DONE]` behind it says nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from xrouter.chat.events import End, Event, Fault, Finish, Reason, Start, ToolArgs, ToolStart, Usage
from xrouter.chat.fold import fold
from xrouter.chat.reply import Reply
from xrouter.dialects.base import SseReader, StreamReader
from xrouter.dialects.cohere.faults import error_type, find_words
from xrouter.dialects.cohere.pieces import read_citation, read_logprobs, read_thought, read_tokens, read_words
from xrouter.dialects.values import dicts, string
from xrouter.errors import Broken
from xrouter.wire import json
from xrouter.wire.sse import ServerEvent

_UNREADABLE = "the provider's stream holds what is no event of Cohere's chat"
_NO_ANSWER = "the provider answered 200 without an answer"
_FAILED = "the provider stopped with the reason {}"
_FINISHES: dict[str, Reason] = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "ERROR_LIMIT": "length",
    "TOOL_CALL": "tool_calls",
    "ERROR_TOXIC": "content_filter",
}
_FAULTS = {"ERROR": 502, "TIMEOUT": 504}
"""Reasons that are no end of an answer → the status they stand for."""


class _Message(msgspec.Struct):
    content: Any = None
    tool_plan: Any = None
    tool_calls: Any = None
    citations: Any = None


class _Delta(msgspec.Struct):
    message: _Message | None = None
    finish_reason: Any = None
    usage: Any = None
    error: Any = None
    error_type: Any = None


class _Said(msgspec.Struct):
    type: Any = None
    index: Any = None
    id: Any = None
    delta: _Delta | None = None
    logprobs: Any = None
    message: Any = None


_said = json.Reader(_Said)


def reader() -> StreamReader:
    """For one streamed answer."""
    return SseReader(_Answer().read)


def read_reply(body: bytes) -> Reply:
    """A whole answer. Raises UpstreamError where it is none."""
    try:
        said = json.decode(body)
    except ValueError:
        raise Broken(_NO_ANSWER) from None
    if not isinstance(said, dict) or not isinstance(said.get("message"), dict):
        raise _fault(said, find_words(said) or _NO_ANSWER).error()
    return fold(_whole(said, said["message"]))


def _whole(said: dict[str, Any], message: dict[str, Any]) -> Iterable[Event]:
    """The events that a stream of it would have given."""
    answer = _Answer()
    yield Start(id=string(said.get("id")))
    for part in dicts(message.get("content")):
        yield from read_words(part)
    for citation in dicts(message.get("citations")):
        yield from read_citation(citation)
    yield from read_thought(message.get("tool_plan"))
    for at, call in enumerate(dicts(message.get("tool_calls"))):
        yield from answer.start_call(at, call)
        yield from answer.end_call(at)
    for item in dicts(said.get("logprobs")):
        yield from read_logprobs(item)
    yield from answer.end(_Delta(finish_reason=said.get("finish_reason"), usage=said.get("usage")), said)


class _Answer:
    """One answer as it is said: which calls there are, and what of their arguments is held back.

    A call without arguments may come with none at all, or with `null`: it gets an empty object.
    """

    def __init__(self) -> None:
        self._calls: dict[Any, int] = {}
        self._held: dict[int, str] = {}
        self._count = 0

    def read(self, event: ServerEvent) -> list[Event]:
        """What one event of the stream means."""
        data = event.data
        if data.strip() == b"[DONE]":
            return []
        try:
            said = _said.decode(data)
        except ValueError:
            return [Fault(_UNREADABLE)]
        read = _READS.get(said.type) if isinstance(said.type, str) else None
        if read is None:
            return _stray(event, said)
        delta = said.delta or _Delta()
        return read(self, said, delta, delta.message or _Message())

    def start_call(self, index: Any, call: Any) -> list[Event]:
        if not isinstance(call, dict):
            return []
        function = call.get("function")
        function = function if isinstance(function, dict) else {}
        number = self._calls[_key(index)] = self._count
        self._count += 1
        self._held[number] = ""
        start = ToolStart(number, string(call.get("id")), string(function.get("name")))
        return [start, *self.add_arguments(index, function.get("arguments"))]

    def add_arguments(self, index: Any, piece: Any) -> list[Event]:
        number = self._calls.get(_key(index))
        if number is None or not isinstance(piece, str) or not piece:
            return []
        held = self._held.get(number)
        if held is None:
            return [ToolArgs(number, piece)]
        held += piece
        if "null".startswith(held.strip()):
            self._held[number] = held
            return []
        del self._held[number]
        return [ToolArgs(number, held)]

    def end_call(self, index: Any) -> list[Event]:
        number = self._calls.get(_key(index))
        if number is None or self._held.pop(number, None) is None:
            return []
        return [ToolArgs(number, "{}")]

    def end(self, delta: _Delta, said: Any = None) -> list[Event]:
        """Calls that nobody ended, the reason, what was used; a reason that is a failure is no end."""
        reason = delta.finish_reason if isinstance(delta.finish_reason, str) else "COMPLETE"
        if reason in _FAULTS or delta.error:
            words = find_words(delta.error) or find_words(said) or _FAILED.format(reason)
            return [_fault({"error_type": delta.error_type}, words, _FAULTS.get(reason, 502))]
        events: list[Event] = [ToolArgs(number, "{}") for number in self._held]
        self._held.clear()
        finish = _FINISHES.get(reason, "stop")
        events.append(Finish("tool_calls" if self._count and finish == "stop" else finish))
        tokens = read_tokens(delta.usage)
        return [*events, *([Usage(tokens)] if tokens else []), End()]


_Read = Callable[[_Answer, _Said, _Delta, _Message], list[Event]]


def _content(_: _Answer, said: _Said, __: _Delta, message: _Message) -> list[Event]:
    content = message.content
    if not isinstance(content, dict):
        return []
    events = read_words(content)
    return [*events, *read_logprobs(said.logprobs)] if said.logprobs else events


_READS: dict[str, _Read] = {
    "message-start": lambda _, said, __, ___: [Start(id=string(said.id))],
    "content-start": _content,
    "content-delta": _content,
    "tool-plan-delta": lambda _, __, ___, message: read_thought(message.tool_plan),
    "tool-call-start": lambda answer, said, _, message: answer.start_call(said.index, message.tool_calls),
    "tool-call-delta": lambda answer, said, _, message: answer.add_arguments(said.index, _piece(message.tool_calls)),
    "tool-call-end": lambda answer, said, _, __: answer.end_call(said.index),
    "citation-start": lambda _, __, ___, message: read_citation(message.citations),
    "message-end": lambda answer, _, delta, __: answer.end(delta),
}


def _stray(event: ServerEvent, said: _Said) -> list[Event]:
    """An event of another kind: an error where it says so, else nothing."""
    if said.type is None or event.name == "error":
        found = json.decode(event.data)
        return [_fault(found, find_words(found) or _UNREADABLE)]
    return []


def _fault(said: Any, words: str, status: int = 502) -> Fault:
    return Fault(words, status=status, code=error_type(said))


def _piece(call: Any) -> Any:
    function = call.get("function") if isinstance(call, dict) else None
    return function.get("arguments") if isinstance(function, dict) else None


def _key(index: Any) -> Any:
    """Something to find a call by, whatever the provider counts with."""
    return index if isinstance(index, int | str) else None
