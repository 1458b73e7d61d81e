"""The judge that needs no server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.config.model import Profile
from xrouter.routing.embedded.judge import BARS, EmbeddedClassifier, judge, score
from xrouter.routing.lens.ask import Ask

GOLDEN = [
    ("hi", 0),
    ("thanks!", 0),
    ("what time is it in Tokyo?", 0),
    ("rename this file to notes.md", 0),
    ("你好", 0),
    ("write a python function that reads a csv and prints the rows where the price is above a limit", 1),
    ("write an email to my landlord about the broken heating, polite but firm, and ask for a date", 1),
    ("Prove that there are infinitely many primes of the form 4k+3, and then derive a bound.", 2),
    (
        "Find the root cause of the race condition in our distributed lock service; then design a fix without downtime",
        2,
    ),
    ("请设计一个分布式限流系统的架构，支持多机房容灾，并分析一致性与可用性之间的取舍，给出迁移方案和回滚步骤。", 2),  # noqa: RUF001
]


@pytest.mark.parametrize(("text", "tier"), GOLDEN)
def test_plain_cases(text: str, tier: int) -> None:
    """What anybody would agree on."""
    verdict = judge(Ask(text=text))
    assert (verdict.tier, verdict.reason) == (tier, "embedded")


def test_a_continuation_is_as_hard_as_its_ask() -> None:
    """The context is judged where there is one."""
    hard = GOLDEN[-2][0]
    assert judge(Ask(text="go on", context=hard)) == judge(Ask(text=hard))


def test_nothing_to_read_is_medium() -> None:
    """An empty ask is neither known to be easy nor hard."""
    assert judge(Ask(text="")).tier == 1


def test_pasted_code_weighs_less_than_words() -> None:
    """A long paste behind a short ask does not make it hard."""
    code = "```\n" + "x = 1\n" * 60 + "```"
    assert score(f"what does this do?\n{code}") < score("what does this do? " + "and why " * 50)


@given(text=st.text(max_size=300))
def test_profiles_are_ordered(text: str) -> None:
    """Quality never chooses a lower tier than balanced, nor balanced than save."""
    order: tuple[Profile, ...] = ("save", "balanced", "quality")
    tiers = [judge(Ask(text=text), profile).tier for profile in order]
    assert tiers == sorted(tiers)
    assert set(order) == set(BARS)


async def test_as_a_classifier() -> None:
    """The classifier says what the function says."""
    assert await EmbeddedClassifier("quality").judge(Ask(text="hi")) == judge(Ask(text="hi"), "quality")
