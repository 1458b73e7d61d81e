"""What a decision cache is: a place that remembers which tier a classifier chose."""

from __future__ import annotations

from typing import Protocol

from xrouter.chat.target import Decision

TTL_S = 3600
"""How long a decision is remembered; a classifier behind the same name may be another one by then."""


class DecisionCache(Protocol):
    """Remembers decisions by the key that `xrouter.cache.key` makes.

    A key names one decision for good: it may be forgotten (`None`), but what is found is always a valid decision.
    Nothing here raises, whatever happens to the store behind it: a cache that is away is a cache that forgets.
    """

    async def get(self, key: str) -> Decision | None:
        """The decision (0, 1 or 2) for `key`, or None."""
        ...

    async def put(self, key: str, tier: Decision) -> None:
        """Remember a decision; `tier` must be 0, 1 or 2."""
        ...

    async def close(self) -> None:
        """Give back connections and tasks; the cache is not used afterwards."""
        ...
