"""cache/memory.py: values in this process, bounded by bytes and age."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from xrouter.cache.memory import MemoryStore


class Clock:
    """Time that the test moves."""

    now = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


async def test_decision_is_forgotten_after_its_time() -> None:
    """An entry lives its time to live and not a second more, however often it is read."""
    clock = Clock()
    cache = MemoryStore(ttl_s=60, timer=clock)
    await cache.put("a", b"1")
    clock.now = 59
    assert await cache.get("a") == b"1"
    clock.now = 60
    assert await cache.get("a") is None


async def test_least_recently_used_goes_first() -> None:
    """When the budget is full, what was read lately stays."""
    cache = MemoryStore(max_bytes=1000)
    await cache.put("a", b"0")
    await cache.put("b", b"1")
    await cache.get("a")
    await cache.put("c", b"2")
    assert [await cache.get(key) for key in "abc"] == [b"0", None, b"2"]


async def test_key_beyond_the_budget_is_not_kept() -> None:
    """A key larger than the whole budget pushes nothing out and raises nothing."""
    cache = MemoryStore(max_bytes=1000)
    await cache.put("a", b"0")
    await cache.put("x" * 2000, b"1")
    assert await cache.get("x" * 2000) is None
    assert await cache.get("a") == b"0"


async def test_budget_holds_many_decisions_in_little_memory() -> None:
    """Eight MiB hold more than ten thousand decisions, and never more than their share."""
    cache = MemoryStore(max_bytes=8 * 1024 * 1024)
    keys = [f"{number:064x}" for number in range(40_000)]
    for key in keys:
        await cache.put(key, b"1")
    kept = [key for key in keys if await cache.get(key) is not None]
    assert 10_000 < len(kept) < 30_000
    assert kept == keys[-len(kept) :]


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from([b"0", b"1", None]), st.floats(0, 50))))
async def test_what_is_found_is_what_was_put_last(steps: list[tuple[str, bytes | None, float]]) -> None:
    """Whatever happens in whatever order, a hit is the last value that was put, and not older than its time."""
    clock = Clock()
    cache = MemoryStore(max_bytes=1500, ttl_s=60, timer=clock)
    put: dict[str, tuple[bytes, float]] = {}
    for key, value, passes in steps:
        clock.now += passes
        if value is not None:
            await cache.put(key, value)
            put[key] = (value, clock.now)
        found = await cache.get(key)
        assert found is None or (found == put[key][0] and clock.now < put[key][1] + 60)
