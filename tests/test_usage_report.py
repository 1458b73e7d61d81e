"""usage/report.py: sums as the body of GET /usage and as the lines of a table."""

from __future__ import annotations

from typing import Any

import pytest

from xrouter.errors import BadRequest
from xrouter.usage.meter import Counts, Totals
from xrouter.usage.report import estimates, lines, parse_since, read, report, savings, usd
from xrouter.wire import json

NOW = 1_800_000_000.0
NOTHING = {
    "requests": 0,
    "prompt_tokens": 0,
    "completion_tokens": 0,
    "total_tokens": 0,
    "cached_tokens": 0,
    "reasoning_tokens": 0,
    "cost_usd": 0.0,
    "estimated": 0,
}
SOME = Totals(
    {
        "cheap": Counts(2, 1_000, 200, 100, 0, 50, 1, 3_000_000, 0, 30_000_000, 0),
        "frontier": Counts(1, 10, 5, 0, 0, 0, 0, 10_000_000, 0, 10_000_000, 0),
        "classifier": Counts(3, 300, 3, 0, 0, 0, 1, 2_000_000, 0, 0, 0),
    },
    1_790_000_040,
)


def body(totals: Totals) -> dict[str, Any]:
    """The report as `GET /usage` sends it."""
    sent: dict[str, Any] = json.decode(json.encode(report(totals)))
    return sent


def test_nothing_used_costs_nothing() -> None:
    """Before the first request all counts are 0, costs too, and there is no ratio of nothing."""
    assert body(Totals({}, None)) == {
        "cheap": NOTHING,
        "medium": NOTHING,
        "frontier": NOTHING,
        "total": NOTHING,
        "classifier": {"requests": 0, "prompt_tokens": 0, "completion_tokens": 0, "cost_usd": 0.0, "estimated": 0},
        "saved": {"baseline_cost_usd": 0.0, "cost_usd": 0.0, "saved_usd": 0.0, "saved_ratio": None},
        "since": None,
    }


def test_the_body_in_full() -> None:
    """Worked by hand: the total is the tiers' without the classifier, whose cost is taken off what was saved."""
    used = body(SOME)
    assert used["cheap"] == {
        "requests": 2,
        "prompt_tokens": 1_000,
        "completion_tokens": 200,
        "total_tokens": 1_200,
        "cached_tokens": 100,
        "reasoning_tokens": 50,
        "cost_usd": 0.003,
        "estimated": 1,
    }
    assert used["medium"] == NOTHING
    assert (used["total"]["requests"], used["total"]["total_tokens"], used["total"]["cost_usd"]) == (3, 1_215, 0.013)
    assert used["classifier"] == {
        "requests": 3,
        "prompt_tokens": 300,
        "completion_tokens": 3,
        "cost_usd": 0.002,
        "estimated": 1,
    }
    assert used["saved"] == {
        "baseline_cost_usd": 0.04,
        "cost_usd": 0.015,
        "saved_usd": 0.025,
        "saved_ratio": 0.625,
    }
    assert used["since"] == "2026-09-21T14:14:00Z"


def test_an_unknown_cost_is_null_wherever_it_would_be_summed() -> None:
    """One request of unknown cost makes its tier, the total and what was saved unknown, and no other tier."""
    used = body(Totals({"cheap": Counts(1, unpriced=1), "medium": Counts(1, cost_nano_usd=1)}, 0))
    assert used["cheap"]["cost_usd"] is used["total"]["cost_usd"] is None
    assert used["medium"]["cost_usd"] == 1e-9
    assert used["saved"] == {"baseline_cost_usd": 0.0, "cost_usd": None, "saved_usd": None, "saved_ratio": None}


def test_an_unknown_cost_of_the_classifier_only_makes_savings_unknown() -> None:
    """The tiers' costs do not depend on what judging costs."""
    used = body(Totals({"cheap": Counts(1, cost_nano_usd=1), "classifier": Counts(1, unpriced=1)}, 0))
    assert used["classifier"]["cost_usd"] is used["saved"]["saved_usd"] is None
    assert used["total"]["cost_usd"] == 1e-9


def test_an_unknown_baseline_is_null() -> None:
    """Where nobody knows what the frontier tier costs, nobody knows what was saved."""
    used = body(Totals({"cheap": Counts(1, cost_nano_usd=5, unbased=1)}, 0))
    assert used["saved"] == {"baseline_cost_usd": None, "cost_usd": 5e-9, "saved_usd": None, "saved_ratio": None}


def test_a_body_is_read_back() -> None:
    """What the router sends is what the terminal reads."""
    assert read(json.encode(body(SOME))) == report(SOME)


@pytest.mark.parametrize("answer", [b"", b"<html>", b"[]", b"{}", b'{"cheap":{"requests":"x"}}', b"\xff"])
def test_what_another_program_answers_is_no_usage(answer: bytes) -> None:
    """Anything but a body of ours is refused."""
    assert read(answer) is None


def test_the_lines_of_the_table() -> None:
    """A line for each tier, the classifier and the total; sums with estimates in them are marked."""
    assert lines(report(SOME)) == [
        ("cheap", "2", "~1,000", "~100", "~200", "~50", "~1,200", "~$0.003000"),
        ("medium", "0", "0", "0", "0", "0", "0", "$0.00"),
        ("frontier", "1", "10", "0", "5", "0", "15", "$0.0100"),
        ("classifier", "3", "~300", "~0", "~3", "~0", "~303", "~$0.002000"),
        ("total", "3", "~1,010", "~100", "~205", "~50", "~1,215", "~$0.0130"),
    ]
    assert estimates(report(SOME)) == 2


def test_what_was_saved_in_words() -> None:
    """One sentence with the sums, or what to do to learn them."""
    assert savings(report(SOME)) == (
        "Saved: $0.0250 (62%): $0.0150 spent, classifier included, instead of $0.0400 with the frontier tier alone."
    )
    assert "input_price" in savings(report(Totals({"cheap": Counts(1, unpriced=1)}, 0)))
    assert savings(report(Totals({}, None))).startswith("Saved: $0.00: ")


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (None, "unknown"),
        (0.0, "$0.00"),
        (0.0000214, "$0.000021"),
        (0.25, "$0.2500"),
        (1234.5, "$1,234.50"),
        (-0.5, "-$0.5000"),
    ],
)
def test_dollars(amount: float | None, expected: str) -> None:
    """Small sums keep their digits; unknown is a word, not a number."""
    assert usd(amount) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", NOW - 90),
        ("30m", NOW - 1_800),
        (" 24H ", NOW - 86_400),
        ("7d", NOW - 604_800),
        ("2w", NOW - 1_209_600),
        ("999999w", 0.0),
        ("2026-11-01", 1_793_491_200.0),
        ("2026-11-01T08:00:00Z", 1_793_520_000.0),
        ("2026-11-01T08:00:00+02:00", 1_793_512_800.0),
        ("0001-01-01", 0.0),
        ("0001-01-01T00:00:00+23:00", 0.0),
    ],
)
def test_times_that_since_takes(text: str, expected: float) -> None:
    """Spans before now, and dates and times in ISO 8601, in UTC unless they say otherwise."""
    assert parse_since(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "7", "d", "-7d", "7 days", "2026-13-01", "9" * 99])
def test_times_that_since_does_not_take(text: str) -> None:
    """What is no time is refused with an example of one."""
    with pytest.raises(BadRequest) as raised:
        parse_since(text, NOW)
    assert raised.value.param == "since"
    assert "24h" in raised.value.text
