"""From a request to its handler, and from an error to its answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import cast

from aiohttp import web

from xrouter.errors import Draining, InternalError, MethodNotAllowed, NotFound, XrouterError
from xrouter.server.exchange import Exchange
from xrouter.server.guard import Guard
from xrouter.server.paths import dialect_of

log = logging.getLogger("xrouter.server")

Handler = Callable[[Exchange], Awaitable[None]]
Routes = Mapping[str, Mapping[str, Handler]]
OPEN = frozenset({"/health", "/ready"})
"""Paths that answer without a key (bare: no names, no figures)."""


class App:
    """What the listener calls for each request."""

    def __init__(self, guard: Guard) -> None:
        self.routes: Routes = {}
        self.elsewhere: Handler | None = None
        self._guard = guard
        self._idle = asyncio.Event()
        self._idle.set()
        self._under_way: dict[asyncio.Task[None], Exchange] = {}
        self.draining = False

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request, whatever happens."""
        exchange = Exchange(request)
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self._under_way[task] = exchange
        self._idle.clear()
        try:
            await self._dispatch(exchange)
        except asyncio.CancelledError:
            if not exchange.is_cut:
                raise
            task.uncancel()  # it was `cut` that asked, and there is still something to say
            self.fail(exchange, Draining())
        except XrouterError as error:
            self.fail(exchange, error)
        except Exception:  # the outermost boundary: a logged 500, never a dead connection without a word
            log.exception("a request failed unexpectedly", extra={"fields": {"id": exchange.id}})
            self.fail(exchange, InternalError())
        finally:
            del self._under_way[task]
            if not self._under_way:
                self._idle.set()
        return exchange.sent

    async def drained(self) -> None:
        """Wait until no request is under way."""
        await self._idle.wait()

    async def cut(self) -> None:
        """End what is still under way, each with an error that its client can see."""
        for task, exchange in self._under_way.items():
            exchange.is_cut = True
            task.cancel()
        await self._idle.wait()

    @staticmethod
    def fail(exchange: Exchange, error: XrouterError) -> None:
        """An error as an answer; where a stream has begun already, the connection ends without a clean end."""
        if not exchange.logged:
            refused = {"id": exchange.id, "status": error.status, "path": exchange.path[:200], "fault": error.code}
            log.info("request refused", extra={"fields": refused})
        dialect = dialect_of(exchange.path)
        if exchange.begun:
            exchange.write(dialect.error_event(error))
            exchange.abort()
            return
        exchange.reply(error.status, [*exchange.notes, *error.headers], dialect.write_error(error))

    async def _dispatch(self, exchange: Exchange) -> None:
        handlers = self.routes.get(exchange.path)
        if exchange.path in OPEN:
            self._guard.admit_bare(exchange.headers)
        else:
            exchange.key = self._guard.admit(exchange.headers)
            if self.draining:
                exchange.close_after()
                raise Draining
        if handlers is None:
            if self.elsewhere is not None and exchange.method == "POST" and exchange.path.startswith("/v1/"):
                await self.elsewhere(exchange)
                return
            hint = f"What exists: {', '.join(sorted(self.routes))}."
            if exchange.path.startswith("/v1/"):
                hint += " Other /v1 paths go to the provider of the tier that server.passthrough names."
            raise NotFound("There is nothing at this path.", hint=hint)
        handler = handlers.get("GET" if exchange.method == "HEAD" else exchange.method)
        if handler is None:
            exchange.notes = [("Allow", ", ".join(handlers))]
            raise MethodNotAllowed(f"{exchange.path} takes {' and '.join(handlers)} only.")
        await handler(exchange)
