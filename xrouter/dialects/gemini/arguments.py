"""A call's arguments that come in pieces, each with the path of the value it belongs to.

Source: https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling, streamed arguments.
"""

from __future__ import annotations

import itertools
import re
from typing import Any

from xrouter.wire import json

_STEP = re.compile(r"""\.([^.\[\]]+)|\[(\d{1,6})\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]""")
_VALUES = ("stringValue", "numberValue", "boolValue", "nullValue")


class Pieces:
    """The arguments as they grow; a text goes on where the piece before it said so."""

    def __init__(self) -> None:
        self._root: dict[str, Any] = {}
        self._growing = ""

    def add(self, pieces: Any) -> None:
        """Take a list of pieces; what cannot be read is left out."""
        for piece in pieces if isinstance(pieces, list) else ():
            if isinstance(piece, dict) and isinstance(path := piece.get("jsonPath"), str):
                self._put(path, piece)

    def text(self) -> str:
        """All of them as JSON."""
        return json.encode(self._root).decode()

    def _put(self, path: str, piece: dict[str, Any]) -> None:
        name = next((name for name in _VALUES if name in piece), None)
        if name is None:
            return
        steps = [_step(found) for found in _STEP.finditer(path)]
        holder = _holder(self._root, steps)
        if holder is None:
            return
        value = None if name == "nullValue" else piece[name]
        before = _at(holder, steps[-1]) if self._growing == path else None
        if isinstance(before, str) and isinstance(value, str):
            value = before + value
        _set(holder, steps[-1], value)
        self._growing = path if piece.get("willContinue") is True else ""


def _step(found: re.Match[str]) -> str | int:
    name, index, single, double = found.groups()
    if index is not None:
        return int(index)
    return name or re.sub(r"\\(.)", r"\1", single or double or "")


def _holder(root: Any, steps: list[str | int]) -> Any:
    """What holds the value that the path leads to, made where it is not there; None where the path leads nowhere."""
    holder = root
    for step, after in itertools.pairwise(steps):
        below = _at(holder, step)
        if below is None:
            below = [] if isinstance(after, int) else {}
            _set(holder, step, below)
        holder = below
    fits = bool(steps) and isinstance(holder, list if isinstance(steps[-1], int) else dict)
    return holder if fits else None


def _at(holder: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return holder[step] if isinstance(holder, list) and step < len(holder) else None
    return holder.get(step) if isinstance(holder, dict) else None


def _set(holder: Any, step: str | int, value: Any) -> None:
    """An index beyond the end is the end: a list has no holes."""
    if isinstance(holder, dict) and isinstance(step, str):
        holder[step] = value
    elif isinstance(holder, list) and isinstance(step, int):
        holder[step : step + 1] = [value]
