"""Messages that only say to carry on."""

from __future__ import annotations

import pytest

from xrouter.routing.lens.goon import is_go_on


@pytest.mark.parametrize(
    "text",
    [
        "continue",
        "yes, go on",
        "ok do it",
        "Go ahead!",
        "keep going",
        "ja, mach weiter",
        "sí, sigue",
        "oui, continue",
        "vas-y",
        "继续",
        "好的\uff0c继续。",
        "続けて",
        "はい、続けてください",
        "да, продолжай",
        "계속해줘",
        "जारी रखें",
        "devam et",
    ],
)
def test_go_on_in_several_languages(text: str) -> None:
    """They carry on whatever was said before."""
    assert is_go_on(text)


@pytest.mark.parametrize("text", ["yes", "Ok.", "ja bitte", "はい", "好", "да"])
def test_a_bare_yes_answers_a_question(text: str) -> None:
    """A yes carries on where it answers a question; after a statement it only acknowledges."""
    assert is_go_on(text, answered="I would do this first. Shall I?")
    assert is_go_on(text, answered="どうしますか？")  # noqa: RUF001  # the question mark of CJK text
    assert not is_go_on(text, answered="Done.")


@pytest.mark.parametrize(
    "text", ["", "?", "thanks!", "danke", "谢谢", "no", "go to the shop", "continue the proof of lemma 3", "do " * 40]
)
def test_all_else_is_an_ask(text: str) -> None:
    """Thanks, refusals and anything with a word of its own are asks."""
    assert not is_go_on(text, answered="Shall I?")
