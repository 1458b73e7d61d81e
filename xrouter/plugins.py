"""Names that stand for a part of the router: the built-in table first, then entry points for the names it lacks.

A package of somebody else adds, say, a dialect with an entry point in the group `xrouter.dialect`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from xrouter.errors import ConfigError

BUILT_IN = {
    "dialect": {name: f"xrouter.dialects.{name}" for name in ("openai", "anthropic", "responses", "gemini", "cohere")}
}
"""kind → name → `module` or `module:attribute`; nothing is imported before it is asked for."""


def names(kind: str) -> tuple[str, ...]:
    """All names of a kind, the built-in ones first."""
    return tuple({**BUILT_IN.get(kind, {}), **_entry_points(kind)})


def knows(kind: str, name: str) -> bool:
    """Whether there is such a part; strangers' packages are looked through only where it is not built in."""
    return name in BUILT_IN.get(kind, {}) or name in _entry_points(kind)


def load(kind: str, name: str) -> Any:
    """The part itself. Raises ConfigError when there is none of that name."""
    path = BUILT_IN.get(kind, {}).get(name) or _entry_points(kind).get(name)
    if path is None:
        raise ConfigError([f'there is no {kind} "{name}"; there are: {", ".join(names(kind))}'])
    module, _, attribute = path.partition(":")
    part = import_module(module)
    return getattr(part, attribute) if attribute else part


def _entry_points(kind: str) -> dict[str, str]:
    from importlib.metadata import entry_points

    return {point.name: point.value for point in entry_points(group=f"xrouter.{kind}")}
