"""Answers as events: the stream of `streamGenerateContent?alt=sse`, and a whole body.

Each event of the stream is an answer of its own that holds what is new. Nothing marks the end: the stream has ended
well where each answer has said why it ended.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from xrouter.chat.events import End, Event, Fault, Start, Usage
from xrouter.chat.fold import fold
from xrouter.chat.reply import Reply
from xrouter.dialects.base import SseReader
from xrouter.dialects.gemini.candidates import Answer
from xrouter.dialects.gemini.chunks import Chunk, UsageMetadata, read_chunk, read_chunks
from xrouter.dialects.gemini.faults import read_fault
from xrouter.dialects.values import string
from xrouter.errors import Broken
from xrouter.wire import sse

_UNREADABLE = "the provider's stream holds what is no answer of Gemini's"


class StreamReader(SseReader):
    """A stream's bytes in, events out; any split of the bytes gives the same events."""

    def __init__(self) -> None:
        super().__init__(self._read_event)
        self._answers = _Answers()

    def close(self) -> list[Event]:
        """The bytes have ended, maybe without the blank line after the last event."""
        return [*self.feed(b"\n\n"), *self._answers.close()]

    def _read_event(self, event: sse.ServerEvent) -> list[Event]:
        data = event.data.strip()
        if not data or data == b"[DONE]":  # proxies that speak to OpenAI's clients too add the latter
            return []
        try:
            chunk = read_chunk(data)
        except ValueError:
            return self._answers.fail(Fault(_UNREADABLE))
        return self._answers.read(chunk)


def reader() -> StreamReader:
    """For one streamed answer."""
    return StreamReader()


def read_reply(body: bytes) -> Reply:
    """A whole answer, one object or a list of a stream's. Raises UpstreamError where it is none."""
    try:
        chunks = read_chunks(body)
    except ValueError as error:
        raise Broken("the provider's answer is cut off or not one of Gemini's") from error
    answers = _Answers()
    events = [event for chunk in chunks for event in answers.read(chunk)]
    if answers.is_empty:
        raise Broken("the provider answered 200 without an answer")
    return fold([*events, *answers.close(whole=True)])


class _Answers:
    """All answers to one request; several where several were asked for."""

    def __init__(self) -> None:
        self._started = False
        self._failed = False
        self._id = ""
        self._answers: dict[int, Answer] = {}
        self._used: UsageMetadata | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is neither an answer nor a fault."""
        return not self._answers and not self._failed

    def read(self, chunk: Chunk) -> list[Event]:
        if chunk.error:
            return self.fail(read_fault(chunk.error))
        events = [] if self._started else self._start(chunk)
        for candidate in chunk.candidates or ():
            events += self._answer(candidate.index).read(candidate)
        if chunk.prompt_feedback is not None:
            events += self._read_feedback(chunk.prompt_feedback)
        used = chunk.usage_metadata
        if used is not None and used.prompt_token_count is not None:
            self._used = used  # of all that came so far: the last counts
        return events

    def fail(self, fault: Fault) -> list[Event]:
        self._failed = True
        return [fault]

    def close(self, *, whole: bool = False) -> list[Event]:
        """The ends of the answers; none where one of them broke off."""
        answers = [self._answers[choice] for choice in sorted(self._answers)]
        if self._failed or not answers or any(answer.failed or not (whole or answer.ended) for answer in answers):
            return []
        events = [event for answer in answers for event in answer.close()]
        if self._used is not None:
            events.append(Usage(self._used.tokens()))
        return [*events, End()]

    def _start(self, chunk: Chunk) -> list[Event]:
        self._started = True
        self._id = string(chunk.response_id)
        return [Start(self._id, string(chunk.model_version), _unix(string(chunk.create_time)))]

    def _answer(self, index: Any) -> Answer:
        choice = index if isinstance(index, int) and index > 0 else 0
        if choice not in self._answers:
            self._answers[choice] = Answer(choice, self._id)
        return self._answers[choice]

    def _read_feedback(self, feedback: Any) -> list[Event]:
        reason = feedback.get("blockReason") if isinstance(feedback, dict) else None
        return self._answer(0).block(str(reason), feedback.get("blockReasonMessage")) if reason else []


def _unix(time: str) -> int:
    """RFC 3339 as Unix time; 0 where it is none."""
    try:
        return int(datetime.fromisoformat(time).timestamp())
    except (ValueError, OverflowError, OSError):
        return 0
