"""A dozen requests as people send them, from trivial to hard, with an answer each for the simulated models to give."""

from __future__ import annotations

from typing import NamedTuple


class Prompt(NamedTuple):
    """What is asked and what a simulated model answers."""

    ask: str
    answer: str


PROMPTS: tuple[Prompt, ...] = (
    Prompt("Hi! Are you there?", "Yes, I am here. What can I do for you?"),
    Prompt("What is the capital of Australia?", "Canberra, not Sydney as many think."),
    Prompt(
        "Translate into French: The train to Lyon leaves at nine.",
        "Le train pour Lyon part à neuf heures.",
    ),
    Prompt("How many minutes are there in a day?", "1,440: 24 hours of 60 minutes each."),
    Prompt(
        "Rewrite this more politely: Send me the invoice now.",
        "Could you please send me the invoice when you have a moment? Thank you!",
    ),
    Prompt(
        "Summarise in two sentences for the team: the release slips by a week because the payment provider changed its "
        "API without notice; the new adapter is written but its tests against their sandbox still fail on refunds.",
        "The release moves by one week, as the payment provider changed its API without notice. The new adapter is "
        "written, but refunds still fail in the sandbox tests.",
    ),
    Prompt(
        "Write a Python function that merges overlapping intervals in a list of (start, end) tuples, with type hints.",
        "def merge(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:\n"
        "    merged: list[tuple[int, int]] = []\n"
        "    for start, end in sorted(spans):\n"
        "        if merged and start <= merged[-1][1]:\n"
        "            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))\n"
        "        else:\n"
        "            merged.append((start, end))\n"
        "    return merged",
    ),
    Prompt(
        "Explain the difference between optimistic and pessimistic locking, and when you would choose which one for a "
        "shop's stock table.",
        "Pessimistic locking takes the row before it reads, so that others wait; optimistic locking reads freely and "
        "checks a version when it writes. For a stock table with few conflicts choose the optimistic one and retry; "
        "for the last ten tickets of a concert choose the pessimistic one.",
    ),
    Prompt(
        "Write an SQL query for the five customers with the highest revenue in each country in 2025, ties included, "
        "from tables customers(id, name, country) and orders(customer_id, total, placed_at).",
        "WITH revenue AS (SELECT c.country, c.name, SUM(o.total) AS total, RANK() OVER (PARTITION BY c.country ORDER "
        "BY SUM(o.total) DESC) AS place FROM customers c JOIN orders o ON o.customer_id = c.id WHERE o.placed_at >= "
        "'2025-01-01' AND o.placed_at < '2026-01-01' GROUP BY c.country, c.id, c.name) SELECT * FROM revenue WHERE "
        "place <= 5;",
    ),
    Prompt(
        "Our asyncio service deadlocks about once a day under load. Tasks take a database connection from a pool of "
        "ten and then, still holding it, call another coroutine that takes a second one from the same pool. Find the "
        "root cause, prove that it can deadlock, and design a fix that keeps the transaction semantics and can be "
        "rolled out without downtime.",
        "Ten tasks that hold one connection each and wait for a second one wait for each other: hold-and-wait on a "
        "bounded pool, a circular wait with no owner that can go first. Pass the held connection down, so that each "
        "task needs exactly one; as a first step that needs no downtime, give the inner call a pool of its own.",
    ),
    Prompt(
        "Design a multi-region, strongly consistent rate limiter for an API with 200,000 requests a second: compare "
        "token buckets in a replicated log with leased quotas, analyse the failure modes under a network partition, "
        "and derive the bound on how far a client can exceed its limit.",
        "Lease quotas to regions from a replicated log and spend them locally. Under a partition a region spends what "
        "it holds and then refuses. With lease size q, n regions and lease time t, a client can exceed its limit by at "
        "most (n - 1) times q within t, which is the price of not asking the log for each request.",
    ),
    Prompt(
        "Prove that every finite integral domain is a field, then show step by step where the proof breaks for "
        "infinite domains and construct a counterexample.",
        "For a nonzero a the map x to ax is injective, since there are no zero divisors; on a finite set it is then "
        "surjective, so some x has ax = 1. On an infinite set injective does not imply surjective: in the integers "
        "x to 2x misses 1, and 2 has no inverse.",
    ),
)
