"""What a store is: a place that remembers small values under names, for an hour, and may forget them at any time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

TTL_S = 3600
"""How long a value is remembered; a classifier behind the same name may be another one by then."""


class Store(Protocol):
    """Remembers bytes by name.

    Nothing here raises, whatever happens to what lies behind it: a store that is away is a store that forgets.
    """

    async def get(self, name: str) -> bytes | None:
        """The value, or None."""
        ...

    async def get_all(self, names: Sequence[str]) -> Mapping[str, bytes]:
        """Those of the values that are remembered."""
        ...

    async def put(self, name: str, value: bytes) -> None:
        """Remember a value."""
        ...

    async def close(self) -> None:
        """Give back connections and tasks; the store is not used afterwards."""
        ...
