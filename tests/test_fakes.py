"""tests/fakes.py: what the other tests lean on."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.fakes import Call, FakeProvider, answers, breaks_off, resets, silence, status, tokens
from tests.processes import Router

ASK = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """A client."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(10)) as made:
        yield made


def events(body: bytes) -> list[dict[str, object]]:
    """The JSON events of a stream, without its [DONE]."""
    assert body.endswith(b"data: [DONE]\n\n")
    return [json.loads(line[6:]) for line in body.split(b"\n\n") if line.startswith(b"data: {")]


async def test_whole_answer(session: aiohttp.ClientSession) -> None:
    """A plain request gets a completion with usage, and is on record as it came."""
    async with FakeProvider(says="one two") as provider:
        async with session.post(f"{provider.url}/chat/completions", json=ASK, headers={"X-A": "b"}) as answer:
            said = await answer.json()
        assert said["choices"][0]["message"]["content"] == "one two"
        assert said["usage"]["completion_tokens"] == 2
        assert provider.calls[0].json == ASK
        assert provider.calls[0].headers["x-a"] == "b"


@pytest.mark.parametrize("wanted", [True, False])
async def test_streamed_answer(session: aiohttp.ClientSession, *, wanted: bool) -> None:
    """A stream has a word an event, and usage at its end only where it was asked for."""
    ask = {**ASK, "stream": True, "stream_options": {"include_usage": wanted}}
    async with FakeProvider(answers("one two", usage=tokens(7, 2))) as provider:
        async with session.post(f"{provider.url}/chat/completions", json=ask) as answer:
            said = events(await answer.read())
        assert len(said) == 4 + wanted
        assert ("usage" in said[-1]) == wanted


async def test_gzip_chunked_request_and_kept_connection(session: aiohttp.ClientSession) -> None:
    """Chunked bodies are read, packed answers can be unpacked, and one connection serves several requests."""

    async def packed(call: Call) -> None:
        await call.stream([call.json], gzip=True)

    async def pieces() -> AsyncIterator[bytes]:
        yield b'{"a":'
        yield b"1}"

    async with FakeProvider(packed) as provider:
        for _ in range(2):
            async with session.post(f"{provider.url}/chat/completions", data=pieces()) as answer:
                assert events(await answer.read()) == [{"a": 1}]
        assert provider.connections == 1


async def test_misbehaviour(session: aiohttp.ClientSession) -> None:
    """Errors, resets and broken streams look like it to a client, one after the other."""
    async with FakeProvider() as provider:
        url = f"{provider.url}/chat/completions"
        provider.next(status(429, "slow", headers={"retry-after": "2"}), resets, breaks_off)
        async with session.post(url, json=ASK) as answer:
            assert (answer.status, answer.headers["retry-after"]) == (429, "2")
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.post(url, json=ASK)
        with pytest.raises(aiohttp.ClientPayloadError):
            async with session.post(url, json=ASK) as answer:
                await answer.read()
        async with session.post(url, json=ASK) as answer:
            assert answer.status == 200


async def test_client_that_leaves_is_noticed(session: aiohttp.ClientSession) -> None:
    """A silent provider knows when its client has gone."""
    async with FakeProvider(silence) as provider:
        with pytest.raises(TimeoutError):
            await session.post(f"{provider.url}/chat/completions", json=ASK, timeout=aiohttp.ClientTimeout(0.1))
        call = await provider.arrived()
        await call.gone.wait()
        assert call.gone_at is not None
        assert call.gone_at > call.came_at


async def test_failing_handler_fails_the_test(session: aiohttp.ClientSession) -> None:
    """What a handler raises comes out when the provider stops, and its client does not hang."""

    async def wrong(call: Call) -> None:
        raise KeyError(call.path)

    provider = await FakeProvider(wrong).start()
    with pytest.raises(aiohttp.ClientConnectionError):
        await session.post(f"{provider.url}/chat/completions", json=ASK)
    with pytest.raises(KeyError):
        await provider.stop()


async def test_router_process(session: aiohttp.ClientSession) -> None:
    """The real CLI starts beside a fake provider, routes to it, and ends with 0 on SIGTERM."""
    async with FakeProvider(says="from the fake") as provider:
        env = {"CLASSIFIER_ENABLED": "false", "FRONTIER_BASE_URL": provider.url, "FRONTIER_MODEL": "fake-1"}
        async with Router(env) as router:
            async with session.post(f"{router.url}/v1/chat/completions", json=ASK) as answer:
                said = await answer.json()
            assert said["choices"][0]["message"]["content"] == "from the fake"
            assert provider.chats[0].json["model"] == "fake-1"
            assert await router.stop() == 0
            assert router.url in router.log()
