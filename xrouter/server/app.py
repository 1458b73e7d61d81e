"""From a request to its handler, and from an error to its answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from xrouter.dialects.openai import write_error
from xrouter.errors import Draining, InternalError, MethodNotAllowed, NotFound, XrouterError
from xrouter.server.exchange import Exchange
from xrouter.server.guard import Guard

log = logging.getLogger("xrouter.server")

Handler = Callable[[Exchange], Awaitable[None]]
Routes = Mapping[str, Mapping[str, Handler]]
OPEN = frozenset({"/health", "/ready"})
"""Paths that answer without a key (bare: no names, no figures)."""


class App:
    """What the listener calls for each request."""

    def __init__(self, guard: Guard) -> None:
        self.routes: Routes = {}
        self._guard = guard
        self._idle = asyncio.Event()
        self._idle.set()
        self._in_flight = 0
        self.draining = False

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request, whatever happens."""
        exchange = Exchange(request)
        self._in_flight += 1
        self._idle.clear()
        try:
            await self._dispatch(exchange)
        except XrouterError as error:
            self.fail(exchange, error)
        except Exception:  # the outermost boundary: a logged 500, never a dead connection without a word
            log.exception("a request failed unexpectedly", extra={"fields": {"id": exchange.id}})
            self.fail(exchange, InternalError("The router failed on this request; its log has the details."))
        finally:
            self._in_flight -= 1
            if self._in_flight == 0:
                self._idle.set()
        return exchange.sent

    async def drained(self) -> None:
        """Wait until no request is under way."""
        await self._idle.wait()

    @staticmethod
    def fail(exchange: Exchange, error: XrouterError) -> None:
        """An error as an answer; where a stream has begun already, the connection ends without a clean end."""
        if not exchange.logged:
            refused = {"id": exchange.id, "status": error.status, "path": exchange.path[:200], "fault": error.code}
            log.info("request refused", extra={"fields": refused})
        if exchange.begun:
            exchange.abort()
            return
        headers = [*exchange.notes, *getattr(error, "headers", ()), ("X-Request-Id", exchange.id)]
        exchange.reply(error.status, headers, write_error(error))

    async def _dispatch(self, exchange: Exchange) -> None:
        handlers = self.routes.get(exchange.path)
        if exchange.path in OPEN:
            self._guard.admit_bare(exchange.headers)
        else:
            exchange.key = self._guard.admit(exchange.headers)
            if self.draining:
                exchange.close_after()
                raise Draining("The router is shutting down.", hint="Try again in a moment.")
        if handlers is None:
            raise NotFound("There is nothing at this path.", hint=f"What exists: {', '.join(sorted(self.routes))}.")
        handler = handlers.get("GET" if exchange.method == "HEAD" else exchange.method)
        if handler is None:
            exchange.notes = [("Allow", ", ".join(handlers))]
            raise MethodNotAllowed(f"{exchange.path} takes {' and '.join(handlers)} only.")
        await handler(exchange)
