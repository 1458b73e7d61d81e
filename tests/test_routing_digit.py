"""The first lone digit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.routing.digit import DigitReader

GOLDEN: list[tuple[str, int | None]] = [
    ("2", 2),
    (" 1\n", 1),
    ("0.", 0),
    ("**1**", 1),
    ("`2`", 2),
    ('{"tier": 1}', 1),
    ('{"tier":1}', 1),
    ('"0"', 0),
    ("tier=2", 2),
    ("<answer>1</answer>", 1),
    ("The answer is 1.", 1),
    ("I would say 2, since it is hard", 2),
    ("(1)", 1),
    ("答案是1。", 1),
    ("難易度は2です", None),
    ("", None),
    ("\U0001f937", None),
    ("three", None),
    ("7", None),
    ("-", None),
    ("10", None),
    ("0.5", None),
    ("2nd", None),
    ("-1", None),
    ("1/2", None),
    ("1-2", None),
    ("12:30", None),
    ("0,5", None),
    ("100 %", None),
    ("1%", None),
    ("$2", None),
    ("gpt-2", None),
    ("H2O", None),
    ("v1", None),
    ("about 10 or 0.5, so 2", 2),
    ("<think>0 or 1?</think>2", 2),
    ("<think>0 or 1?</think>\n\n2", 2),
    ("<think>0 or 1", None),
    ("<THINKING>0</THINKING> 1", 1),
    ("[THINK]0[/THINK]1", 1),
    ("<think></think>1", 1),
    ("<think>0</think><think>1</think>2", 2),
    ("<|channel|>analysis<|message|>0 or 1<|end|><|start|>assistant<|channel|>final<|message|>2<|return|>", 2),
]


def _read(*pieces: str) -> int | None:
    reader = DigitReader()
    for piece in pieces:
        reader.feed(piece)
    reader.settle()
    return reader.digit


@pytest.mark.parametrize(("text", "digit"), GOLDEN)
def test_lone_digits_only(text: str, digit: int | None) -> None:
    """Digits inside words, numbers and thoughts never decide."""
    assert _read(text) == digit


@pytest.mark.parametrize(("text", "digit"), GOLDEN)
def test_character_by_character(text: str, digit: int | None) -> None:
    """The same, however finely the answer is cut."""
    assert _read(*text) == digit


@given(
    words=st.lists(
        st.sampled_from([" ", "0", "1", "2", ".", "a", "-", "<think>", "</think>", "<", "10", "字", "x" * 30]),
        max_size=30,
    ),
    data=st.data(),
)
def test_any_split_gives_the_same_digit(words: list[str], data: st.DataObject) -> None:
    """Where the words are cut makes no difference."""
    text = "".join(words)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert _read(*pieces) == _read(text)


def test_a_digit_at_the_end_is_pending() -> None:
    """A digit that may be the start of more is not certain; hardly waited for at the start, longer after words."""
    start, late = DigitReader(), DigitReader()
    start.feed("1")
    late.feed("well 1")
    assert (start.digit, late.digit) == (None, None)
    assert start.patience_s is not None
    assert late.patience_s is not None
    assert start.patience_s < late.patience_s
    start.feed(" blah")
    late.feed("0")
    assert (start.digit, late.digit) == (1, None)
    assert late.patience_s is None
