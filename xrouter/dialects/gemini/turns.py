"""The turns of a conversation as Gemini's `contents` and `systemInstruction`.

The roles `user` and `model` alternate, the first is `user`. The results of all calls of a model's turn stand in the
one turn after it, as many as there are calls and in their order (https://ai.google.dev/gemini-api/docs/function-calling).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby, takewhile
from typing import Any

from xrouter.chat.request import Part, Text, ToolCall, ToolResult, Turn
from xrouter.dialects.gemini.parts import Parts, Written

_NO_SEAL = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="
"""`skip_thought_signature_validator` in base64: what Google documents for calls that another model made
(https://ai.google.dev/gemini-api/docs/thought-signatures)."""
_NOISE = re.compile(r"[^A-Za-z0-9]")


def write_turns(turns: Sequence[Turn], parts: Parts, *, seals: bool) -> tuple[list[Written], list[Written]]:
    """(the system's parts, contents). `seals`: the first call of each step must carry a signature.

    It must in the current step alone, but one that was there once stays: the provider caches by what comes first.
    """
    system = list(takewhile(lambda turn: turn.role == "system", turns))
    instruction = parts.write(part for turn in system for part in turn.parts)
    contents = _Contents(parts, seals=seals)
    for is_model, run in groupby(turns[len(system) :], key=lambda turn: turn.role == "assistant"):
        said = [part for turn in run for part in turn.parts]
        (contents.add_model if is_model else contents.add_user)(said)
    written = contents.close()
    return (instruction, written) if written else ([], [{"role": "user", "parts": instruction or [{"text": "."}]}])


class _Contents:
    """Turns as they are added; `_open` are calls that have not been answered."""

    def __init__(self, parts: Parts, *, seals: bool) -> None:
        self._parts, self._seals = parts, seals
        self._written: list[Written] = []
        self._open: list[ToolCall] = []

    def add_model(self, said: Sequence[Part]) -> None:
        written = self._parts.write(said)
        if not written:
            return
        if self._seals:
            _seal_first_call(written)
        if not self._written:
            self._add("user", [{"text": "."}])
        self._add("model", written)
        self._open = [part for part in said if isinstance(part, ToolCall)]

    def add_user(self, said: Sequence[Part]) -> None:
        results = [part for part in said if isinstance(part, ToolResult)]
        answers = self._answers(results)
        told = (_told(part, orphans=results) for part in said)
        self._add("user", [*answers, *self._parts.write(part for parts in told for part in parts)])

    def close(self) -> list[Written]:
        self._add("user", self._answers([]))
        return self._written

    def _answers(self, results: list[ToolResult]) -> list[Written]:
        """One result a call, which is taken out of the results, then what did not fit into it."""
        answers: list[Written] = []
        beside: list[Written] = []
        for call in self._open:
            answer, more = self._parts.answer(call, _take(results, call.id))
            answers.append(answer)
            beside += more
        self._open = []
        return [*answers, *beside]

    def _add(self, role: str, parts: list[Written]) -> None:
        if not parts:
            return
        if self._written and self._written[-1]["role"] == role:
            self._written[-1]["parts"] += parts
        else:
            self._written.append({"role": role, "parts": parts})


def _take(results: list[ToolResult], call_id: str) -> ToolResult | None:
    """The result for a call, taken out; some clients keep of an id its letters and digits alone, some nothing."""
    found = next((at for at, result in enumerate(results) if _same(result.id, call_id)), None)
    return None if found is None else results.pop(found)


def _told(part: Part, *, orphans: Sequence[ToolResult]) -> Sequence[Part]:
    """The part itself; a result for a call that nobody knows of in words, one that answered its call not again."""
    if not isinstance(part, ToolResult):
        return (part,)
    if not any(part is orphan for orphan in orphans):
        return ()
    name = f"Result of the tool call {part.id}" if part.id else "Result of a tool call"
    return (Text(f"{name}:\n{part.text}"), *(other for other in part.parts if not isinstance(other, Text)))


def _same(result_id: str, call_id: str) -> bool:
    return not result_id or result_id == call_id or _NOISE.sub("", result_id) == _NOISE.sub("", call_id)


def _seal_first_call(parts: Iterable[Any]) -> None:
    call = next((part for part in parts if isinstance(part, dict) and "functionCall" in part), None)
    if call is not None:
        call.setdefault("thoughtSignature", _NO_SEAL)
