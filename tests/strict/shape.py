"""A request against the shape that a provider documents: the first member that does not fit, and where it stands."""

from __future__ import annotations

import re
from typing import Any, Literal, TypeVar

import msgspec

T = TypeVar("T")
Path = tuple[str | int, ...]

_PLACED = re.compile(r"(?P<text>.*?)(?: - at `\$(?P<path>[^`]*)`)?", re.DOTALL)
_STEP = re.compile(r"\[(?P<index>\d+)\]|\.?(?P<name>[^.\[]+)|\[\.\.\.\]")
_NAMED = re.compile(r"Object (?P<how>missing required|contains unknown) field `(?P<name>.+)`")


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An object that has these members and no others."""


class Misfit(Exception):
    """What does not fit: the path of the member, whether it is missing, unknown or of a wrong value, and why."""

    def __init__(self, path: Path, kind: Literal["missing", "unknown", "wrong"], text: str) -> None:
        super().__init__(text)
        self.path, self.kind, self.text = path, kind, text

    @property
    def dotted(self) -> str:
        """The path as `messages.0.content`."""
        return ".".join(map(str, self.path))

    @property
    def bracketed(self) -> str:
        """The path as `messages[0].content`."""
        return bracketed(self.path)


def fit(value: Any, kind: type[T], at: Path = ()) -> T:
    """The value as that kind; `at` is where it stands. Raises Misfit."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise _misfit(str(error), at) from None


def bracketed(path: Path) -> str:
    """A path as `messages[0].content`."""
    said = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return said.removeprefix(".")


def _misfit(said: str, at: Path) -> Misfit:
    placed = _PLACED.fullmatch(said)
    text, path = (placed["text"], placed["path"] or "") if placed else (said, "")
    steps = (int(step["index"]) if step["index"] else step["name"] for step in _STEP.finditer(path))
    full = (*at, *(step for step in steps if step is not None))
    named = _NAMED.fullmatch(text)
    if named is None:
        return Misfit(full, "wrong", text)
    return Misfit((*full, named["name"]), "missing" if named["how"] == "missing required" else "unknown", text)
