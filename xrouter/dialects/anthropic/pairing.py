"""Calls and their results, brought together: each call is answered in the message right behind it.

A call's id is made of letters, digits, `_` and `-`, and no two calls have the same; other providers' ids hold other
signs, and some count from 0 in each answer.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from hashlib import sha256

import msgspec

from xrouter.chat.request import Part, Text, ToolCall, ToolResult, Turn

_UNFIT = re.compile(r"[^a-zA-Z0-9_-]")
_NO_RESULT = (Text("No result was recorded."),)


def pair(turns: tuple[Turn, ...]) -> Iterator[tuple[str, list[Part]]]:
    """(who speaks, what) turn by turn; behind one with calls a user's with all of their results, in their order.

    What has no result gets one that says so; a result of no call is told as words where it stands.
    """
    given, strays = _match(turns)
    ids = _Ids()
    for at, turn in enumerate(turns):
        if turn.role == "tool":
            words = [piece for part in strays[at] for piece in _as_words(part)]
            if words:
                yield "user", words
            continue
        if turn.role != "assistant":
            yield turn.role, list(turn.parts)
            continue
        parts = [ids.fit(part) if isinstance(part, ToolCall) else part for part in turn.parts]
        yield turn.role, parts
        calls = [part for part in turn.parts if isinstance(part, ToolCall)]
        fitted = [part.id for part in parts if isinstance(part, ToolCall)]
        answers = [_next(given[at, call.id]) for call in calls]
        if calls:
            yield "user", [msgspec.structs.replace(one, id=name) for one, name in zip(answers, fitted, strict=True)]


def _match(turns: tuple[Turn, ...]) -> tuple[dict[tuple[int, str], list[ToolResult]], dict[int, list[Part]]]:
    """(results by the place of their call and its id, what belongs to no call by its place).

    A result belongs to the last call of that id before it that has none yet.
    """
    given: dict[tuple[int, str], list[ToolResult]] = defaultdict(list)
    strays: dict[int, list[Part]] = defaultdict(list)
    asked: dict[str, tuple[int, int]] = {}
    for at, turn in enumerate(turns):
        for part in turn.parts:
            if isinstance(part, ToolCall):
                place, count = asked.get(part.id, (at, 0))
                asked[part.id] = (at, count + 1 if place == at else 1)
            elif turn.role == "tool":
                place, open_calls = asked.get(part.id, (at, 0)) if isinstance(part, ToolResult) else (at, 0)
                if isinstance(part, ToolResult) and open_calls:
                    given[place, part.id].append(part)
                    asked[part.id] = (place, open_calls - 1)
                else:
                    strays[at].append(part)
    return given, strays


def _next(results: list[ToolResult]) -> ToolResult:
    return results.pop(0) if results else ToolResult("", _NO_RESULT, is_error=True)


def _as_words(part: Part) -> tuple[Part, ...]:
    return part.parts if isinstance(part, ToolResult) else (part,)


class _Ids:
    """The ids of one request: equal requests give equal ones, and what is added behind changes none before it."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def fit(self, call: ToolCall) -> ToolCall:
        """The call with an id that is taken."""
        name, count = _fit(call.id), 1
        while name in self._used:
            count += 1
            name = f"{_fit(call.id)}_{count}"
        self._used.add(name)
        return call if name == call.id else msgspec.structs.replace(call, id=name)


def _fit(call_id: str) -> str:
    if call_id and not _UNFIT.search(call_id):
        return call_id
    digest = sha256(call_id.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{_UNFIT.sub('_', call_id) or 'call'}_{digest}"
