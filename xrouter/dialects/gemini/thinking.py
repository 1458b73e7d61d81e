"""How much a model is to think: a budget of tokens for the 2.5 family, a level for the later ones, never both.

Source: https://ai.google.dev/gemini-api/docs/thinking.
"""

from __future__ import annotations

from typing import Any

from xrouter.chat.request import Thinking
from xrouter.dialects.gemini.profiles import LEVELS, Model, Profile

_BUDGETS = {"none": 0, "minimal": 512, "low": 1024, "medium": 8192, "high": 24_576, "xhigh": 32_768, "max": 32_768}
_LEVELS = {"none": "minimal", "xhigh": "high", "max": "high"}
_AT_MOST = ((0, "minimal"), (4096, "low"), (16_384, "medium"))
"""Up to which budget a level is meant: half way between the budgets that stand for levels."""
_TINY = 512
"""An answer of fewer tokens would be all thoughts and no words, for both count."""


def write_thinking(asked: Thinking | None, max_tokens: int | None, model: Model) -> dict[str, Any] | None:
    """The thinkingConfig; None where the provider's default is to stay."""
    profile = model.profile
    if profile.thinks == "no":
        return None
    if asked is None:
        tiny = model.is_known and max_tokens is not None and max_tokens < _TINY
        return _amount(Thinking("none"), profile) if tiny else None
    config = _amount(asked, profile)
    if asked.shown and config.get("thinkingBudget") != 0:
        config["includeThoughts"] = True
    return config


def _amount(asked: Thinking, profile: Profile) -> dict[str, Any]:
    if profile.thinks == "budget":
        return {"thinkingBudget": _budget(asked, profile)}
    level = _level(asked, profile)
    return {"thinkingLevel": level} if level else {}


def _budget(asked: Thinking, profile: Profile) -> int:
    """In tokens; -1 leaves it to the model."""
    budget = _BUDGETS.get(asked.effort or "", -1) if asked.budget is None else asked.budget
    if budget < 0:
        return -1
    if budget == 0 and profile.off:
        return 0
    return min(max(budget, profile.least), profile.most)


def _level(asked: Thinking, profile: Profile) -> str | None:
    """The level that was asked for, or the next higher one that the model knows; None leaves it to the model."""
    wanted = _LEVELS.get(asked.effort or "", asked.effort)
    if wanted is None and asked.budget is not None and asked.budget >= 0:
        wanted = next((level for most, level in _AT_MOST if asked.budget <= most), "high")
    if wanted not in LEVELS:
        return None
    enough = (level for level in LEVELS[LEVELS.index(wanted) :] if level in profile.levels)
    return next(enough, profile.levels[-1])
