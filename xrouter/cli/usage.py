"""`xrouter usage`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType

    from xrouter.usage.lookup import Found

EVERY_S = 1.0

_HEADINGS = ("", "requests", "prompt", "cached", "completion", "reasoning", "total", "cost")
_WIDTH_OF_A_PIPE = 120

AsJson = Annotated[bool, typer.Option("--json", help="Print what GET /usage answers.")]
Since = Annotated[str | None, typer.Option("--since", help="Only from then on: 24h, 7d, 2026-11-01.")]
Watch = Annotated[bool, typer.Option("--watch", help="Go on until Ctrl-C.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="Another config.toml.")]


def usage(json_: AsJson = False, since: Since = None, watch: Watch = False, config: ConfigFile = None) -> None:  # noqa: FBT002  # flags
    """Show tokens and costs by tier."""
    import os

    from xrouter.config.load import load
    from xrouter.config.paths import usage_store
    from xrouter.usage.lookup import look

    server = load(environ=os.environ, cwd=Path.cwd(), config_file=config).config.server
    path = usage_store(os.environ)

    def find() -> Found:
        return look(server, path, since)

    try:
        (_print_json if json_ else _print_table)(find, watch=watch)
    except KeyboardInterrupt:
        return


def _print_json(find: Callable[[], Found], *, watch: bool) -> None:
    import time

    from xrouter.wire import json

    typer.echo(json.encode(find().report))
    while watch:
        time.sleep(EVERY_S)
        typer.echo(json.encode(find().report))


def _print_table(find: Callable[[], Found], *, watch: bool) -> None:
    import time

    from rich.console import Console
    from rich.live import Live

    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH_OF_A_PIPE)
    if not watch:
        console.print(_draw(find()))
        return
    with Live(_draw(find()), console=console, auto_refresh=False) as live:
        while True:
            time.sleep(EVERY_S)
            live.update(_draw(find()), refresh=True)


def _draw(found: Found) -> RenderableType:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from xrouter.usage.report import estimates, lines, savings

    table = Table()
    for heading in _HEADINGS:
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    rows = lines(found.report)
    for number, row in enumerate(rows, start=1):
        table.add_row(*row, end_section=number >= len(rows) - 1, style="bold" if number == len(rows) else None)
    notes = [savings(found.report)]
    if guessed := estimates(found.report):
        notes.append(f"~ with estimates, 4 characters a token; requests that came without token counts: {guessed:,}.")
    if found.report.since is not None:
        notes.append(f"Since {found.report.since}.")
    notes.append(f"({found.source})")
    return Group(table, *(Text(note) for note in notes))
