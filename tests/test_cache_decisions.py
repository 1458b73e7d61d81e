"""cache/decisions.py: which tier was chosen, and nothing but that."""

from __future__ import annotations

import pytest

from xrouter.cache.decisions import Decisions
from xrouter.cache.memory import MemoryStore
from xrouter.chat.target import DECISIONS, Decision


@pytest.mark.parametrize("tier", DECISIONS)
async def test_decision_comes_back(tier: Decision) -> None:
    """Each of the three decisions is found as it was put, zero included."""
    decisions = Decisions(MemoryStore())
    assert await decisions.get("k") is None
    await decisions.put("k", tier)
    assert await decisions.get("k") == tier


@pytest.mark.parametrize("value", [b"3", b"-1", b"", b"01", b"1 ", b"one", b"\n1", b"2" * 1000])
async def test_anything_but_a_decision_is_a_miss(value: bytes) -> None:
    """A value that somebody else wrote is not believed, and the next decision repairs it."""
    store = MemoryStore()
    decisions = Decisions(store)
    await store.put("decision:1:k", value)
    assert await decisions.get("k") is None
    await decisions.put("k", 0)
    assert await store.get("decision:1:k") == b"0"
