"""Thoughts and their signatures on their way through clients that drop them, other processes, restarts and strangers.

The providers here refuse a signature that they have not made, and one that was changed.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.processes import RedisServer, Router
from tests.strict import anthropic, gemini, script
from tests.strict.anthropic.rules import sign
from tests.strict.exchange import Request, Wire
from tests.strict.gemini.contents import seal_of
from tests.strict.gemini.shapes import FunctionCall
from tests.strict.provider import Provider
from tests.talking import Called, Chat, Messages, Responses, Talk

KEY = "a-key-of-the-provider-0123456789"
RESULTS = ("18 °C", "25 °C")
BYPASS = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="


class Thinker(NamedTuple):
    """A provider whose model signs what it thinks, and the signature that it makes before its calls."""

    wire: Wire
    provider: str
    model: str
    signature: str


_SIGNED = sign(script.THOUGHT)
THINKERS = {
    "budget": Thinker(anthropic, "anthropic", "claude-sonnet-4-5", _SIGNED),
    "adaptive": Thinker(anthropic, "anthropic", "claude-opus-4-8", _SIGNED),
    "gemini": Thinker(gemini, "gemini", "gemini-3-flash", seal_of(FunctionCall("weather", {"city": script.CITIES[0]}))),
}
both_ways = pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
all_thinkers = pytest.mark.parametrize("thinker", THINKERS.values(), ids=THINKERS)


def settings(thinker: Thinker, provider: Provider, **more: str) -> dict[str, str]:
    """The environment of a router in front of it."""
    tier = {"PROVIDER": thinker.provider, "MODEL": thinker.model, "BASE_URL": provider.url, "API_KEY": KEY}
    return {"CLASSIFIER_ENABLED": "false", **{f"FRONTIER_{name}": value for name, value in tier.items()}, **more}


@asynccontextmanager
async def house(thinker: Thinker, **more: str) -> AsyncIterator[tuple[Provider, Router]]:
    """A provider and the router in front of it."""
    async with Provider(thinker.wire) as provider, Router(settings(thinker, provider, **more)) as router:
        yield provider, router


async def begin(talk: Talk, *, stream: bool) -> None:
    """The first turn, in which the model calls a tool twice."""
    heard = await talk.ask("Warm? @@parallel @@think", stream=stream)
    assert [call.arguments for call in heard.calls] == [{"city": city} for city in script.CITIES]


async def go_on(talk: Talk, provider: Provider, *, stream: bool) -> Request:
    """The second one, which the provider takes; how it came there."""
    heard = await talk.give(*RESULTS, stream=stream)
    assert provider.refused == []
    assert heard.text == script.quoted(*RESULTS)
    return provider.calls[-1]


def signatures(request: Request) -> list[str]:
    """All signatures in what a provider was sent."""
    return re.findall(r'"(?:signature|thoughtSignature)":"([^"]*)"', request.body.decode())


def drop_seals(talk: Chat) -> None:
    """Most clients send back what OpenAI's API names, and nothing beside it."""
    for message in talk._messages:
        for call in message.get("tool_calls", ()):
            call.pop("extra_content", None)


def strip_ids(talk: Chat) -> None:
    """Some clients keep of an id its letters and digits alone."""
    for message in talk._messages:
        for call in message.get("tool_calls", ()):
            call["id"] = re.sub(r"[^A-Za-z0-9]", "", call["id"])
    talk._calls = tuple(Called(re.sub(r"[^A-Za-z0-9]", "", each.id), *each[1:]) for each in talk._calls)


@all_thinkers
@pytest.mark.parametrize(("strips", "stream"), [(False, True), (False, False), (True, True)])
async def test_client_that_drops_them(thinker: Thinker, *, strips: bool, stream: bool) -> None:
    """A chat client sends neither thought nor signature back: the provider sees its own one, as it was."""
    async with house(thinker) as (provider, router):
        talk = Chat(router.url, "any", thinks="budget", keeps=False)
        await begin(talk, stream=stream)
        drop_seals(talk)
        if strips:
            strip_ids(talk)
        assert signatures(await go_on(talk, provider, stream=stream)) == [thinker.signature]


@all_thinkers
async def test_another_process_goes_on(thinker: Thinker, redis_server: RedisServer) -> None:
    """With a Redis that both share, the second turn may come to another router."""
    async with Provider(thinker.wire) as provider:
        env = settings(thinker, provider, REDIS_URL=redis_server.url)
        async with AsyncExitStack() as stack:
            first, second = Router(env), Router(env)
            await asyncio.gather(*(stack.enter_async_context(router) for router in (first, second)))
            talk = Chat(first.url, "any", thinks="budget", keeps=False)
            await begin(talk, stream=True)
            drop_seals(talk)
            talk._url = second.url
            assert signatures(await go_on(talk, provider, stream=True)) == [thinker.signature]


@all_thinkers
async def test_strangers_do_not_get_them(thinker: Thinker, tmp_path: Path) -> None:
    """Who has another key and names the same calls gets nothing of it, and goes on without."""
    config = tmp_path / "router.toml"
    keys = {name: f"key-of-{name}-0123456789" for name in ("alice", "bob")}
    config.write_text("".join(f'[[server.keys]]\nname = "{name}"\nkey = "{key}"\n' for name, key in keys.items()))
    async with AsyncExitStack() as stack:
        provider = await stack.enter_async_context(Provider(thinker.wire))
        router = Router(settings(thinker, provider), args=("--config", str(config)))
        await stack.enter_async_context(router)
        talk = Chat(router.url, keys["alice"], thinks="budget", keeps=False)
        await begin(talk, stream=False)
        drop_seals(talk)
        talk._key = keys["bob"]
        theirs = signatures(await go_on(talk, provider, stream=False))
    assert thinker.signature not in theirs
    assert theirs == ([BYPASS] if thinker.provider == "gemini" else [])


@both_ways
@pytest.mark.parametrize(
    ("client", "thinker"),
    [*((Responses, name) for name in THINKERS), (Messages, "budget"), (Messages, "adaptive")],
)
async def test_client_that_keeps_them(client: type[Talk], thinker: str, *, stream: bool) -> None:
    """A client that sends back what it got needs no memory here: a router that was started anew goes on."""
    asked = THINKERS[thinker]
    async with Provider(asked.wire) as provider:
        env = settings(asked, provider)
        async with Router(env) as router:
            talk = client(router.url, "any", thinks="adaptive" if thinker == "adaptive" else "budget")
            await begin(talk, stream=stream)
        async with Router(env) as router:
            talk._url = router.url
            assert asked.signature in signatures(await go_on(talk, provider, stream=stream))


@both_ways
@pytest.mark.parametrize("keeps", [True, False])
async def test_anthropic_client_of_gemini(*, keeps: bool, stream: bool) -> None:
    """An Anthropic client has no place for the seal of a call: the memory has it, whatever else is sent back."""
    thinker = THINKERS["gemini"]
    async with house(thinker) as (provider, router):
        talk = Messages(router.url, "any", thinks="budget", keeps=keeps)
        await begin(talk, stream=stream)
        assert signatures(await go_on(talk, provider, stream=stream))[0] == thinker.signature


@pytest.mark.parametrize(
    ("client", "first", "second"),
    [
        *((client, *pair) for client in (Chat, Responses) for pair in (("budget", "gemini"), ("gemini", "adaptive"))),
        (Responses, "gemini", "budget"),
        (Messages, "adaptive", "gemini"),
        (Messages, "gemini", "adaptive"),
    ],
)
async def test_never_to_another_provider(client: type[Talk], first: str, second: str) -> None:
    """What one provider signed is never shown to another one, whatever of it the client sends along."""
    one, other = THINKERS[first], THINKERS[second]
    async with house(one) as (_, router):
        talk = client(router.url, "any", thinks="adaptive" if client is Messages else "budget")
        await begin(talk, stream=True)
    async with house(other) as (provider, router):
        talk._url = router.url
        theirs = signatures(await go_on(talk, provider, stream=True))
    assert one.signature not in theirs
    assert theirs == ([BYPASS] if other.provider == "gemini" else [])
