"""chat/reply.py: what an answer used, where it has to be guessed."""

from __future__ import annotations

import pytest

from xrouter.chat.reply import Usage, estimate


@pytest.mark.parametrize(
    ("prompt_bytes", "said_chars", "expected"),
    [(0, 0, (0, 0)), (1, 1, (1, 1)), (4, 5, (1, 2)), (400, 399, (100, 100)), (-1, -9, (0, 0))],
)
def test_an_estimate_is_a_token_for_four_characters(
    prompt_bytes: int, said_chars: int, expected: tuple[int, int]
) -> None:
    """Sizes become tokens, rounded up, and are labelled as a guess."""
    prompt, completion = expected
    assert estimate(prompt_bytes, said_chars) == Usage(prompt=prompt, completion=completion, estimated=True)
