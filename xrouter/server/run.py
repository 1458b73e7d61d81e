"""Listening, draining and ending: the life of a `serve` process."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import signal
from collections.abc import Callable

from xrouter.config.check import listen_host
from xrouter.errors import PortTaken, XrouterError
from xrouter.server.connection import Listener
from xrouter.server.logs import Logs
from xrouter.server.wiring import House, Setup

BACKLOG = 2048
EXIT_AT_ONCE = 130

log = logging.getLogger("xrouter.server")


class Running:
    """A router that listens. `close` drains it first."""

    def __init__(self, house: House, listener: Listener, server: asyncio.Server, drain_s: float) -> None:
        self._house = house
        self._listener = listener
        self._server = server
        self._drain_s = drain_s
        host, port = server.sockets[0].getsockname()[:2]
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
        self.url = f"http://{shown}:{port}"

    async def close(self) -> None:
        """Take nothing new, let what runs end within the drain time, then end it."""
        self._house.app.draining = True
        self._server.close()
        self._listener.close_idle()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._house.app.drained(), self._drain_s)
        await self._listener.shutdown(0.1)
        await self._house.close()


async def start(setup: Setup, *, reuse_port: bool = False) -> Running:
    """Listen. Raises PortTaken, and XrouterError where the address cannot be used."""
    settings = setup.config.server
    house = House(setup)
    listener = Listener(house.app.handle, head_timeout_s=settings.client_header_timeout_ms / 1000)
    host = listen_host(setup.config)
    try:
        server = await asyncio.get_running_loop().create_server(
            listener, host, settings.port, backlog=BACKLOG, reuse_port=reuse_port or None
        )
    except OSError as error:
        await house.close()
        raise _no_address(error, host, settings.port) from error
    house.start()
    return Running(house, listener, server, settings.drain_timeout_ms / 1000)


def serve(setup: Setup, *, reuse_port: bool = False, announce: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM, then drain. A second signal ends the process at once."""
    logs = Logs(setup.config.logging)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve(setup, reuse_port=reuse_port, announce=announce))
    finally:
        logs.close()


async def _serve(setup: Setup, *, reuse_port: bool, announce: Callable[[str], None]) -> None:
    asked_to_end = asyncio.Event()
    _on_signals(asked_to_end)
    running = await start(setup, reuse_port=reuse_port)
    announce(running.url)
    await asked_to_end.wait()
    log.info("draining")
    await running.close()


def _on_signals(asked_to_end: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def ask() -> None:
        if asked_to_end.is_set():
            os._exit(EXIT_AT_ONCE)
        asked_to_end.set()

    for name in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(name, ask)
        except NotImplementedError:  # Windows
            signal.signal(name, lambda *_: loop.call_soon_threadsafe(ask))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _no_address(error: OSError, host: str, port: int) -> XrouterError:
    where = f"{host}, port {port}"
    if error.errno == errno.EADDRINUSE:
        return PortTaken(f"Port {port} on {host} is in use.", hint="Set another one: --port, PORT or server.port.")
    return XrouterError(
        f"Cannot listen on {where}: {error.strerror}.", hint="Set HOST and PORT to an address of this machine."
    )
