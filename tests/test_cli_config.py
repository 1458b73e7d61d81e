"""`xrouter config show` and `path`, through the real command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT
from xrouter.wire import json

SECRET = "hunter2-hunter2-hunter2"


def run(*args: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """`xrouter ARGS` in the working directory with this process's environment and more."""
    return subprocess.run(
        [sys.executable, "-m", "xrouter", *args],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def write(home: Path, toml: str) -> Path:
    """Write config.toml into the user's config folder."""
    file = home / ".config/xrouter/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(toml)
    return file


def test_path_says_where_and_whether(home: Path) -> None:
    """The path is printed with whether there is a file, for people and for programs."""
    file = home / ".config/xrouter/config.toml"
    assert run("config", "path").stdout == f"{file} (does not exist)\n"

    write(home, "")
    assert run("config", "path").stdout == f"{file} (exists)\n"
    assert json.decode(run("config", "path", "--json").stdout.encode()) == {"path": str(file), "exists": True}
    assert run("config", "path", XROUTER_CONFIG="/x.toml").stdout == "/x.toml (does not exist)\n"
    assert run("config", "path", "--config", "/y.toml", XROUTER_CONFIG="/x.toml").stdout == "/y.toml (does not exist)\n"


def test_show_tells_values_and_origins(home: Path) -> None:
    """Every setting is there with its value and its origin; keys are masked; what is missing comes last."""
    file = write(home, f"[tiers.cheap]\nbase_url = 'http://127.0.0.1:1'\napi_key = '{SECRET}'")
    (home / ".env").write_text("LOG_LEVEL=debug\n")

    done = run("config", "show", PORT="81")

    assert done.returncode == 0
    rows = {line.split("│")[1].strip(): [cell.strip() for cell in line.split("│")[2:4]] for line in _table(done.stdout)}
    assert rows["server.port"] == ["81", "environment: PORT"]
    assert rows["logging.level"] == ["debug", ".env: LOG_LEVEL"]
    assert rows["tiers.cheap.api_key"] == ["hun…ter2", str(file)]
    assert rows["server.max_body_bytes"] == ["67108864", "default"]
    assert done.stdout.splitlines()[-1].startswith("Missing: FRONTIER_BASE_URL is not set; set it, or")
    assert SECRET not in done.stdout + done.stderr


def test_show_as_json(home: Path) -> None:
    """`--json` has the same: settings with value and origin, findings, notes, and the file."""
    file = write(
        home, f"[tiers.cheap]\nbase_url = 'https://r.openai.azure.com/openai/deployments/d'\napi_key = '{SECRET}'"
    )

    done = run("config", "show", "--json", HOST="0.0.0.0")

    told = json.decode(done.stdout.encode())
    assert (told["path"], told["exists"]) == (str(file), True)
    assert told["settings"]["tiers.cheap.api_key"] == {"value": "hun…ter2", "origin": str(file)}
    assert told["settings"]["server.port"] == {"value": 3000, "origin": "default"}
    assert [finding.split()[0] for finding in told["findings"]] == [
        "MEDIUM_BASE_URL",
        "FRONTIER_BASE_URL",
        "CHEAP_BASE_URL",
    ]
    assert [note.split()[0] for note in told["notes"]] == ["HOST"]
    assert SECRET not in done.stdout


def test_show_with_a_known_key(home: Path) -> None:
    """Nothing configured but a well-known key: what `serve` would start with is shown, and a note says why."""
    told = json.decode(run("config", "show", "--json", OPENAI_API_KEY=SECRET).stdout.encode())

    assert told["findings"] == []
    assert told["settings"]["tiers.cheap.base_url"]["value"] == "https://api.openai.com/v1"
    assert told["settings"]["tiers.cheap.api_key"]["origin"] == "environment: OPENAI_API_KEY"
    assert told["notes"][0].startswith("nothing is configured, so OPENAI_API_KEY is used")


def test_wrong_settings_end_with_2(home: Path) -> None:
    """Everything that is wrong is on a line of its own on stderr; no traceback, no secret."""
    write(home, f"[server]\nprot = 1\n[tiers.cheap]\nbase_url = 'https://u:{SECRET}@x'")

    done = run("config", "show", "--json", PORT="abc", CHEAP_PROVIDER="grok")

    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["xrouter:", "server.prot"],
        ["xrouter:", "tiers.cheap.base_url"],
        ["xrouter:", "PORT"],
        ["xrouter:", "CHEAP_PROVIDER"],
    ]
    assert SECRET not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_show_on_a_poor_terminal(home: Path, encoding: str) -> None:
    """A terminal that cannot show every sign is no reason to fail."""
    done = run("config", "show", ROUTER_API_KEY=SECRET, PYTHONIOENCODING=encoding)

    assert done.returncode == 0
    assert "server.api_key" in done.stdout


def _table(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("│")]
