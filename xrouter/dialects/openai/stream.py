"""The stream of a chat completion, and a whole one, as events.

https://platform.openai.com/docs/api-reference/chat-streaming. Where thinking is put: `reasoning_content` (DeepSeek,
vLLM, llama.cpp), `reasoning` (Groq, OpenRouter, Ollama), content parts of type `thinking` (Mistral). Several providers
leave [DONE] out: a stream is whole where each answer has said why it ended.
"""

from __future__ import annotations

from typing import Any

import msgspec

from xrouter.chat.events import End, Event, Fault, Finish, Start, Usage
from xrouter.chat.fold import fold
from xrouter.chat.reply import Reply
from xrouter.chat.reply import Usage as Tokens
from xrouter.dialects import base
from xrouter.dialects.openai.answer import Answer, Said
from xrouter.dialects.openai.errors import error_inside, fault_inside
from xrouter.dialects.openai.usage import read_usage
from xrouter.dialects.values import string
from xrouter.errors import Broken, UpstreamError
from xrouter.wire import json
from xrouter.wire.sse import EventReader

_DONE = b"[DONE]"
_UNREADABLE = "the provider's stream holds what is no chat completion"
_CUT = "the provider's answer is cut off or not a chat completion"
_NO_ANSWER = "the provider answered 200 without a completion"


class _Choice(msgspec.Struct):
    index: Any = 0
    delta: Said | None = None
    message: Said | None = None
    finish_reason: Any = None
    logprobs: Any = None
    error: Any = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: Any = None
    error: Any = None
    id: Any = None
    model: Any = None
    created: Any = None
    x_groq: Any = None
    citations: Any = None
    search_results: Any = None


_chunk = json.Reader(_Chunk)


def reader() -> base.StreamReader:
    """For one streamed answer."""
    return StreamReader()


def read_reply(body: bytes) -> Reply:
    """A whole answer. Raises UpstreamError where it is none."""
    try:
        whole = _chunk.decode(body)
    except ValueError as error:
        raise _said_error(body) or Broken(_CUT) from error
    if whole.choices is None:
        raise _said_error(body) or Broken(_NO_ANSWER)
    answers = StreamReader(whole=True)
    return fold([*answers.take(whole, body), *answers.end()])


class StreamReader:
    """Bytes in, events out; any split of the bytes gives the same events.

    A data line that cannot be read is a Fault: something of the answer is lost, so it must not pass for a whole one.
    After a Fault or the End nothing more is said. The usage is told once, at the end. `whole`: of a message and a delta
    beside it (Perplexity) the message counts.
    """

    def __init__(self, *, whole: bool = False) -> None:
        self._whole = whole
        self._sse = EventReader()
        self._answers: dict[int, Answer] = {}
        self._started = False
        self._over = False
        self._name = ""
        self._tokens: Tokens | None = None

    def feed(self, data: bytes) -> list[Event]:
        """Read on."""
        try:
            found = self._sse.feed(data)
        except ValueError as error:
            return self._fail(Fault(str(error)))
        events: list[Event] = []
        for name, said in found:
            events += self._read(name, said)
        return events

    def close(self) -> list[Event]:
        """The bytes have ended. A last event counts where it is whole but for its blank line."""
        events: list[Event] = []
        for name, said in [*self._sse.close(), *self._sse.feed(b"\n\n")]:
            if said.strip() == _DONE or _is_json(said):
                events += self._read(name, said)
        if self._over:
            return events
        if self._answers and all(answer.finished for answer in self._answers.values()):
            return [*events, *self.end()]
        return [*events, *self._usage()]

    def take(self, chunk: _Chunk, data: bytes) -> list[Event]:
        """What one chunk says, or a whole answer."""
        events: list[Event] = []
        if not self._started:
            events += self._start(chunk)
        for choice in chunk.choices or ():
            self._choose(choice, chunk, events)
        if chunk.usage or chunk.x_groq:
            self._tokens = read_usage(chunk.usage, chunk.x_groq) or self._tokens
        if chunk.error or chunk.x_groq or (chunk.choices is None and chunk.usage is None):
            events = self._failed(chunk, data, events)
        return events

    def end(self) -> list[Event]:
        """The answer is over: what has not been told yet."""
        self._over = True
        finishes = [event for answer in self._answers.values() for event in answer.finish("stop")]
        return [*finishes, *self._usage(), End()]

    def _read(self, name: str, data: bytes) -> list[Event]:
        if self._over:
            return []
        if name == "error":
            return self._fail(_fault(data) or Fault(data[:500].decode("utf-8", "replace") or _UNREADABLE))
        try:
            return self.take(_chunk.decode(data), data)
        except ValueError:
            data = data.strip()
        if data == _DONE:
            return self.end()
        return self._fail(_fault(data) or Fault(_UNREADABLE)) if data else []

    def _start(self, chunk: _Chunk) -> list[Event]:
        """The answer begins with the first chunk that is one: Azure's first has neither a name nor choices."""
        if not chunk.choices and not (chunk.id and chunk.choices is not None):
            return []
        self._started = True
        created = int(chunk.created) if isinstance(chunk.created, int | float) else 0
        start = Start(string(chunk.id), string(chunk.model), created)
        self._name = f"{start.id} {created}"
        return [start]

    def _choose(self, choice: _Choice, chunk: _Chunk, events: list[Event]) -> None:
        index = choice.index if isinstance(choice.index, int) else 0
        answer = self._answers.get(index)
        if answer is None:
            answer = self._answers[index] = Answer(index, self._name)
        said = choice.message or choice.delta if self._whole else choice.delta or choice.message
        if said is not None:
            answer.hear(said, events)
        if choice.logprobs is not None:
            events += answer.weigh(choice.logprobs)
        if choice.finish_reason or choice.error:
            events += self._finish(answer, choice, chunk)

    def _finish(self, answer: Answer, choice: _Choice, chunk: _Chunk) -> list[Event]:
        """Why an answer ended. Sources beside the answers (Perplexity) are told with it."""
        fault = fault_inside({"error": choice.error}) if choice.error else None
        if fault is not None:
            return self._fail(fault)
        if answer.finished or not isinstance(choice.finish_reason, str):
            return []
        told = answer.finish(choice.finish_reason)
        if told and isinstance(told[-1], Fault):
            self._over = True
        return [*answer.cite(chunk.citations, chunk.search_results), *told]

    def _failed(self, chunk: _Chunk, data: bytes, events: list[Event]) -> list[Event]:
        """An error that stands in a chunk, in place of an end; Groq says under `x_groq` why it stopped early."""
        if chunk.x_groq and not chunk.error:
            said = chunk.x_groq.get("error") if isinstance(chunk.x_groq, dict) else None
            fault = fault_inside({"error": said}) if said else None
        else:
            fault = _fault(data)
        if fault is None:
            return events
        return [*(event for event in events if not isinstance(event, Finish | Fault)), *self._fail(fault)]

    def _usage(self) -> list[Event]:
        tokens, self._tokens = self._tokens, None
        return [Usage(tokens)] if tokens else []

    def _fail(self, fault: Fault) -> list[Event]:
        self._over = True
        return [fault]


def _fault(data: bytes) -> Fault | None:
    """What an error object says; None where it is none."""
    try:
        return fault_inside(json.decode(data))
    except ValueError:
        return None


def _said_error(data: bytes) -> UpstreamError | None:
    try:
        return error_inside(json.decode(data))
    except ValueError:
        return None


def _is_json(data: bytes) -> bool:
    try:
        json.decode(data)
    except ValueError:
        return False
    return True
