"""A client's connection: aiohttp's, with what it lacks.

- A head that does not come in time ends the connection (slow-loris); aiohttp has no such limit.
- A request that aiohttp's parser refuses is answered in JSON and never quoted: aiohttp logs and echoes the line, and
  that may be an Authorization header.
- Whoever writes a stream can ask to be told when the client reads again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, cast

from aiohttp import web
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestHandler, _ErrInfo

from xrouter.dialects.openai import write_error
from xrouter.errors import BadRequest, InternalError, RequestTimeout, XrouterError
from xrouter.server.exchange import Sent, head, new_id

log = logging.getLogger("xrouter.server")


class Connection(RequestHandler):
    """One connection; made by `Connections` for each that is accepted."""

    __slots__ = ("_head_timeout_s", "_head_timer", "on_ready")

    def __init__(self, manager: web.Server, *, head_timeout_s: float, **settings: Any) -> None:
        super().__init__(manager, **settings)
        self.on_ready: Callable[[], None] | None = None
        self._head_timeout_s = head_timeout_s
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The time for the first head begins."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        """The client has gone: the handler is cancelled."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A head that came in part starts the clock, one that is whole stops it."""
        super().data_received(data)
        if self._messages:
            self._stop_timer()
            self._give_up_body()
        elif data and self._head_timer is None and self.is_idle:
            self._expect_head()

    def resume_writing(self) -> None:
        """The client reads again."""
        super().resume_writing()
        if self.on_ready is not None:
            self.on_ready()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002  # aiohttp's words quote the request
    ) -> web.StreamResponse:
        """What the parser refused (400), or what no handler foresaw (500)."""
        error: XrouterError
        if status == 500:
            log.error("a request failed unexpectedly", exc_info=exc)
            error = InternalError()
        else:
            log.debug("a request was not valid HTTP: %s", type(exc).__name__)
            error = BadRequest("The request is not valid HTTP/1.1.", code="malformed_request")
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun already")
        self._write_error(error)
        return cast("web.StreamResponse", Sent(keep_alive=False))

    def log_exception(self, *_: Any, **kw: Any) -> None:
        """Aiohttp's own words for an error: their text may quote the request, so only its kind is logged."""
        error = kw.get("exc_info")
        log.warning("a connection failed: %s", type(error).__name__ if error is not None else "unknown")

    @property
    def is_idle(self) -> bool:
        """Whether it waits for a request."""
        return self._waiter is not None and not self._waiter.done()

    def _give_up_body(self) -> None:
        """A body whose chunks are none: the parser tells it as if it were a request, and who reads would wait for ever.

        What was told so is no request: it gets no answer of its own.
        """
        if not isinstance(self._messages[-1][0], _ErrInfo):
            return
        payload = self._messages[-2][1] if len(self._messages) > 1 else self._current_payload()
        if payload is not None and not payload.is_eof():
            self._messages.pop()
            payload.set_exception(web.RequestPayloadError("the body is malformed"))

    def _current_payload(self) -> StreamReader | None:
        return None if self._current_request is None else self._current_request.content

    def _expect_head(self) -> None:
        self._head_timer = self._loop.call_later(self._head_timeout_s, self._head_is_late)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        self._head_timer = None
        if self.transport is None or not self.is_idle:
            return
        error = RequestTimeout("The request's head did not come in time (server.client_header_timeout_ms).")
        self._write_error(error)
        self.force_close()

    def _write_error(self, error: XrouterError) -> None:
        """An answer to what never became a request."""
        body = write_error(error)
        first = head(error.status, [("X-Request-Id", new_id())], length=len(body), keep_alive=False)
        if self.transport is not None:
            self.transport.write(first + body)


class Connections(web.Server):
    """aiohttp's low-level server, making our connections."""

    def __init__(self, handler: Callable[[web.BaseRequest], Any], *, head_timeout_s: float) -> None:
        super().__init__(handler, handler_cancellation=True)
        self._settings: dict[str, Any] = {
            "head_timeout_s": head_timeout_s,
            "keepalive_timeout": 75.0,
            "access_log": None,
            "logger": log,
            "max_line_size": 16 * 1024,
            "max_field_size": 16 * 1024,
            "lingering_time": 5.0,
        }

    def __call__(self) -> Connection:
        """A new connection was accepted."""
        return Connection(self, loop=self._loop, **self._settings)

    def close_idle(self) -> None:
        """End the connections that wait for a request; the others end after theirs."""
        for connection in self.connections:
            if isinstance(connection, Connection) and connection.is_idle:
                connection.force_close()
