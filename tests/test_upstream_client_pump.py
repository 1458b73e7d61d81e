"""xrouter/upstream/client.py, `pump`: every byte, in order, no faster than the sink takes them; on both loops."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.fakes import Call, FakeProvider
from xrouter.chat.target import Target
from xrouter.config.model import Upstream
from xrouter.errors import Broken, TimedOut
from xrouter.upstream.client import Answer, Pool

uvloop = pytest.importorskip("uvloop")
LOOPS: list[Callable[[], asyncio.AbstractEventLoop]] = [asyncio.new_event_loop, uvloop.new_event_loop]
BYTES = 12_000_000
DATA = random.Random(7).randbytes(BYTES)  # noqa: S311  # the same in each run


class Bucket:
    """A sink that is full after so many bytes, until it is emptied in a moment, or by hand."""

    complete = False

    def __init__(self, holds: int, *, by_hand: bool = False) -> None:
        self.size = 0
        self.hash = hashlib.sha256()
        self.most = 0
        self.filled = asyncio.Event()
        self._holds = holds
        self._by_hand = by_hand
        self._held = 0
        self._ready: Callable[[], None] | None = None

    @property
    def full(self) -> bool:
        """Whether it would rather not get more."""
        return self._held >= self._holds

    def feed(self, data: bytes) -> None:
        """Take it all the same."""
        self.size += len(data)
        self.hash.update(data)
        was_full = self.full
        self._held += len(data)
        self.most = max(self.most, self._held)
        if self.full and not was_full:
            self.filled.set()
            if not self._by_hand:
                asyncio.get_running_loop().call_later(0.001, self.empty)

    def empty(self) -> None:
        """Ready for more."""
        self._held = 0
        if self._ready is not None:
            self._ready()

    def when_ready(self, callback: Callable[[], None] | None) -> None:
        """Whom to tell."""
        self._ready = callback


async def in_chunks(call: Call) -> None:
    """In chunks of any size, also of a single byte."""
    sizes = random.Random(8)  # noqa: S311  # the same in each run
    await call.begin()
    at = 0
    while at < BYTES:
        size = sizes.choice([1, 10, 1000, 70_000, 300_000])
        await call.send(DATA[at : at + size])
        at += size
    await call.end()


async def with_length(call: Call) -> None:
    """In one piece."""
    await call.reply(DATA)


async def packed(call: Call) -> None:
    """Packed, which is of no use here."""
    await call.reply(DATA, gzip=True)


async def to_the_end(call: Call) -> None:
    """Until the connection ends."""
    await call.raw(b"HTTP/1.0 200 OK\r\n\r\n" + DATA)
    call.close()


async def answering(handler: Any, settings: Upstream, work: Callable[[FakeProvider, Answer], Awaitable[None]]) -> None:
    """Do `work` with a provider's answer."""
    async with FakeProvider(handler) as provider:
        pool = Pool(settings)
        answer = await pool.open(Target("frontier", "fake", "openai", provider.url), b"{}", {})
        try:
            await work(provider, answer)
        finally:
            answer.close()
            await pool.close()


def run(factory: Callable[[], asyncio.AbstractEventLoop], work: Any) -> None:
    """Run on this kind of loop."""
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(work)


@pytest.mark.parametrize("factory", LOOPS)
@pytest.mark.parametrize("handler", [in_chunks, with_length, packed, to_the_end])
@pytest.mark.parametrize("holds", [1, 200_000])
def test_slow_sink(factory: Callable[[], asyncio.AbstractEventLoop], handler: Any, holds: int) -> None:
    """A sink that is full most of the time gets every byte in order, and never much more than it would rather have."""

    async def work(_: FakeProvider, answer: Answer) -> None:
        bucket = Bucket(holds)
        await answer.pump(bucket)
        assert (bucket.size, bucket.hash.digest()) == (BYTES, hashlib.sha256(DATA).digest())
        assert bucket.most < holds + 1_000_000

    run(factory, answering(handler, Upstream(), work))


@pytest.mark.parametrize("factory", LOOPS)
def test_bomb(factory: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """An answer that swells a thousandfold comes in portions too."""

    async def swells(call: Call) -> None:
        await call.reply(b"\0" * 4 * BYTES, gzip=True)

    async def work(_: FakeProvider, answer: Answer) -> None:
        bucket = Bucket(1_000_000)
        await answer.pump(bucket)
        assert bucket.size == 4 * BYTES
        assert bucket.most < 3_000_000

    run(factory, answering(swells, Upstream(), work))


@pytest.mark.parametrize("factory", LOOPS)
def test_sink_that_stays_full(factory: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """While the sink is full the provider cannot go on, and its silence is not counted; then all goes on."""
    sent = 0

    async def floods(call: Call) -> None:
        nonlocal sent
        await call.begin()
        for at in range(0, BYTES, 50_000):
            await call.send(DATA[at : at + 50_000])
            sent += 50_000
        await call.end()

    async def work(provider: FakeProvider, answer: Answer) -> None:
        bucket = Bucket(1, by_hand=True)
        pumping = asyncio.create_task(answer.pump(bucket))
        await bucket.filled.wait()
        await asyncio.sleep(0.5)  # more than twice the idle time-out
        assert not pumping.done()
        assert sent < BYTES
        assert bucket.size < 2_000_000
        while not pumping.done():
            bucket.empty()
            await asyncio.sleep(0)
        await pumping
        assert bucket.hash.digest() == hashlib.sha256(DATA).digest()
        assert provider.connections == 1

    run(factory, answering(floods, Upstream(idle_timeout_ms=200), work))


@pytest.mark.parametrize("factory", LOOPS)
@pytest.mark.parametrize("reset", [False, True])
def test_end_while_the_sink_is_full(factory: Callable[[], asyncio.AbstractEventLoop], *, reset: bool) -> None:
    """A provider that ends while it is held back is heard once the sink is ready, with all that it said before."""

    async def ends(call: Call) -> None:
        await call.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + DATA[:1_000_000])
        call.close()
        if reset:
            call.reset()

    async def work(_: FakeProvider, answer: Answer) -> None:
        bucket = Bucket(100_000)
        with pytest.raises(Broken):
            await answer.pump(bucket)
        if not reset:
            assert bucket.hash.digest() == hashlib.sha256(DATA[: bucket.size]).digest()
            assert bucket.size == 1_000_000

    run(factory, answering(ends, Upstream(), work))


@pytest.mark.parametrize("factory", LOOPS)
def test_silence_after_a_full_sink(factory: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """A provider that is silent once it might go on is given up, and not before."""

    async def stops(call: Call) -> None:
        await call.begin()
        await call.send(DATA[:400_000])
        await call.silence()

    async def work(provider: FakeProvider, answer: Answer) -> None:
        bucket = Bucket(1)
        with pytest.raises(TimedOut):
            await answer.pump(bucket)
        assert bucket.size == 400_000
        answer.close()
        await provider.calls[0].gone.wait()

    run(factory, answering(stops, Upstream(idle_timeout_ms=300), work))


@pytest.mark.parametrize("factory", LOOPS)
def test_answer_that_is_there_already(factory: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """What came with the head is handed on too, and the connection is used again."""

    async def work(provider: FakeProvider, answer: Answer) -> None:
        await asyncio.sleep(0.05)
        bucket = Bucket(1 << 20)
        await answer.pump(bucket)
        assert bucket.size == 13

    async def short(call: Call) -> None:
        await call.reply(b"data: hello\n\n")

    run(factory, answering(short, Upstream(), work))
