"""A key that cannot be printed by accident."""

from __future__ import annotations

from typing import final


@final
class Secret:
    """Holds a key; only `reveal()` gives it away. Its repr, str and format are masked."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The key itself, for the one header it is meant for."""
        return self._value

    def __repr__(self) -> str:
        value = self._value
        return f"{value[:3]}…{value[-4:]}" if len(value) >= 16 else "…"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)
