"""Listening, draining and ending: the life of a `serve` process."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import os
import signal
import socket
from collections.abc import Callable

from xrouter.config.check import listen_host
from xrouter.errors import PortTaken, XrouterError
from xrouter.server.connection import Connections
from xrouter.server.logs import Logs
from xrouter.server.wiring import House, Setup
from xrouter.wire.host import from_here, in_url

BACKLOG = 2048
EXIT_AT_ONCE = 130

log = logging.getLogger("xrouter.server")


class Running:
    """A router that listens. `close` drains it first."""

    def __init__(self, house: House, connections: Connections, server: asyncio.Server, drain_s: float) -> None:
        self._house = house
        self._connections = connections
        self._server = server
        self._drain_s = drain_s
        self.url = shown_url(server.sockets[0])

    async def close(self) -> None:
        """Take nothing new, let what runs end within the drain time, then end it."""
        self._house.app.draining = True
        self._server.close()
        self._connections.close_idle()
        try:
            await asyncio.wait_for(self._house.app.drained(), self._drain_s)
        except TimeoutError:
            await self._house.app.cut()
        await self._connections.shutdown(0.1)
        await self._house.close()


async def start(setup: Setup, *, listener: socket.socket | None = None) -> Running:
    """Listen, on a socket that is open already where one is given.

    Raises PortTaken, or XrouterError for an address that is none of this machine's.
    """
    settings = setup.config.server
    house = House(setup)
    connections = Connections(house.app.handle, head_timeout_s=settings.client_header_timeout_ms / 1000)
    host = listen_host(setup.config)
    loop = asyncio.get_running_loop()
    try:
        if listener is None:
            # asyncio makes `::` mean IPv6 alone; to people it is every interface, as None is
            server = await loop.create_server(
                connections, host if host != "::" else None, settings.port, backlog=BACKLOG
            )
        else:
            server = await loop.create_server(connections, sock=listener, backlog=BACKLOG)
    except OSError as error:
        await house.close()
        raise address_error(error, host, settings.port) from error
    house.start()
    return Running(house, connections, server, settings.drain_timeout_ms / 1000)


def serve(setup: Setup, *, listener: socket.socket | None = None, announce: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM, then drain. A second signal ends the process at once."""
    logs = Logs(setup.config.logging)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve(setup, listener, announce))
    finally:
        logs.close()


def shown_url(listener: socket.socket) -> str:
    """Where a client on this machine finds it."""
    host, port = listener.getsockname()[:2]
    return f"http://{in_url(from_here(host))}:{port}"


def address_error(error: OSError, host: str, port: int) -> XrouterError:
    """Why the router cannot listen, and what to do about it."""
    if error.errno == errno.EADDRINUSE:
        return PortTaken(f"Port {port} on {host} is in use.", hint="Set another one: --port, PORT or server.port.")
    reason = error.strerror or "no such address"
    return XrouterError(f"Cannot listen on {host}, port {port}: {reason}.", hint="Set HOST and PORT (--host, --port).")


async def _serve(setup: Setup, listener: socket.socket | None, announce: Callable[[str], None]) -> None:
    asked_to_end = asyncio.Event()
    _on_signals(asked_to_end)
    running = await start(setup, listener=listener)
    _calm_collector()
    announce(running.url)
    await asked_to_end.wait()
    log.info("draining")
    await running.close()


def _calm_collector() -> None:
    """What start-up made stays, so it is not looked at again; requests make few cycles, so it looks less often.

    With Python's own settings a sixth of a small request's time goes into the cyclic garbage collector.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


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
