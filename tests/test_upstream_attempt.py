"""xrouter/upstream/attempt.py against a real provider: errors in its own words, and the first bytes of a stream."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.calling import KEY, pool_of, to
from tests.fakes import Call, FakeProvider, Handler, chunks, completion, status
from xrouter.chat.target import Target
from xrouter.dialects import openai
from xrouter.errors import Broken, UpstreamError
from xrouter.upstream.attempt import MAX_ERROR_BYTES, attempt, first_bytes, redact

EVENTS = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in chunks("one two"))
FAULT = b'data: {"error": {"message": "no such model", "code": 404}}'


async def begin(handler: Handler) -> tuple[bytes, bool]:
    """The first bytes of what this provider says, and whether they are a whole answer."""
    async with FakeProvider(handler) as provider, pool_of() as pool:
        answer = await attempt(pool, openai, to(provider.url), b"{}", {})
        try:
            return await first_bytes(answer)
        finally:
            answer.close()


def says(*pieces: bytes, kind: str = "text/event-stream") -> Handler:
    """A provider that streams these pieces, each in a packet of its own."""

    async def handler(call: Call) -> None:
        await call.begin(headers={"content-type": kind})
        for piece in pieces:
            await call.send(piece)
            await asyncio.sleep(0.01)
        await call.end()

    return handler


PAGES: dict[str, tuple[Handler, int, str]] = {
    "its own error": (status(429, "slow"), 429, "slow"),
    "a redirect": (status(302, "elsewhere"), 502, "elsewhere"),
    "an odd status": (status(999, "odd"), 502, "odd"),
    "its key": (status(401, f"Incorrect API key: {KEY}."), 401, "Incorrect API key: ***."),
    "its whole header": (status(401, f"No: Bearer {KEY}"), 401, "No: ***"),
}


@pytest.mark.parametrize(("handler", "code", "message"), PAGES.values(), ids=PAGES)
async def test_errors(handler: Handler, code: int, message: str) -> None:
    """A status that is no success is an error in the provider's words, less our key."""
    with pytest.raises(UpstreamError) as caught:
        await begin(handler)
    assert (caught.value.status, caught.value.message, str(caught.value)) == (code, message, message)


async def test_headers_of_errors() -> None:
    """When to try again passes, be the page JSON or not; nothing private does."""

    async def page(call: Call) -> None:
        await call.reply(b"<html>busy</html>", 503, {"retry-after": "7", "set-cookie": "a=b"})

    for handler in (status(429, headers={"Retry-After": "7", "x-internal": "1"}), page):
        with pytest.raises(UpstreamError) as caught:
            await begin(handler)
        assert [(name.lower(), value) for name, value in caught.value.headers] == [("retry-after", "7")]


async def test_huge_error_page() -> None:
    """An error page without an end is given up."""

    async def handler(call: Call) -> None:
        await call.begin(500)
        while not call.gone.is_set():
            await call.send(b"x" * (MAX_ERROR_BYTES // 4))
            await asyncio.sleep(0)

    with pytest.raises(Broken, match="more than"):
        await begin(handler)


@pytest.mark.parametrize("member", ["message", "type", "code", "param"])
def test_key_is_masked_wherever_it_stands(member: str) -> None:
    """Our key is nowhere in the error that a client gets."""
    body = json.dumps({"error": {"message": "no", member: f"<{KEY}>"}}).encode()
    error = redact(openai.read_error(400, body), to("http://127.0.0.1/"))
    assert KEY not in openai.write_error(error).decode() + repr(error)
    assert b"<***>" in openai.write_error(error)


def test_short_values_are_no_secrets() -> None:
    """A header of a few letters would mask half of what is said."""
    target = Target("frontier", "fake", "openai", "http://127.0.0.1/", headers=(("x-version", "2024"), ("x-a", "")))
    error = redact(openai.read_error(400, b'{"error": "since 2024 no more"}'), target)
    assert error.message == "since 2024 no more"


FIRST: dict[str, Any] = {
    "an event": (EVENTS,),
    "an event in pieces": (EVENTS[:1], EVENTS[1:20], EVENTS[20:]),
    "comments first": (b": OPENROUTER PROCESSING\n\n", b": OPENROUTER PROCESSING\n\n", EVENTS),
    "crlf": (EVENTS.replace(b"\n", b"\r\n"),),
    "an event without its end": (b'data: {"choices": []}',),
}


@pytest.mark.parametrize("pieces", FIRST.values(), ids=FIRST)
@pytest.mark.parametrize("kind", ["text/event-stream", "Text/Event-Stream; charset=utf-8", "text/plain"])
async def test_first_bytes(pieces: tuple[bytes, ...], kind: str) -> None:
    """The first bytes hold a whole event with data, as it came, whatever kind of content it says that it is."""
    first, whole = await begin(says(*pieces, kind=kind))
    assert b"".join(pieces).startswith(first)
    assert b"data:" in first
    assert not whole


@pytest.mark.parametrize("pieces", [(), (b": hm\n\n", b": hm\n\n"), (b"event: x\n\n",)])
async def test_not_a_word(pieces: tuple[bytes, ...]) -> None:
    """A stream that ends without a word is broken."""
    with pytest.raises(Broken, match="before it said a word"):
        await begin(says(*pieces))


async def test_whole_answer_to_a_stream_request() -> None:
    """A provider that cannot stream gives all of its answer at once."""

    async def handler(call: Call) -> None:
        await call.reply_json(completion("one two"))

    assert await begin(handler) == (json.dumps(completion("one two")).encode(), True)


@pytest.mark.parametrize("text", ["one two", "it says data:\n\n twice"])
async def test_whole_answer_that_says_it_were_a_stream(text: str) -> None:
    """What a provider gives counts, not what it calls it."""
    body = json.dumps(completion(text), indent=2).encode()
    assert await begin(says(b"\n", body[:30], body[30:])) == (b"\n" + body, True)
