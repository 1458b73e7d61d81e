"""JSON values of a type that is hoped for: clients and providers send others too."""

from __future__ import annotations

from typing import Any


def string(value: Any) -> str:
    """A string; empty where it is none."""
    return value if isinstance(value, str) else ""


def listed(value: Any) -> list[Any]:
    """A list; empty where it is none."""
    return value if isinstance(value, list) else []


def mapped(value: Any) -> dict[str, Any]:
    """An object; empty where it is none."""
    return value if isinstance(value, dict) else {}
