"""From verdicts to targets."""

from __future__ import annotations

from xrouter.chat.target import DECISIONS, TIERS, Target, TierName
from xrouter.routing.base import Verdict
from xrouter.routing.plan import Plan, make_plan


def _target(tier: TierName) -> Target:
    return Target(tier=tier, provider="openai", dialect="openai", url="http://127.0.0.1/", model=tier)


TARGETS = {tier: _target(tier) for tier in TIERS}


def test_a_verdict_names_its_tier() -> None:
    """0, 1, 2 are cheap, medium, frontier; the reason is kept."""
    for decision, tier in zip(DECISIONS, TIERS, strict=True):
        assert make_plan(Verdict(decision, "classifier"), TARGETS) == Plan(decision, (TARGETS[tier],), "classifier")


def test_a_tier_that_is_not_configured() -> None:
    """Without the classifier only the frontier has to be configured: what is missing goes up, and says so."""
    one: dict[TierName, Target] = {"frontier": TARGETS["frontier"]}
    two: dict[TierName, Target] = {"medium": TARGETS["medium"], "frontier": TARGETS["frontier"]}
    assert make_plan(Verdict(0, "pinned"), two).decision == 1
    assert make_plan(Verdict(0, "pinned"), one) == Plan(2, (TARGETS["frontier"],), "not-configured")
    assert make_plan(Verdict(2, "disabled"), one).reason == "disabled"
