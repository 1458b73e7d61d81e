"""Two `xrouter serve` processes with one real Redis, which may also fail under them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from redis import Redis

from tests.asking import KEYS, Reply, ask, get, logged, one_tier, question, three_tiers
from tests.fakes import FakeProvider, answers, status, tokens
from tests.processes import RedisServer, Router

SECRET = "PROMPT-CANARY, my password is hunter2"
ROUTER_KEY = "the-router-key-0123456789"


class House(NamedTuple):
    """Two routers that share a classifier, the providers and a Redis."""

    classifier: FakeProvider
    routers: tuple[Router, Router]

    async def ask(self, which: int, text: str, **members: Any) -> Reply:
        """The answer of one of the routers, which is a good one."""
        reply = await ask(self.routers[which], question(text, **members), {"Authorization": f"Bearer {ROUTER_KEY}"})
        assert (reply.status, reply.text, reply.whole) == (200, "an answer", True)
        return reply

    async def usage(self, which: int) -> Any:
        """What one of the routers shows."""
        return (await get(self.routers[which], "/usage", {"Authorization": f"Bearer {ROUTER_KEY}"})).json


@pytest.fixture
async def house(redis_server: RedisServer) -> AsyncIterator[House]:
    """Both routers ready; an answer takes 10 tokens in and 2 out, and a question a classification."""
    async with AsyncExitStack() as stack:
        handler = answers("an answer", usage=tokens(10, 2, cached=4))
        providers = [await stack.enter_async_context(FakeProvider(handler)) for _ in range(3)]
        classifier = await stack.enter_async_context(FakeProvider(says="1"))
        env = three_tiers(providers, classifier, REDIS_URL=redis_server.url, ROUTER_API_KEY=ROUTER_KEY)
        first, second = Router(env), Router(env)
        await asyncio.gather(*(stack.enter_async_context(router) for router in (first, second)))
        yield House(classifier, (first, second))


async def test_decision_is_shared(house: House) -> None:
    """What one router decided the other one uses, stream or not."""
    first = await house.ask(0, "the same words")
    others = [await house.ask(1, "the same words", stream=stream) for stream in (True, False)]
    assert first.route == ("1", "medium", "classifier")
    assert [reply.route for reply in others] == [("1", "medium", "cache")] * 2
    assert len(house.classifier.calls) == 1


async def test_counters_are_shared(house: House) -> None:
    """Both routers show the sums of both, exactly, whoever answered and however."""
    await asyncio.gather(*(house.ask(at % 2, f"question {at % 5}", stream=at % 3 == 0) for at in range(40)))
    shown = [await house.usage(which) for which in (0, 1, 0)]
    assert shown[2] == shown[1]
    used = shown[2]
    assert used["medium"] | {"cost_usd": None} == {
        "requests": 40,
        "prompt_tokens": 400,
        "completion_tokens": 80,
        "total_tokens": 480,
        "cached_tokens": 160,
        "reasoning_tokens": 0,
        "cost_usd": None,
        "estimated": 0,
    }
    assert used["total"]["requests"] == 40
    assert used["classifier"]["requests"] == len(house.classifier.calls)


async def test_nothing_private_in_redis(house: House, redis_server: RedisServer) -> None:
    """No key or value in Redis holds a prompt, an answer or a key, and decisions are not kept for ever."""
    for which in (0, 1):
        await house.ask(which, SECRET)
        await house.usage(which)
    with Redis.from_url(redis_server.url) as redis:
        names: list[bytes] = list(redis.scan_iter())
        everything = repr([(name, redis.dump(name)) for name in names])
        decisions = [name for name in names if name.startswith(b"xrouter:decision:")]
        assert 0 < redis.ttl(decisions[0]) <= 3600
    assert len(decisions) == 1
    assert all(name.startswith(b"xrouter:") for name in names)
    assert not [
        secret for secret in ("CANARY", "hunter2", "answer", ROUTER_KEY, *KEYS.values()) if secret in everything
    ]


async def test_redis_dies_and_comes_back(house: House, redis_server: RedisServer) -> None:
    """Requests succeed while Redis is away, memory stands in, and a Redis that is back is used again by itself."""
    await house.ask(0, "before")
    redis_server.stop()
    routes = [(await house.ask(0, "while it is away")).route for _ in range(3)]
    assert routes == [("1", "medium", "classifier"), *[("1", "medium", "cache")] * 2]
    assert (await house.ask(0, "before")).route == ("1", "medium", "cache")
    redis_server.start()
    async with asyncio.timeout(20):
        with Redis.from_url(redis_server.url) as redis:
            at = 0
            while not [name for name in redis.scan_iter("xrouter:decision:*") if not name.endswith(b"probe")]:
                await house.ask(0, f"is it back? {at}")
                at += 1
                await asyncio.sleep(0.1)
    asked = len(house.classifier.calls)
    assert (await house.ask(1, f"is it back? {at - 1}")).route == ("1", "medium", "cache")
    assert len(house.classifier.calls) == asked


async def test_redis_freezes(house: House, redis_server: RedisServer) -> None:
    """A Redis that answers nothing stops no request, and the counts are exact once it has thawed."""
    await house.ask(0, "before")
    await house.usage(0)
    redis_server.freeze()
    try:
        for which in (0, 1):
            replies = await asyncio.gather(*(house.ask(which, f"{which} {at % 2}", stream=True) for at in range(5)))
            assert {reply.headers["x-xrouter-upstream"] for reply in replies} == {"medium"}
        assert (await house.usage(0))["medium"]["requests"] == 6
    finally:
        redis_server.thaw()
    async with asyncio.timeout(20):
        while {(await house.usage(which))["total"]["requests"] for which in (0, 1)} != {11}:  # noqa: ASYNC110  # Redis
            await asyncio.sleep(0.1)
    used = await house.usage(1)
    assert (used["medium"]["requests"], used["medium"]["total_tokens"]) == (11, 132)
    assert used["classifier"]["requests"] == len(house.classifier.calls)


async def test_redis_is_not_there_at_the_start() -> None:
    """A router whose Redis does not answer starts, routes, remembers in memory, and says what is wrong."""
    async with FakeProvider(says="an answer") as provider, FakeProvider(says="0") as classifier:
        env = three_tiers([provider] * 3, classifier, REDIS_URL="redis://:SECRET-PASSWORD@127.0.0.1:1/0")
        async with Router(env) as router:
            replies = [await ask(router, question("hi")) for _ in range(2)]
            assert [reply.route[2] for reply in replies] == ["classifier", "cache"]
            assert (await get(router, "/usage")).json["cheap"]["requests"] == 2
            log = await logged(router, "REDIS_URL")
        assert "SECRET" not in log


async def test_kinds_of_judges_do_not_mix(redis_server: RedisServer) -> None:
    """What the embedded judge said in place of a model that failed is no verdict of that model."""
    async with FakeProvider(says="ok") as provider, FakeProvider(status(500)) as classifier:
        env = three_tiers([provider] * 3, classifier, REDIS_URL=redis_server.url)
        async with Router(env | {"CLASSIFIER_KIND": "hybrid"}) as hybrid:
            assert (await ask(hybrid, question("hello"))).route[2] == "embedded"
        classifier.handler = answers("2")
        async with Router(env) as router:
            assert (await ask(router, question("hello"))).route == ("2", "frontier", "classifier")


async def test_redis_address_that_only_redis_py_refuses(tmp_path: Path) -> None:
    """It is one line and exit code 2, and nothing that was opened is left for Python to complain about."""
    async with FakeProvider(says="ok") as provider:
        router = Router(one_tier(provider, REDIS_URL="redis://127.0.0.1?socket_timeout=x"), home=tmp_path)
        router.launch()
        assert await router.wait() == 2
    assert router.log().splitlines() == [
        "xrouter: REDIS_URL is not the URL of a Redis; write redis://[[user]:password@]host[:port][/number], or rediss://"
    ]
