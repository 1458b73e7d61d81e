"""Names of tools as Gemini takes them, and back.

A name starts with a letter or `_`, goes on with letters, digits and `_.:-`, and has at most 128 characters
(https://ai.google.dev/api/caching#FunctionDeclaration).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256

_GOOD = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,127}")
_BAD = re.compile(r"[^A-Za-z0-9_.:-]")
_MOST = 128
_HASH_CHARS = 8


class Names:
    """The tools of one request: equal names give equal ones, different names different ones."""

    def __init__(self, offered: Iterable[str]) -> None:
        names = list(offered)
        self._there = {name: name for name in names if _GOOD.fullmatch(name)}
        for name in names:
            self.of(name)

    def of(self, name: str) -> str:
        """What the tool is called there."""
        there = self._there.get(name)
        if there is None:
            there = self._there[name] = self._made(name)
        return there

    @property
    def renamed(self) -> dict[str, str]:
        """Names there → as the client knows them, where they differ."""
        return {there: here for here, there in self._there.items() if there != here}

    def _made(self, name: str) -> str:
        made = name if _GOOD.fullmatch(name) else _mended(name)
        if made not in self._there.values():
            return made
        mark = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_CHARS]
        return f"{made[: _MOST - _HASH_CHARS - 1]}_{mark}"


def _mended(name: str) -> str:
    made = _BAD.sub("_", name)
    return (made if _GOOD.match(made) else f"_{made}")[:_MOST]
