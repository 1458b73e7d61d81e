"""Decisions in this process: the least recently used go first, and none gets old."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from cachetools import TTLCache

from xrouter.cache.base import TTL_S
from xrouter.chat.target import Decision

MAX_BYTES = 8 * 1024 * 1024

_ENTRY_BYTES = 320
"""What an entry costs beside its key: dicts, links and the pair itself, measured with tracemalloc."""


class MemoryCache:
    """A DecisionCache within a budget of bytes; `timer` gives seconds that never go back."""

    def __init__(
        self, *, max_bytes: int = MAX_BYTES, ttl_s: float = TTL_S, timer: Callable[[], float] = time.monotonic
    ) -> None:
        # The key is kept beside the tier because getsizeof sees values only.
        self._kept: TTLCache[str, tuple[str, Decision]] = TTLCache(max_bytes, ttl_s, timer=timer, getsizeof=_cost)

    async def get(self, key: str) -> Decision | None:
        """The decision for `key`, or None."""
        found = self._kept.get(key)
        return None if found is None else found[1]

    async def put(self, key: str, tier: Decision) -> None:
        """Remember a decision; a key that is larger than the whole budget is not kept."""
        entry = (key, tier)
        if _cost(entry) <= self._kept.maxsize:
            self._kept[key] = entry

    async def close(self) -> None:
        """Forget everything."""
        self._kept.clear()


def _cost(entry: tuple[str, Decision]) -> int:
    return _ENTRY_BYTES + sys.getsizeof(entry[0])
