"""dialects/anthropic: calls and their results."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from xrouter.chat.request import Part, Text, ToolCall, ToolResult, Turn
from xrouter.dialects.anthropic.pairing import pair


def asks(*ids: str) -> Turn:
    """An assistant's turn with calls."""
    return Turn("assistant", tuple(ToolCall(one, "f", "{}") for one in ids))


def gives(*results: tuple[str, str]) -> Turn:
    """Results, each with the id of its call."""
    return Turn("tool", tuple(ToolResult(one, (Text(words),)) for one, words in results))


def paired(*turns: Turn) -> list[tuple[str, list[str]]]:
    """Who speaks and what, in short: `id?` for a call, `id=words` for a result."""
    return [(speaker, [_short(part) for part in parts]) for speaker, parts in pair(turns)]


def _short(part: Part) -> str:
    match part:
        case ToolCall(id=one):
            return f"{one}?"
        case ToolResult(id=one):
            return f"{one}={part.text}"
        case Text(text=words):
            return words
    raise AssertionError(part)


def test_an_id_that_is_used_again() -> None:
    """Providers that count calls from 0 in each answer: each result belongs to the last call of its id."""
    said = paired(asks("0"), gives(("0", "one")), asks("0"), gives(("0", "two")))
    assert said == [
        ("assistant", ["0?"]),
        ("user", ["0=one"]),
        ("assistant", ["0_2?"]),
        ("user", ["0_2=two"]),
    ]


def test_a_missing_result_takes_no_other() -> None:
    """A result is never taken for that of an earlier call of the same id."""
    said = paired(asks("0"), asks("0"), gives(("0", "two")))
    assert said[1] == ("user", ["0=No result was recorded."])
    assert said[3] == ("user", ["0_2=two"])


def test_late_and_double_results() -> None:
    """A late result finds its call; a second one of the same call is told as words, in its place."""
    said = paired(asks("a"), Turn("user", (Text("wait"),)), gives(("a", "1")), gives(("a", "again"), ("x", "lost")))
    assert said == [
        ("assistant", ["a?"]),
        ("user", ["a=1"]),
        ("user", ["wait"]),
        ("user", ["again", "lost"]),
    ]


def test_calls_without_ids() -> None:
    """Two calls that have no id at all get one each, and their results in order."""
    (_, calls), (_, results) = paired(asks("", ""), gives(("", "1"), ("", "2")))
    assert [one.removesuffix("?") for one in calls] == [one.partition("=")[0] for one in results]
    assert [one.partition("=")[2] for one in results] == ["1", "2"]
    assert len(set(calls)) == 2


def test_ids_with_other_signs() -> None:
    """An id of another provider becomes one that is taken; what differs stays different."""
    (_, calls), (_, results) = paired(asks("functions.f:0", "functions_f:0"), gives(("functions_f:0", "2")))
    assert all(re.fullmatch(r"functions_f_0_[0-9a-f]{8}\?", one) for one in calls)
    assert results == [f"{calls[0][:-1]}=No result was recorded.", f"{calls[1][:-1]}=2"]


IDS = st.sampled_from(["", "a", "b", "a.b", "a_2"])
TURNS = st.lists(
    st.builds(lambda ids: asks(*ids), st.lists(IDS, max_size=3))
    | st.builds(lambda ids: gives(*((one, "r") for one in ids)), st.lists(IDS, max_size=3)),
    max_size=8,
)


@given(TURNS)
def test_every_call_is_answered(turns: list[Turn]) -> None:
    """Behind each message with calls stand all its results, in order; ids are unique; no result is lost."""
    said = list(pair(tuple(turns)))
    calls = [[part.id for part in parts if isinstance(part, ToolCall)] for _, parts in said]
    flat = [one for ids in calls for one in ids]
    assert len(set(flat)) == len(flat)
    for at, ids in enumerate(calls):
        if ids:
            assert [part.id for part in said[at + 1][1] if isinstance(part, ToolResult)] == ids
    words = [part for _, parts in said for part in parts if isinstance(part, Text)]
    given_back = [part for _, parts in said for part in parts if isinstance(part, ToolResult) and not part.is_error]
    assert len(words) + len(given_back) == sum(len(turn.parts) for turn in turns if turn.role == "tool")


@given(TURNS)
def test_what_is_added_changes_nothing_before_it(turns: list[Turn]) -> None:
    """The ids of a longer conversation begin with those of the shorter one."""
    shorter = [part.id for _, parts in pair(tuple(turns)) for part in parts if isinstance(part, ToolCall)]
    longer = [part.id for _, parts in pair((*turns, asks("a", ""))) for part in parts if isinstance(part, ToolCall)]
    assert longer[: len(shorter)] == shorter
