"""JSON values of kinds that only this dialect's providers have."""

from __future__ import annotations

from typing import Any

from xrouter.dialects.values import dicts, string


def words(value: Any) -> str:
    """A text, or the texts of a list of parts (Mistral's thinking)."""
    if isinstance(value, list):
        return "".join(words(part.get("text")) for part in dicts(value))
    return string(value)


def whole(value: Any) -> int | None:
    """A whole number; None where it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
