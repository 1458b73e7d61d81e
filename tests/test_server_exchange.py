"""xrouter/server/exchange.py and app.py over real sockets: bodies in, answers out."""

from __future__ import annotations

import asyncio
import gzip
import re

import pytest

from tests.asking import Client, Reply, dial
from tests.serving import Serving, echo, serving
from xrouter.config.model import Server
from xrouter.config.secret import Secret
from xrouter.errors import Broken, UpstreamError
from xrouter.server.app import Routes
from xrouter.server.exchange import Exchange, head

MOST = 1000


async def fails(exchange: Exchange) -> None:
    """An error with headers, in text that needs escapes."""
    raise UpstreamError('slow "é"', status=429, headers=[("retry-after", "7")])


async def breaks(exchange: Exchange) -> None:
    """What nobody foresaw."""
    raise KeyError("secret words of a request")


async def streams(exchange: Exchange) -> None:
    """Three pieces, one of them empty, and an end as it is asked for."""
    exchange.begin(200, [("Content-Type", "text/event-stream")])
    for piece in (b"data: 1\n\n", b"", b"x" * 300):
        exchange.write(piece)
        await asyncio.sleep(0)
    if exchange.query == "abort":
        exchange.abort()
        exchange.write(b"never")
    elif exchange.query == "fail":
        raise Broken("too late for a status")
    else:
        exchange.end()


ROUTES: Routes = {
    "/echo": {"POST": echo(most=MOST, timeout_s=0.2), "GET": echo()},
    "/fails": {"GET": fails},
    "/breaks": {"GET": breaks},
    "/stream": {"GET": streams},
}
H = b"Host: localhost\r\n"


async def asked(door: Serving, data: bytes, *, bodiless: bool = False) -> Reply:
    """The answer to these bytes."""
    async with dial(door) as client:
        await client.raw(data)
        return await client.reply(bodiless=bodiless)


HELLO, LONG = gzip.compress(b"hello"), gzip.compress(b"a" * 100_000)
BODIES: dict[str, tuple[bytes, str]] = {
    "none": (b"\r\n", ""),
    "empty": (b"Content-Length: 0\r\n\r\n", ""),
    "with its length": (b"Content-Length: 5\r\n\r\nhello", "hello"),
    "in chunks": (b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n003;a=b\r\nllo\r\n0\r\nTrailer: x\r\n\r\n", "hello"),
    "as much as may be": (b"Content-Length: 1000\r\n\r\n" + b"a" * 1000, "a" * 1000),
    "packed": (
        b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(HELLO), HELLO),
        "hello",
    ),
}


@pytest.mark.parametrize(("rest", "expected"), BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("pause", [False, True])
async def test_bodies(rest: bytes, expected: str, *, pause: bool) -> None:
    """A body is read whole however it is framed, and whether it comes with its head or later."""
    async with serving(ROUTES) as door, dial(door) as client:
        await client.raw(b"POST /echo?a=b&c HTTP/1.1\r\n" + H)
        lead, _, body = rest.partition(b"\r\n\r\n")
        await client.raw(lead + b"\r\n\r\n" if lead else rest)
        await asyncio.sleep(0.02 if pause else 0)
        await client.raw(body)
        reply = await client.reply()
        assert reply.json == {"method": "POST", "path": "/echo", "query": "a=b&c", "body": expected}


CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


async def test_expect() -> None:
    """Who waits for a word before sending its body gets it, unless the body would be refused, or the client is old."""
    async with serving(ROUTES) as door:
        async with dial(door) as client:
            await client.raw(b"POST /echo HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n" + H + b"\r\n")
            assert await client.until(b"\r\n\r\n") == CONTINUE
            await client.raw(b"hello")
            await client.until(b"HTTP/1.1 200 OK")
        for line, status in ((b"Content-Length: 1001\r\n", 413), (b"", 401)):
            async with serving(ROUTES, Server(api_key=Secret("k" * 20)) if status == 401 else None) as other:
                data = (
                    b"POST /echo HTTP/1.1\r\nExpect: 100-continue\r\n"
                    + (line or b"Content-Length: 5\r\n")
                    + H
                    + b"\r\n"
                )
                assert (await asked(other, data)).status == status
        async with dial(door) as client:
            await client.raw(b"POST /echo HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n" + H + b"\r\nhel")
            await asyncio.sleep(0.02)
            await client.raw(b"lo")
            assert (await client.ends()).startswith(b"HTTP/1.1 200 OK")


TOO_LARGE: dict[str, bytes] = {
    "announced": b"Content-Length: 1001\r\n\r\n",
    "announced and sent": b"Content-Length: 1001\r\n\r\n" + b"a" * 1001,
    "in chunks": b"Transfer-Encoding: chunked\r\n\r\n3e9\r\n" + b"a" * 1001 + b"\r\n0\r\n\r\n",
    "in chunks without an end": b"Transfer-Encoding: chunked\r\n\r\n64\r\n%b\r\n3b6\r\n%b" % (b"a" * 100, b"a" * 950),
    "packed": b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(LONG), LONG),
}


@pytest.mark.parametrize("rest", TOO_LARGE.values(), ids=TOO_LARGE)
async def test_too_large(rest: bytes) -> None:
    """A body that is too large is a 413 that names the setting, and the connection ends."""
    async with serving(ROUTES) as door, dial(door) as client:
        await client.raw(b"POST /echo HTTP/1.1\r\n" + H + rest)
        reply = await client.reply()
        assert (reply.status, reply.error["code"]) == (413, "request_too_large")
        assert "server.max_body_bytes" in reply.error["message"]
        assert reply.headers["connection"] == "close"


BAD_BODIES: dict[str, bytes] = {
    "no chunk size": b"Transfer-Encoding: chunked\r\n\r\n|zz\r\nCANARY\r\n",
    "a chunk that is longer than it says": b"Transfer-Encoding: chunked\r\n\r\n|1\r\nCANARY\r\n",
    "no gzip": b"Content-Encoding: gzip\r\nContent-Length: 6\r\n\r\n|CANARY",
}


@pytest.mark.parametrize("rest", BAD_BODIES.values(), ids=BAD_BODIES)
async def test_bad_body(rest: bytes) -> None:
    """A body that is not what its head says is a 400 that does not quote it, and the connection ends."""
    lead, _, body = rest.partition(b"|")
    for pause in (0, 0.02):
        async with serving(ROUTES) as door, dial(door) as client:
            await client.raw(b"POST /echo HTTP/1.1\r\n" + H + lead)
            await asyncio.sleep(pause)
            await client.raw(body)
            got = await client.ends()
            assert got.startswith(b"HTTP/1.1 400 Bad Request\r\n")
            assert got.count(b"HTTP/1.1 ") == 1
            assert b"CANARY" not in got


async def test_late_body() -> None:
    """A body that does not come is a 408 that names the setting; drops now and then do not help."""
    async with serving(ROUTES) as door:
        for drips in (False, True):
            async with dial(door) as client:
                await client.raw(b"POST /echo HTTP/1.1\r\nContent-Length: 900\r\n" + H + b"\r\na")
                for _ in range(20 if drips else 0):
                    await client.raw(b"a")
                    await asyncio.sleep(0.02)
                reply = await client.reply()
                assert (reply.status, reply.error["code"]) == (408, "request_timeout")
                assert "server.client_body_timeout_ms" in reply.error["message"]
                assert reply.headers["connection"] == "close"


async def test_client_that_leaves_amid_its_body() -> None:
    """A client that leaves ends its request; nothing is left of it."""
    async with serving(ROUTES) as door:
        async with dial(door) as client:
            await client.raw(b"POST /echo HTTP/1.1\r\nContent-Length: 9\r\n" + H + b"\r\na")
            await asyncio.sleep(0.02)
            client.leave()
        async with asyncio.timeout(10):
            await door.app.drained()


async def test_error_answers() -> None:
    """An error has its shape, its headers and the request's id; one that nobody foresaw tells nothing."""
    async with serving(ROUTES) as door:
        reply = await asked(door, b"GET /fails HTTP/1.1\r\nX-Request-Id: mine-1\r\n" + H + b"\r\n")
        assert (reply.status, reply.error["message"]) == (429, 'slow "é"')
        assert (reply.headers["retry-after"], reply.headers["x-request-id"]) == ("7", "mine-1")
        reply = await asked(door, b"GET /breaks HTTP/1.1\r\n" + H + b"\r\n")
        assert (reply.status, reply.error["code"]) == (500, "internal_error")
        assert b"secret" not in reply.body


async def test_paths_and_methods() -> None:
    """A path that is not there is a 404 that says what is; a method that it does not take is a 405 that says which."""
    async with serving(ROUTES) as door:
        for target in (b"/", b"/echo/", b"/ECHO", b"/%65cho", b"/echo;a", b"//echo"):
            reply = await asked(door, b"GET " + target + b" HTTP/1.1\r\n" + H + b"\r\n")
            assert (reply.status, reply.error["code"]) == (404, "not_found")
            assert "/breaks, /echo, /fails, /stream" in reply.error["message"]
        for method in (b"PUT", b"DELETE", b"OPTIONS", b"TRACE", b"BREW"):
            reply = await asked(door, method + b" /echo HTTP/1.1\r\n" + H + b"\r\n")
            if method != b"BREW":
                assert (reply.status, reply.headers["allow"]) == (405, "POST, GET")
            else:
                assert reply.status == 400
        reply = await asked(door, b"GET http://localhost/echo?a HTTP/1.1\r\n" + H + b"\r\n")
        assert (reply.json["path"], reply.json["query"]) == ("/echo", "a")


async def test_head() -> None:
    """HEAD has the head of GET, and no body; the next answer on the connection is in its place."""
    async with serving(ROUTES) as door, dial(door) as client:
        await client.raw(b"HEAD /echo HTTP/1.1\r\n" + H + b"\r\nHEAD /none HTTP/1.1\r\n" + H + b"\r\n")
        first, second = await client.reply(bodiless=True), await client.reply(bodiless=True)
        assert [(reply.status, int(reply.headers["content-length"]) > 40) for reply in (first, second)] == [
            (200, True),
            (404, True),
        ]
        await client.raw(b"GET /echo HTTP/1.1\r\n" + H + b"\r\n")
        assert (await client.reply()).json["method"] == "GET"


IDS: dict[bytes, bool] = {
    b"mine-1": True,
    b"A.b_c:d-9": True,
    b"a" * 64: True,
    b"a" * 65: False,
    b"": False,
    b"a b": False,
    b"<script>": False,
    "é".encode(): False,
    b"\xff": False,
}


@pytest.mark.parametrize(("given", "kept"), IDS.items())
async def test_request_ids(given: bytes, *, kept: bool) -> None:
    """A client's id is kept where it can be shown; else the request gets one of its own, another each time."""
    seen = set()
    async with serving(ROUTES) as door:
        for _ in range(2):
            reply = await asked(door, b"GET /echo HTTP/1.1\r\nX-Request-Id: " + given + b"\r\n" + H + b"\r\n")
            seen.add(reply.headers["x-request-id"])
    assert seen == {given.decode()} if kept else len(seen) == 2
    assert all(kept or re.fullmatch(r"xr-[0-9a-f]{8}-[0-9a-f]+", each) for each in seen)


async def take(client: Client, data: bytes) -> bytes:
    """Everything until the connection ends."""
    await client.raw(data)
    return await client.ends()


async def test_stream() -> None:
    """A stream is chunked, ends with the last chunk, and leaves the connection for the next request."""
    async with serving(ROUTES) as door, dial(door) as client:
        for _ in range(2):
            await client.raw(b"GET /stream HTTP/1.1\r\n" + H + b"\r\n")
            reply = await client.reply()
            assert (reply.whole, reply.body) == (True, b"data: 1\n\n" + b"x" * 300)
            assert "content-length" not in reply.headers


@pytest.mark.parametrize("how", [b"abort", b"fail"])
async def test_broken_stream(how: bytes) -> None:
    """A broken stream ends the connection after what was written, without the last chunk; what broke it is told."""
    async with serving(ROUTES) as door, dial(door) as client:
        got = await take(
            client, b"GET /stream?" + how + b" HTTP/1.1\r\n" + H + b"\r\nGET /echo HTTP/1.1\r\n" + H + b"\r\n"
        )
        _, said, rest = got.partition(b"9\r\ndata: 1\n\n\r\n12c\r\n" + b"x" * 300 + b"\r\n")
        assert said
        assert rest.endswith(b'"code":"upstream_broken"}}\n\n\r\n') if how == b"fail" else not rest
        assert got.count(b"HTTP/1.1 ") == 1


async def test_old_clients() -> None:
    """HTTP/1.0 gets no chunks: a stream lasts until the connection ends; a whole answer keeps it on demand."""
    async with serving(ROUTES) as door:
        for line in (b"", b"Connection: keep-alive\r\n"):
            async with dial(door) as client:
                got = await take(client, b"GET /stream HTTP/1.0\r\n" + line + H + b"\r\n")
                assert got.endswith(b"\r\n\r\ndata: 1\n\n" + b"x" * 300)
                assert b"Connection: close\r\n" in got
                assert b"chunked" not in got
        async with dial(door) as client:
            assert (await take(client, b"GET /echo HTTP/1.0\r\n" + H + b"\r\n")).count(b"HTTP/1.1 200 OK") == 1
        async with dial(door) as client:
            for _ in range(2):
                await client.raw(b"GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n" + H + b"\r\n")
                assert (await client.reply()).headers["connection"] == "keep-alive"


async def test_slow_reader() -> None:
    """Who does not read makes the exchange full; who reads again is told of, once it is asked for."""
    ready, was_full = asyncio.Event(), asyncio.Event()

    async def floods(exchange: Exchange) -> None:
        exchange.begin(200, ())
        exchange.when_ready(ready.set)
        while not exchange.full:
            exchange.write(b"x" * 100_000)
        was_full.set()
        await ready.wait()
        exchange.when_ready(None)
        exchange.end()

    async with serving({"/": {"GET": floods}}) as door, dial(door, buffer_bytes=1 << 14) as client:
        await client.raw(b"GET / HTTP/1.1\r\n" + H + b"\r\n")
        await asyncio.wait_for(was_full.wait(), 10)
        assert not ready.is_set()
        reply = await client.reply()
        assert reply.whole
        assert set(reply.body) == {ord("x")}


async def test_draining() -> None:
    """A server that is ending lets what runs end, and refuses what comes, but for the question whether it lives."""
    go = asyncio.Event()

    async def waits(exchange: Exchange) -> None:
        await go.wait()
        exchange.reply(200, (), b"done")

    async with serving({"/slow": {"GET": waits}, "/health": {"GET": echo()}}) as door, dial(door) as client:
        await client.raw(b"GET /slow HTTP/1.1\r\n" + H + b"\r\n")
        await asyncio.sleep(0.02)
        door.app.draining = True
        refused = await asked(door, b"GET /slow HTTP/1.1\r\n" + H + b"\r\n")
        assert (refused.status, refused.headers["connection"]) == (503, "close")
        assert refused.error["code"] == "shutting_down"
        assert (await asked(door, b"GET /health HTTP/1.1\r\n" + H + b"\r\n")).status == 200
        draining = asyncio.create_task(door.app.drained())
        await asyncio.sleep(0.02)
        assert not draining.done()
        go.set()
        assert (await client.reply()).body == b"done"
        await asyncio.wait_for(draining, 10)


def test_heads() -> None:
    """A head says what it must, once each."""
    lines = head(200, [("X-A", "b")], length=5, keep_alive=True).split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 200 OK"
    assert re.fullmatch(rb"Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", lines[1])
    assert lines[2:] == [
        b"X-A: b",
        b"Content-Type: application/json",
        b"X-Content-Type-Options: nosniff",
        b"Content-Length: 5",
        b"",
        b"",
    ]
    assert b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" in head(599, (), length=None, keep_alive=False)
    assert head(599, (), length=None, keep_alive=False).startswith(b"HTTP/1.1 599 Unknown\r\n")
    assert head(200, [("content-type", "text/plain")], length=0, keep_alive=True).lower().count(b"content-type:") == 1
