"""`xrouter config show` and `xrouter config path`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from xrouter.config.load import Loaded
    from xrouter.config.shown import Row

_WIDTH_OF_A_PIPE = 160

app = typer.Typer(help="Show the settings and where they come from.", no_args_is_help=True, rich_markup_mode=None)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="Another config.toml.")]


@app.command("show")
def show(json_: AsJson = False, config: ConfigFile = None) -> None:  # noqa: FBT002 - flags
    """Show every setting, where it comes from, and what is missing."""
    import os

    from xrouter.config.load import load
    from xrouter.config.shown import rows
    from xrouter.providers.catalog import names
    from xrouter.providers.known import from_known_key

    loaded = load(environ=os.environ, cwd=Path.cwd(), config_file=config, providers=names())
    started = from_known_key(loaded, os.environ)
    notices = [started[1]] if started else []
    loaded = started[0] if started else loaded
    findings, warnings = _check(loaded)
    if json_:
        _print_json(loaded, rows(loaded), findings, notices + warnings)
    else:
        _print_table(loaded, rows(loaded), findings, notices + warnings)


@app.command("path")
def path(json_: AsJson = False, config: ConfigFile = None) -> None:  # noqa: FBT002 - flags
    """Show where the settings' file is."""
    import os

    from xrouter.config.paths import config_file
    from xrouter.wire import json

    file = config or config_file(os.environ)
    exists = file.is_file()
    if json_:
        typer.echo(json.encode({"path": str(file), "exists": exists}))
    else:
        typer.echo(f"{file} ({'exists' if exists else 'does not exist'})")


def _check(loaded: Loaded) -> tuple[list[str], list[str]]:
    import os

    from xrouter.config import check
    from xrouter.providers import resolve

    return check.findings(loaded.config) + resolve.findings(loaded.config, os.environ), check.warnings(loaded.config)


def _print_json(loaded: Loaded, rows: list[Row], findings: list[str], notes: list[str]) -> None:
    from xrouter.wire import json

    settings = {row.setting: {"value": row.value, "origin": row.origin} for row in rows}
    file = {"path": str(loaded.path), "exists": loaded.exists}
    typer.echo(json.encode({**file, "settings": settings, "findings": findings, "notes": notes}))


def _print_table(loaded: Loaded, rows: list[Row], findings: list[str], notes: list[str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH_OF_A_PIPE)
    table = Table("setting", "value", "origin")
    for row in rows:
        table.add_row(Text(row.setting), Text(row.text), Text(row.origin), style="dim" if row.is_default else None)
    console.print(table)
    console.print(Text(f"File: {loaded.path} ({'exists' if loaded.exists else 'does not exist'})"), soft_wrap=True)
    for note in notes:
        console.print(Text(f"Note: {note}"), soft_wrap=True)
    for finding in findings:
        console.print(Text(f"Missing: {finding}"), soft_wrap=True)
