"""The cutting of pasted text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from xrouter.routing.lens.paste import cut

LOG = "2026-11-23T14:01:02Z ERROR api failed\n" * 200
CODE = "def f():\n    return 1\n"


def test_what_fits_stays() -> None:
    """A text within the limit is not touched."""
    text = f"Why?\n```\n{CODE}```"
    assert cut(text, 100) is text


def test_the_largest_blocks_are_cut_first() -> None:
    """Of several fenced blocks the log loses its middle; the short code and the words around stay."""
    text = f"Why does this\n```py\n{CODE}```\nsay this\n```\n{LOG}```\nand how often?"
    short = cut(text, 800)
    assert len(short) <= 800
    assert short.startswith(f"Why does this\n```py\n{CODE}```\nsay this\n```\n2026-11-23")
    assert short.endswith("failed\n```\nand how often?")
    assert "characters …]" in short


def test_unfenced_text_keeps_head_and_tail() -> None:
    """Where there is no fence the middle goes: the ask stands at one of the ends."""
    for text in (f"Why?\n{LOG}", f"{LOG}Why?", f"Why?\n```\n{LOG}"):
        short = cut(text, 800)
        assert len(short) < 850
        assert "Why?" in short


@given(text=st.text(alphabet=st.sampled_from("ab `~\n"), max_size=4000), most=st.integers(100, 500))
def test_always_bounded(text: str, most: int) -> None:
    """Whatever the text, what is left is about as long as was asked for."""
    assert len(cut(text, most)) <= max(most + 40, 100)
