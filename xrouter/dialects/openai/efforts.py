"""How much thinking a model can be asked for, by provider and name.

Facts: https://platform.openai.com/docs/guides/reasoning, https://console.groq.com/docs/reasoning, and refusals that
were recorded in 2026.
"""

from __future__ import annotations

import re

from xrouter.chat.target import Target
from xrouter.dialects.openai.thinkers import OFFICIAL

_ORDER = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_USUAL = ("low", "medium", "high")
_ONCE = "default"
"""Groq's name for thinking, where there is no more and no less of it."""
_SCALES: tuple[tuple[frozenset[str], re.Pattern[str], tuple[str, ...]], ...] = (
    (OFFICIAL, re.compile(r"^(?:ft:)?(?:gpt-[34]|gpt-35|chatgpt|gpt-5[\d.]*-chat)"), ()),
    (OFFICIAL, re.compile(r"^o\d"), _USUAL),
    (OFFICIAL, re.compile(r"^gpt-5(?![.\d])"), ("minimal", *_USUAL)),
    (OFFICIAL, re.compile(r"^gpt-5\.1(?!\d)"), ("none", *_USUAL)),
    (OFFICIAL, re.compile(r""), ("none", *_USUAL, "xhigh")),
    (frozenset({"groq"}), re.compile(r"gpt-oss"), _USUAL),
    (frozenset({"groq"}), re.compile(r"qwen"), ("none", _ONCE)),
    (frozenset({"groq"}), re.compile(r""), ()),
)
"""Provider, model → the efforts that it knows; the first that fits counts."""
_ELSEWHERE = ("none", "minimal", *_USUAL)


def fit_effort(effort: str, model: str, target: Target) -> str | None:
    """The effort as this model knows it: the next lower one that it has, else its lowest; None where it has none.

    Who wants some thinking never gets none.
    """
    if "no_effort" in target.quirks:
        return None
    known = next((scale for where, name, scale in _SCALES if target.provider in where and name.search(model)), None)
    known = _ELSEWHERE if known is None else known
    if effort in known or effort not in _ORDER:
        return effort if known else None
    if _ONCE in known:
        return _ONCE
    some = [one for one in known if one != "none"]
    lower = [one for one in some if _ORDER.index(one) < _ORDER.index(effort)]
    return next(iter([*reversed(lower), *some]), None)
