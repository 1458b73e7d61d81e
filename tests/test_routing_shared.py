"""The same ask at the same time."""

from __future__ import annotations

import asyncio

import pytest

from xrouter.chat.reply import Usage
from xrouter.routing.base import Verdict
from xrouter.routing.lens.ask import Ask
from xrouter.routing.shared import SharedClassifier

USED = Usage(prompt=30, completion=1)


class Slow:
    """A classifier that answers when it is told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.cancelled = 0
        self.go = asyncio.Event()

    async def judge(self, ask: Ask) -> Verdict:
        """Wait for the word."""
        self.asked.append(ask.text)
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return Verdict(1, "classifier", usage=USED)


async def started(shared: SharedClassifier, *texts: str) -> list[asyncio.Task[Verdict]]:
    """Asks that are under way."""
    tasks = [asyncio.ensure_future(shared.judge(Ask(text=text))) for text in texts]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


async def test_one_question_one_bill() -> None:
    """Three who ask the same get the same verdict from one question, and what it used is in one of them."""
    slow = Slow()
    tasks = await started(SharedClassifier(slow), "same", "same", "same")
    slow.go.set()
    verdicts = await asyncio.gather(*tasks)
    assert slow.asked == ["same"]
    assert [verdict.tier for verdict in verdicts] == [1, 1, 1]
    assert sorted(verdict.usage is not None for verdict in verdicts) == [False, False, True]


async def test_other_asks_are_other_questions() -> None:
    """Different asks do not wait for each other."""
    slow = Slow()
    tasks = await started(SharedClassifier(slow), "one", "two")
    slow.go.set()
    verdicts = await asyncio.gather(*tasks)
    assert slow.asked == ["one", "two"]
    assert [verdict.usage for verdict in verdicts] == [USED, USED]


async def test_asked_again_after_the_verdict() -> None:
    """Nothing is remembered here: a later ask is a new question."""
    slow = Slow()
    slow.go.set()
    shared = SharedClassifier(slow)
    await shared.judge(Ask(text="same"))
    await shared.judge(Ask(text="same"))
    assert slow.asked == ["same", "same"]


async def test_who_leaves_leaves_alone() -> None:
    """One who leaves does not end the question of the others, not even the one who began it; the last one does."""
    slow = Slow()
    first, second, third = await started(SharedClassifier(slow), "same", "same", "same")
    for task in (first, second):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert slow.cancelled == 0
    third.cancel()
    with pytest.raises(asyncio.CancelledError):
        await third
    await asyncio.sleep(0)
    assert slow.cancelled == 1


async def test_a_new_ask_after_all_have_left() -> None:
    """Whoever comes after the last has left gets a question of their own."""
    slow = Slow()
    shared = SharedClassifier(slow)
    (alone,) = await started(shared, "same")
    alone.cancel()
    (again,) = await started(shared, "same")
    slow.go.set()
    assert (await again).usage == USED
    assert slow.asked == ["same", "same"]
