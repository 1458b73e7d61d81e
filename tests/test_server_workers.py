"""`serve --workers`: several processes behind one port."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import aiohttp

from tests.fakes import FakeProvider
from tests.processes import Router

CLOUD = {"CLASSIFIER_ENABLED": "false", "FRONTIER_MODEL": "frontier-model"}


def workers_of(router: Router) -> set[int]:
    """The process ids of a router's workers."""
    assert router.process is not None
    children = Path(f"/proc/{router.process.pid}/task/{router.process.pid}/children").read_text()
    return {int(child) for child in children.split()}


async def ask(router: Router) -> int:
    """The status of one request on a connection of its own."""
    body = {"model": "auto", "messages": [{"role": "user", "content": "Hello"}]}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{router.url}/v1/chat/completions", json=body) as answer,
    ):
        return answer.status


async def test_workers_share_the_port_and_the_account() -> None:
    """Each worker answers, and all of them count into one account."""
    async with FakeProvider() as cloud, Router(CLOUD | {"FRONTIER_BASE_URL": cloud.url}, args=["--workers", "2"]) as it:
        assert len(workers_of(it)) == 2
        assert [await ask(it) for _ in range(8)] == [200] * 8
        assert await it.stop() == 0
        assert "Traceback" not in it.log()
    assert len(cloud.chats) == 8


async def test_workers_do_not_share_a_log_file(tmp_path: Path) -> None:
    """Files rotate, so every worker but the first has a folder of its own for them."""
    settings = CLOUD | {"LOG_TO_FILE": "true", "LOG_DIR": str(tmp_path / "logs")}
    async with (
        FakeProvider() as cloud,
        Router(settings | {"FRONTIER_BASE_URL": cloud.url}, args=["--workers", "3"]) as it,
    ):
        assert await it.stop() == 0
    assert files(tmp_path) == ["logs/worker-2/xrouter.log", "logs/worker-3/xrouter.log", "logs/xrouter.log"]


def files(folder: Path) -> list[str]:
    """All of them below it, as paths."""
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


async def test_a_worker_that_dies_is_replaced() -> None:
    """A killed worker's place is taken by a new one, and requests go on being answered."""
    async with FakeProvider() as cloud, Router(CLOUD | {"FRONTIER_BASE_URL": cloud.url}, args=["--workers", "2"]) as it:
        before = workers_of(it)
        os.kill(min(before), signal.SIGKILL)
        while len(after := workers_of(it)) < 2 or after == before:  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.05)
        assert await ask(it) == 200
        assert await it.stop() == 0


async def test_a_taken_port_is_said_once(tmp_path: Path) -> None:
    """A port that is in use ends the parent before it forks, with the exit code for it."""
    async with FakeProvider() as cloud:
        settings = CLOUD | {"FRONTIER_BASE_URL": cloud.url, "PORT": str(_port(cloud))}
        taken = Router(settings, args=["--workers", "2"], home=tmp_path)
        taken.launch()
        assert await taken.wait() == 3
        assert taken.log().count("in use") == 1


def _port(provider: FakeProvider) -> int:
    return int(provider.root.rpartition(":")[2])
