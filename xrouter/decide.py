"""Which tier a request needs: pins and rules first, then what was decided before, then the classifier."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from xrouter.cache.decisions import Decisions
from xrouter.cache.key import decision_key
from xrouter.chat.call import Trail
from xrouter.chat.reply import Usage
from xrouter.chat.request import Envelope
from xrouter.chat.target import Target, TierName
from xrouter.dialects.base import ClientDialect
from xrouter.routing.base import Classifier, Verdict
from xrouter.routing.lens.ask import excerpt
from xrouter.routing.lens.read import read_ask
from xrouter.routing.plan import make_plan
from xrouter.routing.rules import judge_kind, name_model, read_pin

LASTING = frozenset({"classifier", "embedded"})
"""Verdicts that stand for the rest of an agent's turn; a failed classification is tried again."""


class Judge(msgspec.Struct, frozen=True):
    """Who judges. `identity` names a classifier whose verdicts are worth remembering, `target` is the model it asks."""

    classifier: Classifier
    decisions: Decisions
    identity: str | None = None
    target: Target | None = None


class Decider:
    """Chooses targets; `book` is told what a classification used."""

    def __init__(
        self,
        targets: Mapping[TierName, Target],
        judge: Judge | None,
        book: Callable[[Target, str | None, Usage], None],
    ) -> None:
        self._targets, self._judge, self._book = targets, judge, book

    async def choose(self, dialect: ClientDialect, envelope: Envelope, trail: Trail) -> Target:
        """Whom to ask. Raises BadRequest where nobody knows by what name of a model."""
        verdict = await self._decide(dialect, envelope, trail)
        plan = make_plan(verdict, self._targets)
        target = plan.targets[0]
        trail.decision, trail.reason, trail.detail = plan.decision, plan.reason, verdict.detail
        trail.target, trail.judged_ms = target, trail.since_start_ms()
        trail.model = name_model(target, envelope.model)
        return target

    async def _decide(self, dialect: ClientDialect, envelope: Envelope, trail: Trail) -> Verdict:
        pinned = read_pin(envelope.model)
        if pinned is not None:
            return pinned
        if (judge := self._judge) is None:
            return Verdict(2, "disabled")
        ask = read_ask(dialect.read_turns(envelope), offers_tools=envelope.has_tools)
        trail.judged = excerpt(ask)
        if (verdict := judge_kind(ask)) is not None:
            return verdict
        if judge.identity is None:
            return await judge.classifier.judge(ask)
        key = decision_key(trail.judged, judge.identity)
        known = await judge.decisions.get(key)
        if known is not None:
            return Verdict(known, "cache")
        verdict = await judge.classifier.judge(ask)
        if verdict.usage is not None and judge.target is not None:
            self._book(judge.target, judge.target.model, verdict.usage)
        if verdict.reason in LASTING:
            await judge.decisions.put(key, verdict.tier)
        return verdict
