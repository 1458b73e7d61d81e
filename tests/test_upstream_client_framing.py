"""xrouter/upstream/client.py: however a body is framed, it comes out as it is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.calling import asked, pool_of, pumped, take
from tests.fakes import Call, FakeProvider, Handler

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
TEXT = b"data: 1\n\n" * 1000


async def plain(call: Call) -> None:
    """With its length."""
    await call.reply(TEXT)


async def chunked(call: Call) -> None:
    """In chunks."""
    await call.begin()
    for at in range(0, len(TEXT), 1000):
        await call.send(TEXT[at : at + 1000])
    await call.end()


async def packed(call: Call) -> None:
    """Packed although nobody asked for it."""
    await call.reply(TEXT, gzip=True)


async def packed_in_chunks(call: Call) -> None:
    """Packed and streamed."""
    await call.begin(gzip=True)
    for at in range(0, len(TEXT), 1000):
        await call.send(TEXT[at : at + 1000])
    await call.end()


async def old(call: Call) -> None:
    """HTTP/1.0: until the connection ends."""
    await call.raw(b"HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + TEXT)
    call.close()


async def without_length(call: Call) -> None:
    """HTTP/1.1 that says neither how long nor in chunks: until the connection ends."""
    await call.raw(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + TEXT)
    call.close()


async def hints_first(call: Call) -> None:
    """Informational answers before the real one, one of them in the same packet."""
    await call.raw(b"HTTP/1.1 100 Continue\r\n\r\n")
    await asyncio.sleep(0.01)
    await call.raw(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + HEAD + b"Content-Length: %d\r\n\r\n" % len(TEXT))
    await call.raw(TEXT)


async def trickles(call: Call) -> None:
    """The head byte by byte."""
    for byte in HEAD:
        await call.raw(bytes([byte]))
        await asyncio.sleep(0)
    await call.raw(b"Content-Length: %d\r\n\r\n" % len(TEXT) + TEXT)


@pytest.mark.parametrize("how", [take, pumped])
@pytest.mark.parametrize(
    "handler", [plain, chunked, packed, packed_in_chunks, old, without_length, hints_first, trickles]
)
async def test_framing(how: Any, handler: Handler) -> None:
    """However a body is framed, it comes out as it is."""
    async with FakeProvider(handler) as provider, pool_of() as pool:
        got = await how(pool, provider.url)
        assert got == (TEXT if how is pumped else (200, TEXT))


async def test_pieces() -> None:
    """A body can be taken piece by piece; after its end there is nothing, as often as one asks."""
    async with FakeProvider(chunked) as provider, pool_of() as pool, asked(pool, provider.url) as answer:
        assert b"".join([piece async for piece in answer]) == TEXT
        assert [await answer.read_some(), await answer.read_some(), await answer.read()] == [b"", b"", b""]
