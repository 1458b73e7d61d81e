"""`xrouter demo` through the real CLI: the whole product on loopback, with nothing configured."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import pytest

from tests.processes import ROOT, empty_home, free_port
from xrouter.demo.prompts import PROMPTS

ROW = re.compile(r"│ (?P<prompt>.+?) +│ +(?P<decision>[012]) │ (?P<tier>\w+) +│ +(?P<ms>\d+) ms │ +(?P<tokens>\d+) │")
TIERS = ("cheap", "medium", "frontier")


class Demo:
    """A demo's process, in a home and a folder for temporary files of its own."""

    def __init__(self, home: Path, *args: str) -> None:
        self.home = home
        self.temporary = home.parent / "temporary"
        self.temporary.mkdir()
        env: Mapping[str, str] = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTHONIOENCODING": "utf-8",
            "TMPDIR": str(self.temporary),
            **empty_home(home),
        }
        command = [sys.executable, "-m", "xrouter", "demo", *args]
        self._out = home.parent / "out"
        with self._out.open("wb") as out:
            self.process = subprocess.Popen(
                command, env=env, cwd=home, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )

    async def ends(self) -> int:
        """Its exit code."""
        return await asyncio.to_thread(self.process.wait, 30)

    async def printed(self, pattern: str) -> re.Match[str]:
        """Wait until it has printed this."""
        async with asyncio.timeout(30):
            while (found := re.search(pattern, self.text())) is None:
                assert self.process.poll() is None, self.text()
                await asyncio.sleep(0.05)
        return found

    def text(self) -> str:
        """What it has printed."""
        return self._out.read_text(encoding="utf-8")

    def left_behind(self) -> list[Path]:
        """Every file in its home and among the temporary ones."""
        return [path for folder in (self.home, self.temporary) for path in folder.rglob("*")]


async def test_once_ends_with_the_table(tmp_path: Path) -> None:
    """A dozen requests are answered by all three tiers; the table says what was decided, and nothing stays behind."""
    demo = Demo(tmp_path / "home", "--once")
    assert await demo.ends() == 0, demo.text()
    rows = [match.groupdict() for match in ROW.finditer(demo.text())]
    assert len(rows) == len(PROMPTS) == 12
    for row, prompt in zip(rows, PROMPTS, strict=True):
        assert prompt.ask.startswith(row["prompt"].rstrip("…").rstrip())
        assert TIERS[int(row["decision"])] == row["tier"]
        assert int(row["ms"]) > 0
        assert int(row["tokens"]) > 0
    assert {row["tier"] for row in rows} == set(TIERS)
    assert "simulated" in demo.text()
    assert "\x1b" not in demo.text()
    assert demo.left_behind() == []


async def test_json_has_the_same_as_data(tmp_path: Path) -> None:
    """`--json` prints one object: the requests, and the router's own account of them, which agrees."""
    demo = Demo(tmp_path / "home", "--json")
    assert await demo.ends() == 0, demo.text()
    said = json.loads(demo.text())
    assert [row["prompt"] for row in said["requests"]] == [prompt.ask for prompt in PROMPTS]
    for tier in TIERS:
        rows = [row for row in said["requests"] if row["tier"] == tier]
        assert {row["model"] for row in rows} == {f"simulated-{tier}-1"}
        assert said["usage"][tier]["requests"] == len(rows)
        assert said["usage"][tier]["total_tokens"] == sum(row["tokens"] for row in rows)
    assert said["usage"]["saved"]["saved_usd"] > 0


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
async def test_stays_up_for_the_users_own_curl(tmp_path: Path, ending: signal.Signals) -> None:
    """After the table it prints a curl that works as it stands, and it ends cleanly when it is asked to."""
    port = free_port()
    demo = Demo(tmp_path / "home", "--port", str(port))
    try:
        curl = await demo.printed(r"curl -i (?P<url>\S+) -H 'Content-Type: application/json' \\\n  -d '(?P<body>.+)'\n")
        assert curl["url"] == f"http://127.0.0.1:{port}/v1/chat/completions"
        headers = {"Content-Type": "application/json"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(curl["url"], data=curl["body"], headers=headers) as answer,
        ):
            said = await answer.json()
        assert answer.headers["X-Xrouter-Upstream"] == "cheap"
        assert "simulated model" in said["choices"][0]["message"]["content"]
        demo.process.send_signal(ending)
        assert await demo.ends() == 0, demo.text()
        assert demo.left_behind() == []
    finally:
        demo.process.kill()


async def test_taken_port_is_named(tmp_path: Path) -> None:
    """A port that somebody else has ends it with 3 and says what to do."""
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    demo = Demo(tmp_path / "home", "--once", "--port", str(port))
    assert await demo.ends() == 3
    assert str(port) in demo.text()
    assert "--port" in demo.text()
    assert demo.left_behind() == []
    taken.close()
