"""Calls and their results, brought together: each call is answered in the turn right behind it.

No two calls have the same id: some providers count from 0 in each answer. Pictures and files that the model made stand
in a turn of the user behind it, for only users may show some.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

import msgspec

from xrouter.chat.request import File, Image, Part, Text, ToolCall, ToolResult, Turn

_NO_RESULT = (Text("No result was recorded."),)
_SHOWN = Text("[content of the answer above]")

Fit = Callable[[str], str]
"""A call's id → one that the provider takes, never empty."""


def pair(turns: tuple[Turn, ...], fit: Fit) -> Iterator[Turn]:
    """The turns; behind one with calls a turn of the role `tool` with all of their results, in their order.

    What has no result gets one that says so; a result of no call is told as words of the user where it stands.
    """
    given, strays = _match(turns)
    ids = _Ids(fit)
    for at, turn in enumerate(turns):
        if turn.role == "assistant":
            yield from _answered(at, turn, given, ids)
        elif turn.role != "tool":
            yield turn
        elif words := [piece for part in strays[at] for piece in _as_words(part)]:
            yield Turn("user", tuple(words))


_Given = dict[tuple[int, str], list[ToolResult]]


def _match(turns: tuple[Turn, ...]) -> tuple[_Given, dict[int, list[Part]]]:
    """(results by the place of their call and its id, what belongs to no call by its place).

    A result belongs to the last call of that id before it that has none yet.
    """
    given: _Given = defaultdict(list)
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


def _answered(at: int, turn: Turn, given: _Given, ids: _Ids) -> Iterator[Turn]:
    """A turn of the model, the results of its calls, and what it has to show."""
    said: list[Part] = []
    answers: list[Part] = []
    shown: list[Part] = []
    for part in turn.parts:
        if isinstance(part, ToolCall):
            call = ids.fit(part)
            said.append(call)
            answers.append(msgspec.structs.replace(_next(given[at, part.id]), id=call.id))
        elif isinstance(part, Image | File):
            shown.append(part)
        else:
            said.append(part)
    yield msgspec.structs.replace(turn, parts=tuple(said))
    if answers:
        yield Turn("tool", tuple(answers))
    if shown:
        yield Turn("user", (_SHOWN, *shown))


def _next(results: list[ToolResult]) -> ToolResult:
    return results.pop(0) if results else ToolResult("", _NO_RESULT, is_error=True)


def _as_words(part: Part) -> tuple[Part, ...]:
    return part.parts if isinstance(part, ToolResult) else (part,)


class _Ids:
    """The ids of one request: equal requests give equal ones, and what is added behind changes none before it."""

    def __init__(self, fit: Fit) -> None:
        self._fit = fit
        self._used: set[str] = set()

    def fit(self, call: ToolCall) -> ToolCall:
        """The call with an id that is taken."""
        fitted = name = self._fit(call.id)
        count = 1
        while name in self._used:
            count += 1
            name = f"{fitted}_{count}"
        self._used.add(name)
        return call if name == call.id else msgspec.structs.replace(call, id=name)
