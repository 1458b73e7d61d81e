"""From a verdict to what will be asked, in order."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from xrouter.chat.target import DECISIONS, TIERS, Decision, Target, TierName
from xrouter.routing.base import Verdict


class Plan(msgspec.Struct, frozen=True):
    """The tier that was chosen, its targets in the order to try them, and why."""

    decision: Decision
    targets: tuple[Target, ...]
    reason: str


def make_plan(verdict: Verdict, targets: Mapping[TierName, Target]) -> Plan:
    """The verdict's tier, or the next higher one that is configured; the frontier always is."""
    chosen = next((tier for tier in DECISIONS[verdict.tier :] if TIERS[tier] in targets), DECISIONS[-1])
    reason = verdict.reason if chosen == verdict.tier else "not-configured"
    return Plan(chosen, (targets[TIERS[chosen]],), reason)
