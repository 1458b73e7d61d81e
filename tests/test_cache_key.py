"""cache/key.py: what a decision is remembered under."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from xrouter.cache.key import decision_key

SURROGATES = st.text(st.characters(exclude_categories=()))


def test_same_text_and_classifier_make_the_same_key_in_every_process() -> None:
    """The key is a fixed function: two routers that share a Redis must agree on it, release after release."""
    expected = "27cfdc10c53e68db700559ee4ae98a54ee2bae6f658156a10f0c64923e04788a"
    assert decision_key("What is 2 + 2?", "llm qwen http://127.0.0.1:8080/v1") == expected


def test_key_shows_nothing_of_the_text() -> None:
    """A key is 64 hexadecimal digits, whatever it was made of."""
    assert re.fullmatch("[0-9a-f]{64}", decision_key("a secret plan", "llm"))


@given(SURROGATES, SURROGATES, SURROGATES, SURROGATES)
def test_different_pairs_make_different_keys(text: str, classifier: str, text2: str, classifier2: str) -> None:
    """No part can run over into the other, and any text has a key, lone surrogates included."""
    same = (text, classifier) == (text2, classifier2)
    assert (decision_key(text, classifier) == decision_key(text2, classifier2)) == same


def test_text_cannot_move_into_the_classifier() -> None:
    """The border between the two parts is in the key."""
    assert decision_key("bc", "a") != decision_key("c", "ab")
