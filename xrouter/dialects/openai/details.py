"""OpenRouter's `reasoning_details`: what it wants back, to go on with a thought that a provider signed.

https://openrouter.ai/docs/use-cases/reasoning-tokens. In a stream each comes in pieces that bear its `index`.
"""

from __future__ import annotations

from typing import Any

from xrouter.chat.request import Seal
from xrouter.dialects.openai.parts import DIALECT
from xrouter.dialects.values import dicts, string
from xrouter.wire import json

_GROWING = ("text", "summary", "data")
_PROOFS = ("signature", "data")


class Details:
    """Puts the pieces together."""

    def __init__(self) -> None:
        self._known: dict[Any, dict[str, Any]] = {}

    def add(self, given: Any) -> str:
        """Take more of them in; their words."""
        for piece in dicts(given):
            index = piece.get("index")
            key = (index if isinstance(index, int) else len(self._known), string(piece.get("type")))
            known = self._known.setdefault(key, {})
            for name, value in piece.items():
                if name in _GROWING and isinstance(value, str):
                    known[name] = string(known.get(name)) + value
                elif value is not None or name not in known:
                    known[name] = value
        return "".join(string(piece.get("text")) or string(piece.get("summary")) for piece in dicts(given))

    def seal(self) -> Seal | None:
        """All of them, where one holds a proof; after it they begin anew."""
        known, self._known = list(self._known.values()), {}
        proven = any(detail.get(name) for detail in known for name in _PROOFS)
        return Seal(DIALECT, json.encode(known).decode()) if proven else None
