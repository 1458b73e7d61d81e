"""The stream of a chat completion, and a whole answer, as events.

Of several choices (`n` > 1) the first is read: the waist holds one answer. Where thinking is put: `reasoning_content`
(DeepSeek, vLLM, llama.cpp), `reasoning` (Groq, OpenRouter, Ollama), content parts of type `thinking` (Mistral).
"""

from __future__ import annotations

from typing import Any

import msgspec

from xrouter.chat.events import End, Event, Fault, Finish, Reasoning, Text, Usage
from xrouter.dialects.openai.errors import find_error
from xrouter.dialects.openai.reply import read_usage
from xrouter.wire import json
from xrouter.wire.sse import EventReader, ServerEvent

_UNREADABLE = "the provider's stream holds what is no chat completion"
_NO_ANSWER = "the provider's answer is no chat completion"
_THOUGHTS = frozenset({"thinking", "reasoning"})


class _Said(msgspec.Struct):
    content: Any = None
    reasoning_content: Any = None
    reasoning: Any = None


class _Choice(msgspec.Struct):
    index: Any = 0
    delta: _Said | None = None
    message: _Said | None = None
    finish_reason: Any = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: Any = None
    error: Any = None


_chunk = json.Reader(_Chunk)


class StreamReader:
    """Bytes in, events out; any split of the bytes gives the same events.

    A data line that cannot be read is a Fault: something of the answer is lost, so it must not pass for a whole one.
    """

    def __init__(self) -> None:
        self._events = EventReader()

    def feed(self, data: bytes) -> list[Event]:
        """Read on."""
        try:
            found = self._events.feed(data)
        except ValueError as error:
            return [Fault(str(error))]
        return [event for one in found for event in _read_event(one)]

    def close(self) -> list[Event]:
        """The bytes have ended."""
        return [event for one in self._events.close() for event in _read_event(one)]


def read_whole(body: bytes) -> list[Event]:
    """A whole answer as the events that a stream of it would have given."""
    events = _read_data(body, _NO_ANSWER) or [Fault(_NO_ANSWER)]
    return events if isinstance(events[-1], Fault) else [*events, End()]


def _read_event(event: ServerEvent) -> list[Event]:
    data = event.data.strip()
    if data == b"[DONE]":
        return [End()]
    if not data:
        return []
    if event.name == "error":
        return [_fault(data, always=True) or Fault(_UNREADABLE)]
    return _read_data(data, _UNREADABLE)


def _read_data(data: bytes, unreadable: str) -> list[Event]:
    try:
        chunk = _chunk.decode(data)
    except ValueError:
        return [_fault(data) or Fault(unreadable)]
    events: list[Event] = []
    for choice in chunk.choices or ():
        events += _read_choice(choice)
    tokens = read_usage(chunk.usage)
    if tokens is not None:
        events.append(Usage(tokens))
    if chunk.error or (chunk.choices is None and tokens is None):
        fault = _fault(data)
        events += [fault] if fault else []
    return events


def _read_choice(choice: _Choice) -> list[Event]:
    if choice.index not in (0, None):
        return []
    events: list[Event] = []
    said = choice.delta or choice.message
    if said is not None:
        thought = said.reasoning_content or said.reasoning
        if isinstance(thought, str) and thought:
            events.append(Reasoning(thought))
        events += _read_content(said.content)
    if isinstance(choice.finish_reason, str) and choice.finish_reason:
        events.append(Finish(choice.finish_reason))
    return events


def _read_content(content: Any) -> list[Event]:
    if isinstance(content, str):
        return [Text(content)] if content else []
    if not isinstance(content, list):
        return []
    return [event for part in content if (event := _read_part(part))]


def _read_part(part: Any) -> Event | None:
    if not isinstance(part, dict):
        return None
    if part.get("type") in _THOUGHTS:
        words = _words(part.get("thinking") or part.get("text"))
        return Reasoning(words) if words else None
    words = _words(part.get("text"))
    return Text(words) if words else None


def _words(value: Any) -> str:
    """A string, or a list of parts that hold one each (Mistral's thinking)."""
    if isinstance(value, list):
        return "".join(_words(part.get("text")) for part in value if isinstance(part, dict))
    return value if isinstance(value, str) else ""


def _fault(data: bytes, *, always: bool = False) -> Fault | None:
    """What an error object says; `always` where the event's own name says that it is one."""
    try:
        said = json.decode(data)
    except ValueError:
        return Fault(data[:500].decode("utf-8", "replace")) if always else None
    found = find_error(said)
    return Fault(found.message) if found else None
