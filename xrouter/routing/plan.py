"""From a verdict to what will be asked, in order."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from xrouter.chat.target import TIERS, Decision, Target, TierName
from xrouter.routing.base import Verdict


class Plan(msgspec.Struct, frozen=True):
    """The tier that was chosen, its targets in the order to try them, and why."""

    decision: Decision
    tier: TierName
    targets: tuple[Target, ...]
    reason: str


def make_plan(verdict: Verdict, targets: Mapping[TierName, Target]) -> Plan:
    """The verdict's tier, or the next higher one that is configured; the frontier always is."""
    chosen = verdict.tier
    while TIERS[chosen] not in targets and chosen < 2:
        chosen = 2 if chosen else 1
    tier = TIERS[chosen]
    reason = verdict.reason if chosen == verdict.tier else "not-configured"
    return Plan(chosen, tier, (targets[tier],), reason)
