"""JSON values that may be of another kind than they should."""

from __future__ import annotations

from typing import Any


def dicts(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; none where it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def string(value: Any) -> str:
    """A text; empty where it is none."""
    return value if isinstance(value, str) else ""


def words(value: Any) -> str:
    """A text, or the texts of a list of parts (Mistral's thinking)."""
    if isinstance(value, list):
        return "".join(words(part.get("text")) for part in dicts(value))
    return string(value)


def whole(value: Any) -> int | None:
    """A whole number; None where it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
