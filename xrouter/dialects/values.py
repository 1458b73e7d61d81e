"""JSON values of a type that is hoped for: clients and providers send others too."""

from __future__ import annotations

from typing import Any

_MOST_TOKENS = 2**53
"""No count is more: what a provider makes up must still fit into a database."""


def string(value: Any) -> str:
    """A text; empty where it is none."""
    return value if isinstance(value, str) else ""


def listed(value: Any) -> list[Any]:
    """A list; empty where it is none."""
    return value if isinstance(value, list) else []


def mapped(value: Any) -> dict[str, Any]:
    """An object; empty where it is none."""
    return value if isinstance(value, dict) else {}


def dicts(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; none where it is no list."""
    return [item for item in listed(value) if isinstance(item, dict)]


def count(value: Any) -> int:
    """How many tokens; 0 where it is no number."""
    return min(max(int(value), 0), _MOST_TOKENS) if isinstance(value, int | float) else 0
