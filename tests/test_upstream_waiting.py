"""Streams that wait: xrouter/upstream/waiting.py, and what the router makes of it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest

from tests.asking import question
from tests.fakes import Call as Request
from tests.fakes import FakeProvider, Object, chunks, status
from xrouter.cache.decisions import Decisions
from xrouter.cache.memory import MemoryStore
from xrouter.cache.thoughts import Thoughts
from xrouter.chat.call import Call, Trail
from xrouter.chat.target import Target
from xrouter.config.model import Upstream
from xrouter.decide import Decider, Judge
from xrouter.errors import Broken, UpstreamError
from xrouter.router import Router
from xrouter.routing.base import Verdict
from xrouter.routing.lens.ask import Ask
from xrouter.upstream.client import Pool
from xrouter.upstream.waiting import INTERVAL_S, Waiting


class Recorder:
    """A client's end: what was written to it."""

    full = False

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.ended = ""
        self.heard = asyncio.Event()

    @property
    def begun(self) -> bool:
        """Whether a status was sent."""
        return self.status > 0

    def begin(self, status: int, headers: Any) -> None:
        """The head of a stream, which there is one of."""
        assert not self.begun
        self.status, self.headers = status, {name.lower(): value for name, value in headers}

    def reply(self, status: int, headers: Any, body: bytes) -> None:
        """A whole answer."""
        self.begin(status, headers)
        self.body, self.ended = body, "end"

    def write(self, data: bytes) -> None:
        """Bytes of a stream, which has begun and not ended."""
        assert self.begun
        assert not self.ended
        self.body += data
        if data:
            self.heard.set()

    def end(self) -> None:
        """A clean end."""
        self.ended = "end"

    def abort(self) -> None:
        """No clean end."""
        self.ended = "abort"

    def when_ready(self, callback: Callable[[], None] | None) -> None:
        """It always is."""

    @property
    def events(self) -> list[Any]:
        """The JSON events so far."""
        return [json.loads(line[6:]) for line in self.body.split(b"\n") if line.startswith(b"data: {")]


class House(NamedTuple):
    """A provider that does nothing until it is told to, and a router in front of it."""

    provider: FakeProvider
    router: Router
    go: asyncio.Event

    async def ask(self, client: Recorder, dialect: str = "openai") -> Trail:
        """Ask for a stream; what became of it."""
        trail = Trail(started=time.perf_counter())
        body = json.dumps(question("hi", stream=True, input="hi")).encode()
        await self.router.answer(Call("mine-1", dialect, "me", {}, body), client, trail)
        return trail


@asynccontextmanager
async def routing(
    provider: FakeProvider, *, judge: Judge | None = None, model: str | None = "fake-1", dialect: str = "openai"
) -> AsyncIterator[Router]:
    """A router with that provider as its frontier, whose clients get a sign of life fifty times a second."""
    path = "/models/{model}" if dialect == "gemini" else "/chat/completions"
    target = Target("frontier", "fake", dialect, f"{provider.url}{path}", model)
    pool = Pool(Upstream())

    def book(*_: object) -> None:
        """Nobody counts here."""

    yield Router(
        decider=Decider({"frontier": target}, judge, book),
        tell_usage=frozenset(),
        pool=pool,
        book=book,
        thoughts=Thoughts(MemoryStore()),
        sign_of_life_s=0.02,
    )
    await pool.close()


class Ponders:
    """A judge that takes its time."""

    def __init__(self, go: asyncio.Event) -> None:
        self._go = go

    async def judge(self, ask: Ask) -> Verdict:
        """The frontier, once it is told to go on."""
        await self._go.wait()
        return Verdict(2, "classifier", detail=ask.text)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """A router whose provider takes its time: the head at once, the rest when it is told to go on."""
    go = asyncio.Event()

    async def hesitates(call: Request) -> None:
        await call.begin()
        await go.wait()
        await call.send_events(chunks("one two"))
        await call.send(b"data: [DONE]\n\n")
        await call.end()

    async with FakeProvider(hesitates) as provider, routing(provider) as router:
        yield House(provider, router, go)


def is_empty(event: Object) -> bool:
    """Whether an event is a delta that says nothing."""
    empty: bool = event["object"] == "chat.completion.chunk" and event["choices"] == [
        {"index": 0, "delta": {}, "finish_reason": None}
    ]
    return empty


async def test_ticks_until_it_is_stopped() -> None:
    """It calls again and again, and not once after it was stopped."""
    ticks: list[int] = []
    third = asyncio.Event()

    def tick() -> None:
        ticks.append(len(ticks))
        if len(ticks) == 3:
            waiting.stop()
            third.set()

    waiting = Waiting(tick, 0.001)
    await asyncio.wait_for(third.wait(), 10)
    await asyncio.sleep(0.01)
    assert ticks == [0, 1, 2]


def test_interval() -> None:
    """Clients whose watchdogs bark after half a minute are safe, and quick errors are proper statuses."""
    assert INTERVAL_S == 15


async def test_sign_of_life(house: House) -> None:
    """A stream that waits begins with empty deltas; then come the provider's very bytes, and nothing in between."""
    client = Recorder()
    asking = asyncio.create_task(house.ask(client))
    await asyncio.wait_for(client.heard.wait(), 10)
    assert (client.status, client.headers["x-xrouter-upstream"]) == (200, "frontier")
    house.go.set()
    trail = await asyncio.wait_for(asking, 10)
    silent = [is_empty(event) for event in client.events]
    assert silent[0]
    assert silent == sorted(silent, reverse=True)
    words = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in chunks("one two"))
    assert client.body.endswith(words + b"data: [DONE]\n\n")
    assert client.events[0]["id"] == "mine-1"
    assert client.events[0]["model"] == "fake-1"
    assert (client.ended, trail.fault) == ("end", None)


@pytest.mark.parametrize("model", ["fake-1", None])
async def test_sign_of_life_while_judging(model: str | None) -> None:
    """A judge that takes its time is no reason for silence; a wrong request is then told so in the stream."""
    go = asyncio.Event()
    judge = Judge(classifier=Ponders(go), decisions=Decisions(MemoryStore()))
    async with (
        FakeProvider(says="one two") as provider,
        routing(provider, judge=judge, model=model) as router,
    ):
        client = Recorder()
        asking = asyncio.create_task(House(provider, router, go).ask(client))
        await asyncio.wait_for(client.heard.wait(), 10)
        assert (client.status, "x-xrouter-upstream" in client.headers) == (200, False)
        go.set()
        trail = await asyncio.wait_for(asking, 10)
    assert is_empty(client.events[0])
    if model:
        assert (client.ended, trail.fault, client.body[-14:]) == ("end", None, b"data: [DONE]\n\n")
    else:
        assert (client.ended, trail.fault, client.events[-1]["error"]["param"]) == ("abort", "invalid_request", "model")


async def test_no_sign_of_life_is_needed(house: House) -> None:
    """A provider that speaks at once is all that the client sees."""
    house.go.set()
    client = Recorder()
    await house.ask(client)
    assert not [event for event in client.events if is_empty(event)]
    assert client.ended == "end"


async def test_late_error(house: House) -> None:
    """A fault after the stream has begun is an error event, and no clean end."""

    async def refuses_late(call: Request) -> None:
        await house.go.wait()
        await status(429, "too late")(call)

    house.provider.handler = refuses_late
    client = Recorder()
    asking = asyncio.create_task(house.ask(client))
    await asyncio.wait_for(client.heard.wait(), 10)
    house.go.set()
    trail = await asyncio.wait_for(asking, 10)
    assert client.events[-1]["error"] == {
        "message": "too late",
        "type": "fake_error",
        "param": None,
        "code": "fake_429",
    }
    assert (client.ended, trail.fault) == ("abort", "fake_429")


async def test_early_error(house: House) -> None:
    """An error that comes at once is no stream."""
    house.provider.handler = status(429, "at once")
    client = Recorder()
    with pytest.raises(UpstreamError, match="at once"):
        await house.ask(client)
    assert not client.begun


async def test_comments_are_no_signs_of_life(house: House) -> None:
    """A provider that only sends comments is still waited for: clients' watchdogs do not hear those."""

    async def comments(call: Request) -> None:
        await call.begin()
        while not house.go.is_set():
            await call.send(b": processing\n\n")
            await asyncio.sleep(0.005)
        await call.send_events(chunks("one"))
        await call.send(b"data: [DONE]\n\n")
        await call.end()

    house.provider.handler = comments
    client = Recorder()
    asking = asyncio.create_task(house.ask(client))
    await asyncio.wait_for(client.heard.wait(), 10)
    house.go.set()
    await asyncio.wait_for(asking, 10)
    assert is_empty(client.events[0])
    assert b": processing" in client.body
    assert client.ended == "end"


async def test_client_that_leaves(house: House) -> None:
    """Whoever leaves while the stream waits frees the provider, and nothing is written any more."""
    client = Recorder()
    asking = asyncio.create_task(house.ask(client))
    await asyncio.wait_for(client.heard.wait(), 10)
    asking.cancel()
    await asyncio.wait([asking])
    written = client.body
    await asyncio.wait_for(house.provider.calls[0].gone.wait(), 10)
    await asyncio.sleep(0.05)
    assert client.body == written
    house.go.set()


WORDS = "one two"
SAYS: dict[str, tuple[str, Object, list[str], str]] = {
    "openai": ("openai", {"messages": [{"role": "user", "content": "hi"}]}, ["", ""], "[DONE]"),
    "anthropic": (
        "anthropic",
        {"max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]},
        ["ping", "message_start"],
        "message_stop",
    ),
    "responses": (
        "responses",
        {"input": "hi"},
        ["response.created", "response.in_progress", "response.output_item.added"],
        "response.completed",
    ),
}


@pytest.mark.parametrize(("dialect", "ask", "kinds", "end"), SAYS.values(), ids=SAYS)
async def test_sign_of_life_in_each_dialect(dialect: str, ask: Object, kinds: list[str], end: str) -> None:
    """Whatever the client speaks, it gets legal events of its own while a provider of another dialect thinks."""
    go = asyncio.Event()

    async def gemini(call: Request) -> None:
        await go.wait()
        candidate = {"content": {"role": "model", "parts": [{"text": WORDS}]}, "finishReason": "STOP"}
        await call.begin()
        await call.send_events([{"candidates": [candidate], "responseId": "r"}])
        await call.end()

    async with FakeProvider(gemini) as provider, routing(provider, dialect="gemini") as router:
        client = Recorder()
        body = json.dumps({"model": "auto", "stream": True, **ask}).encode()
        call = Call("mine-1", dialect, "me", {}, body)
        asking = asyncio.create_task(router.answer(call, client, Trail(started=time.perf_counter())))
        await asyncio.wait_for(client.heard.wait(), 10)
        await asyncio.sleep(0.1)
        go.set()
        await asyncio.wait_for(asking, 10)
    told = [event.get("type", "") for event in client.events]
    assert [kind for kind, before in zip(told, ["x", *told], strict=False) if kind != before][: len(kinds)] == (
        kinds if dialect != "openai" else [""]
    )
    assert told.count(kinds[1]) > 1 or dialect == "anthropic"
    numbers = [event["sequence_number"] for event in client.events if "sequence_number" in event]
    assert numbers == list(range(len(numbers)))
    assert end in client.body.decode()[-3000:]
    assert WORDS in client.body.decode()
    assert client.ended == "end"


def said(name: str, **members: Any) -> bytes:
    """An event of Anthropic's dialect."""
    return b"event: " + name.encode() + b"\ndata: " + json.dumps({"type": name, **members}).encode() + b"\n\n"


HEAD = said("message_start", message={"id": "msg_1", "model": "claude-x", "usage": {"input_tokens": 9}})
PING = said("ping")
WORD = said("content_block_delta", index=0, delta={"type": "text_delta", "text": "Hi."})
END = said("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 2}) + said("message_stop")
SIGNS: dict[str, Callable[[Object], bool]] = {
    "openai": lambda event: event["choices"] == [{"index": 0, "delta": {}, "finish_reason": None}],
    "responses": lambda event: event["type"] in {"response.created", "response.in_progress"},
}


class Talk(NamedTuple):
    """A provider of Anthropic's dialect that says each next piece when it is told to."""

    house: House
    pieces: asyncio.Queue[bytes]


@pytest.fixture
async def talk() -> AsyncIterator[Talk]:
    """What it says comes from a queue; an empty piece ends it."""
    pieces: asyncio.Queue[bytes] = asyncio.Queue()

    async def speaks(call: Request) -> None:
        await call.begin()
        while piece := await pieces.get():
            await call.send(piece)
        await call.end()

    async with FakeProvider(speaks) as provider, routing(provider, dialect="anthropic") as router:
        yield Talk(House(provider, router, asyncio.Event()), pieces)


async def hears(client: Recorder, mark: bytes = b"") -> None:
    """Wait until the client gets something more, and `mark` is in all that it has."""
    async with asyncio.timeout(10):
        client.heard.clear()
        while not await client.heard.wait() or mark not in client.body:
            client.heard.clear()


@pytest.mark.parametrize("dialect", list(SIGNS))
async def test_waits_until_the_model_speaks(talk: Talk, dialect: str) -> None:
    """A head and pings are no words: the client is kept awake through them, and between words that are far apart."""
    client = Recorder()
    asking = asyncio.create_task(talk.house.ask(client, dialect))
    talk.pieces.put_nowait(HEAD)
    await hears(client)
    talk.pieces.put_nowait(PING)
    await hears(client)
    await hears(client)
    assert all(SIGNS[dialect](event) for event in client.events)
    talk.pieces.put_nowait(WORD)
    await hears(client, b"Hi.")
    before = len(client.events)
    await hears(client)
    assert SIGNS[dialect](client.events[before])
    for piece in (WORD + END, b""):
        talk.pieces.put_nowait(piece)
    trail = await asyncio.wait_for(asking, 10)
    assert (client.ended, trail.fault, client.body.count(b'"Hi."')) == ("end", None, 2)
    if dialect == "responses":
        assert [event["sequence_number"] for event in client.events] == list(range(len(client.events)))
    written = client.body
    await asyncio.sleep(0.05)
    assert client.body == written


@pytest.mark.parametrize("last", [b"", said("error", error={"type": "overloaded_error", "message": "full"})])
async def test_error_behind_the_head_is_a_status(talk: Talk, last: bytes) -> None:
    """Before the first word of the model nothing has been promised to the client."""
    client = Recorder()
    for piece in (HEAD, PING, last, b""):
        talk.pieces.put_nowait(piece)
    with pytest.raises(UpstreamError, match="full" if last else "before it said a word") as caught:
        await asyncio.wait_for(talk.house.ask(client), 10)
    assert isinstance(caught.value, Broken) is not bool(last)
    assert not client.begun
