"""Which tier a classifier chose, remembered by what it looked at."""

from __future__ import annotations

from xrouter.cache.base import Store
from xrouter.chat.target import DECISIONS, Decision

_WORDS: dict[Decision, bytes] = {tier: b"%d" % tier for tier in DECISIONS}
_DECISIONS: dict[object, Decision] = {word: tier for tier, word in _WORDS.items()}


class Decisions:
    """Remembers decisions by the key that `xrouter.cache.key` makes: what is found is always a valid decision."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, key: str) -> Decision | None:
        """The decision for `key`, or None."""
        return _DECISIONS.get(await self._store.get(f"decision:1:{key}"))

    async def put(self, key: str, tier: Decision) -> None:
        """Remember a decision; `tier` must be 0, 1 or 2."""
        await self._store.put(f"decision:1:{key}", _WORDS[tier])
