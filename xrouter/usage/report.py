"""From sums to the body of `GET /usage`, and from that to the lines of a table: pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import msgspec

from xrouter.chat.target import TIERS
from xrouter.errors import BadRequest
from xrouter.usage.meter import NANO, NOTHING, Counts, Totals, plus
from xrouter.wire import json


class TierUse(msgspec.Struct, frozen=True):
    """The answers of one tier. `estimated` of the requests have estimated tokens; `cost_usd` is None where unknown."""

    requests: int
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    cost_usd: float | None
    estimated: int


class ClassifierUse(msgspec.Struct, frozen=True):
    """The classifications, which are in none of the tiers and not in the total."""

    requests: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    estimated: int


class Saved(msgspec.Struct, frozen=True):
    """What the same tokens would have cost on the frontier tier, less what was spent, classifications included."""

    baseline_cost_usd: float | None
    cost_usd: float | None
    saved_usd: float | None
    saved_ratio: float | None


class Report(msgspec.Struct, frozen=True):
    """The body of `GET /usage`; `since` is the minute of the first request, as ISO 8601 in UTC."""

    cheap: TierUse
    medium: TierUse
    frontier: TierUse
    total: TierUse
    classifier: ClassifierUse
    saved: Saved
    since: str | None


_reader = json.Reader(Report)
_UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_SPAN = re.compile(r"(\d{1,6})([smhdw])")


def report(totals: Totals) -> Report:
    """Sums as people and programs read them."""
    tiers = [totals.by_tier.get(tier, NOTHING) for tier in TIERS]
    everything = NOTHING
    for counts in tiers:
        everything = plus(everything, counts)
    judged = totals.by_tier.get("classifier", NOTHING)
    cheap, medium, frontier = map(_tier, tiers)
    return Report(
        cheap=cheap,
        medium=medium,
        frontier=frontier,
        total=_tier(everything),
        classifier=ClassifierUse(judged.requests, judged.prompt, judged.completion, _cost(judged), judged.estimated),
        saved=_saved(everything, judged),
        since=None
        if totals.since is None
        else datetime.fromtimestamp(totals.since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


def read(text: bytes) -> Report | None:
    """What a router answered to `GET /usage`; None where that is something else."""
    try:
        return _reader.decode(text)
    except ValueError:
        return None


def lines(used: Report) -> list[tuple[str, ...]]:
    """Rows of a table: name, requests, prompt, cached, completion, reasoning, total, cost. `~` marks estimates."""
    judged = used.classifier
    as_tier = TierUse(
        requests=judged.requests,
        prompt_tokens=judged.prompt_tokens,
        completion_tokens=judged.completion_tokens,
        total_tokens=judged.prompt_tokens + judged.completion_tokens,
        cached_tokens=0,
        reasoning_tokens=0,
        cost_usd=judged.cost_usd,
        estimated=judged.estimated,
    )
    uses = (used.cheap, used.medium, used.frontier, as_tier, used.total)
    return [(name, *_cells(use)) for name, use in zip((*TIERS, "classifier", "total"), uses, strict=True)]


def savings(used: Report) -> str:
    """What was saved, in one sentence."""
    saved = used.saved
    if saved.baseline_cost_usd is None or saved.cost_usd is None or saved.saved_usd is None:
        return (
            "Saved: unknown, because not every model has a known price; set input_price and output_price of the tiers."
        )
    share = "" if saved.saved_ratio is None else f" ({saved.saved_ratio:.0%})"
    return (
        f"Saved: {usd(saved.saved_usd)}{share}: {usd(saved.cost_usd)} spent, classifier included, "
        f"instead of {usd(saved.baseline_cost_usd)} with the frontier tier alone."
    )


def estimates(used: Report) -> int:
    """How many requests have estimated tokens."""
    return used.total.estimated + used.classifier.estimated


def usd(amount: float | None) -> str:
    """Dollars with as many digits as small sums need."""
    if amount is None:
        return "unknown"
    digits = 2 if abs(amount) >= 100 or not amount else 4 if abs(amount) >= 0.01 else 6
    return f"{'-' if amount < 0 else ''}${abs(amount):,.{digits}f}"


def parse_since(text: str, now: float) -> float:
    """Read `90s`, `30m`, `24h`, `7d`, `2w` (before `now`), or a date or time in ISO 8601 (UTC if it names no zone).

    Gives Unix seconds; raises BadRequest.
    """
    span = _SPAN.fullmatch(text.strip().lower())
    if span:
        return max(now - int(span[1]) * _UNITS_S[span[2]], 0.0)
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadRequest(
            f"'{text[:40]}' is no time.",
            hint="Write a span such as 24h or 7d, or a date such as 2026-11-01 or 2026-11-01T08:00:00Z.",
            param="since",
        ) from None
    return max(at.replace(tzinfo=at.tzinfo or UTC).timestamp(), 0.0)


def _tier(counts: Counts) -> TierUse:
    return TierUse(
        requests=counts.requests,
        prompt_tokens=counts.prompt,
        completion_tokens=counts.completion,
        total_tokens=counts.prompt + counts.completion,
        cached_tokens=counts.cached,
        reasoning_tokens=counts.reasoning,
        cost_usd=_cost(counts),
        estimated=counts.estimated,
    )


def _saved(answers: Counts, judged: Counts) -> Saved:
    spent = plus(answers, judged)
    baseline = None if answers.unbased else answers.baseline_nano_usd
    cost = None if spent.unpriced else spent.cost_nano_usd
    if baseline is None or cost is None:
        return Saved(_dollars(baseline), _dollars(cost), None, None)
    ratio = (baseline - cost) / baseline if baseline else None
    return Saved(_dollars(baseline), _dollars(cost), _dollars(baseline - cost), ratio)


def _cost(counts: Counts) -> float | None:
    return None if counts.unpriced else counts.cost_nano_usd / NANO


def _dollars(nano: int | None) -> float | None:
    return None if nano is None else nano / NANO


def _cells(use: TierUse) -> tuple[str, ...]:
    about = "~" if use.estimated else ""
    tokens = (use.prompt_tokens, use.cached_tokens, use.completion_tokens, use.reasoning_tokens, use.total_tokens)
    return (f"{use.requests:,}", *(f"{about}{amount:,}" for amount in tokens), f"{about}{usd(use.cost_usd)}")
