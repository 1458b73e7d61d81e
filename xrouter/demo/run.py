"""The demo from its first line to Ctrl-C: simulated providers, the real router in front, a dozen requests."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import aiohttp
from rich.console import Console
from rich.live import Live

from xrouter.config.model import Classifier, Config, Server, Tier, Tiers
from xrouter.config.secret import Secret
from xrouter.demo import show
from xrouter.demo.ask import Row, ask
from xrouter.demo.prompts import PROMPTS
from xrouter.demo.providers import LOOPBACK, MODELS, Simulated, serve
from xrouter.wire import json

AT_ONCE = 3
"""How many requests are under way at the same time."""

_ASKS = tuple(prompt.ask for prompt in PROMPTS)


class Running(Protocol):
    """A router that listens."""

    url: str

    async def close(self) -> None:
        """End it."""
        ...


Start = Callable[[Config, Path], Awaitable[Running]]
"""Starts a router from settings and the file that its usage goes to."""


async def run(start: Start, console: Console, *, port: int = 0, once: bool = False, as_json: bool = False) -> None:
    """Run the demo on `console`; `once` ends it with the table, and so does `as_json`, which prints JSON instead.

    Nothing is written outside a temporary folder. Raises XrouterError when a request is not answered, and PortTaken.
    """
    async with _router(start, port) as url, aiohttp.ClientSession() as session:
        with _drawn(console, quiet=as_json) as rows:
            await _ask_all(session, url, rows)
        ordered = [rows[asked] for asked in _ASKS]
        usage = await _usage(session, url)
        if as_json:
            console.file.write(json.encode({"requests": ordered, "usage": usage}).decode() + "\n")
            return
        console.print(show.sum_up(ordered, usage), highlight=False)
        if not once:
            console.print(f"\n{show.invite(url)}", highlight=False, soft_wrap=True)
            await _asked_to_end()


@asynccontextmanager
async def _router(start: Start, port: int) -> AsyncIterator[str]:
    """The router in front of the simulated providers; gives its URL."""
    _clean_up_on_sigterm()
    async with AsyncExitStack() as stack:
        tiers = {each.tier: _tier(each, await stack.enter_async_context(serve(each))) for each in MODELS}
        folder = stack.enter_context(TemporaryDirectory(prefix="xrouter-demo-"))
        config = Config(
            server=Server(host=LOOPBACK, port=port, drain_timeout_ms=1000),
            classifier=Classifier(kind="embedded"),
            tiers=Tiers(**tiers),
        )
        running = await start(config, Path(folder) / "usage.sqlite")
        stack.push_async_callback(running.close)
        yield running.url


def _tier(simulated: Simulated, url: str) -> Tier:
    return Tier(
        provider=simulated.provider,
        base_url=url,
        api_key=Secret("simulated"),
        model=simulated.model,
        input_price=simulated.input_price,
        output_price=simulated.output_price,
    )


def _clean_up_on_sigterm() -> None:
    """Let SIGTERM end this task, so that nothing stays behind, as asyncio does for Ctrl-C."""
    task = asyncio.current_task()
    if task is not None:
        with contextlib.suppress(NotImplementedError):  # Windows
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


async def _asked_to_end() -> None:
    """Wait for Ctrl-C or SIGTERM: from here on they are the proper end."""
    ended = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows
            asyncio.get_running_loop().add_signal_handler(name, ended.set)
    await ended.wait()


@contextmanager
def _drawn(console: Console, *, quiet: bool) -> Iterator[dict[str, Row]]:
    """A place for rows that is drawn while it fills on a terminal, and once at the end elsewhere."""
    rows: dict[str, Row] = {}
    if quiet:
        yield rows
    elif console.is_terminal:
        with Live(console=console, get_renderable=lambda: show.draw(_ASKS, rows, console.width), refresh_per_second=10):
            yield rows
    else:
        yield rows
        console.print(show.draw(_ASKS, rows, console.width))


async def _ask_all(session: aiohttp.ClientSession, url: str, rows: dict[str, Row]) -> None:
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(asked: str) -> None:
        async with turn:
            rows[asked] = await ask(session, url, asked)

    await asyncio.gather(*map(one, _ASKS))


async def _usage(session: aiohttp.ClientSession, url: str) -> Mapping[str, Any]:
    async with session.get(f"{url}/usage") as answer:
        usage: dict[str, Any] = json.decode(await answer.read())
        return usage
