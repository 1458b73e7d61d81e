"""xrouter/server/connection.py: raw sockets against it, with heads that are late, malformed, or too much."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Iterator

import pytest

from tests.asking import Client, dial
from tests.serving import Heard, echo, serving
from xrouter.config.model import Server
from xrouter.config.secret import Secret
from xrouter.server.app import Routes
from xrouter.server.exchange import Exchange

CANARY = "sk-CANARY-0123456789"
H = b"Host: localhost\r\n"
GET = b"GET /echo HTTP/1.1\r\n" + H + b"\r\n"


async def streams(exchange: Exchange) -> None:
    """Streams until the client has gone."""
    exchange.begin(200, ())
    while True:
        exchange.write(b"data: 1\n\n")
        await asyncio.sleep(0.005)


async def silent(exchange: Exchange) -> None:
    """Never answers."""
    await asyncio.Event().wait()


ROUTES: Routes = {
    "/echo": {"GET": echo(), "POST": echo()},
    "/stream": {"GET": streams},
    "/silent": {"GET": silent},
}


@pytest.fixture
def heard() -> Iterator[Heard]:
    """All that is logged, at the level that tells most, by anybody."""
    handler = Heard()
    loggers = [logging.getLogger(name) for name in ("xrouter", "aiohttp", "asyncio")]
    before = [(logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
        logger.addHandler(handler)
    yield handler
    for logger, (level, propagate) in zip(loggers, before, strict=True):
        logger.setLevel(level)
        logger.propagate = propagate
        logger.removeHandler(handler)


async def drip(client: Client) -> None:
    """A byte now and then."""
    with contextlib.suppress(ConnectionError):
        while True:
            await client.raw(b"a")
            await asyncio.sleep(0.01)


LATE: dict[str, bytes] = {
    "nothing": b"",
    "half a line": b"GET /ec",
    "half a head": GET[:-4],
    "a head without its end": GET[:-2],
    "blank lines": b"\r\n\r\n",
}


@pytest.mark.parametrize("start", LATE.values(), ids=LATE)
@pytest.mark.parametrize("drips", [False, True])
async def test_slow_loris(start: bytes, *, drips: bool) -> None:
    """A head that is not whole in time ends the connection with a 408 that names the setting, drips or not."""
    async with serving(ROUTES, head_timeout_s=0.1) as door, dial(door) as client:
        await client.raw(start)
        dripping = asyncio.create_task(drip(client) if drips and start[-1:].isalpha() else asyncio.sleep(0))
        reply = await client.reply()
        assert (reply.status, reply.error["code"]) == (408, "request_timeout")
        assert "server.client_header_timeout_ms" in reply.error["message"]
        assert reply.headers["connection"] == "close"
        assert reply.headers["x-request-id"]
        dripping.cancel()
        await asyncio.wait([dripping])
        assert await client.ends() == b""


@pytest.mark.parametrize("start", [b"GET /ec", GET[:-4]])
async def test_slow_loris_on_a_kept_connection(start: bytes) -> None:
    """So it is for a later head on a connection that is kept; one that only waits for a request is left alone."""
    async with serving(ROUTES, head_timeout_s=0.1) as door, dial(door) as client:
        await client.raw(GET)
        assert (await client.reply()).status == 200
        await asyncio.sleep(0.3)
        await client.raw(GET)
        assert (await client.reply()).status == 200
        await client.raw(start)
        assert (await client.reply()).status == 408


async def test_head_in_pieces() -> None:
    """A head that comes slowly, but in time, is a request like any other, again and again."""
    async with serving(ROUTES, head_timeout_s=5) as door, dial(door) as client:
        for _ in range(2):
            for byte in GET:
                await client.raw(bytes([byte]))
                await asyncio.sleep(0)
            assert (await client.reply()).json["path"] == "/echo"


async def test_long_request_is_no_late_head() -> None:
    """The time for the head ends with the head: neither a slow handler nor a slow body is cut by it."""
    go = asyncio.Event()

    async def waits(exchange: Exchange) -> None:
        await go.wait()
        exchange.reply(200, (), b"done")

    async with serving({**ROUTES, "/waits": {"GET": waits}}, head_timeout_s=0.05) as door:
        async with dial(door) as client:
            await client.raw(b"GET /waits HTTP/1.1\r\n" + H + b"\r\n")
            await asyncio.sleep(0.15)
            go.set()
            assert (await client.reply()).body == b"done"
        async with dial(door) as client:
            await client.raw(b"POST /echo HTTP/1.1\r\nContent-Length: 20\r\n" + H + b"\r\n")
            for _ in range(20):
                await client.raw(b"a")
                await asyncio.sleep(0.01)
            assert (await client.reply()).json["body"] == "a" * 20


SECRET = CANARY.encode()
MALFORMED: dict[str, bytes] = {
    "no http": SECRET + b"\r\n\r\n",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + SECRET + b"\r\n\r\n",
    "http/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + SECRET,
    "another version": b"GET /" + SECRET + b" HTTP/9.9\r\n\r\n",
    "no path": b"GET HTTP/1.1\r\n" + H + b"\r\n",
    "spaces in the path": b"GET /echo " + SECRET + b" HTTP/1.1\r\n" + H + b"\r\n",
    "a path beyond ascii": b"GET /\xff" + SECRET + b" HTTP/1.1\r\n" + H + b"\r\n",
    "a header without a colon": b"GET /echo HTTP/1.1\r\n" + H + b"Authorization Bearer " + SECRET + b"\r\n\r\n",
    "a space before the colon": b"GET /echo HTTP/1.1\r\n" + H + b"Authorization : Bearer " + SECRET + b"\r\n\r\n",
    "a folded header": b"GET /echo HTTP/1.1\r\n" + H + b"Authorization: Bearer\r\n " + SECRET + b"\r\n\r\n",
    "a nul in a header": b"GET /echo HTTP/1.1\r\n" + H + b"Authorization: Bearer " + SECRET + b"\x00\r\n\r\n",
    "a lone cr": b"GET /echo HTTP/1.1\r\n" + H + b"Authorization: Bearer " + SECRET + b"\rX: y\r\n\r\n",
    "a long line": b"GET /" + SECRET * 2000 + b" HTTP/1.1\r\n" + H + b"\r\n",
    "a long header": b"GET /echo HTTP/1.1\r\n" + H + b"Authorization: Bearer " + SECRET * 2000 + b"\r\n\r\n",
    "a long header without an end": b"GET /echo HTTP/1.1\r\nAuthorization: Bearer " + SECRET * 4000,
    "many headers": b"GET /echo HTTP/1.1\r\n"
    + H
    + b"".join(b"X-%d: %b\r\n" % (at, SECRET) for at in range(500))
    + b"\r\n",
    "no host": b"GET /echo HTTP/1.1\r\nAuthorization: Bearer " + SECRET + b"\r\n\r\n",
    "two hosts": b"GET /echo HTTP/1.1\r\n" + H + b"Host: " + SECRET + b"\r\n\r\n",
    "two lengths": b"POST /echo HTTP/1.1\r\n" + H + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n" + SECRET,
    "length and chunks": b"POST /echo HTTP/1.1\r\n"
    + H
    + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
    + SECRET,
    "a length that is none": b"POST /echo HTTP/1.1\r\n" + H + b"Content-Length: " + SECRET + b"\r\n\r\n",
    "a length below zero": b"POST /echo HTTP/1.1\r\n" + H + b"Content-Length: -1\r\n\r\n" + SECRET,
    "a length beyond all": b"POST /echo HTTP/1.1\r\n" + H + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n" + SECRET,
    "unknown coding": b"POST /echo HTTP/1.1\r\n" + H + b"Transfer-Encoding: " + SECRET + b"\r\n\r\n",
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("kept", [False, True])
async def test_malformed(heard: Heard, data: bytes, *, kept: bool) -> None:
    """What is no HTTP is a 400 in shape that ends the connection, quoted neither in the answer nor in any log."""
    async with serving(ROUTES, Server(api_key=Secret(CANARY))) as door, dial(door) as client:
        if kept:
            await client.raw(b"GET /echo HTTP/1.1\r\nAuthorization: Bearer " + SECRET + b"\r\n" + H + b"\r\n")
            assert (await client.reply()).status == 200
        await client.raw(data)
        reply = await client.reply()
        assert (reply.status, reply.error["code"]) == (400, "malformed_request")
        assert (reply.headers["content-type"], reply.headers["connection"]) == ("application/json", "close")
        assert reply.headers["x-request-id"]
        assert "CANARY" not in reply.body.decode() + str(reply.headers)
        assert await client.ends() == b""
    assert "CANARY" not in heard.text
    assert "Traceback" not in heard.text


async def test_pipelining() -> None:
    """Requests that are sent at once are answered one after the other, in their order; a malformed one ends them."""
    async with serving(ROUTES) as door, dial(door) as client:
        post = b"POST /echo?%d HTTP/1.1\r\nContent-Length: 1\r\n" + H + b"\r\n%d"
        await client.raw(b"".join(post % (number, number) for number in range(9)))
        for number in range(9):
            said = (await client.reply()).json
            assert (said["query"], said["body"]) == (str(number), str(number))
        await client.raw(GET + b"nonsense\r\n\r\n")
        got = await client.ends()
        assert got.count(b"HTTP/1.1 400 ") == 1
        assert got.count(b"HTTP/1.1 ") <= 2


async def test_close() -> None:
    """Who asks for the connection to be closed, or is old, has it closed after the answer."""
    for head in (b"GET /echo HTTP/1.1\r\nConnection: close\r\n", b"GET /echo HTTP/1.0\r\n"):
        async with serving(ROUTES) as door, dial(door) as client:
            await client.raw(head + H + b"\r\n")
            got = await client.ends()
            assert b"Connection: close\r\n" in got
            assert json.loads(got.partition(b"\r\n\r\n")[2])["path"] == "/echo"


async def test_unread_body() -> None:
    """A body that no handler wanted is no request, and the next one is answered."""
    async with serving(ROUTES) as door, dial(door) as client:
        body = GET * 100
        await client.raw(b"POST /nowhere HTTP/1.1\r\nContent-Length: %d\r\n" % len(body) + H + b"\r\n" + body)
        assert (await client.reply()).status == 404
        await client.raw(GET)
        assert (await client.reply()).status == 200


@pytest.mark.parametrize("path", [b"/stream", b"/silent"])
@pytest.mark.parametrize("half", [False, True])
async def test_client_that_leaves(path: bytes, *, half: bool) -> None:
    """A client that has gone, or that has hung up its end, cancels its request at once."""
    async with serving(ROUTES) as door, dial(door) as client:
        await client.raw(b"GET " + path + b" HTTP/1.1\r\n" + H + b"\r\n")
        await asyncio.sleep(0.03)
        if half:
            client._writer.write_eof()
        else:
            client.leave()
        async with asyncio.timeout(10):
            await door.app.drained()


async def test_close_idle() -> None:
    """Connections that wait for a request can be ended; those that have one are left to end it."""
    go = asyncio.Event()

    async def waits(exchange: Exchange) -> None:
        await go.wait()
        exchange.reply(200, (), b"done")

    async with serving({**ROUTES, "/waits": {"GET": waits}}) as door, dial(door) as busy, dial(door) as idle:
        await idle.raw(GET)
        assert (await idle.reply()).status == 200
        await busy.raw(b"GET /waits HTTP/1.1\r\n" + H + b"\r\n")
        await asyncio.sleep(0.03)
        door.connections.close_idle()
        assert await idle.ends() == b""
        go.set()
        assert (await busy.reply()).body == b"done"


async def test_upgrade_is_not_taken() -> None:
    """A client that offers HTTP/2 is answered as before, its body is read, and its connection is kept."""
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    async with serving(ROUTES) as door, dial(door) as client:
        for body in (b"hello", b"again"):
            await client.raw(b"POST /echo HTTP/1.1\r\n" + H + offer + b"Content-Length: 5\r\n\r\n" + body)
            assert (await client.reply()).json["body"] == body.decode()


async def test_unforeseen(heard: Heard) -> None:
    """What nobody foresaw is a 500 without details; the log has the traceback."""

    async def breaks(exchange: Exchange) -> None:
        raise KeyError("what went wrong")

    async with serving({"/breaks": {"GET": breaks}}) as door, dial(door) as client:
        for _ in range(2):
            await client.raw(b"GET /breaks HTTP/1.1\r\n" + H + b"\r\n")
            reply = await client.reply()
            assert (reply.status, reply.error["code"]) == (500, "internal_error")
            assert "wrong" not in reply.error["message"]
    assert "Traceback" in heard.text
    assert "what went wrong" in heard.text
