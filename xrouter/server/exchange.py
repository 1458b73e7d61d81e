"""One request and the way its answer goes out, as bytes: what lies above knows nothing of aiohttp."""

from __future__ import annotations

import asyncio
import itertools
import re
import secrets
import time
from collections.abc import Mapping
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import cast

from aiohttp import web

from xrouter.errors import BadRequest, RequestTimeout, TooLarge
from xrouter.upstream.relay import Callback, Headers

_PROCESS = secrets.token_hex(4)
_NEW_IDS = (f"xr-{_PROCESS}-{number:x}" for number in itertools.count(1))
_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


def head(status: int, headers: Headers, *, length: int | None, keep_alive: bool, http10: bool = False) -> bytes:
    """Status line and headers. `length` None: chunked, or until the connection ends where the client is HTTP/1.0."""
    lines = [f"HTTP/1.1 {status} {_phrase(status)}", f"Date: {_date(int(time.time()))}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if not any(name.lower() == "content-type" for name, _ in headers):
        lines.append("Content-Type: application/json")
    lines.append("X-Content-Type-Options: nosniff")
    if length is not None:
        lines.append(f"Content-Length: {length}")
    elif not http10:
        lines.append("Transfer-Encoding: chunked")
    if not keep_alive:
        lines.append("Connection: close")
    elif http10:
        lines.append("Connection: keep-alive")
    lines.append("\r\n")
    return "\r\n".join(lines).encode("latin-1")


def new_id() -> str:
    """For a request that has none, or none that can be shown."""
    return next(_NEW_IDS)


@lru_cache(64)
def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


@lru_cache(2)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


class Sent:
    """What aiohttp's loop wants back for an answer that has been written already."""

    def __init__(self, *, keep_alive: bool) -> None:
        self.keep_alive = keep_alive

    async def prepare(self, request: web.BaseRequest) -> None:
        """Nothing is left to prepare."""

    async def write_eof(self) -> None:
        """Nothing is left to write."""


class Exchange:
    """A request that came in and its answer.

    `key` is the name of the key that it showed, `notes` are headers for an error answer, and `logged` says that it has
    its log line.
    """

    def __init__(self, request: web.BaseRequest) -> None:
        self._request = request
        self._protocol = request.protocol
        self._keep_alive = bool(request.keep_alive)
        self._http10 = request.version < (1, 1)
        self.method = request.method
        self.path, _, self.query = request.path_qs.partition("?")
        self.headers: Mapping[str, str] = request.headers
        self.begun = False
        self.key = ""
        self.logged = False
        self.is_cut = False
        self.notes: Headers = ()
        given = request.headers.get("x-request-id", "")
        self.id = given if _ID.fullmatch(given) else new_id()

    @property
    def sent(self) -> web.StreamResponse:
        """For aiohttp: the answer is out."""
        return cast("web.StreamResponse", Sent(keep_alive=self._keep_alive))

    @property
    def full(self) -> bool:
        """Whether the client reads more slowly than we write."""
        return self._protocol.writing_paused

    def when_ready(self, callback: Callback | None) -> None:
        """What to call when it is no longer full."""
        self._protocol.on_ready = callback  # type: ignore[attr-defined]  # it is our Connection

    async def body(self, *, most: int, timeout_s: float) -> bytes:
        """The whole body, at most `most` bytes. Raises TooLarge, RequestTimeout, BadRequest."""
        content = self._request.content
        if content.is_eof():
            body = content.read_nowait(-1)
            if len(body) > most:
                raise self._too_large(most)
            return body
        declared = self._request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > most:
            raise self._too_large(most)
        if self._request.headers.get("expect", "").lower() == "100-continue" and not self._http10:
            self._write_raw(b"HTTP/1.1 100 Continue\r\n\r\n")
        pieces: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(timeout_s):
                while piece := await content.readany():
                    size += len(piece)
                    if size > most:
                        raise self._too_large(most)
                    pieces.append(piece)
        except TimeoutError:
            self._keep_alive = False
            raise RequestTimeout("The body did not come in time (server.client_body_timeout_ms).") from None
        except web.RequestPayloadError:
            self._keep_alive = False
            raise BadRequest("The body is not what its headers say (length, chunks or encoding).") from None
        return b"".join(pieces)

    def reply(self, status: int, headers: Headers, body: bytes) -> None:
        """A whole answer."""
        self.begun = True
        first = self._head(status, headers, length=len(body))
        self._write_raw(first if self.method == "HEAD" else first + body)

    def begin(self, status: int, headers: Headers) -> None:
        """The head of a stream."""
        self.begun = True
        self._keep_alive = self._keep_alive and not self._http10
        self._write_raw(self._head(status, headers, length=None))

    def write(self, data: bytes) -> None:
        """The next bytes of a stream."""
        if data:
            self._write_raw(data if self._http10 else b"%x\r\n%b\r\n" % (len(data), data))

    def end(self) -> None:
        """A stream that is complete."""
        if not self._http10:
            self._write_raw(b"0\r\n\r\n")

    def abort(self) -> None:
        """A stream that is not: what is written goes out, then the connection ends without the last chunk."""
        self._keep_alive = False
        if self._protocol.transport is not None:
            self._protocol.transport.close()

    def close_after(self) -> None:
        """This connection takes no further request."""
        self._keep_alive = False

    def _head(self, status: int, headers: Headers, *, length: int | None) -> bytes:
        """Every answer names its request."""
        named = (*headers, ("X-Request-Id", self.id))
        return head(status, named, length=length, keep_alive=self._keep_alive, http10=self._http10)

    def _too_large(self, most: int) -> TooLarge:
        self._keep_alive = False
        return TooLarge(f"The body is larger than {most} bytes.", hint="server.max_body_bytes sets this limit.")

    def _write_raw(self, data: bytes) -> None:
        transport = self._protocol.transport
        if transport is not None and not transport.is_closing():
            transport.write(data)
