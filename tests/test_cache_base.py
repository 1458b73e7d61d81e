"""cache/base.py: the contract, run over every cache."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.processes import RedisServer
from xrouter.cache.base import DecisionCache
from xrouter.cache.key import decision_key
from xrouter.cache.memory import MemoryCache
from xrouter.cache.redis import RedisCache
from xrouter.chat.target import DECISIONS, Decision

KEY = decision_key("What is 2 + 2?", "a classifier")


@pytest.fixture(params=["memory", "redis"])
async def cache(request: pytest.FixtureRequest) -> AsyncIterator[DecisionCache]:
    """Each cache in turn, empty."""
    made: DecisionCache = MemoryCache()
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("redis_server")
        made = RedisCache(server.url)
    yield made
    await made.close()


async def test_unknown_key_is_none(cache: DecisionCache) -> None:
    """What was never put is not found."""
    assert await cache.get(KEY) is None


@pytest.mark.parametrize("tier", DECISIONS)
async def test_decision_comes_back(cache: DecisionCache, tier: Decision) -> None:
    """Each of the three decisions is found as it was put, zero included."""
    await cache.put(KEY, tier)
    assert await cache.get(KEY) == tier


async def test_last_decision_counts(cache: DecisionCache) -> None:
    """A second put replaces the first."""
    await cache.put(KEY, 0)
    await cache.put(KEY, 2)
    assert await cache.get(KEY) == 2


async def test_keys_do_not_meet(cache: DecisionCache) -> None:
    """Each key has its own decision."""
    keys = [decision_key(str(number), "a classifier") for number in range(30)]
    for number, key in enumerate(keys):
        await cache.put(key, DECISIONS[number % 3])
    assert [await cache.get(key) for key in keys] == [number % 3 for number in range(30)]


async def test_close_is_safe_without_any_use(cache: DecisionCache) -> None:
    """A cache that was never asked closes all the same."""
    await cache.close()
