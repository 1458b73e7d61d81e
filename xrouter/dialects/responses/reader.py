"""What a provider that speaks Responses says, as events: a stream, or a whole answer.

Each item is told as it comes; what its pieces have not told (some providers leave events out, or send an answer only
with the last event) is told when the item is over, or the answer. `output_index` says which item an event belongs to:
ids change from event to event with some providers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Raw

from xrouter.chat import events as says
from xrouter.chat.events import Event
from xrouter.chat.fold import fold
from xrouter.chat.media import data_url
from xrouter.chat.reply import Reply
from xrouter.chat.request import Opaque, Seal
from xrouter.dialects.base import SseReader, StreamReader, first_fault
from xrouter.dialects.faults import Found
from xrouter.dialects.responses.content import read_citation
from xrouter.dialects.responses.errors import error_of, fault_of, find_error
from xrouter.dialects.responses.said import ITEM, RESPONSE, SAID, Item, Response, Said, reason_of, replayed
from xrouter.dialects.responses.tools import DIALECT, joined
from xrouter.dialects.responses.usage import read_usage
from xrouter.dialects.values import listed, string
from xrouter.errors import Broken, UpstreamError
from xrouter.wire import json
from xrouter.wire.sse import ServerEvent

_UNREADABLE = "the provider's stream holds what is no event of a response"
_NO_ANSWER = "the provider's answer is cut off or no response"
_APART = "\n\n"
"""Stands between the parts of a thought."""
_CALLS = frozenset({"function_call", "custom_tool_call"})


def reader() -> StreamReader:
    """For one streamed answer."""
    return SseReader(_Answer().read)


def read_first(chunk: bytes) -> UpstreamError | None:
    """The error that a stream starts with."""
    return first_fault(reader(), chunk)


def read_reply(body: bytes) -> Reply:
    """A whole answer. Raises UpstreamError where it is none."""
    try:
        response = RESPONSE.decode(body)
        events = _Answer().end(response)
    except ValueError as error:
        raise Broken(_NO_ANSWER) from error
    if response.output is None or response.error:
        found = find_error({"error": response.error}) if response.error else None
        raise error_of(found) if found else Broken(_NO_ANSWER)
    if string(response.status) in {"queued", "in_progress"}:
        raise Broken("the provider's answer is not complete yet")
    return fold(events)


class _Answer:
    """What has been told so far, by the items' places in the output."""

    def __init__(self) -> None:
        self._started = False
        self._over = False
        self._told: set[tuple[int, str, int]] = set()
        self._calls: dict[int, int] = {}
        self._cited: dict[int, int] = {}
        self._done: dict[int, str] = {}
        self._ids: set[str] = set()
        self._thought: tuple[int, str, int] | None = None

    def read(self, event: ServerEvent) -> list[Event]:
        data = event.data.strip()
        if self._over or not data or data == b"[DONE]":
            return []
        try:
            said = SAID.decode(data)
            take = _TAKES.get(said.type or event.name)
            return take(self, said) if take else self._fault(data, event.name or said.type)
        except ValueError:
            return [says.Fault(_UNREADABLE)]

    def end(self, response: Response) -> list[Event]:
        """The answer is over, and this is all of it."""
        self._over = True
        events = self._start(response)
        for index, raw in enumerate(response.output or ()):
            events += self._item(index, raw)
        if response.error or string(response.status) in {"failed", "cancelled"}:
            found = find_error({"error": response.error}) if response.error else None
            return [*events, fault_of(found or Found(f"the provider's answer has the status {response.status}"))]
        events.append(says.Finish(reason_of(response, called=bool(self._calls))))
        usage = read_usage(response.usage)
        return [*events, *([says.Usage(usage)] if usage else []), says.End()]

    def begin(self, said: Said) -> list[Event]:
        return [] if bytes(said.response) == b"null" else self._start(RESPONSE.decode(said.response))

    def finish(self, said: Said) -> list[Event]:
        return self.end(RESPONSE.decode(said.response))

    def text(self, said: Said) -> list[Event]:
        return self._text(says.Text, (said.output_index or 0, "text", said.content_index or 0), said.delta)

    def refusal(self, said: Said) -> list[Event]:
        return self._text(says.Refusal, (said.output_index or 0, "text", said.content_index or 0), said.delta)

    def summary(self, said: Said) -> list[Event]:
        return self._think((said.output_index or 0, "summary", said.summary_index or 0), said.delta)

    def thought(self, said: Said) -> list[Event]:
        return self._think((said.output_index or 0, "content", said.content_index or 0), said.delta)

    def arguments(self, said: Said) -> list[Event]:
        return self._arguments(said.output_index or 0, said.delta)

    def cited(self, said: Said) -> list[Event]:
        index = said.output_index or 0
        self._cited[index] = self._cited.get(index, 0) + 1
        citation = read_citation(said.annotation)
        return [says.Cited(citation)] if citation else []

    def added(self, said: Said) -> list[Event]:
        item = ITEM.decode(said.item)
        return self._start_call(said.output_index or 0, item) if item.type in _CALLS and item.name else []

    def done(self, said: Said) -> list[Event]:
        return self._item(said.output_index or 0, said.item)

    def _start(self, response: Response) -> list[Event]:
        if self._started:
            return []
        self._started = True
        created = response.created_at
        at = int(created) if isinstance(created, int | float) else 0
        return [says.Start(string(response.id), string(response.model), at)]

    def _fault(self, data: bytes, name: str) -> list[Event]:
        """An error where one is said; what is no error and not known says nothing."""
        found = find_error(json.decode(data)) if name == "error" or b'"error"' in data else None
        if found is None and name == "error":
            found = Found("the provider's stream ended in an error")
        return [fault_of(found)] if found else []

    def _text(self, kind: type[says.Text | says.Refusal], key: tuple[int, str, int], text: Any) -> list[Event]:
        if not isinstance(text, str) or not text:
            return []
        self._told.add(key)
        self._thought = None
        return [kind(text)]

    def _think(self, key: tuple[int, str, int], text: Any) -> list[Event]:
        if not isinstance(text, str) or not text:
            return []
        before, self._thought = self._thought, key
        self._told.add(key)
        return [says.Reasoning(text if before in {None, key} else _APART + text)]

    def _start_call(self, index: int, item: Item) -> list[Event]:
        if index in self._calls:
            return []
        count = self._calls[index] = len(self._calls)
        self._thought = None
        call_id = string(item.call_id) or string(item.id)
        name = joined(item.namespace, string(item.name))
        return [says.ToolStart(count, call_id, name, custom=item.type == "custom_tool_call")]

    def _arguments(self, index: int, text: Any) -> list[Event]:
        if not isinstance(text, str) or not text or index not in self._calls:
            return []
        self._told.add((index, "arguments", 0))
        return [says.ToolArgs(self._calls[index], text)]

    def _item(self, index: int, raw: Raw) -> list[Event]:
        """An item that is over: what is not told yet."""
        item = ITEM.decode(raw)
        known = string(item.id)
        if self._done.get(index) == item.type or (known and known in self._ids):
            return []
        self._done[index] = item.type
        self._ids.add(known)
        rest = _ITEMS.get(item.type)
        return rest(self, index, item) if rest else [says.Other(Opaque(DIALECT, item.type, bytes(raw)))]

    def rest_of_message(self, index: int, item: Item) -> list[Event]:
        events: list[Event] = []
        annotations: list[Any] = []
        for at, part in enumerate(listed(item.content)):
            if not isinstance(part, dict):
                continue
            if (index, "text", at) not in self._told:
                kind = says.Refusal if part.get("type") == "refusal" else says.Text
                events += self._text(kind, (index, "text", at), part.get("refusal") or part.get("text"))
            annotations += listed(part.get("annotations"))
            if logprobs := part.get("logprobs"):
                events.append(says.Logprobs(json.encode(logprobs)))
        citations = map(read_citation, annotations[self._cited.get(index, 0) :])
        return events + [says.Cited(citation) for citation in citations if citation]

    def rest_of_thought(self, index: int, item: Item) -> list[Event]:
        events: list[Event] = []
        for kind, parts in (("summary", listed(item.summary)), ("content", listed(item.content))):
            for at, part in enumerate(parts):
                if (index, kind, at) not in self._told and isinstance(part, dict):
                    events += self._think((index, kind, at), part.get("text"))
        if not item.encrypted_content and not item.content:
            return events
        alone = self._thought is None or self._thought[0] != index  # no words of it, or others came after them
        self._thought = None
        return [*events, says.Sealed(Seal(DIALECT, replayed(item)), redacted=alone)]

    def rest_of_call(self, index: int, item: Item) -> list[Event]:
        events = self._start_call(index, item)
        if (index, "arguments", 0) not in self._told:
            events += self._arguments(index, item.input if item.type == "custom_tool_call" else item.arguments)
        return events

    def picture(self, _: int, item: Item) -> list[Event]:
        if not isinstance(item.result, str) or not item.result:
            return []
        return [says.Picture(data_url(f"image/{string(item.output_format) or 'png'}", item.result))]


_TAKES: dict[str, Callable[[_Answer, Said], list[Event]]] = {
    "response.created": _Answer.begin,
    "response.in_progress": _Answer.begin,
    "response.output_text.delta": _Answer.text,
    "response.refusal.delta": _Answer.refusal,
    "response.reasoning_summary_text.delta": _Answer.summary,
    "response.reasoning_text.delta": _Answer.thought,
    "response.function_call_arguments.delta": _Answer.arguments,
    "response.custom_tool_call_input.delta": _Answer.arguments,
    "response.output_text.annotation.added": _Answer.cited,
    "response.output_item.added": _Answer.added,
    "response.output_item.done": _Answer.done,
    "response.completed": _Answer.finish,
    "response.incomplete": _Answer.finish,
    "response.failed": _Answer.finish,
}
_ITEMS: dict[str, Callable[[_Answer, int, Item], list[Event]]] = {
    "message": _Answer.rest_of_message,
    "reasoning": _Answer.rest_of_thought,
    "function_call": _Answer.rest_of_call,
    "custom_tool_call": _Answer.rest_of_call,
    "image_generation_call": _Answer.picture,
}
