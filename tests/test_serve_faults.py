"""Providers that fail, as `xrouter serve` handles them."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import cache
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from tests.asking import KEYS, ask, one_tier, question
from tests.fakes import (
    Call,
    FakeProvider,
    Handler,
    answers,
    chunks,
    completion,
    resets,
    silence,
    status,
)
from tests.processes import Router

pytestmark = pytest.mark.asyncio(loop_scope="module")

HASTE = {
    "UPSTREAM_CONNECT_TIMEOUT_MS": "400",
    "UPSTREAM_FIRST_BYTE_TIMEOUT_MS": "400",
    "UPSTREAM_IDLE_TIMEOUT_MS": "400",
}
COMPLETION = json.dumps(completion("Hello.")).encode()
JSON = {"Content-Type": "application/json"}


class House(NamedTuple):
    """A provider, and two routers in front of it: one in haste and one that waits for minutes."""

    provider: FakeProvider
    hasty: Router
    patient: Router


@pytest_asyncio.fixture(scope="module", loop_scope="module", name="shared")
async def _shared() -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        provider = await stack.enter_async_context(FakeProvider())
        hasty, patient = Router({**one_tier(provider), **HASTE}), Router(one_tier(provider))
        await asyncio.gather(*(stack.enter_async_context(router) for router in (hasty, patient)))
        yield House(provider, hasty, patient)


@pytest_asyncio.fixture(loop_scope="module")
async def house(shared: House) -> AsyncIterator[House]:
    """The house with nothing on record; after each test the routers still answer."""
    shared.provider.calls.clear()
    yield shared
    shared.provider.handler = answers("Hello.")
    for router in (shared.hasty, shared.patient):
        assert (await ask(router, question("still there?"))).text == "Hello."


async def hangs_up(call: Call) -> None:
    """FIN instead of an answer."""
    call.close()


async def speaks_no_http(call: Call) -> None:
    """Another protocol."""
    await call.raw(b"SSH-2.0-OpenSSH_9.6\r\n\x00\x01\r\n\r\n")
    await call.silence()


async def sends_a_page(call: Call) -> None:
    """A page of a proxy, with a status that says all is well."""
    await call.reply(b"<html>Sign in</html>", headers={"Content-Type": "text/html"})


async def sends_an_error_page(call: Call) -> None:
    """A page of a proxy in front of a provider that is down."""
    await call.reply(b"<html><h1>502 Bad Gateway</h1></html>", 502, {"Content-Type": "text/html"})


async def sends_nothing(call: Call) -> None:
    """200 without a body."""
    await call.reply(b"", headers=JSON)


async def cuts_its_json(call: Call) -> None:
    """Half a completion that claims to be whole."""
    await call.reply(COMPLETION[:60], headers=JSON)


async def sends_less_than_it_says(call: Call) -> None:
    """Half a completion, then FIN."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(COMPLETION)}\r\n\r\n"
    await call.raw(head.encode() + COMPLETION[:60])
    call.close()


async def stops_after_its_head(call: Call) -> None:
    """The head of a stream, and not a word."""
    await call.begin()
    await call.silence()


async def ends_after_its_head(call: Call) -> None:
    """A stream without an event."""
    await call.begin()
    await call.end()


async def says_that_it_fails(call: Call) -> None:
    """A stream that starts with an error, or an answer that is one, with status 200."""
    error = {"error": {"message": "overloaded now", "type": "overloaded", "code": 529}}
    if call.json.get("stream"):
        await call.begin()
        await call.send(b": hold on\n\n")
        await call.send_events([error])
        await call.end()
    else:
        await call.reply_json(error)


async def packs_what_nobody_unpacks(call: Call) -> None:
    """A body that is not what its encoding says."""
    await call.reply(COMPLETION, headers={**JSON, "Content-Encoding": "gzip"})


@cache
def bomb() -> bytes:
    """100 MB of blanks in 100 KB."""
    packer = zlib.compressobj(wbits=31)
    return b"".join(packer.compress(b" " * (1 << 20)) for _ in range(100)) + packer.flush()


async def packs_a_bomb(call: Call) -> None:
    """More than it seems to be."""
    await call.reply(bomb(), headers={**JSON, "Content-Encoding": "gzip"})


async def sends_a_huge_head(call: Call) -> None:
    """A header of 100 KB."""
    await call.reply(COMPLETION, headers={**JSON, "X-Huge": "x" * 100_000})


BEFORE: dict[str, tuple[Handler, int, str]] = {
    "resets": (resets, 502, "upstream_broken"),
    "hangs up": (hangs_up, 502, "upstream_broken"),
    "silence": (silence, 504, "upstream_timeout"),
    "no http": (speaks_no_http, 502, "upstream_broken"),
    "a page": (sends_a_page, 502, "upstream_broken"),
    "an error page": (sends_an_error_page, 502, "upstream_error"),
    "nothing": (sends_nothing, 502, "upstream_broken"),
    "cut json": (cuts_its_json, 502, "upstream_broken"),
    "less than it says": (sends_less_than_it_says, 502, "upstream_broken"),
    "silence after the head": (stops_after_its_head, 504, "upstream_timeout"),
    "end after the head": (ends_after_its_head, 502, "upstream_broken"),
    "an error with status 200": (says_that_it_fails, 529, "529"),
    "packed badly": (packs_what_nobody_unpacks, 502, "upstream_broken"),
    "a bomb": (packs_a_bomb, 502, "upstream_broken"),
    "a huge head": (sends_a_huge_head, 502, "upstream_broken"),
    "a bad request": (status(400, "maximum context length is 8192 tokens"), 400, "context_length_exceeded"),
    "its own 500": (status(500), 500, "fake_500"),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("handler", "code", "name"), BEFORE.values(), ids=BEFORE)
async def test_fault_before_a_word(house: House, handler: Handler, code: int, name: str, *, stream: bool) -> None:
    """What fails before the first word is an error with a proper status, for stream requests too."""
    house.provider.handler = handler
    router = house.hasty if code == 504 else house.patient
    reply = await ask(router, question("hi", stream=stream))
    assert (reply.status, reply.whole) == (code, True)
    assert reply.error["code"] == name
    assert reply.error["message"]
    assert reply.headers["content-type"] == "application/json"
    assert reply.route == ("2", "frontier", "disabled")
    assert reply.headers["x-request-id"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("handler", [silence, stops_after_its_head, speaks_no_http])
async def test_nobody_is_kept_on_the_line(house: House, handler: Handler, *, stream: bool) -> None:
    """A provider that is given up is hung up on."""
    house.provider.handler = handler
    assert (await ask(house.hasty, question("hi", stream=stream))).status >= 500
    await asyncio.wait_for(house.provider.calls[0].gone.wait(), 10)


@pytest.mark.parametrize("stream", [False, True])
async def test_nobody_listens(house: House, *, stream: bool) -> None:
    """A provider that is not there is a 502 that names it; when it is back, all is well."""
    await house.provider.stop()
    reply = await ask(house.hasty, question("hi", stream=stream))
    await house.provider.start()
    assert (reply.status, reply.error["code"]) == (502, "upstream_unreachable")
    assert "frontier" in reply.error["message"]
    assert "127.0.0.1" in reply.error["message"]


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(house: House, code: int) -> None:
    """A redirect is an error; where it leads nobody hears of it, nor gets the key."""
    async with FakeProvider() as elsewhere:
        house.provider.handler = status(code, headers={"Location": f"{elsewhere.url}/chat/completions"})
        for stream in (False, True):
            assert (await ask(house.hasty, question("hi", stream=stream))).status == 502
        assert elsewhere.connections == 0


@pytest.mark.parametrize("stream", [False, True])
async def test_quoted_key_is_masked(house: House, *, stream: bool) -> None:
    """A provider that quotes its key in an error does not tell it to the client."""
    house.provider.handler = status(401, f"Incorrect API key provided: {KEYS['frontier']}.")
    reply = await ask(house.hasty, question("hi", stream=stream))
    assert (reply.status, reply.error["message"]) == (401, "Incorrect API key provided: ***.")
    assert KEYS["frontier"] not in house.hasty.log()


async def hints_early(call: Call) -> None:
    """An informational answer, then the real one."""
    await call.raw(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
    await call.reply(COMPLETION, headers=JSON)


async def speaks_old_http(call: Call) -> None:
    """HTTP/1.0, without a length."""
    await call.raw(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + COMPLETION)
    call.close()


async def trickles(call: Call) -> None:
    """Byte by byte, for longer than any silence may last."""
    await call.raw(
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(COMPLETION)}\r\n\r\n".encode()
    )
    for at in range(len(COMPLETION)):
        await call.raw(COMPLETION[at : at + 1])
        await asyncio.sleep(0.003)


@pytest.mark.parametrize("handler", [hints_early, speaks_old_http, trickles])
async def test_odd_and_right(house: House, handler: Handler) -> None:
    """What is unusual and allowed is no fault."""
    house.provider.handler = handler
    reply = await ask(house.hasty, question("hi"))
    assert (reply.status, reply.body) == (200, COMPLETION)


async def test_dead_pooled_connection(house: House) -> None:
    """A kept connection that dies as it is used again is nobody's fault: the request goes out again on a new one."""
    for stream in (False, True):
        for handler in (resets, hangs_up):
            assert (await ask(house.hasty, question("warm it up"))).status == 200
            house.provider.calls.clear()
            house.provider.next(handler)
            assert (await ask(house.hasty, question("hi", stream=stream))).text == "Hello."
            assert [call.json.get("stream") for call in house.provider.calls] == [stream] * 2
            assert house.provider.calls[0].connection != house.provider.calls[1].connection


async def test_new_connection_is_not_tried_twice(house: House) -> None:
    """A request that failed on a new connection may have been heard: it is not sent again."""
    await house.provider.stop()
    await house.provider.start()
    house.provider.handler = resets
    assert (await ask(house.hasty, question("hi"))).status == 502
    assert len(house.provider.calls) == 1


async def begin_well(call: Call) -> None:
    """Two words, in a packet of their own: what comes with them may be seen first."""
    await call.begin()
    await call.send_events(chunks("half a")[:3])
    await asyncio.sleep(0.05)


async def resets_later(call: Call) -> None:
    """RST after two words."""
    await begin_well(call)
    call.reset()


async def breaks_off_later(call: Call) -> None:
    """FIN after two words."""
    await begin_well(call)
    call.close()


async def ends_early(call: Call) -> None:
    """A proper end of the body, before the answer's own."""
    await begin_well(call)
    await call.end()


async def falls_silent(call: Call) -> None:
    """Two words and nothing more."""
    await begin_well(call)
    await call.silence()


async def breaks_an_event(call: Call) -> None:
    """FIN within the third event."""
    await begin_well(call)
    await call.send(b'data: {"id": "chatcmpl-fake", "choi')
    call.close()


async def breaks_the_framing(call: Call) -> None:
    """What is no HTTP chunk."""
    await begin_well(call)
    await call.raw(b"xyz\r\nnonsense\r\n")
    await call.silence()


async def packs_badly(call: Call) -> None:
    """Gzip that turns into something else."""
    await call.begin(gzip=True)
    await call.send_events(chunks("half a")[:3])
    await asyncio.sleep(0.05)
    await call.raw(b"10\r\n" + b"\x00" * 16 + b"\r\n")
    await call.silence()


LATER = {
    "breaks off": (breaks_off_later, "upstream_broken"),
    "resets": (resets_later, "upstream_broken"),
    "ends early": (ends_early, "upstream_broken"),
    "falls silent": (falls_silent, "upstream_timeout"),
    "breaks an event": (breaks_an_event, "upstream_broken"),
    "breaks the framing": (breaks_the_framing, "upstream_broken"),
    "packs badly": (packs_badly, "upstream_broken"),
}


@pytest.mark.parametrize("wants_usage", [False, True])
@pytest.mark.parametrize(("handler", "code"), LATER.values(), ids=LATER)
async def test_fault_after_a_word(house: House, handler: Handler, code: str, *, wants_usage: bool) -> None:
    """What breaks later ends in an error event behind a blank line, and a body that is not ended: never a clean end."""
    house.provider.handler = handler
    router = house.hasty if code == "upstream_timeout" else house.patient
    reply = await ask(router, question("hi", stream=True, stream_options={"include_usage": wants_usage}))
    assert (reply.status, reply.whole) == (200, False)
    good, _, last = reply.body.rpartition(b'\n\ndata: {"error":')
    assert json.loads(b'{"error":' + last)["error"]["code"] == code
    assert last.endswith(b"\n\n")
    words = b"".join(piece for piece in good.split(b"\n\n") if piece.endswith(b"}"))
    assert [word in words for word in (b'"half"', b'" a"', b"[DONE]")] == [True, True, False]
    if handler is not ends_early:  # whose connection may be kept
        await asyncio.wait_for(house.provider.calls[0].gone.wait(), 10)


@pytest.mark.parametrize("wants_usage", [False, True])
@pytest.mark.parametrize("end", [b"\n\n", b"\n", b""])
async def test_error_event_of_the_provider(house: House, end: bytes, *, wants_usage: bool) -> None:
    """The provider's own error event is passed on, the last of the stream, and made whole where it was not."""
    said = b'data: {"error": {"message": "overloaded now", "type": "server_error", "code": 529}}'

    async def fails(call: Call) -> None:
        await begin_well(call)
        await call.send(said + end)
        await call.end()

    house.provider.handler = fails
    reply = await ask(house.hasty, question("hi", stream=True, stream_options={"include_usage": wants_usage}))
    assert (reply.status, reply.whole) == (200, False)
    assert reply.body.rstrip(b"\n").endswith(said)
    assert reply.body.endswith(b"\n\n")


async def test_complete_stream_stays_complete(house: House) -> None:
    """A provider that hangs up after [DONE] has said all: the client sees a clean end."""

    async def hangs_up_later(call: Call) -> None:
        await call.begin()
        await call.send_events(chunks("one two"))
        await call.send(b"data: [DONE]\n\n")
        call.reset() if call.json.get("n") else call.close()

    house.provider.handler = hangs_up_later
    for n in (0, 1):
        reply = await ask(house.hasty, question("hi", stream=True, n=n))
        assert (reply.text, reply.whole) == ("one two", True)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def framed(events: list[Any]) -> bytes:
    """Events as the chunks of an HTTP/1.1 body."""
    written = (f"data: {json.dumps(event)}\n\n".encode() for event in events)
    return b"".join(b"%x\r\n%b\r\n" % (len(event), event) for event in written)


@pytest.mark.parametrize("fault", [b"zz\r\n", b"-5\r\n", b"FFFFFFFFFFFFFFFFFFFF\r\n", b""], ids=repr)
async def test_words_and_a_fault_in_one_packet(house: House, fault: bytes) -> None:
    """The words that came with the fault reach the client before the error does, however little time lies between."""

    async def breaks(call: Call) -> None:
        await call.raw(HEAD + framed(chunks("one two three")[:-1]) + fault)
        call.close()

    house.provider.handler = breaks
    for _ in range(5):  # on a new connection and on kept ones the bytes meet the router in different states
        reply = await ask(house.patient, question("hi", stream=True))
        assert (reply.status, reply.text, reply.whole) == (200, "one two three", False)
        assert reply.events[-1]["error"]["code"] == "upstream_broken"
