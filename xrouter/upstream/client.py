"""The pool of connections to providers, and the answers that come over them.

aiohttp brings connections, TLS, proxies and the HTTP parser. Two things are ours, in `Wire`: bytes of a streamed answer
go from the parser straight to a sink (no await, task or timer for each of them), and a fault is told to whoever reads.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from typing import Any, Protocol

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import StreamReader
from yarl import URL

from xrouter.chat.target import Target
from xrouter.config import model as config
from xrouter.errors import Broken, StaleConnection, TimedOut, Unreachable, UpstreamError

MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""What a whole answer may take in memory, after decompression."""

LINGER_S = 0.2
"""After [DONE]: how long the end of the body may take. It usually comes in the same packet, and then the connection is
kept; a provider that never ends it must not hold the client."""


class Sink(Protocol):
    """Where the bytes of a stream go."""

    @property
    def full(self) -> bool:
        """Whether it would rather not get more now; it calls back when it is ready again."""

    @property
    def complete(self) -> bool:
        """Whether the bytes so far say that nothing more is to come."""

    def feed(self, data: bytes) -> None:
        """Take the next bytes; never waits, never fails."""

    def when_ready(self, callback: Callable[[], None] | None) -> None:
        """What to call when it is no longer full."""


class _Stale(aiohttp.ServerDisconnectedError):
    """A connection from the pool ended before a byte of the answer came."""


class Wire(ResponseHandler):
    """One connection to a provider."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.heard_at = 0.0
        self._uses = 0
        self._silent = True
        self._sink: Sink | None = None
        self._source: StreamReader | None = None
        self._ended: asyncio.Future[None] | None = None
        self._flowing = False
        self._linger: asyncio.TimerHandle | None = None
        self._saved: tuple[StreamReader, bytes] | None = None
        self.is_awaited = False

    def set_response_params(self, **params: Any) -> None:
        """A request begins on this connection."""
        self._uses += 1
        self._silent = True
        self._saved = None
        super().set_response_params(**params)

    def flow(self, source: StreamReader, sink: Sink) -> asyncio.Future[None]:
        """From now on bytes go to the sink; the future is done at their end, or has the fault."""
        self._source, self._sink = source, sink
        self._ended = self._loop.create_future()
        sink.when_ready(self._resume)
        self.heard_at = self._loop.time()
        if saved := self.take_saved(source):
            sink.feed(saved)
        self._flow()
        return self._ended

    def stop_flow(self) -> None:
        """Nobody listens any longer."""
        if self._sink is not None:
            self._sink.when_ready(None)
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None
        self._sink = self._source = None

    @property
    def held_back(self) -> bool:
        """Whether it is the client that is slow, not the provider."""
        return self._reading_paused

    def take_saved(self, source: StreamReader) -> bytes:
        """What came of that body before a fault, and nobody had read yet."""
        if self._saved is None or self._saved[0] is not source:
            return b""
        saved, self._saved = self._saved[1], None
        return saved

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: FBT001, FBT002  # aiohttp's signature
        """Go on reading where it was paused: aiohttp asks for it, and feeds the parser, with each chunk it gives."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def data_received(self, data: bytes) -> None:
        """Bytes came: parsed by aiohttp, then handed on at once."""
        is_first, self._silent = self._silent, False
        head = data.find(b"\r\n\r\n") + 4 if is_first else 0
        if 3 < head < len(data) and b"hunked" in data[:head]:
            # a fault in the first chunks must not take the head with it: the parser gives nothing where it fails
            super().data_received(data[:head])
            data = data[head:]
        super().data_received(data)
        if self._sink is not None and not self._flowing:
            self._flow()

    def connection_lost(self, exc: BaseException | None) -> None:
        """The end, for an answer that lasts until then, or its fault."""
        self._save(self._payload)
        super().connection_lost(exc)
        if self._sink is not None:
            self._flow()

    def set_exception(self, exc: type[BaseException] | BaseException, *cause: BaseException) -> None:
        """A fault: told to whoever waits for the head, and to whoever reads the body."""
        if self._silent and self._uses > 1 and not isinstance(exc, type):
            exc = _Stale(str(exc))
        super().set_exception(exc, *cause)  # type: ignore[arg-type]
        # A parser that gives up tells the connection alone; a reader of the body would wait for ever.
        payload = self._source or self._payload
        if payload is not None and not payload.is_eof() and payload.exception() is None:
            self._save(payload)
            payload.set_exception(aiohttp.ClientPayloadError(str(exc)))

    def _save(self, payload: StreamReader | None) -> None:
        """Before a fault is told: aiohttp lets a reader see the fault alone, whatever came before it."""
        self._flow(spill=True)
        if payload is None or payload.exception() is not None or self._sink is not None or self.is_awaited:
            return
        if data := payload.read_nowait(-1):
            self._saved = (payload, data)

    def _resume(self) -> None:
        self._flow()
        if self._sink is not None and not self._sink.full:
            self.resume_reading()

    def _flow(self, *, spill: bool = False) -> None:
        """Hand on what came, until the sink is full; `spill`: nothing more will come, so it takes what is left as well.

        Reading may make the parser go on (a packed answer swells a thousandfold), which ends up here again: one loop
        keeps the order.
        """
        source, sink = self._source, self._sink
        if source is None or sink is None or self._flowing:
            return
        self._flowing = True
        try:
            while source.exception() is None and (spill or source.is_eof() or not sink.full):
                if not (data := source.read_nowait(-1)):
                    break
                sink.feed(data)
                spill = False
        finally:
            self._flowing = False
        self.heard_at = self._loop.time()
        if source.exception() is not None or source.is_eof():
            self._finish(source.exception())
        elif sink.complete and self._linger is None:
            self._linger = self._loop.call_later(LINGER_S, self._finish, None)
        elif sink.full and not self._reading_paused:
            self.pause_reading()

    def _finish(self, fault: BaseException | type[BaseException] | None) -> None:
        ended = self._ended
        self.stop_flow()
        if ended is not None and not ended.done():
            if fault is None:
                ended.set_result(None)
            else:
                ended.set_exception(fault)


class Answer:
    """A provider's answer, its head come. Close it always; only one read to its end keeps its connection."""

    def __init__(self, response: aiohttp.ClientResponse, target: Target, idle_s: float) -> None:
        self._response = response
        self._wire = _wire_of(response)
        self._target = target
        self._idle_s = idle_s
        self.status = response.status
        self.is_stream = response.headers.get("content-type", "").lstrip().lower().startswith("text/event-stream")

    @property
    def headers(self) -> list[tuple[str, str]]:
        """All of them, in order."""
        return list(self._response.headers.items())

    async def read(self, most: int = MAX_ANSWER_BYTES) -> bytes:
        """The whole body. Raises Broken, TimedOut."""
        pieces: list[bytes] = []
        size = 0
        while piece := await self.read_some():
            pieces.append(piece)
            size += len(piece)
            if size > most:
                raise Broken(f"{_who(self._target)} answered with more than {most} bytes")
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def read_some(self) -> bytes:
        """The next bytes, at the end none. Raises Broken, TimedOut."""
        content, wire = self._response.content, self._wire
        if wire is not None and (saved := wire.take_saved(content)):
            return saved
        with _faults(self._target):
            if content.is_eof() or wire is None:
                return content.read_nowait(-1)
            wire.is_awaited = True
            try:
                async with asyncio.timeout(self._idle_s):
                    return await content.readany()
            finally:
                wire.is_awaited = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The body in the pieces that it comes in. Raises Broken, TimedOut."""
        while piece := await self.read_some():
            yield piece

    async def pump(self, sink: Sink) -> None:
        """Everything that is still to come goes to the sink. Raises Broken, TimedOut."""
        content, wire = self._response.content, self._wire
        if wire is None or self._response.connection is None:
            while data := await self.read_some():
                sink.feed(data)
            return
        ended = wire.flow(content, sink)
        watch = _IdleWatch(wire, ended, self._idle_s)
        try:
            with _faults(self._target):
                await ended
        finally:
            watch.stop()
            wire.stop_flow()

    def close(self) -> None:
        """Give the connection back where the answer was read to its end, else end it at once."""
        self._response.close()


def _wire_of(response: aiohttp.ClientResponse) -> Wire | None:
    """The connection, while the body is still to come; a body that is all there has given it back."""
    connection = response.connection
    return connection.protocol if connection is not None and isinstance(connection.protocol, Wire) else None


class _IdleWatch:
    """One timer a stream, set anew only when it fires: silence longer than `idle_s` ends the stream."""

    def __init__(self, wire: Wire, ended: asyncio.Future[None], idle_s: float) -> None:
        self._wire, self._ended, self._idle_s = wire, ended, idle_s
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(idle_s, self._check)

    def stop(self) -> None:
        """The stream has ended."""
        self._timer.cancel()

    def _check(self) -> None:
        now = self._loop.time()
        since = now if self._wire.held_back else self._wire.heard_at
        if now - since < self._idle_s:
            self._timer = self._loop.call_at(since + self._idle_s, self._check)
        elif not self._ended.done():
            self._ended.set_exception(TimeoutError())


class Pool:
    """Opens requests to providers; one for the whole process; `close` it at the end."""

    def __init__(self, settings: config.Upstream) -> None:
        context = ssl.create_default_context()
        if settings.ca_file is not None:
            context.load_verify_locations(cafile=settings.ca_file)
        self._first_byte_s = settings.first_byte_timeout_ms / 1000
        self._idle_s = settings.idle_timeout_ms / 1000
        connect_s = settings.connect_timeout_ms / 1000  # `connect` covers the look-up of the name and a proxy's answer
        timeout = aiohttp.ClientTimeout(total=None, connect=connect_s, sock_connect=connect_s)
        self._pooled = _session(_connector(context), timeout)
        self._fresh = _session(_connector(context, force_close=True), timeout)

    async def open(self, target: Target, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a request and wait for the head of its answer, whatever its status. Raises UpstreamError.

        A pooled connection that was dead is tried once more, on a connection that is surely new.
        """
        try:
            return await self._open(self._pooled, target, body, headers)
        except StaleConnection:
            return await self._open(self._fresh, target, body, headers)

    async def close(self) -> None:
        """End all connections."""
        await self._pooled.close()
        await self._fresh.close()

    async def _open(
        self, session: aiohttp.ClientSession, target: Target, body: bytes, headers: Mapping[str, str]
    ) -> Answer:
        first_byte_s = target.first_byte_timeout_ms / 1000 if target.first_byte_timeout_ms else self._first_byte_s
        with _faults(target):
            async with asyncio.timeout(first_byte_s):
                response = await session.post(
                    URL(target.url, encoded=True),
                    data=body,
                    headers=dict(target.default_headers) | dict(headers) | dict(target.headers),
                    allow_redirects=False,
                    proxy=target.proxy,
                )
        return Answer(response, target, self._idle_s)


def _connector(context: ssl.SSLContext, *, force_close: bool = False) -> aiohttp.TCPConnector:
    connector = aiohttp.TCPConnector(limit=0, ssl=context, ttl_dns_cache=60, force_close=force_close)
    # the one seam that aiohttp leaves for a protocol of one's own
    connector._factory = partial(Wire, loop=asyncio.get_running_loop())  # type: ignore[assignment]  # noqa: SLF001
    return connector


def _session(connector: aiohttp.TCPConnector, timeout: aiohttp.ClientTimeout) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=timeout,
        headers={"content-type": "application/json", "accept-encoding": "identity"},
        skip_auto_headers=("user-agent", "accept"),
        max_line_size=32 * 1024,
        max_field_size=32 * 1024,
    )


def _who(target: Target) -> str:
    return f"{target.provider} at {URL(target.url).host} ({target.tier})"


_BY_PROXY = " through the proxy; see HTTPS_PROXY, HTTP_PROXY and NO_PROXY"
_FAULTS = (aiohttp.ClientError, HttpProcessingError, OSError, UnicodeError)
"""UnicodeError: a host name that is none."""


class _faults:  # noqa: N801  # reads as what it is: a statement
    """What aiohttp raises, as an UpstreamError that names the target; never with a header or a body in it.

    A class, because it stands on the path of every request and a generator costs several times as much.
    """

    __slots__ = ("_target",)

    def __init__(self, target: Target) -> None:
        self._target = target

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, fault: BaseException | None, __: object) -> None:
        if fault is not None and isinstance(fault, _FAULTS):
            raise _translate(fault, _who(self._target)) from fault


def _translate(fault: BaseException, who: str) -> UpstreamError:
    """In this order: the first kind that fits counts."""
    match fault:
        case _Stale() | aiohttp.ClientConnectionResetError():
            return StaleConnection(f"the connection to {who} was lost")
        case aiohttp.ClientConnectorCertificateError():
            return Unreachable(f"{who} shows a certificate that is not trusted; see upstream.ca_file")
        case aiohttp.ClientConnectorError() | aiohttp.ClientHttpProxyError() | UnicodeError():
            by_proxy = isinstance(fault, aiohttp.ClientProxyConnectionError | aiohttp.ClientHttpProxyError)
            return Unreachable(f"cannot connect to {who}{_BY_PROXY if by_proxy else ''}")
        case aiohttp.ConnectionTimeoutError():
            return TimedOut(f"no connection to {who} in time")
        case TimeoutError():
            return TimedOut(f"{who} did not answer in time")
        case _:
            return Broken(f"{who} broke off its answer")
