"""The messages of a request with their places, and what a model of that name can take."""

from __future__ import annotations

import re
from typing import NamedTuple

from tests.strict.anthropic.shapes import Said, Text

_VERSION = re.compile(r"claude-(?:[a-z]+-)?(\d)(?:[-.](\d)(?!\d))?")


class Placed(NamedTuple):
    """A block and where it stands."""

    path: str
    is_: Said


class Turn(NamedTuple):
    """A message."""

    at: int
    role: str
    blocks: list[Placed]
    """All but those of server tools."""
    empty: bool = False

    @property
    def words(self) -> str:
        """Its text."""
        return "\n".join(block.is_.text for block in self.blocks if isinstance(block.is_, Text))


def version_of(model: str) -> tuple[int, int]:
    """Of `claude-opus-4-7` (4, 7); of a name that tells none (4, 5)."""
    found = _VERSION.search(model)
    return (int(found[1]), int(found[2] or 0)) if found else (4, 5)
