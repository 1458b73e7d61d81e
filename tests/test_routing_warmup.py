"""Keeping a classifier warm."""

from __future__ import annotations

import asyncio

import pytest

from xrouter.chat.reply import Usage
from xrouter.chat.target import Target
from xrouter.config.model import Classifier as Settings
from xrouter.routing.base import Verdict
from xrouter.routing.lens.ask import Ask
from xrouter.routing.warmup import DEFAULT_KEEP_ALIVE_MS, read_keep_alive_ms, run


def _target(url: str) -> Target:
    return Target(tier="classifier", provider="ollama", dialect="openai", url=url)


USED = Usage(prompt=30, completion=1, estimated=True)
NEAR = _target("http://127.0.0.1:8080/v1/chat/completions")
FAR = _target("https://api.example.com/v1/chat/completions")


class Counter:
    """A classifier that fails, counts how often it was asked, and says what that used."""

    def __init__(self) -> None:
        self.asked = 0
        self.changed = asyncio.Event()

    async def judge(self, ask: Ask) -> Verdict:
        """Count."""
        assert len(ask.text) < 20
        self.asked += 1
        if self.asked >= 3:
            self.changed.set()
        return Verdict(2, "classifier-failed", "not there", usage=USED)


@pytest.mark.parametrize(
    ("keep_alive_ms", "target", "expected"),
    [(None, NEAR, DEFAULT_KEEP_ALIVE_MS), (None, FAR, 0), (0, NEAR, 0), (60_000, FAR, 60_000)],
)
def test_how_often(keep_alive_ms: int | None, target: Target, expected: int) -> None:
    """What is set counts; else only engines nearby are kept warm."""
    assert read_keep_alive_ms(Settings(keep_alive_ms=keep_alive_ms), target) == expected


async def test_warm_up_and_keep_alive() -> None:
    """After the warm-up it goes on until it is cancelled, whatever the classifier says."""
    counter = Counter()
    booked: list[Usage] = []
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        task = group.create_task(run(counter, Settings(keep_alive_ms=1), FAR, booked.append))
        await counter.changed.wait()
        task.cancel()


@pytest.mark.parametrize(("warmup", "asked"), [(True, 1), (False, 0)])
async def test_once_or_not_at_all(*, warmup: bool, asked: int) -> None:
    """Without keep-alive it ends after the warm-up; both can be turned off; what was used is booked."""
    counter = Counter()
    booked: list[Usage] = []
    await run(counter, Settings(warmup=warmup, keep_alive_ms=0), NEAR, booked.append)
    assert counter.asked == asked
    assert booked == [USED] * asked
