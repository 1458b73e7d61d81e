"""The router in front of a real engine (make test-engine): what fakes can only claim."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.fakes import FakeProvider
from tests.processes import ROOT, Router, free_port

pytestmark = pytest.mark.engine

READY_S = 60.0
MANY_TOKENS = 1500
TALKS_ON = r'root ::= [0-2] (" because " [a-z ]+)'
"""A grammar: a digit, and then words without end, so that only a cut connection stops the engine."""


class Engine:
    """llama.cpp's server on a port of its own."""

    def __init__(self, home: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = (home / "engine.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests" / "engine.py"), str(self.port)], stdout=self._log, stderr=self._log
        )

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        self._log.close()

    async def status(self) -> int:
        """What /health answers; 0 while nothing listens."""
        with contextlib.suppress(aiohttp.ClientError):
            async with aiohttp.ClientSession() as session, session.get(f"{self.url}/health") as answer:
                return answer.status
        return 0

    async def reach(self, wanted: int) -> bool:
        """Wait for a status of /health; False where it is past it (200) already."""
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            status = await self.status()
            if status in {wanted, 200}:
                return status == wanted
            await asyncio.sleep(0.005)
        raise AssertionError("the engine did not start")

    async def generated(self) -> int:
        """Tokens that it has generated in all its life; a call that was cut counts once its slot is free."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/metrics") as answer:
            found = re.search(r"^llamacpp:tokens_predicted_total (\d+)", await answer.text(), re.MULTILINE)
        assert found is not None
        return int(found[1])

    async def idle(self) -> None:
        """Wait until its one slot is free."""
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            async with aiohttp.ClientSession() as session, session.get(f"{self.url}/slots") as answer:
                slots = await answer.json()
            if not any(slot["is_processing"] for slot in slots):
                return
            await asyncio.sleep(0.02)
        raise AssertionError("the engine's slot was not given back")


@pytest.fixture(name="engine", scope="module")
def _engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = Engine(tmp_path_factory.mktemp("engine"))
    yield engine
    engine.stop()


@pytest.fixture(name="cloud")
async def _cloud() -> AsyncIterator[FakeProvider]:
    async with FakeProvider() as provider:
        yield provider


def settings(engine: Engine, cloud: FakeProvider, *, grammar: str | None = None) -> str:
    """The engine is the cheap tier and, with the same model, the classifier."""
    body = f"\n[tiers.cheap.body]\ngrammar = {json.dumps(grammar)}" if grammar else ""
    return f"""
[classifier]
use = "cheap"
timeout_ms = 60000
warmup = false
loading_retry_ms = 100
loading_max_retries = 300
[tiers.cheap]
base_url = "{engine.url}"
model = "smollm2-135m-instruct"
provider = "llama.cpp"
[tiers.medium]
base_url = "{cloud.url}"
model = "medium-model"
[tiers.frontier]
base_url = "{cloud.url}"
model = "frontier-model"
{body}
"""


@contextlib.asynccontextmanager
async def routed(tmp_path: Path, config: str) -> AsyncIterator[Router]:
    """A router with that configuration."""
    file = tmp_path / "config.toml"
    file.write_text(config)
    async with Router({"XROUTER_CONFIG": str(file)}) as router:
        yield router


async def ask(router: Router, text: str, **members: Any) -> tuple[int, dict[str, str], str]:
    """(status, headers, body) of one request."""
    body = {"model": "auto", "messages": [{"role": "user", "content": text}], **members}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{router.url}/v1/chat/completions", json=body) as answer,
    ):
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}, await answer.text()


async def test_loading(tmp_path: Path, cloud: FakeProvider) -> None:
    """A request that comes while the engine loads its model waits for it and is then judged by it."""
    for attempt in range(5):
        engine = Engine(tmp_path)
        try:
            if not await engine.reach(503):
                continue
            async with routed(tmp_path, settings(engine, cloud, grammar="root ::= [0-2]")) as router:
                _, headers, _ = await ask(router, f"What is {attempt} + 2?")
                assert headers["x-xrouter-reason"] == "classifier"
                return
        finally:
            engine.stop()
    pytest.fail("the engine was never seen loading")


async def test_cut(tmp_path: Path, engine: Engine, cloud: FakeProvider) -> None:
    """The first digit decides, the connection is closed, and the engine stops although it had more to say."""
    await engine.reach(200)
    async with routed(tmp_path, settings(engine, cloud, grammar=TALKS_ON)) as router:
        before = await engine.generated()
        _, headers, _ = await ask(router, "Prove that there are infinitely many primes.", tools=[])
        await engine.idle()
        if headers["x-xrouter-upstream"] != "cheap":  # the cheap tier's answer is generated by the engine too
            assert await engine.generated() - before < 40
        assert headers["x-xrouter-reason"] == "classifier"
        line = next(json.loads(line) for line in router.log().splitlines() if '"judged_ms"' in line)
        print(f"one classification on the real engine: {line['judged_ms']} ms")  # noqa: T201  # a figure for the reader


async def test_overflow(tmp_path: Path, engine: Engine, cloud: FakeProvider) -> None:
    """A prompt that is too long for the engine is a 400 in its own words, which clients know."""
    await engine.reach(200)
    async with routed(tmp_path, settings(engine, cloud)) as router:
        status, _, body = await ask(router, "word " * 4000, model="cheap")
        assert status == 400
        assert "exceeds the available context size" in json.loads(body)["error"]["message"]


async def test_client_leaves(tmp_path: Path, engine: Engine, cloud: FakeProvider) -> None:
    """A client that leaves in the middle of an answer frees the engine's slot."""
    await engine.reach(200)
    async with routed(tmp_path, settings(engine, cloud, grammar="root ::= [a-z ]+")) as router:
        before = await engine.generated()
        body = {
            "model": "cheap",
            "stream": True,
            "max_tokens": MANY_TOKENS,
            "messages": [{"role": "user", "content": "Talk."}],
        }
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{router.url}/v1/chat/completions", json=body) as answer,
        ):
            await answer.content.readany()
            answer.close()
        await engine.idle()
        assert await engine.generated() - before < MANY_TOKENS // 2


async def test_streams_in_a_row(tmp_path: Path, engine: Engine, cloud: FakeProvider) -> None:
    """The engine closes each connection after a stream, whatever it announced: the next request does not notice."""
    await engine.reach(200)
    async with routed(tmp_path, settings(engine, cloud)) as router:
        for number in range(4):
            status, _, body = await ask(router, f"Count to {number}.", model="cheap", stream=True, max_tokens=8)
            assert status == 200
            assert body.endswith("data: [DONE]\n\n")
