"""The console entry point: commands, and how each kind of failure ends.

Files of commands import nothing heavy before they are called, so that `--help` is quick.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Annotated

import typer

from xrouter import __version__
from xrouter.cli import config
from xrouter.cli.demo import demo
from xrouter.cli.serve import serve
from xrouter.cli.usage import usage
from xrouter.errors import ConfigError, NothingToRead, PortTaken, XrouterError

EXIT_CODES: dict[type[XrouterError], int] = {ConfigError: 2, PortTaken: 3, NothingToRead: 4}
"""Any other failure is 1; Ctrl-C is 130."""

app = typer.Typer(
    name="xrouter",
    help="An inference router: each request goes to the cheapest model that can handle it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("serve")(serve)
app.command("usage")(usage)
app.command("demo")(demo)
app.add_typer(config.app, name="config")


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - how typer calls it
    if wanted:
        typer.echo(f"xrouter {__version__}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", help="Show the version and exit.", callback=_print_version, is_eager=True)
]


@app.callback()
def _take_options(_version: Version = False) -> None:  # noqa: FBT002 - a flag
    pass


def run() -> None:
    """Run the command line and exit; a person never sees a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without `…` is no reason to fail
    code = _run()
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        # Whoever read stdout has left, or the disk is full: nothing may be written to it any more, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = 1 if isinstance(error, BrokenPipeError) else _report(XrouterError(f"stdout: {error.strerror}"))
    sys.exit(code)


def _run() -> int:
    try:
        app(prog_name="xrouter")
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    except XrouterError as error:
        return _report(error)
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - the outermost boundary: a fault of ours is named, without what it holds
        typer.echo(_fault(error), err=True)
        return 1
    return 0


def _report(error: XrouterError) -> int:
    lines = error.findings if isinstance(error, ConfigError) else (error.text,)
    for line in lines:
        typer.echo(f"xrouter: {line}", err=True)
    return EXIT_CODES.get(type(error), 1)


def _fault(error: Exception) -> str:
    """An operating system's own words are safe to show; others may hold a key or a prompt."""
    if isinstance(error, OSError) and error.strerror:
        return f"xrouter: {error.strerror}" + (f": {error.filename}" if error.filename else "")
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    where = f" in {last.tb_frame.f_code.co_filename}, line {last.tb_lineno}" if last else ""
    return f"xrouter: a fault of xrouter itself ({type(error).__name__}{where}); please report it"
