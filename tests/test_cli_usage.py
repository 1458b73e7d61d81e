"""cli/usage.py: tokens and costs on the terminal, from a router or from the file that one left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from tests.processes import ROOT, free_port
from xrouter.usage.meter import Bucket, Counts, Totals
from xrouter.usage.report import report
from xrouter.usage.sqlite import Store
from xrouter.wire import json

NOW = int(time.time()) // 60 * 60
COUNTS = Counts(2, 1_000, 200, 100, 0, 50, 1, 3_000_000, 0, 30_000_000, 0)
USED = Totals({"cheap": COUNTS}, NOW)


@asynccontextmanager
async def answering(status: int, text: bytes, port: int = 0) -> AsyncIterator[tuple[int, list[web.Request]]]:
    """Something that answers every request with one status and body; its port, and the requests that came."""
    came: list[web.Request] = []

    async def handle(request: web.Request) -> web.Response:
        came.append(request)
        return web.Response(status=status, body=text)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    try:
        yield runner.addresses[0][1], came
    finally:
        await runner.cleanup()


async def start(*args: str, port: int, **env: str) -> asyncio.subprocess.Process:
    """`xrouter usage` with arguments, in the environment of the test."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "xrouter", "usage", *args),
        env={**os.environ, "PYTHONPATH": str(ROOT), "PORT": str(port), **env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def run(*args: str, port: int, **env: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `xrouter usage`."""
    process = await start(*args, port=port, **env)
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@pytest.fixture
def store(home: Path) -> Path:
    """The file of a router that ended: usage of this minute and of ten days ago."""
    path = home / ".local/share/xrouter/usage.sqlite"
    store = Store(path)
    store.write(
        {Bucket(NOW, "cheap", "p", "m"): COUNTS, Bucket(NOW - 864_000, "frontier", "p", "m"): Counts(1, unpriced=1)}
    )
    store.close()
    return path


@pytest.mark.usefixtures("home")
async def test_a_running_router_is_asked_with_the_configured_key() -> None:
    """`--json` prints what GET /usage answered; the key goes along as a bearer, and a proxy is not used."""
    async with answering(200, json.encode(report(USED))) as (port, came):
        proxy = f"http://127.0.0.1:{free_port()}"
        code, out, err = await run(
            "--json", "--since", "24h", port=port, ROUTER_API_KEY="key-of-mine", HTTP_PROXY=proxy
        )
    assert (code, err) == (0, "")
    assert json.decode(out.encode()) == json.decode(json.encode(report(USED)))
    assert came[0].path_qs == "/usage?since=24h"
    assert came[0].headers["Authorization"] == "Bearer key-of-mine"


@pytest.mark.usefixtures("home")
async def test_the_table() -> None:
    """A line for each tier, the sums, what was saved, what is an estimate and where it is from."""
    async with answering(200, json.encode(report(USED))) as (port, came):
        code, out, err = await run(port=port)
    assert (code, err) == (0, "")
    (cheap,) = [line for line in out.splitlines() if " cheap " in line]
    assert cheap.replace("│", " ").split() == ["cheap", "2", "~1,000", "~100", "~200", "~50", "~1,200", "~$0.003000"]
    assert "Saved: $0.0270 (90%)" in out
    assert "requests that came without token counts: 1" in out
    assert f"from the router at http://127.0.0.1:{port}/usage" in out
    assert "Authorization" not in came[0].headers


@pytest.mark.usefixtures("store")
async def test_without_a_router_the_file_is_read() -> None:
    """The same report from the store, and where it is from; unknown costs are called so."""
    code, out, err = await run(port=free_port())
    assert (code, err) == (0, "")
    assert "no router answers" in out
    assert "usage.sqlite" in out
    assert "unknown" in out
    code, out, err = await run("--json", "--since", "7d", port=free_port())
    assert (code, err) == (0, "")
    assert json.decode(out.encode()) == json.decode(json.encode(report(USED)))


@pytest.mark.usefixtures("home")
async def test_nothing_to_read() -> None:
    """Exit code 4, and both places that were looked at."""
    port = free_port()
    code, out, err = await run(port=port)
    assert (code, out) == (4, "")
    assert f"http://127.0.0.1:{port}/usage" in err
    assert "usage.sqlite does not exist" in err
    assert "Traceback" not in err


@pytest.mark.usefixtures("store")
async def test_a_refused_key_is_named() -> None:
    """The file is not read in its place: the user asked for the router's own."""
    async with answering(401, b"{}") as (port, _):
        code, out, err = await run(port=port, ROUTER_API_KEY="wrong-key-of-mine")
    assert (code, out) == (1, "")
    assert "ROUTER_API_KEY" in err
    assert "wrong-key" not in err


@pytest.mark.usefixtures("store")
async def test_another_program_on_the_port() -> None:
    """What it says is not taken for usage; the file is read."""
    async with answering(200, b"<html>hello</html>") as (port, _):
        code, out, _ = await run(port=port)
    assert code == 0
    assert "something that is not this router answers" in out
    assert "hello" not in out


@pytest.mark.usefixtures("store")
async def test_a_time_that_is_none() -> None:
    """The message says what a time looks like."""
    code, out, err = await run("--since", "yesterday", port=free_port())
    assert (code, out) == (1, "")
    assert "24h" in err


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("as_json", [True, False])
async def test_watching_goes_on_until_ctrl_c(*, as_json: bool) -> None:
    """It asks again and again, and Ctrl-C is its proper end."""
    async with answering(200, json.encode(report(USED))) as (port, came):
        process = await start("--watch", *(["--json"] if as_json else []), port=port)
        async with asyncio.timeout(20):
            while len(came) < 2:  # noqa: ASYNC110 - the server's list tells nobody
                await asyncio.sleep(0.05)
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        async with asyncio.timeout(20):
            out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert b"cheap" in out
