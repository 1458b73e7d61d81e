"""One answer of a chat completion as it is told, chunk by chunk or at once: what it says, as events."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import msgspec

from xrouter.chat.events import (
    Cited,
    Event,
    Fault,
    Finish,
    Logprobs,
    Picture,
    Reason,
    Reasoning,
    Refusal,
    Sealed,
    Text,
    ToolArgs,
    ToolStart,
)
from xrouter.chat.request import Citation, Seal
from xrouter.dialects.openai.details import Details
from xrouter.dialects.openai.thoughts import ANTHROPIC, google_seal, read_blocks
from xrouter.dialects.openai.values import whole, words
from xrouter.dialects.values import dicts, string
from xrouter.wire import json

_REASONS: dict[str, Reason] = {
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "safety": "content_filter",
}
"""What providers call a reason; whatever else it is called (`eos`, `end_turn`) is an ordinary end."""
_FAULTS = {"error": 502, "insufficient_system_resource": 503}
"""Reasons that are no end of an answer → the status they stand for."""
_THOUGHTS = frozenset({"thinking", "reasoning"})
_NO_IDS = frozenset({"", "null"})


class Said(msgspec.Struct):
    """A `delta` or a `message`."""

    content: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    reasoning_details: Any = None
    thinking_blocks: Any = None
    refusal: Any = None
    tool_calls: Any = None
    function_call: Any = None
    annotations: Any = None
    images: Any = None
    extra_content: Any = None


class Answer:
    """What has been told so far of the answer number `choice`; `name` is what ids are made of that are missing."""

    def __init__(self, choice: int, name: str) -> None:
        self._choice, self._name = choice, name
        self._thinking = False
        self._told = False
        self._details: Details | None = None
        self._calls: dict[Any, int] = {}
        self._ids: list[str] = []
        self._names: list[str] = []
        self._bare: set[int] = set()
        self.finished = False

    def hear(self, said: Said, events: list[Event]) -> None:
        """Add what a delta or a message says."""
        content = said.content
        if said.reasoning_content or said.reasoning or said.reasoning_details or said.thinking_blocks:
            events += self._think(said)
        if content.__class__ is str:
            if content:
                if self._thinking:
                    events += self._settle()
                events.append(Text(content, self._choice))
        elif content:
            events += self._parts(content)
        if (
            said.tool_calls
            or said.refusal
            or said.annotations
            or said.extra_content
            or said.images
            or said.function_call
        ):
            events += self._rest(said)

    def weigh(self, logprobs: Any) -> Iterator[Event]:
        """How likely the words were."""
        items = (logprobs.get("content") or logprobs.get("refusal")) if isinstance(logprobs, dict) else None
        if isinstance(items, list) and items:
            yield Logprobs(json.encode(items), self._choice)

    def cite(self, urls: Any, results: Any) -> Iterator[Event]:
        """Sources that stand beside the answers (Perplexity)."""
        titles = {string(found.get("url")): string(found.get("title")) for found in dicts(results)}
        listed = [url for url in urls if isinstance(url, str)] if isinstance(urls, list) else []
        for url in listed or titles:
            if url:
                yield Cited(Citation(url, titles.get(url) or url), self._choice)

    def finish(self, reason: str) -> list[Event]:
        """The answer is over: what is missing of it, and why it ended; a reason that is a failure is none."""
        if self.finished:
            return []
        self.finished = True
        if reason in _FAULTS:
            return [Fault(f"the provider stopped with the reason {reason}", _FAULTS[reason])]
        known = _REASONS.get(reason, "stop")
        bare: list[Event] = [ToolArgs(index, "{}", self._choice) for index in sorted(self._bare)]
        end = Finish("tool_calls" if known == "stop" and self._ids else known, choice=self._choice)
        return [*self._settle(), *bare, end]

    def _think(self, said: Said) -> Iterator[Event]:
        self._thinking = True
        text = string(said.reasoning_content) or string(said.reasoning)
        if said.reasoning_details:
            self._details = self._details or Details()
            told = self._details.add(said.reasoning_details)
            text = text or told
        pieces = list(read_blocks(said.thinking_blocks)) if said.thinking_blocks else []
        if text or not pieces:
            yield from self._thought_of(text)
        for piece in pieces:
            if not text:
                yield from self._thought_of(piece.text)
            if piece.signature and not self._told:
                yield Reasoning("", self._choice)  # a thought without words: the seal is not that of what was said
            if proof := piece.redacted or piece.signature:
                yield Sealed(Seal(ANTHROPIC, proof), bool(piece.redacted), self._choice)

    def _thought_of(self, text: str) -> Iterator[Event]:
        if text:
            self._thinking = self._told = True
            yield Reasoning(text, self._choice)

    def _settle(self) -> Iterator[Event]:
        """The thought before is over: its proof, where it has one."""
        details, self._details = self._details, None
        seal = details.seal() if details else None
        if seal is not None:
            yield Sealed(seal, not self._told, self._choice)
        self._thinking = self._told = False

    def _parts(self, content: Any) -> Iterator[Event]:
        """Content as a list (Mistral): thoughts and words."""
        for part in dicts(content):
            if part.get("type") in _THOUGHTS:
                yield from self._thought_of(words(part.get("thinking") or part.get("text")))
            elif text := words(part.get("text")):
                yield from self._settle()
                yield Text(text, self._choice)

    def _rest(self, said: Said) -> Iterator[Event]:
        """All that is rarer than words, in the order in which it belongs together."""
        for item in dicts(said.annotations):
            yield from self._annotation(item)
        if isinstance(said.refusal, str) and said.refusal:
            yield Refusal(said.refusal, self._choice)
        for image in dicts(said.images):
            address = image.get("image_url")
            if url := string(address.get("url") if isinstance(address, dict) else address):
                yield Picture(url, self._choice)
        seal = google_seal(said.extra_content)
        calls = dicts(said.tool_calls)
        if isinstance(said.function_call, dict):
            calls.append({"index": 0, "function": said.function_call})
        if seal is not None and not calls:
            yield Sealed(seal, choice=self._choice)
        for call in calls:
            yield from self._settle()
            yield from self._call(call, seal)
            seal = None

    def _annotation(self, item: dict[str, Any]) -> Iterator[Event]:
        cited = item.get("url_citation")
        if isinstance(cited, dict) and string(cited.get("url")):
            start, end = whole(cited.get("start_index")), whole(cited.get("end_index"))
            title, quote = string(cited.get("title")), string(cited.get("content"))
            yield Cited(Citation(string(cited["url"]), title, quote, start, end), self._choice)

    def _call(self, call: dict[str, Any], seal: Seal | None) -> Iterator[Event]:
        """A call, or the next piece of one; `index`, `id` and `type` may be missing."""
        function, custom = call.get("function"), call.get("custom")
        inside = function if isinstance(function, dict) else custom
        if not isinstance(inside, dict):
            return
        name, is_custom = string(inside.get("name")), inside is custom
        index = self._place(call, name)
        if index is None:
            index = self._begin(call, name)
            known_seal = google_seal(call.get("extra_content")) or seal
            yield ToolStart(index, self._ids[index], name, is_custom, known_seal, self._choice)
            if not is_custom:
                self._bare.add(index)
        given = inside.get("input") if is_custom else inside.get("arguments")
        text = json.encode(given).decode() if isinstance(given, dict | list) else string(given)
        if text:
            self._bare.discard(index)
            yield ToolArgs(index, text, self._choice)

    def _place(self, call: dict[str, Any], name: str) -> int | None:
        """The number of the call that a piece belongs to; None where it begins one.

        Some providers count all calls as 0: another id with a name is another call, or another name without an id.
        """
        index, given = _index(call), _id(call)
        if index is None and not given:
            return len(self._ids) - 1 if self._ids and not name else None
        place = self._calls.get(given if index is None else index)
        if place is None or not name:
            return place
        same = given == self._ids[place] if given else name == self._names[place]
        return place if same else None

    def _begin(self, call: dict[str, Any], name: str) -> int:
        index, given = _index(call), _id(call)
        place = len(self._ids)
        self._ids.append(given or _made_up(f"{self._name} {self._choice} {place}"))
        self._names.append(name)
        self._calls[given if index is None else index] = place
        return place


def _index(call: dict[str, Any]) -> int | None:
    return whole(call.get("index"))


def _id(call: dict[str, Any]) -> str:
    given = string(call.get("id"))
    return "" if given in _NO_IDS else given


def _made_up(name: str) -> str:
    """An id for a call that has none; the same answer always gets the same."""
    return f"call_{sha256(name.encode('utf-8', 'replace')).hexdigest()[:24]}"
