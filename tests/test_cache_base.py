"""cache/base.py: the contract, run over every store."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.processes import RedisServer
from xrouter.cache.base import Store
from xrouter.cache.memory import MemoryStore
from xrouter.cache.redis import RedisStore

NAME = "what is 2 + 2?"


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """Each store in turn, empty."""
    made: Store = MemoryStore()
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("redis_server")
        made = RedisStore(server.url)
    yield made
    await made.close()


async def test_unknown_name_is_none(store: Store) -> None:
    """What was never put is not found."""
    assert await store.get(NAME) is None
    assert await store.get_all([NAME, "another"]) == {}


@pytest.mark.parametrize("value", [b"0", b"", b"\x00\xff", b"x" * 100_000])
async def test_value_comes_back(store: Store, value: bytes) -> None:
    """Each value is found as it was put."""
    await store.put(NAME, value)
    assert await store.get(NAME) == value


async def test_last_value_counts(store: Store) -> None:
    """A second put replaces the first."""
    await store.put(NAME, b"0")
    await store.put(NAME, b"2")
    assert await store.get(NAME) == b"2"


async def test_names_do_not_meet(store: Store) -> None:
    """Each name has its own value, asked for alone or together with others that are not known."""
    values = {str(number): b"%d" % number for number in range(30)}
    for name, value in values.items():
        await store.put(name, value)
    assert await store.get_all([*values, "unknown"]) == values
    assert [await store.get(name) for name in values] == list(values.values())


async def test_nothing_is_asked(store: Store) -> None:
    """No names, no values."""
    assert await store.get_all([]) == {}


async def test_close_is_safe_without_any_use(store: Store) -> None:
    """A store that was never asked closes all the same."""
    await store.close()
