"""Clients that leave, do not read, or come in crowds, as `xrouter serve` handles them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import NamedTuple

import pytest
import pytest_asyncio

from tests.asking import CHAT, Client, Reply, ask, dial, one_tier, question
from tests.fakes import Call, FakeProvider, Handler, answers, chunk, chunks, completion, silence
from tests.processes import Router

pytestmark = pytest.mark.asyncio(loop_scope="module")


class House(NamedTuple):
    """A provider, and two routers in front of it: one that suffers no silence, and one that waits for minutes."""

    provider: FakeProvider
    hasty: Router
    patient: Router


@pytest_asyncio.fixture(scope="module", loop_scope="module", name="shared")
async def _shared() -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        provider = await stack.enter_async_context(FakeProvider())
        hasty, patient = Router(one_tier(provider, UPSTREAM_IDLE_TIMEOUT_MS="400")), Router(one_tier(provider))
        await asyncio.gather(*(stack.enter_async_context(router) for router in (hasty, patient)))
        yield House(provider, hasty, patient)


@pytest.fixture
def house(shared: House) -> House:
    """The house with nothing on record, and good manners."""
    shared.provider.calls.clear()
    shared.provider.handler = answers("Hello.")
    return shared


async def stops_after_its_head(call: Call) -> None:
    """The head of a stream, and not a word."""
    await call.begin()
    await call.silence()


async def falls_silent(call: Call) -> None:
    """Two words and nothing more."""
    await call.begin()
    await call.send_events(chunks("half a")[:3])
    await call.silence()


async def goes_on(call: Call) -> None:
    """Words without an end."""
    await call.begin()
    while not call.gone.is_set():
        await call.send_events([chunk({"content": "word "})], gap_s=0.01)


LEAVING: dict[str, tuple[Handler, bool, bytes]] = {
    "while words come": (goes_on, True, b"word"),
    "after two words": (falls_silent, True, b"half"),
    "before the head": (silence, True, b""),
    "after the head": (stops_after_its_head, True, b""),
    "a whole answer": (silence, False, b""),
    "amid a whole answer": (stops_after_its_head, False, b""),
}


@pytest.mark.parametrize(("handler", "stream", "mark"), LEAVING.values(), ids=LEAVING)
async def test_client_leaves(house: House, handler: Handler, mark: bytes, *, stream: bool) -> None:
    """Wherever the client leaves, the provider's connection is closed at once."""
    house.provider.handler = handler
    async with dial(house.patient) as client:
        await client.send("POST", CHAT, question("hi", stream=stream))
        call = await house.provider.arrived()
        await client.until(mark)
        client.leave()
        await asyncio.wait_for(call.gone.wait(), 10)


MOST_TAKEN = 24 * 1024 * 1024
PIECE = b"data: " + json.dumps(chunk({"content": "y" * 65_000})).encode() + b"\n\n"


class Flood:
    """A provider that streams 64 MB as fast as they are taken."""

    def __init__(self) -> None:
        self.sent = 0
        self.done = asyncio.Event()

    async def __call__(self, call: Call) -> None:
        """Send it all, or as much as is taken."""
        await call.begin()
        for _ in range(1000):
            await call.send(PIECE)
            self.sent += len(PIECE)
        await call.send_events([chunk({}, finish="stop")])
        await call.send(b"data: [DONE]\n\n")
        await call.end()
        self.done.set()


async def start_flood(house: House, client: Client) -> Flood:
    """A flood that has come to a standstill, because nobody reads."""
    flood = house.provider.handler = Flood()
    await client.send("POST", CHAT, question("hi", stream=True))
    await house.provider.arrived()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(flood.done.wait(), 2)
    return flood


async def test_slow_reader(house: House) -> None:
    """A client that stops reading stops the provider too, and gets every byte when it reads again."""
    async with dial(house.hasty, buffer_bytes=1 << 16) as client:
        flood = await start_flood(house, client)
        assert flood.sent < MOST_TAKEN
        reply = await client.reply()
    assert reply.whole
    assert len(reply.body) > 64_000_000
    assert reply.body.count(b"data: {") == 1001


async def test_slow_reader_leaves(house: House) -> None:
    """A client that leaves while the provider is held back frees it."""
    async with dial(house.hasty, buffer_bytes=1 << 16) as client:
        await start_flood(house, client)
        client.leave()
        await asyncio.wait_for(house.provider.calls[0].gone.wait(), 10)


async def test_many_at_once(house: House) -> None:
    """Three hundred requests at once get their own answers, each whole."""

    async def echoes(call: Call) -> None:
        text = call.json["messages"][0]["content"]
        if call.json.get("stream"):
            await call.stream(chunks(f"{text} {text}"))
        else:
            await call.reply_json(completion(text))

    house.provider.handler = echoes
    replies = await asyncio.gather(*(ask(house.patient, question(f"n{at}", stream=at % 2 == 0)) for at in range(300)))
    expected = [f"n{at} n{at}" if at % 2 == 0 else f"n{at}" for at in range(300)]
    assert [reply.text for reply in replies] == expected
    assert {(reply.status, reply.whole) for reply in replies} == {(200, True)}


async def test_pipelined_requests(house: House) -> None:
    """Requests that are sent without waiting are answered in their order, on one connection."""
    house.provider.next(answers("first"), answers("second"), answers("third"))
    async with dial(house.patient) as client:
        for stream in (True, False, True):
            await client.send("POST", CHAT, question("hi", stream=stream))
        replies: list[Reply] = [await client.reply() for _ in range(3)]
    assert [reply.text for reply in replies] == ["first", "second", "third"]


async def test_connection_is_used_again(house: House) -> None:
    """Client and provider keep their connections from request to request, streams included."""
    await house.provider.stop()
    await house.provider.start()
    async with dial(house.patient) as client:
        for stream in (False, True, False):
            await client.send("POST", CHAT, question("hi", stream=stream))
            assert (await client.reply()).text == "Hello."
    assert len({call.connection for call in house.provider.calls}) == 1
