"""usage/redis.py: counters that routers share through a real Redis, which may be away, frozen, full or wrong."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.processes import RedisServer, free_port
from xrouter.errors import ConfigError
from xrouter.usage.meter import Counts, Totals
from xrouter.usage.redis import SharedCounters

ONE = Totals({"cheap": Counts(1, 10, 5, 3, 2, 1, 1, 7, 0, 9, 0), "classifier": Counts(1, 4, unpriced=1)}, 600)
TOTAL = "xrouter:usage:total"


def times(number: int) -> Totals:
    """ONE, so many times."""
    by_tier = {tier: Counts(*(number * amount for amount in counts)) for tier, counts in ONE.by_tier.items()}
    return Totals(by_tier, ONE.since)


class Clock:
    """Time that only moves when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@asynccontextmanager
async def shared(url: str, clock: Clock | None = None) -> AsyncIterator[SharedCounters]:
    """Counters that are closed in the end."""
    counters = SharedCounters(url, clock=clock or Clock(), answer_s=0.3, retry_s=3)
    try:
        yield counters
    finally:
        await counters.close()


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was warned of."""
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


async def test_routers_see_each_others_requests(redis_server: RedisServer) -> None:
    """The sums are those of all processes, and `since` is the first request of any."""
    async with shared(redis_server.url) as one, shared(redis_server.url) as other:
        assert await one.read() == Totals({}, None)
        one.add(ONE)
        assert await one.push()
        other.add(Totals({"cheap": Counts(1)}, 300))
        other.add(Totals({}, None))
        assert await other.read() == await one.read()
        found = await one.read()
    assert found is not None
    assert found.since == 300
    assert found.by_tier["cheap"].requests == 2


async def test_what_lies_in_redis(redis_server: RedisServer) -> None:
    """One hash of numbers under our prefix, and a number for each process that Redis forgets by itself."""
    async with shared(redis_server.url) as counters:
        counters.add(ONE)
        await counters.push()
    assert redis_server.ask("HGET", TOTAL, "cheap:prompt") == b"$2\r\n10\r\n"
    assert redis_server.ask("HLEN", TOTAL) == b":13\r\n"
    assert redis_server.ask("DBSIZE") == b":2\r\n"
    key = redis_server.ask("KEYS", "xrouter:usage:batch:*").split(b"\r\n")[2].decode()
    assert 86_000 < int(redis_server.ask("TTL", key)[1:]) <= 86_400


async def test_a_batch_whose_answer_was_lost_counts_once(redis_server: RedisServer) -> None:
    """Redis freezes with a batch in its hands and runs it when it thaws; sent again, it is not counted again."""
    clock = Clock()
    async with shared(redis_server.url, clock) as counters:
        counters.add(ONE)
        assert await counters.push()
        redis_server.freeze()
        counters.add(ONE)
        assert not await counters.push()
        assert counters.holds()
        redis_server.thaw()
        clock.now += 3
        counters.add(ONE)
        assert await counters.read() == times(3)
        assert not counters.holds()


async def test_a_frozen_redis_is_asked_once_and_then_left_alone(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The first question waits 0.3 s, the next ones not at all; one warning is logged, without a word of Redis's."""
    async with shared(redis_server.url) as counters:
        redis_server.freeze()
        assert await counters.read() is None
        started = time.perf_counter()
        for _ in range(100):
            counters.add(ONE)
            assert await counters.read() is None
        assert time.perf_counter() - started < 0.3  # a hundred waits would be 30 s
        assert len(counters._new) == 1
        redis_server.thaw()
    (warning,) = warnings(caplog)
    assert "does not answer in time; usage is counted on this machine until it is back" in warning


async def test_a_redis_that_comes_back_gets_what_it_missed(redis_server: RedisServer) -> None:
    """What was counted while it was gone is sent when it answers again."""
    clock = Clock()
    async with shared(redis_server.url, clock) as counters:
        redis_server.stop()
        for _ in range(5):
            counters.add(ONE)
            assert not await counters.push()
        redis_server.start()
        clock.now += 3
        assert await counters.push()
        assert await counters.read() == times(5)


async def test_nobody_listens(caplog: pytest.LogCaptureFixture) -> None:
    """Without any Redis there are no shared sums, no error, and no address or password in the log."""
    async with shared(f"redis://:secret-word@127.0.0.1:{free_port()}/0") as counters:
        counters.add(ONE)
        assert await counters.read() is None
    assert len(warnings(caplog)) == 1
    assert "secret" not in caplog.text


async def test_a_full_redis_is_tried_again(redis_server: RedisServer) -> None:
    """A Redis that takes no more loses nothing of what is sent later."""
    clock = Clock()
    async with shared(redis_server.url, clock) as counters:
        redis_server.ask("CONFIG", "SET", "maxmemory", "1")
        counters.add(ONE)
        assert not await counters.push()
        redis_server.ask("CONFIG", "SET", "maxmemory", "0")
        clock.now += 3
        assert await counters.read() == times(1)


@pytest.mark.parametrize("value", ["many", "-5", "1.5", "", "9" * 30, " 7"])
async def test_counts_of_somebody_else_are_not_believed(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture, value: str
) -> None:
    """A field that is no count makes the shared sums unusable, with one warning, until it is gone."""
    redis_server.ask("HSET", TOTAL, "cheap:prompt", value)
    async with shared(redis_server.url) as counters:
        assert await counters.read() is None
        counters.add(Totals({"frontier": Counts(1)}, 0))
        assert await counters.read() is None
        redis_server.ask("HDEL", TOTAL, "cheap:prompt")
        assert await counters.read() == Totals({"frontier": Counts(1)}, 0)
    assert len(warnings(caplog)) == 1


async def test_a_key_of_another_kind_is_left_alone(redis_server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    """A string where the hash should be: nothing is sent and nothing is read until it is deleted; then all is."""
    clock = Clock()
    redis_server.ask("SET", TOTAL, "what")
    async with shared(redis_server.url, clock) as counters:
        counters.add(ONE)
        assert await counters.read() is None
        redis_server.ask("DEL", TOTAL)
        clock.now += 3
        assert await counters.read() == times(1)
    assert len(warnings(caplog)) == 1


async def test_fields_that_we_do_not_know_are_left_alone(redis_server: RedisServer) -> None:
    """A newer xrouter may count more: its fields are no reason for distrust."""
    redis_server.ask("HSET", TOTAL, "cheap:images", "x", "since", "60")
    async with shared(redis_server.url) as counters:
        assert await counters.read() == Totals({}, 60)


def test_a_url_of_something_else_is_a_finding() -> None:
    """The setting is named, its value, which may hold a password, is not."""
    with pytest.raises(ConfigError) as raised:
        SharedCounters("http://:secret@127.0.0.1")
    assert "REDIS_URL" in str(raised.value)
    assert "secret" not in str(raised.value)
