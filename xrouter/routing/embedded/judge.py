"""Ask in, verdict out: a score of points, compared with two bars. Pure, without weights.

How long somebody writes tells most (longer asks hold more conditions); a few words move it. It hardly ever misses by
two tiers and is often off by one: a safe default, not a reader.
"""

from __future__ import annotations

import math

from xrouter.chat.target import Decision
from xrouter.config.model import Profile
from xrouter.routing.base import Verdict
from xrouter.routing.embedded.words import CJK, CODE, EASY, HARD
from xrouter.routing.lens.ask import Ask

BARS: dict[Profile, tuple[float, float]] = {
    "save": (6.0, 9.2),
    "balanced": (5.6, 8.75),
    "quality": (5.2, 8.0),
}
"""(below it cheap, from it on frontier), in points; a doubled length is one point."""

_CJK_WEIGHT = 2.2
_FIRST_HARD_POINTS = 1.5
_HARD_POINTS = 0.9
_MOST_HARD = 3
_EASY_POINTS = -1.0
_CODE_WEIGHT = 0.4


def judge(ask: Ask, profile: Profile = "balanced") -> Verdict:
    """The verdict of the rules."""
    if not ask.judged:
        return Verdict(1, "embedded", "nothing to read")
    points = score(ask.judged)
    cheap, frontier = BARS[profile]
    tier: Decision = 0 if points < cheap else 2 if points >= frontier else 1
    return Verdict(tier, "embedded", f"{points:.1f} points, cheap below {cheap}, frontier from {frontier}")


def score(text: str) -> float:
    """Points of difficulty, about 3 to 12."""
    hard = len({found.lower() for found in HARD.findall(text)})
    points = math.log2(8 + _weigh(text))
    points += (_FIRST_HARD_POINTS if hard else 0.0) + _HARD_POINTS * min(hard, _MOST_HARD)
    return points + (_EASY_POINTS if EASY.match(text) else 0.0)


def _weigh(text: str) -> float:
    """Length in Latin letters: a CJK character says as much as two or three, pasted code says less than words."""
    length = len(text) + (_CJK_WEIGHT - 1) * len(CJK.findall(text))
    first = CODE.search(text)
    return length if first is None else length - (1 - _CODE_WEIGHT) * (len(text) - first.start())


class EmbeddedClassifier:
    """The rules as a classifier."""

    def __init__(self, profile: Profile = "balanced") -> None:
        self._profile: Profile = profile

    async def judge(self, ask: Ask) -> Verdict:
        """The verdict, at once."""
        return judge(ask, self._profile)
