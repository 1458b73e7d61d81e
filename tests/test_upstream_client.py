"""xrouter/upstream/client.py against real sockets: connections, time-outs, and all that can be wrong with an answer."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import pytest

from tests.calling import KEY, Bag, asked, fails, pool_of, pumped, take, to
from tests.fakes import Call, FakeProvider, Handler, answers, resets, silence, status
from xrouter.config.model import Upstream
from xrouter.errors import Broken, TimedOut, Unreachable

HASTY = Upstream(connect_timeout_ms=200, first_byte_timeout_ms=200, idle_timeout_ms=200)


async def test_request() -> None:
    """The body goes out as it is, with the headers that were given and no others; theirs win over the client's."""
    async with FakeProvider() as provider, pool_of() as pool:
        target = to(f"{provider.url}/chat/completions?a=%2Fb")
        answer = await pool.open(target, b'{"n":1.0 }', {"user-agent": "me/1", "authorization": "Bearer mine"})
        answer.close()
        call = provider.calls[0]
        assert (call.method, call.path, call.body) == ("POST", "/v1/chat/completions?a=%2Fb", b'{"n":1.0 }')
        assert call.headers == {
            "host": f"127.0.0.1:{provider.port}",
            "authorization": f"Bearer {KEY}",
            "user-agent": "me/1",
            "content-type": "application/json",
            "accept-encoding": "identity",
            "content-length": "10",
        }
        assert len(call.header_list) == len(call.headers)


async def test_cookies_are_not_kept() -> None:
    """What a provider sets is not sent back."""

    async def sets(call: Call) -> None:
        await call.reply(b"{}", headers={"set-cookie": "a=b"})

    async with FakeProvider(sets) as provider, pool_of() as pool:
        await take(pool, provider.url)
        await take(pool, provider.url)
        assert "cookie" not in provider.calls[1].headers


async def test_connections_are_kept() -> None:
    """An answer that was read to its end, in one piece or as a stream, leaves its connection for the next."""
    async with FakeProvider(answers("one two")) as provider, pool_of() as pool:
        for body in (b"{}", b'{"stream":true}') * 2:
            assert (await take(pool, f"{provider.url}/chat/completions", body))[0] == 200
            async with asked(pool, f"{provider.url}/chat/completions", body) as answer:
                await answer.pump(Bag())
        assert (provider.connections, len(provider.calls)) == (1, 8)


async def test_connection_of_a_half_read_answer_is_closed() -> None:
    """An answer that was left early ends its connection at once."""

    async def begins(call: Call) -> None:
        await call.begin()
        await call.send(b"data: 1\n\n")
        await call.silence()

    async with FakeProvider(begins) as provider, pool_of() as pool:
        async with asked(pool, provider.url) as answer:
            assert answer.is_stream
            assert await answer.read_some() == b"data: 1\n\n"
        await asyncio.wait_for(provider.calls[0].gone.wait(), 10)


@pytest.mark.parametrize("how", [take, pumped])
async def test_cancelled(how: Any) -> None:
    """Whoever no longer waits frees the provider, before the head and amid the body."""

    async def begins(call: Call) -> None:
        await call.begin()
        await call.silence()

    for handler in (silence, begins):
        async with FakeProvider(handler) as provider, pool_of() as pool:
            asking = asyncio.create_task(how(pool, provider.url))
            call = await provider.arrived()
            asking.cancel()
            await asyncio.wait([asking])
            assert asking.cancelled()
            await asyncio.wait_for(call.gone.wait(), 10)


async def hangs_up(call: Call) -> None:
    """FIN before any byte of an answer."""
    call.close()


@pytest.mark.parametrize("end", [resets, hangs_up])
async def test_stale_connection(end: Handler) -> None:
    """A kept connection that dies before a byte came is tried once more on a new one, with the same request."""
    async with FakeProvider() as provider, pool_of() as pool:
        await take(pool, provider.url)
        provider.next(end)
        assert (await take(pool, provider.url, b'{"n":1}'))[0] == 404
        assert [(call.body, call.connection) for call in provider.calls] == [
            (b"{}", 0),
            (b'{"n":1}', 0),
            (b'{"n":1}', 1),
        ]


@pytest.mark.parametrize("end", [resets, hangs_up])
async def test_stale_connection_is_tried_once(end: Handler) -> None:
    """Where the new connection fails too, that is the answer."""
    async with FakeProvider() as provider, pool_of() as pool:
        await take(pool, provider.url)
        provider.next(end, end)
        assert type(await fails(pool, provider.url)) is Broken
        assert len(provider.calls) == 3


@pytest.mark.parametrize("end", [resets, hangs_up])
@pytest.mark.parametrize("size", [2, 30_000_000])
@pytest.mark.filterwarnings("ignore:Sending a large body")
async def test_new_connection_is_not_tried_again(end: Handler, size: int) -> None:
    """A request that failed on a new connection may have been heard: it is not sent again, however large it is."""
    async with FakeProvider(end) as provider, pool_of() as pool:
        with pytest.raises(Broken):
            await take(pool, provider.url, b"x" * size)
        assert (len(provider.calls), provider.connections) == (1, 1)


@pytest.mark.parametrize("said", [b"H", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-le"])
async def test_answer_that_has_begun_is_not_asked_for_again(said: bytes) -> None:
    """One byte of an answer, and a kept connection that dies is no stale one."""

    async def begins(call: Call) -> None:
        await call.raw(said)
        call.close()

    async with FakeProvider() as provider, pool_of() as pool:
        await take(pool, provider.url)
        provider.next(begins)
        assert type(await fails(pool, provider.url)) is Broken
        assert len(provider.calls) == 2


async def test_refused_and_unknown() -> None:
    """Nobody listens there, nobody has that name, or it is no name at all."""
    async with FakeProvider() as provider, pool_of() as pool:
        closed = provider.url
        await provider.stop()
        for url in (closed, "http://nobody.invalid/v1", f"http://{'a' * 70}.invalid/", "http://[::1]:1/"):
            error = await fails(pool, url)
            assert (type(error), error.status, error.code) == (Unreachable, 502, "upstream_unreachable")
            assert "cannot connect" in error.message


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_silence(scheme: str) -> None:
    """A provider that says nothing, be it HTTP or TLS, is given up in time."""
    async with FakeProvider(silence) as provider, pool_of(HASTY) as pool:
        error = await fails(pool, provider.url.replace("http", scheme))
        assert (type(error), error.status, error.code) == (TimedOut, 504, "upstream_timeout")
        if scheme == "http":
            await asyncio.wait_for(provider.calls[0].gone.wait(), 10)


async def test_first_byte_time_of_a_target() -> None:
    """A target's own time for the first byte goes before the general one."""
    async with FakeProvider(silence) as provider, pool_of() as pool:
        assert type(await fails(pool, to(provider.url, first_byte_timeout_ms=50))) is TimedOut


@pytest.mark.parametrize("how", [take, pumped])
async def test_silence_amid_the_body(how: Any) -> None:
    """So is one that falls silent later; the time counts from the last byte."""

    async def falters(call: Call) -> None:
        await call.begin()
        for _ in range(8):
            await call.send(b": hm\n\n")
            await asyncio.sleep(0.05)
        await call.silence()

    async with FakeProvider(falters) as provider, pool_of(HASTY) as pool:
        assert type(await fails(pool, provider.url, how)) is TimedOut
        await asyncio.wait_for(provider.calls[0].gone.wait(), 10)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n6\r\ndata: \r\n"

BROKEN: dict[str, tuple[bytes, bool]] = {
    "a status line that is none": (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", False),
    "a status that is none": (b"HTTP/1.1 abc OK\r\n\r\n", False),
    "a header that is none": (b"HTTP/1.1 200 OK\r\nno header\r\n\r\n", False),
    "a head without an end": (b"HTTP/1.1 200 OK\r\nA: " + b"a" * 100_000, False),
    "headers without an end": (b"HTTP/1.1 200 OK\r\n" + b"A: a\r\n" * 1000, False),
    "two lengths": (HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", False),
    "a head that is cut": (HEAD, True),
    "a body that is cut": (HEAD + b"Content-Length: 100\r\n\r\nab", True),
    "chunks that are cut": (CHUNKED, True),
    "a chunk that is cut": (CHUNKED + b"ff\r\nab", True),
    "a chunk size that is none": (CHUNKED + b"zz\r\nab\r\n", False),
    "a chunk size below zero": (CHUNKED + b"-1\r\nab\r\n", False),
    "a chunk size beyond all": (CHUNKED + b"f" * 40 + b"\r\nab\r\n", False),
    "a chunk that is longer than it says": (CHUNKED + b"1\r\nabcdef\r\n", False),
    "gzip that is none": (HEAD + b"Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\n" + b"x" * 20, False),
}


@pytest.mark.parametrize("how", [take, pumped])
@pytest.mark.parametrize(("said", "ends"), BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("pause", [False, True])
async def test_broken_answer(how: Any, said: bytes, *, ends: bool, pause: bool) -> None:
    """What is no HTTP, or half of one, is told at once, wherever in the answer it comes; nothing waits for ever."""

    async def speaks(call: Call) -> None:
        lead = len(CHUNKED) if said.startswith(CHUNKED) else 0
        await call.raw(said[:lead])
        await asyncio.sleep(0.02 if pause else 0)
        await call.raw(said[lead:])
        await (hangs_up if ends else silence)(call)

    async with FakeProvider(speaks) as provider, pool_of() as pool:
        assert type(await asyncio.wait_for(fails(pool, provider.url, how), 10)) is Broken
        await asyncio.wait_for(provider.calls[0].gone.wait(), 10)


@pytest.mark.parametrize("how", [take, pumped])
async def test_reset_amid_the_body(how: Any) -> None:
    """RST in the middle is a broken answer; what came before it was handed on."""

    async def breaks(call: Call) -> None:
        await call.begin()
        await call.send(b"data: 1\n\n")
        await asyncio.sleep(0.02)
        call.reset()

    async with FakeProvider(breaks) as provider, pool_of() as pool:
        assert type(await fails(pool, provider.url, how)) is Broken
        bag = Bag()
        async with asked(pool, provider.url) as answer:
            with pytest.raises(Broken):
                await answer.pump(bag)
        assert bag.data == b"data: 1\n\n"


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_redirects(code: int) -> None:
    """A redirect is not followed, so nobody else gets the key."""
    async with FakeProvider() as other, FakeProvider(status(code, headers={"location": "/"})) as provider:
        provider.handler = status(code, headers={"location": other.url})
        async with pool_of() as pool, asked(pool, provider.url) as answer:
            assert answer.status == code
        assert other.connections == 0


async def test_too_large() -> None:
    """A body that swells beyond what was asked for is refused, packed or not."""
    bomb = gzip.compress(b"\0" * 50_000_000)

    async def swells(call: Call) -> None:
        await call.reply(bomb, headers={"content-encoding": "gzip"})

    async def long(call: Call) -> None:
        await call.reply(b"a" * 9000)

    async with FakeProvider() as provider, pool_of() as pool:
        for handler in (swells, long):
            provider.handler = handler
            async with asked(pool, provider.url) as answer:
                with pytest.raises(Broken, match="more than 5000 bytes"):
                    await answer.read(5000)
        async with asked(pool, provider.url) as answer:
            assert len(await answer.read(9000)) == 9000


async def test_end_that_never_comes() -> None:
    """After [DONE] a body has a moment to end; then the answer is whole without it, and the connection is closed."""

    async def dallies(call: Call) -> None:
        await call.begin()
        await call.send(b"data: [DONE]\n\n")
        if call.json.get("end"):
            await asyncio.sleep(0.02)
            await call.end()
        else:
            await call.silence()

    async with FakeProvider(dallies) as provider, pool_of() as pool:
        for body in (b'{"end":1}', b"{}"):
            bag = Bag(b"[DONE]\n\n")
            async with asked(pool, provider.url, body) as answer:
                await asyncio.wait_for(answer.pump(bag), 10)
            assert bag.complete
        assert provider.connections == 1
        await asyncio.wait_for(provider.calls[1].gone.wait(), 10)
