"""A stream's events as a whole answer, and back: `fold(unfold(reply)) == reply` for a reply that fold gave."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from xrouter.chat import events as says
from xrouter.chat.events import Event
from xrouter.chat.reply import Answer, Reply, Said, Usage
from xrouter.chat.request import Image, Opaque, Reasoning, Refusal, Text, ToolCall
from xrouter.wire import json


def fold(events: Iterable[Event]) -> Reply:
    """The whole answer. Raises UpstreamError where the provider failed."""
    start = says.Start()
    usage: Usage | None = None
    open_answers: dict[int, _Open] = {}
    for event in events:
        match event:
            case says.Start():
                start = event
            case says.Usage(tokens):
                usage = tokens
            case says.Fault():
                raise event.error()
            case says.End():
                break
            case _:
                open_answers.setdefault(event.choice, _Open()).take(event)
    count = max(open_answers, default=0) + 1
    answers = tuple(open_answers.get(choice, _Open()).close() for choice in range(count))
    return Reply(id=start.id, model=start.model, created=start.created, answers=answers, usage=usage)


def unfold(reply: Reply) -> list[Event]:
    """The events that a stream of this answer would have given."""
    events: list[Event] = [says.Start(reply.id, reply.model, reply.created)]
    for choice, answer in enumerate(reply.answers):
        calls = 0
        for part in answer.parts:
            events += _SAYS[type(part)](part, choice, calls)
            calls += isinstance(part, ToolCall)
        if answer.logprobs is not None:
            events.append(says.Logprobs(answer.logprobs, choice))
        events.append(says.Finish(answer.finish, answer.stop_sequence, choice))  # type: ignore[arg-type]
    if reply.usage is not None:
        events.append(says.Usage(reply.usage))
    return [*events, says.End()]


class _Open:
    """One answer as it grows: the pieces of its last part are joined when the next one begins."""

    def __init__(self) -> None:
        self._parts: list[Said] = []
        self._calls: dict[int, tuple[int, list[str]]] = {}
        self._pieces: list[str] = []
        self._kind: type[Text | Refusal | Reasoning] = Text
        self._finish = "stop"
        self._stop_sequence: str | None = None
        self._logprobs: list[bytes] = []

    def take(self, event: Event) -> None:
        if (take := _TAKES.get(type(event))) is not None:
            take(self, event)

    def close(self) -> Answer:
        self._settle()
        for at, pieces in self._calls.values():
            self._parts[at] = msgspec.structs.replace(self._parts[at], arguments="".join(pieces))
        joined = [json.decode(items) for items in self._logprobs]
        logprobs = json.encode([item for items in joined for item in items]) if joined else None
        return Answer(tuple(self._parts), self._finish, self._stop_sequence, logprobs)

    def say(self, kind: type[Text | Refusal | Reasoning], text: str) -> None:
        if kind is not self._kind:
            self._settle()
        self._kind = kind
        self._pieces.append(text)

    def cite(self, event: says.Cited) -> None:
        self._settle()
        last = self._parts[-1] if self._parts else None
        if isinstance(last, Text):
            self._parts[-1] = msgspec.structs.replace(last, citations=(*last.citations, event.citation))
        else:
            self._parts.append(Text("", citations=(event.citation,)))

    def seal(self, event: says.Sealed) -> None:
        kinds = (Reasoning,) if self._pieces and self._kind is Reasoning else (Text, Reasoning)
        self._settle()
        last = self._parts[-1] if self._parts else None
        if isinstance(last, kinds) and last.seal is None and not event.redacted:
            self._parts[-1] = msgspec.structs.replace(last, seal=event.seal)
        else:
            self._parts.append(Reasoning("", event.seal, event.redacted))

    def start_tool(self, event: says.ToolStart) -> None:
        self._settle()
        self._calls[event.index] = (len(self._parts), [])
        self._parts.append(ToolCall(event.id, event.name, "", event.custom, event.seal))

    def add_arguments(self, event: says.ToolArgs) -> None:
        if event.index in self._calls:
            self._calls[event.index][1].append(event.text)

    def add(self, part: Image | Opaque) -> None:
        self._settle()
        self._parts.append(part)

    def finish(self, event: says.Finish) -> None:
        self._finish, self._stop_sequence = event.reason, event.stop_sequence

    def add_logprobs(self, event: says.Logprobs) -> None:
        self._logprobs.append(event.items)

    def _settle(self) -> None:
        """The part that grew is over: words behind a citation go on with its part, behind a seal a new one begins."""
        text = "".join(self._pieces)
        self._pieces.clear()
        if not text:
            return
        last = self._parts[-1] if self._parts else None
        if isinstance(last, Text) and self._kind is Text and last.seal is None:
            self._parts[-1] = msgspec.structs.replace(last, text=last.text + text)
        else:
            self._parts.append(self._kind(text))


_TAKES: dict[type, Callable[[_Open, Any], None]] = {
    says.Text: lambda answer, event: answer.say(Text, event.text),
    says.Refusal: lambda answer, event: answer.say(Refusal, event.text),
    says.Reasoning: lambda answer, event: answer.say(Reasoning, event.text),
    says.Cited: _Open.cite,
    says.Sealed: _Open.seal,
    says.ToolStart: _Open.start_tool,
    says.ToolArgs: _Open.add_arguments,
    says.Picture: lambda answer, event: answer.add(Image(event.url)),
    says.Other: lambda answer, event: answer.add(event.block),
    says.Finish: _Open.finish,
    says.Logprobs: _Open.add_logprobs,
}


def _text(part: Text, choice: int, _: int) -> list[Event]:
    cited: list[Event] = [says.Cited(citation, choice) for citation in part.citations]
    sealed: list[Event] = [says.Sealed(part.seal, choice=choice)] if part.seal else []
    return [says.Text(part.text, choice), *cited, *sealed]


def _reasoning(part: Reasoning, choice: int, _: int) -> list[Event]:
    said: list[Event] = [] if part.redacted else [says.Reasoning(part.text, choice)]
    return [*said, says.Sealed(part.seal, part.redacted, choice)] if part.seal else said


def _tool_call(part: ToolCall, choice: int, index: int) -> list[Event]:
    start = says.ToolStart(index, part.id, part.name, part.custom, part.seal, choice)
    return [start, says.ToolArgs(index, part.arguments, choice)]


_SAYS: dict[type, Callable[[Any, int, int], list[Event]]] = {
    Text: _text,
    Refusal: lambda part, choice, _: [says.Refusal(part.text, choice)],
    Reasoning: _reasoning,
    ToolCall: _tool_call,
    Image: lambda part, choice, _: [says.Picture(part.url, choice)],
    Opaque: lambda part, choice, _: [says.Other(part, choice)],
}
