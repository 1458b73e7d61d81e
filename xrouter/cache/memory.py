"""Values in this process: the least recently used go first, and none gets old."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence

from cachetools import TTLCache

from xrouter.cache.base import TTL_S

MAX_BYTES = 32 * 1024 * 1024

_ENTRY_BYTES = 320
"""What an entry costs beside its name and value: dicts, links and the pair itself, measured with tracemalloc."""


class MemoryStore:
    """A Store within a budget of bytes; `timer` gives seconds that never go back."""

    def __init__(
        self, *, max_bytes: int = MAX_BYTES, ttl_s: float = TTL_S, timer: Callable[[], float] = time.monotonic
    ) -> None:
        # The name is kept beside the value because getsizeof sees values only.
        self._kept: TTLCache[str, tuple[str, bytes]] = TTLCache(max_bytes, ttl_s, timer=timer, getsizeof=_cost)

    async def get(self, name: str) -> bytes | None:
        """The value, or None."""
        found = self._kept.get(name)
        return None if found is None else found[1]

    async def get_all(self, names: Sequence[str]) -> Mapping[str, bytes]:
        """Those of the values that are remembered."""
        found = {name: self._kept.get(name) for name in names}
        return {name: entry[1] for name, entry in found.items() if entry is not None}

    async def put(self, name: str, value: bytes) -> None:
        """Remember a value; one that is larger than the whole budget is not kept."""
        entry = (name, value)
        if _cost(entry) <= self._kept.maxsize:
            self._kept[name] = entry

    async def close(self) -> None:
        """Forget everything."""
        self._kept.clear()


def _cost(entry: tuple[str, bytes]) -> int:
    return _ENTRY_BYTES + sys.getsizeof(entry[0]) + len(entry[1])
