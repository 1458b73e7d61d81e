"""The console entry point: help, version, and how failures end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from tests.processes import ROOT
from tests.test_cli_config import run
from xrouter import __version__
from xrouter.cli import main
from xrouter.errors import ConfigError, NothingToRead, PortTaken, XrouterError

HEAVY = ("aiohttp", "rich", "redis", "genai_prices", "asyncio", "dotenv", "uvloop")


def test_help_lists_every_command(home: Path) -> None:
    """`--help` names the commands; no argument at all is a wrong command line and shows the same."""
    done = run("--help")

    assert done.returncode == 0
    for command in ("serve", "usage", "demo", "config"):
        assert f"\n  {command} " in done.stdout
    bare = run()
    assert (bare.returncode, bare.stderr.strip()) == (2, done.stdout.strip())


def test_version(home: Path) -> None:
    """`--version` prints the package's version."""
    assert run("--version").stdout == f"xrouter {__version__}\n"


def test_an_unknown_option_ends_with_2(home: Path) -> None:
    """A wrong command line is told with its usage."""
    done = run("--nope")

    assert done.returncode == 2
    assert "No such option: --nope" in done.stderr


def test_the_command_line_imports_nothing_heavy() -> None:
    """What only a running command needs is not imported before it runs, so that help is quick."""
    code = f"import sys, xrouter.cli.main; print([name for name in {HEAVY} if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ConfigError(["one is wrong", "two is wrong"]), 2, "xrouter: one is wrong\nxrouter: two is wrong\n"),
        (PortTaken("Port 1 is in use.", hint="Set PORT."), 3, "xrouter: Port 1 is in use. Set PORT.\n"),
        (NothingToRead("There is nothing."), 4, "xrouter: There is nothing.\n"),
        (XrouterError("It broke."), 1, "xrouter: It broke.\n"),
        (PermissionError(13, "Permission denied", "/x"), 1, "xrouter: Permission denied: /x\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_each_failure_has_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, code: int, said: str
) -> None:
    """An error of a command becomes its lines on stderr and its exit code."""
    assert _run_failing(monkeypatch, error) == code
    assert capsys.readouterr().err == said


def test_a_fault_of_ours_shows_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What nobody foresaw is named with its place, and without its words, which may hold a key."""
    assert _run_failing(monkeypatch, ValueError("sk-secret")) == 1

    said = capsys.readouterr().err
    assert said.startswith("xrouter: a fault of xrouter itself (ValueError in ")
    assert "sk-secret" not in said
    assert "Traceback" not in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_told(home: Path) -> None:
    """Output that cannot be written ends with 1 and a line."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "xrouter", "config", "path"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_leaves_is_no_fault(home: Path) -> None:
    """Where stdout's reader has gone, nothing is said."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w") as broken:
        done = subprocess.run(
            [sys.executable, "-m", "xrouter", "config", "show", "--json"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=broken,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert (done.returncode, done.stderr) == (1, "")


def _run_failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> object:
    """The exit code of a command that raises `error`."""
    app = typer.Typer(pretty_exceptions_enable=False)

    @app.command()
    def fail() -> None:
        raise error

    monkeypatch.setattr(main, "app", app)
    monkeypatch.setattr(sys, "argv", ["xrouter"])
    with pytest.raises(SystemExit) as ended:
        main.run()
    return ended.value.code
