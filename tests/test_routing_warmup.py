"""Keeping a classifier warm."""

from __future__ import annotations

import asyncio

import pytest

from xrouter.chat.target import Target
from xrouter.config.model import Classifier as Settings
from xrouter.routing.base import Verdict
from xrouter.routing.lens.ask import Ask
from xrouter.routing.warmup import DEFAULT_KEEP_ALIVE_MS, is_near, read_keep_alive_ms, run


def _target(url: str) -> Target:
    return Target(tier="classifier", provider="ollama", dialect="openai", url=url)


NEAR = _target("http://127.0.0.1:8080/v1/chat/completions")
FAR = _target("https://api.example.com/v1/chat/completions")


class Counter:
    """A classifier that fails and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.changed = asyncio.Event()

    async def judge(self, ask: Ask) -> Verdict:
        """Count."""
        assert len(ask.text) < 20
        self.asked += 1
        if self.asked >= 3:
            self.changed.set()
        return Verdict(2, "classifier-failed", "not there")


@pytest.mark.parametrize(
    ("url", "near"),
    [
        ("http://127.0.0.1:8080/v1", True),
        ("http://[::1]:8080/v1", True),
        ("http://192.168.1.20/v1", True),
        ("http://10.0.0.1/v1", True),
        ("http://localhost:11434/v1", True),
        ("http://ollama:11434/v1", True),
        ("http://box.local/v1", True),
        ("https://api.example.com/v1", False),
        ("https://8.8.8.8/v1", False),
    ],
)
def test_what_is_near(url: str, *, near: bool) -> None:
    """Loopback, private addresses and names without a domain are on one's own network."""
    assert is_near(url) is near


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
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        task = group.create_task(run(counter, Settings(keep_alive_ms=1), FAR))
        await counter.changed.wait()
        task.cancel()


@pytest.mark.parametrize(("warmup", "asked"), [(True, 1), (False, 0)])
async def test_once_or_not_at_all(*, warmup: bool, asked: int) -> None:
    """Without keep-alive it ends after the warm-up; both can be turned off."""
    counter = Counter()
    await run(counter, Settings(warmup=warmup, keep_alive_ms=0), NEAR)
    assert counter.asked == asked
