"""The server's own parts on a loopback socket, with small handlers in place of the router."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from xrouter.config.model import Server
from xrouter.server.app import App, Handler, Routes
from xrouter.server.connection import Connections
from xrouter.server.exchange import Exchange
from xrouter.server.guard import Guard


class Serving(NamedTuple):
    """What listens, and what is behind it."""

    port: int
    app: App
    connections: Connections


@asynccontextmanager
async def serving(
    routes: Routes, settings: Server | None = None, *, head_timeout_s: float = 60.0
) -> AsyncIterator[Serving]:
    """A server with these handlers; at the end no request may be left."""
    app = App(Guard(settings or Server()))
    app.routes = routes
    connections = Connections(app.handle, head_timeout_s=head_timeout_s)
    server = await asyncio.get_running_loop().create_server(connections, "127.0.0.1", 0)
    try:
        yield Serving(server.sockets[0].getsockname()[1], app, connections)
        async with asyncio.timeout(10):
            await app.drained()
    finally:
        server.close()
        await connections.shutdown(1)


def echo(*, most: int = 1 << 20, timeout_s: float = 60.0) -> Handler:
    """Answers with what it was asked."""

    async def handle(exchange: Exchange) -> None:
        body = await exchange.body(most=most, timeout_s=timeout_s)
        said = {"method": exchange.method, "path": exchange.path, "query": exchange.query, "body": body.decode()}
        exchange.reply(200, (), json.dumps(said).encode())

    return handle


class Heard(logging.Handler):
    """What was logged, as a person could read it, tracebacks included."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep all of it."""
        self.text += f"{record.levelname} {self.format(record)} {vars(record)}\n"
