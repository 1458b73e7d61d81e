"""dialects/anthropic: where the prompt cache may stop."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.dialects.anthropic.caching import mark, split_stable

END = "<!-- /openclaw:attempt:STABLE -->"
MARK = {"cache_control": {"type": "ephemeral"}}


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", [""]),
        ("Be good.", ["Be good."]),
        (f"A{END}B", [f"A{END}", "B"]),
        (f"A{END}\nB{END}C", [f"A{END}", f"\nB{END}C"]),
        (f"A{END}", [f"A{END}"]),
        (f"A{END} \n", [f"A{END} \n"]),
    ],
)
def test_split_stable(text: str, pieces: list[str]) -> None:
    """What stays the same is a block of its own; a blank rest is none."""
    assert split_stable(text) == pieces


@given(st.lists(st.sampled_from([END, "a", "\n", "é", " "])).map("".join))
def test_no_sign_is_lost(text: str) -> None:
    """The pieces are the text."""
    assert "".join(split_stable(text)) == text


def words(text: str, **more: Any) -> dict[str, Any]:
    """A block of words."""
    return {"type": "text", "text": text, **more}


def user(*blocks: dict[str, Any]) -> dict[str, Any]:
    """A user's message."""
    return {"role": "user", "content": list(blocks)}


def test_marks() -> None:
    """Behind the last tool, the stable system text, and the user's last two messages."""
    tools: list[dict[str, Any]] = [{"name": "f"}, {"name": "g"}]
    system = [words(f"A{END}"), words("B")]
    thought = {"role": "assistant", "content": [{"type": "thinking", "thinking": "x", "signature": "y"}]}
    messages = [user(words("1")), thought, user(words("2"), words("3")), thought, user(words("4"))]
    mark(tools, system, messages, by_itself=True)
    assert tools == [{"name": "f"}, {"name": "g", **MARK}]
    assert system == [words(f"A{END}", **MARK), words("B")]
    assert messages == [
        user(words("1")),
        thought,
        user(words("2"), words("3", **MARK)),
        thought,
        user(words("4", **MARK)),
    ]


def test_marks_of_the_client() -> None:
    """The client's last four stay, those inside of results too, and none is added."""
    inside = {"type": "tool_result", "tool_use_id": "a", "content": [words("x", **MARK)]}
    tools = [{"name": "f", **MARK}]
    system = [words("A", **MARK)]
    messages = [user(inside, words("1", **MARK), words("2", **MARK)), user(words("3"))]
    mark(tools, system, messages, by_itself=True)
    assert tools == [{"name": "f"}]
    assert str([system, messages]).count("cache_control") == 4


def test_no_marks() -> None:
    """Where the provider sets its own mark, none is added."""
    messages = [user(words("1"))]
    mark([], [], messages, by_itself=False)
    assert messages == [user(words("1"))]
