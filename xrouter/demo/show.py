"""What the demo prints: a table that fills as answers come, and what to try next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from xrouter.demo.ask import Row

_COLOURS = {"cheap": "green", "medium": "yellow", "frontier": "red"}
_OTHER_COLUMNS = 8 + 8 + 11 + 6 + 16
"""What the table needs beside the prompts: four columns, and the lines and spaces between all five."""
_CURL = """\
curl -i {url}/v1/chat/completions -H 'Content-Type: application/json' \\
  -d '{{"model": "auto", "messages": [{{"role": "user", "content": "Hello!"}}]}}'"""


def draw(prompts: Sequence[str], rows: Mapping[str, Row], width: int) -> Table:
    """The table, `width` columns of the terminal at most: a line a prompt, with dots until its answer is there."""
    table = Table(title="xrouter demo: three simulated providers, no model behind them", title_justify="left")
    table.add_column("prompt", no_wrap=True, overflow="ellipsis", width=max(10, min(72, width - _OTHER_COLUMNS)))
    table.add_column("decision", justify="right", width=8)
    table.add_column("tier", width=8)
    table.add_column("first token", justify="right", width=11)
    table.add_column("tokens", justify="right", width=6)
    for prompt in prompts:
        table.add_row(prompt, *_cells(rows.get(prompt)))
    return table


def sum_up(rows: Sequence[Row], usage: Mapping[str, Any]) -> str:
    """How many requests went where, and what that saved at the simulated prices."""
    counts = ", ".join(f"{sum(row.tier == tier for row in rows)} {tier}" for tier in _COLOURS)
    saved = usage["saved"]
    if not saved.get("saved_ratio"):
        return f"{len(rows)} requests: {counts}."
    cost, baseline = saved["cost_usd"], saved["baseline_cost_usd"]
    return (
        f"{len(rows)} requests: {counts}. At the simulated prices ${cost:.4f} instead of ${baseline:.4f} "
        f"with the frontier alone: {saved['saved_ratio']:.0%} saved."
    )


def invite(url: str) -> str:
    """What the user can try now."""
    return f"The router stays up at {url}; try it yourself, and end it with Ctrl-C:\n\n{_CURL.format(url=url)}\n"


def _cells(row: Row | None) -> tuple[str, str, str, str]:
    if row is None:
        return "…", "…", "…", "…"
    colour = _COLOURS.get(row.tier, "default")
    return str(row.decision), f"[{colour}]{row.tier}[/]", f"{row.first_token_ms} ms", str(row.tokens)
