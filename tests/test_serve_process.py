"""The life of an `xrouter serve` process: how it starts, what it logs, how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.asking import CHAT, KEYS, ask, dial, get, logged, one_tier, question, three_tiers
from tests.fakes import Call, FakeProvider, chunk, chunks, silence
from tests.processes import Router

SECRET = "PROMPT-CANARY, my password is hunter2"
ANSWER = "ANSWER-CANARY is what it says"
ROUTER_KEY = "the-router-key-0123456789"


@pytest.fixture
async def provider() -> AsyncIterator[FakeProvider]:
    """A provider."""
    async with FakeProvider(says=ANSWER) as made:
        yield made


class Gate:
    """A provider that streams two words, then waits to be opened before it ends."""

    def __init__(self) -> None:
        self.open = asyncio.Event()

    async def __call__(self, call: Call) -> None:
        """One answer."""
        *first, last = chunks("one two")
        await call.begin()
        await call.send_events(first)
        waits = [asyncio.create_task(event.wait()) for event in (self.open, call.gone)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        if not call.gone.is_set():
            await call.send_events([last])
            await call.send(b"data: [DONE]\n\n")
            await call.end()


async def test_welcome(provider: FakeProvider, tmp_path: Path) -> None:
    """The start tells the address, each tier with its provider, model, key and where it is from, and what to do."""
    (tmp_path / ".config/xrouter").mkdir(parents=True)
    (tmp_path / ".config/xrouter/config.toml").write_text(f'[tiers.medium]\nbase_url = "{provider.url}"\n')
    env = {**three_tiers([provider] * 3, provider), "MEDIUM_BASE_URL": "", "MEDIUM_API_KEY": "", "MEDIUM_MODEL": ""}
    async with Router(env, home=tmp_path) as router:
        log = await logged(router, "Point your client")
    told = {said.split()[0]: said for said in re.split(r"\n  (?=\w)", log.partition("\nPoint")[0])[1:]}
    assert f"listens on {router.url}\n" in log
    assert f"{router.url}/v1" in log
    assert list(told) == ["cheap", "medium", "frontier", "classifier"]
    assert [provider.url in said for said in told.values()] == [True] * 4
    for name, words in {
        "cheap": ("cheap-1", "openai_compatible", "key sk-…HEAP", "environment: CHEAP_BASE_URL"),
        "medium": ("the client's model", "no key", "config.toml"),
        "classifier": ("judge-1", "key sk-…UDGE", "CLASSIFIER_BASE_URL"),
    }.items():
        assert [word for word in words if word not in told[name]] == []
    assert not [key for key in KEYS.values() if key in log]


async def test_port_taken(provider: FakeProvider, tmp_path: Path) -> None:
    """Another program on the port is exit 3 and one line that names the port and the setting."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        router = Router(one_tier(provider, PORT=str(port)), home=tmp_path)
        router.launch()
        assert await router.wait() == 3
    log = router.log()
    assert str(port) in log
    assert "PORT" in log
    assert len(log.splitlines()) == 1


WRONG = {
    "PORT": "99999",
    "CHEAP_API_KEY": "sk-with a space-CANARY",
    "CHEAP_HEADERS": "[1]",
    "MEDIUM_BASE_URL": "ftp://127.0.0.1/v1",
    "LOG_LEVEL": "loud",
    "CLASSIFIER_TIMEOUT_MS": "soon",
    "CLASSIFIER_KIND": "oracle",
}
NEEDED = ("CHEAP_BASE_URL", "MEDIUM_BASE_URL", "FRONTIER_BASE_URL")


class Strict(Router):
    """A router that takes whatever PORT it is given."""

    def __init__(self, env: Mapping[str, str], home: Path) -> None:
        super().__init__({}, home=home)
        self._env |= env


@pytest.mark.parametrize(
    ("env", "named"),
    [(WRONG, tuple(WRONG)), ({"CLASSIFIER_ENABLED": "true"}, (*NEEDED, "xrouter config path", "xrouter demo"))],
)
async def test_bad_settings(tmp_path: Path, env: dict[str, str], named: tuple[str, ...]) -> None:
    """All that is wrong, or all that is missing, is told at once, by name, with exit 2 and no traceback."""
    router = Strict(env, tmp_path)
    router.launch()
    assert await router.wait() == 2
    log = router.log()
    assert [name for name in named if name not in log] == []
    assert "Traceback" not in log
    assert "CANARY" not in log


async def refuses(router: Router) -> None:
    """Wait until the router takes no new connection."""
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", router.port)
            except OSError:
                return
            writer.close()
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_drain(provider: FakeProvider, number: signal.Signals) -> None:
    """A signal lets what runs end, takes nothing new, and then the process ends with 0."""
    gate = provider.handler = Gate()
    async with Router(one_tier(provider)) as router, dial(router) as idle, dial(router) as client:
        await idle.send("GET", "/health")
        assert (await idle.reply()).status == 200
        await client.send("POST", CHAT, question("hi", stream=True))
        await client.until(b"two")
        router.signal(number)
        await refuses(router)
        assert await idle.ends() == b""
        gate.open.set()
        reply = await client.reply()
        assert (reply.text, reply.whole) == ("one two", True)
        assert await router.wait() == 0
        assert "Traceback" not in router.log()
        assert '"draining"' in router.log()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_signal_when_idle(provider: FakeProvider, number: signal.Signals) -> None:
    """A router that has nothing to do ends at once, with 0, also with a client that keeps its connection."""
    async with Router(one_tier(provider)) as router, dial(router) as client:
        await client.send("POST", CHAT, question("hi"))
        await client.reply()
        router.signal(number)
        assert await router.wait() == 0
        assert "Traceback" not in router.log()


async def test_second_signal(provider: FakeProvider) -> None:
    """A second signal does not wait for what runs."""
    provider.handler = Gate()
    async with Router(one_tier(provider)) as router, dial(router) as client:
        await client.send("POST", CHAT, question("hi", stream=True))
        await client.until(b"two")
        router.signal(signal.SIGTERM)
        await logged(router, '"draining"')
        router.signal(signal.SIGTERM)
        assert await router.wait() == 130
        assert not (await client.reply()).whole


async def test_drain_limit(provider: FakeProvider) -> None:
    """What does not end within DRAIN_TIMEOUT_MS is broken off, visibly, and the process ends with 0."""
    provider.handler = Gate()
    async with Router(one_tier(provider, DRAIN_TIMEOUT_MS="200")) as router, dial(router) as client:
        await client.send("POST", CHAT, question("hi", stream=True))
        await client.until(b"two")
        router.signal(signal.SIGTERM)
        assert await router.wait() == 0
        reply = await client.reply()
        assert (reply.text, reply.whole) == ("one two", False)
        assert reply.events[-1]["error"]["code"] == "shutting_down"
        await asyncio.wait_for(provider.calls[0].gone.wait(), 10)
        assert '"cut by the shutdown"' in router.log()
        assert "Traceback" not in router.log()


async def test_drain_limit_before_an_answer(provider: FakeProvider) -> None:
    """A request whose status is still open when the time is up gets a proper 503."""
    provider.handler = silence
    async with Router(one_tier(provider, DRAIN_TIMEOUT_MS="200")) as router, dial(router) as client:
        await client.send("POST", CHAT, question("hi"))
        await provider.arrived()
        router.signal(signal.SIGTERM)
        reply = await client.reply()
        assert (reply.status, reply.error["code"], reply.whole) == (503, "shutting_down", True)
        assert await router.wait() == 0


def lines(log: str) -> list[Any]:
    """The JSON lines of a log."""
    return [json.loads(line) for line in log.split("\n") if line.startswith("{")]


async def test_log_lines(provider: FakeProvider) -> None:
    """Each request leaves one JSON line with all that a person wants to know, and no key, prompt or answer."""
    async with Router(one_tier(provider, LOG_LEVEL="debug", ROUTER_API_KEY=ROUTER_KEY)) as router:
        headers = {"Authorization": f"Bearer {ROUTER_KEY}", "Cookie": "COOKIE-CANARY"}
        for at, stream in enumerate((False, True)):
            await ask(router, question(SECRET, stream=stream), {**headers, "X-Request-Id": f"mine-{at}"})
        await ask(router, b'{"messages": CANARY', {**headers, "X-Request-Id": "mine-2"})
        await ask(router, question(SECRET), {"Authorization": "Bearer WRONG-CANARY", "X-Request-Id": "mine-3"})
        async with dial(router) as client:
            await client.raw(b"GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization Bearer BROKEN-CANARY\r\n\r\n")
            assert b"CANARY" not in await client.ends()
        await logged(router, "mine-3")
        assert await router.stop() == 0
        log = router.log()
    said = {line["id"]: line for line in lines(log) if "id" in line}
    assert list(said) == ["mine-0", "mine-1", "mine-2", "mine-3"]
    for at, stream in enumerate((False, True)):
        line = said[f"mine-{at}"]
        named = ("level", "status", "decision", "reason", "tier", "provider", "model", "stream", "prompt_tokens")
        expected = ["info", 200, 2, "disabled", "frontier", "openai_compatible", "frontier-1", stream, 10]
        assert [line[name] for name in named] == expected
        assert line["completion_tokens"] == 5
        assert 0 <= line["judged_ms"] <= line["first_ms"] <= line["total_ms"]
    assert (said["mine-2"]["status"], said["mine-2"]["level"]) == (400, "warn")
    assert said["mine-3"]["status"] == 401
    assert not [secret for secret in ("CANARY", "hunter2", ROUTER_KEY, *KEYS.values()) if secret in log]


async def test_faults_are_logged(provider: FakeProvider) -> None:
    """A client that leaves and a stream that breaks have their line, as warnings."""

    async def breaks_off(call: Call) -> None:
        await call.begin()
        await call.send_events([chunk({"content": "x"})])
        call.close()

    provider.next(breaks_off, silence)
    async with Router(one_tier(provider)) as router:
        await ask(router, question("hi", stream=True))
        broken = lines(await logged(router, "upstream_broken"))[-1]
        assert [broken[name] for name in ("level", "status", "fault", "estimated")] == [
            "warn",
            200,
            "upstream_broken",
            True,
        ]
        async with dial(router) as client:
            await client.send("POST", CHAT, question("hi"))
            await provider.arrived(2)
            client.leave()
            left = lines(await logged(router, "client left"))[-1]
        assert (left["level"], left["status"], left["tier"]) == ("warn", "client left", "frontier")


async def test_log_cannot_be_forged(provider: FakeProvider) -> None:
    """Line ends and escapes in what a client sends make no line of their own."""
    forged = "x\nFORGED line\x1b[31m\u2028FORGED"
    async with Router({**one_tier(provider, LOG_LEVEL="debug"), "FRONTIER_MODEL": ""}) as router:
        reply = await ask(router, question("hi", model=forged))
        assert (reply.status, reply.headers["x-xrouter-model"]) == (200, "x?FORGED line?[31m?FORGED")
        await get(router, "/%0aFORGED%1b[31m", {"X-Request-Id": "FORGED id"})
        assert (await get(router, "/", {"User-Agent": "FORGED\x1b[31m"})).error["code"] == "malformed_request"
        log = await logged(router, '"path"')
    assert not re.search("^FORGED", log, re.MULTILINE)
    assert "\x1b" not in log
    assert [line["message"] for line in lines(log)][:2] == ["request", "request refused"]


def written_below(home: Path) -> list[Path]:
    """The files that a router has made."""
    return [path for path in home.rglob("*") if path.is_file() and path.name != "router.log"]


async def test_log_file(provider: FakeProvider, tmp_path: Path) -> None:
    """With LOG_TO_FILE the lines are in a file of LOG_DIR too, which is its owner's alone, as all that is written."""
    umask = os.umask(0o022)
    try:
        async with Router(one_tier(provider, LOG_TO_FILE="true", LOG_DIR="some/logs"), home=tmp_path) as router:
            await ask(router, question(SECRET), {"X-Request-Id": "mine-0"})
            await get(router, "/usage")
    finally:
        os.umask(umask)
    file = tmp_path / "some/logs/xrouter.log"
    assert [line["status"] for line in lines(file.read_text()) if line.get("id") == "mine-0"] == [200]
    assert "CANARY" not in file.read_text()
    written = written_below(tmp_path)
    assert {path.name for path in written} >= {"xrouter.log", "usage.sqlite"}
    assert {path: stat.S_IMODE(path.stat().st_mode) & 0o077 for path in written} == dict.fromkeys(written, 0)
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


async def test_log_folder_that_cannot_be(provider: FakeProvider, tmp_path: Path) -> None:
    """A LOG_DIR that cannot be made is a warning that names it, and no reason not to serve; so is the usage store's."""
    for name in ("logs", ".local"):
        (tmp_path / name).write_text("a file in its place")
    async with Router(one_tier(provider, LOG_TO_FILE="true"), home=tmp_path) as router:
        assert (await ask(router, question("hi"))).status == 200
        assert (await get(router, "/usage")).json["frontier"]["requests"] == 1
        log = await logged(router, "usage.sqlite")
    assert "LOG_DIR" in log
    assert "Traceback" not in log


class Plugged(Router):
    """A router whose stdout and stderr are what the test says."""

    def __init__(self, env: Mapping[str, str], out: int) -> None:
        super().__init__(env)
        self._out = out

    def launch(self) -> None:
        """Start it and do not wait."""
        command = [sys.executable, "-m", "xrouter", "serve"]
        self._log.touch()
        self.process = subprocess.Popen(
            command, env=self._env, cwd=self._cwd, stdin=subprocess.DEVNULL, stdout=self._out, stderr=self._out
        )


@pytest.fixture
def unread() -> Any:
    """A pipe that nobody reads, of the smallest size."""
    import fcntl

    reads, writes = os.pipe()
    fcntl.fcntl(writes, fcntl.F_SETPIPE_SZ, 4096)
    yield writes
    os.close(reads)
    os.close(writes)


@pytest.fixture
def broken() -> Any:
    """A pipe whose reader has gone."""
    reads, writes = os.pipe()
    os.close(reads)
    yield writes
    os.close(writes)


@pytest.fixture
def full() -> Any:
    """A disk that is full."""
    disk = os.open("/dev/full", os.O_WRONLY)
    yield disk
    os.close(disk)


@pytest.mark.parametrize("kind", ["unread", "broken", "full"])
async def test_nowhere_to_log(provider: FakeProvider, kind: str, request: pytest.FixtureRequest) -> None:
    """Whether its output is never read, has lost its reader or is on a full disk: requests go on, and it ends well."""
    async with Plugged(one_tier(provider, LOG_LEVEL="debug"), request.getfixturevalue(kind)) as router:
        replies = [await ask(router, question("hi", stream=at % 2 == 0)) for at in range(60)]
        assert {(reply.status, reply.text) for reply in replies} == {(200, ANSWER)}
        assert await router.stop() == 0
