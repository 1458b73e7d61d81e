"""usage/meter.py: what one request used, and how requests add up."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.chat.reply import Usage
from xrouter.usage.meter import (
    MOST_TOKENS,
    Bucket,
    Counts,
    Entry,
    Rows,
    Totals,
    bucket,
    coarsen,
    count,
    gather,
    join,
    total,
)

COUNTS = st.builds(Counts, *[st.integers(0, 10**12)] * len(Counts._fields))
BUCKETS = st.builds(
    Bucket,
    st.integers(0, 50).map(lambda n: n * 60),
    st.sampled_from(["cheap", "frontier"]),
    st.just("p"),
    st.text("ab"),
)
ROWS = st.lists(st.tuples(BUCKETS, COUNTS), max_size=12)


def test_an_entry_is_counted_in_its_minute() -> None:
    """The bucket is the minute that the request was in, its tier, provider and model."""
    entry = Entry(179.9, "cheap", "groq", "llama", Usage())
    assert bucket(entry) == Bucket(120, "cheap", "groq", "llama")


def test_names_that_no_database_takes_are_made_storable() -> None:
    """A client may choose the model's name: it is cut short and lone surrogates are replaced."""
    where = bucket(Entry(0, "cheap", "groq", "\ud800" + "m" * 1000, Usage()))
    assert where.model == "?" + "m" * 199


@pytest.mark.parametrize(
    ("tokens", "cost", "baseline", "expected"),
    [
        (
            Usage(prompt=10, completion=5),
            0.0105,
            0.02,
            Counts(1, 10, 5, cost_nano_usd=10_500_000, baseline_nano_usd=20_000_000),
        ),
        (Usage(1, 2, 3, 4, 5, estimated=True), 0.0, 0.0, Counts(1, 1, 2, 3, 4, 5, estimated=1)),
        (Usage(prompt=1), None, 0.5, Counts(1, 1, unpriced=1, baseline_nano_usd=500_000_000)),
        (Usage(prompt=1), 0.5, None, Counts(1, 1, cost_nano_usd=500_000_000, unbased=1)),
        (Usage(prompt=-3, completion=10**30), float("inf"), 0.0, Counts(1, 0, MOST_TOKENS, cost_nano_usd=10**15)),
    ],
)
def test_a_request_as_counts(tokens: Usage, cost: float | None, baseline: float | None, expected: Counts) -> None:
    """Tokens and nano-dollars as whole numbers within bounds; unknown costs are counted as such, not as 0."""
    assert count(tokens, cost, baseline) == expected


@given(ROWS, ROWS)
def test_sums_do_not_depend_on_how_they_are_taken(
    some: Sequence[tuple[Bucket, Counts]], more: Sequence[tuple[Bucket, Counts]]
) -> None:
    """Gathered at once, joined from two halves, or made coarse on the way: the totals are the same."""
    one: Rows = {}
    other: Rows = {}
    both: Rows = {}
    gather(one, some)
    gather(other, more)
    gather(both, [*some, *more])
    assert join(total(one), total(other)) == total(both)
    assert total(coarsen(both)) == total(both)


def test_totals_from_a_time_on_start_with_its_minute() -> None:
    """`since` is rounded down to its minute, and the totals say when the first request was."""
    rows: Rows = {Bucket(minute, "cheap", "p", "m"): Counts(requests=1) for minute in (0, 60, 120)}
    assert total(rows, 119.0) == Totals({"cheap": Counts(requests=2)}, 60)
    assert total(rows, 180.0) == Totals({}, None)
