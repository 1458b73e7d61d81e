"""What one request used, and how requests add up: pure, whole numbers all the way.

Money is counted in nano-dollars (1e-9 USD), so that sums are exact and the same in whatever order they are taken.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from xrouter.chat.reply import Usage
from xrouter.chat.target import Purpose

NANO = 1_000_000_000
MOST_TOKENS = 1_000_000_000
"""More than this in one answer is a provider's mistake; unbounded figures would overflow the store."""

_MOST_NANO_USD = 10**15
_MOST_CHARS = 200


class Entry(msgspec.Struct, frozen=True):
    """One request as it is recorded; `at` is Unix time in seconds, `model` the name that the provider was asked for."""

    at: float
    tier: Purpose
    provider: str
    model: str
    tokens: Usage


class Bucket(NamedTuple):
    """What counts are kept by. `minute` is Unix time in seconds, rounded down to a minute."""

    minute: int
    tier: str
    provider: str
    model: str


class Counts(NamedTuple):
    """Sums over requests.

    `estimated` are requests whose tokens are estimates; `unpriced` those whose cost is unknown; `unbased` those of
    which nobody knows what they would have cost on the frontier tier (the baseline).
    """

    requests: int = 0
    prompt: int = 0
    completion: int = 0
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0
    estimated: int = 0
    cost_nano_usd: int = 0
    unpriced: int = 0
    baseline_nano_usd: int = 0
    unbased: int = 0


class Totals(NamedTuple):
    """Counts of each tier and of the classifier; `since` is the minute of the first request, or None."""

    by_tier: Mapping[str, Counts]
    since: int | None


Rows = dict[Bucket, Counts]
NOTHING = Counts()


def bucket(entry: Entry) -> Bucket:
    """Where an entry is counted. Names are cut to a sane length and made storable as text."""
    return Bucket(floor_minute(entry.at), entry.tier, _name(entry.provider), _name(entry.model))


def count(tokens: Usage, cost_usd: float | None, baseline_usd: float | None) -> Counts:
    """One request as counts; None is a cost that nobody knows."""
    return Counts(
        requests=1,
        prompt=_bound(tokens.prompt),
        completion=_bound(tokens.completion),
        cached=_bound(tokens.cached),
        cache_write=_bound(tokens.cache_write),
        reasoning=_bound(tokens.reasoning),
        estimated=int(tokens.estimated),
        cost_nano_usd=_nano(cost_usd),
        unpriced=int(cost_usd is None),
        baseline_nano_usd=_nano(baseline_usd),
        unbased=int(baseline_usd is None),
    )


def plus(one: Counts, other: Counts) -> Counts:
    """The sum, field by field."""
    return Counts(*(a + b for a, b in zip(one, other, strict=True)))


def gather(rows: Rows, more: Iterable[tuple[Bucket, Counts]]) -> None:
    """Add `more` to `rows`, in place."""
    for where, counts in more:
        rows[where] = plus(rows.get(where, NOTHING), counts)


def total(rows: Rows, since: float | None = None) -> Totals:
    """The rows summed by tier, from the minute of `since` on."""
    by_tier: dict[str, Counts] = {}
    first: int | None = None
    for where, counts in rows.items():
        if since is not None and where.minute < floor_minute(since):
            continue
        by_tier[where.tier] = plus(by_tier.get(where.tier, NOTHING), counts)
        first = where.minute if first is None else min(first, where.minute)
    return Totals(by_tier, first)


def join(one: Totals, other: Totals) -> Totals:
    """Both totals as one."""
    tiers = {**one.by_tier, **other.by_tier}
    by_tier = {tier: plus(one.by_tier.get(tier, NOTHING), other.by_tier.get(tier, NOTHING)) for tier in tiers}
    return Totals(by_tier, min((first for first in (one.since, other.since) if first is not None), default=None))


def coarsen(rows: Rows) -> Rows:
    """The same sums in as few rows as there are tiers: the oldest minute, without provider and model."""
    oldest = min((where.minute for where in rows), default=0)
    coarse: Rows = {}
    gather(coarse, ((Bucket(oldest, where.tier, "", ""), counts) for where, counts in rows.items()))
    return coarse


def floor_minute(at: float) -> int:
    """The minute that `at` (Unix seconds) lies in, as Unix seconds."""
    return math.floor(at) // 60 * 60


def _bound(tokens: int) -> int:
    return min(max(tokens, 0), MOST_TOKENS)


def _nano(usd: float | None) -> int:
    return 0 if usd is None else round(min(usd * NANO, _MOST_NANO_USD))


def _name(text: str) -> str:
    return text[:_MOST_CHARS].encode("utf-8", "replace").decode()
