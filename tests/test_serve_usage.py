"""What `xrouter serve` counts, keeps, and tells to `/usage` and `xrouter usage`."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.asking import CHAT, ask, dial, get, one_tier, question, three_tiers
from tests.fakes import Call, FakeProvider, answers, breaks_off, chunk, chunks, completion, silence, status, tokens
from tests.processes import ROOT, Router, empty_home

USED = tokens(100, 20, cached=60, reasoning=7)
ASK = question("hi")
STREAM = question("hi", stream=True)


@pytest.fixture
async def provider() -> AsyncIterator[FakeProvider]:
    """A provider that says what it used."""
    async with FakeProvider(answers("one two three", usage=USED)) as made:
        yield made


@pytest.fixture
async def router(provider: FakeProvider) -> AsyncIterator[Router]:
    """A router that has counted nothing yet."""
    async with Router(one_tier(provider)) as made:
        yield made


async def used(router: Router, tier: str = "frontier", query: str = "") -> Any:
    """What `/usage` says of one tier."""
    reply = await get(router, f"/usage{query}")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    return reply.json[tier]


async def usage_command(router: Router, *options: str) -> subprocess.CompletedProcess[str]:
    """`xrouter usage`, with the environment of that router."""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOST": "127.0.0.1", "PORT": str(router.port)}
    command = [sys.executable, "-m", "xrouter", "usage", *options]
    return await asyncio.to_thread(
        subprocess.run, command, env=env | empty_home(router.home), cwd=router.home, capture_output=True, text=True
    )


async def test_nothing_used_yet(router: Router) -> None:
    """Before the first request all sums are there, and zero."""
    said = (await get(router, "/usage")).json
    assert list(said) == ["cheap", "medium", "frontier", "total", "classifier", "saved", "since"]
    assert said["since"] is None
    assert said["total"] == {
        "requests": 0,
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "total_tokens": 0,
        "cached_tokens": 0,
        "reasoning_tokens": 0,
        "cost_usd": 0,
        "estimated": 0,
    }


async def test_streams_and_whole_answers(router: Router) -> None:
    """Both kinds count alike, asked for usage or not, with cached and reasoning tokens apart; `?since=` picks."""
    await ask(router, ASK)
    await ask(router, STREAM)
    await ask(router, {**STREAM, "stream_options": {"include_usage": True}})
    frontier = await used(router)
    assert frontier | {"cost_usd": None} == {
        "requests": 3,
        "prompt_tokens": 300,
        "completion_tokens": 60,
        "total_tokens": 360,
        "cached_tokens": 180,
        "reasoning_tokens": 21,
        "cost_usd": None,
        "estimated": 0,
    }
    assert await used(router, "total") == frontier
    for query, count in (("?since=1h", 3), ("?since=2000-01-01", 3), ("?since=2999-01-01T00:00:00Z", 0)):
        assert (await used(router, query=query))["requests"] == count
    refused = await get(router, "/usage?since=yesterday")
    assert (refused.status, refused.error["param"]) == (400, "since")


async def tells_nothing(call: Call) -> None:
    """An answer of 40 letters without usage."""
    if call.json.get("stream"):
        await call.stream([*chunks("a " * 20)])
    else:
        answer = completion("a" * 40)
        del answer["usage"]
        await call.reply_json(answer)


async def test_estimates(provider: FakeProvider, router: Router) -> None:
    """Answers without figures are estimated from their sizes and labelled; exact ones beside them stay exact."""
    provider.next(tells_nothing, tells_nothing)
    body = json.dumps(question("x" * 400)).encode()
    await ask(router, body)
    first = await used(router)
    assert (first["requests"], first["estimated"], first["completion_tokens"]) == (1, 1, 10)
    assert first["prompt_tokens"] == -(-len(body) // 4)
    await ask(router, STREAM)
    second = await used(router)
    assert (second["requests"], second["estimated"]) == (2, 2)
    assert second["completion_tokens"] > first["completion_tokens"]
    await ask(router, ASK)
    third = await used(router)
    assert (third["requests"], third["estimated"]) == (3, 2)
    assert third["completion_tokens"] - second["completion_tokens"] == 20


async def test_client_that_leaves(provider: FakeProvider, router: Router) -> None:
    """A stream whose client leaves in the middle is counted, as an estimate."""

    async def goes_on(call: Call) -> None:
        await call.begin()
        await call.send_events(chunks("one two three four")[:5])
        await call.silence()

    provider.next(goes_on)
    async with dial(router) as client:
        await client.send("POST", CHAT, STREAM)
        await client.until(b"four")
        client.leave()
    await asyncio.wait_for(provider.calls[0].gone.wait(), 10)
    frontier = await used(router)
    assert (frontier["requests"], frontier["estimated"]) == (1, 1)
    assert frontier["prompt_tokens"] > 0
    assert frontier["completion_tokens"] >= 4


async def test_broken_and_refused(provider: FakeProvider, router: Router) -> None:
    """A stream that breaks off is counted as an estimate; what the provider refused is not counted."""
    provider.next(breaks_off, status(429), status(500))
    for body in (STREAM, ASK, STREAM):
        await ask(router, body)
    frontier = await used(router)
    assert (frontier["requests"], frontier["estimated"]) == (1, 1)


async def reports_as_it_goes(call: Call) -> None:
    """Running figures in each chunk, as some engines send them; the last ones count."""
    events = [{**chunk({"content": "x"}), "usage": tokens(100, at)} for at in range(1, 6)]
    await call.stream([*events, {**chunk({}, finish="stop"), "usage": USED}])


async def reports_in_its_own_way(call: Call) -> None:
    """Figures below `x_groq`."""
    await call.stream([chunk({"content": "x"}), {**chunk({}, finish="stop"), "x_groq": {"id": "1", "usage": USED}}])


async def reports_before_much_else(call: Call) -> None:
    """The usage, then ten thousand bytes of comments."""
    await call.begin()
    await call.send_events(chunks("x", usage=USED))
    await call.send(b": ping\n\n" * 1000 + b"data: [DONE]\n\n")
    await call.end()


@pytest.mark.parametrize("handler", [reports_as_it_goes, reports_in_its_own_way, reports_before_much_else])
async def test_ways_to_report(provider: FakeProvider, router: Router, handler: Any) -> None:
    """The usage is found wherever a provider puts it."""
    provider.next(handler)
    await ask(router, STREAM)
    frontier = await used(router)
    assert [frontier[name] for name in ("prompt_tokens", "cached_tokens", "total_tokens", "estimated")] == [
        100,
        60,
        120,
        0,
    ]


PRICES = """
[tiers.cheap]
input_price = 1.0
cached_input_price = 0.1
output_price = 4.0
[tiers.frontier]
input_price = 10.0
cached_input_price = 1.0
output_price = 40.0
"""


async def test_prices(provider: FakeProvider, tmp_path: Path) -> None:
    """What is configured is what it costs; a model without a known price costs null, never 0."""
    (tmp_path / ".config/xrouter").mkdir(parents=True)
    (tmp_path / ".config/xrouter/config.toml").write_text(PRICES)
    async with Router(three_tiers([provider] * 3), home=tmp_path) as router:
        await ask(router, question("hi", model="cheap"))
        said = (await get(router, "/usage")).json
        assert said["cheap"]["cost_usd"] == pytest.approx((40 * 1 + 60 * 0.1 + 20 * 4) / 1e6)
        assert said["saved"]["baseline_cost_usd"] == pytest.approx((40 * 10 + 60 * 1 + 20 * 40) / 1e6)
        assert said["saved"]["saved_ratio"] == pytest.approx(0.9)
        await ask(router, question("hi", model="medium"))
        said = (await get(router, "/usage")).json
        assert said["medium"]["requests"] == 1
        assert said["medium"]["cost_usd"] is None
        assert said["total"]["cost_usd"] is None
        assert said["saved"]["saved_usd"] is None
        rows = {row["id"]: row for row in (await get(router, "/v1/models")).json["data"]}
        assert (rows["cheap"]["input_price"], rows["medium"]["input_price"]) == (1.0, None)


JUDGE_PRICES = """
classifier = { provider = "openai_compatible", warmup = false }
tiers.cheap = { input_price = 1, output_price = 4 }
tiers.frontier = { input_price = 10, output_price = 40 }
"""


async def test_price_of_the_classifier(provider: FakeProvider, tmp_path: Path) -> None:
    """A classifier that is the cheap tier's own model costs what was configured for that tier."""
    (tmp_path / ".config/xrouter").mkdir(parents=True)
    (tmp_path / ".config/xrouter/config.toml").write_text(JUDGE_PRICES)
    provider.handler = answers("0")
    env = three_tiers([provider] * 3, provider, CHEAP_BASE_URL="", CHEAP_MODEL="", CHEAP_PROVIDER="")
    async with Router(env, home=tmp_path) as router:
        await ask(router, ASK)
        said = (await get(router, "/usage")).json
    judged = said["classifier"]
    cost = (judged["prompt_tokens"] + 4 * judged["completion_tokens"]) / 1e6
    assert judged["cost_usd"] == pytest.approx(cost)
    assert said["saved"]["saved_usd"] is not None


async def test_local_provider_is_free(provider: FakeProvider) -> None:
    """A provider at a private address of which nothing else was said costs nothing."""
    async with Router({**one_tier(provider), "FRONTIER_PROVIDER": ""}) as router:
        await ask(router, ASK)
        assert (await used(router))["cost_usd"] == 0


async def test_restart_keeps_totals(provider: FakeProvider, tmp_path: Path) -> None:
    """A router that is started again goes on where the last one ended."""
    async with Router(one_tier(provider), home=tmp_path) as router:
        await asyncio.gather(*(ask(router, STREAM if at % 2 else ASK) for at in range(10)))
    async with Router(one_tier(provider), home=tmp_path) as router:
        before = await used(router)
        await ask(router, ASK)
        assert (before["requests"], (await used(router))["total_tokens"]) == (10, 11 * 120)


async def test_killed_router_loses_nothing_that_is_old(provider: FakeProvider, tmp_path: Path) -> None:
    """What was used is in the file soon after, so that a router that is killed then has lost nothing."""
    async with Router(one_tier(provider), home=tmp_path) as router:
        await asyncio.gather(*(ask(router, ASK) for _ in range(10)))
        await asyncio.sleep(1.5)  # how long it may take is the promise
        router.signal(signal.SIGKILL)
        await router.wait()
    async with Router(one_tier(provider), home=tmp_path) as router:
        assert (await used(router))["requests"] == 10


async def test_shown_is_kept(provider: FakeProvider, tmp_path: Path) -> None:
    """What `/usage` has shown survives a kill at once."""
    async with Router(one_tier(provider), home=tmp_path) as router:
        await ask(router, ASK)
        assert (await used(router))["requests"] == 1
        router.signal(signal.SIGKILL)
        await router.wait()
    async with Router(one_tier(provider), home=tmp_path) as router:
        assert (await used(router))["requests"] == 1


async def test_two_routers_on_one_file(provider: FakeProvider, tmp_path: Path) -> None:
    """Two routers of one user count into one file, exactly, and each shows the sum."""
    async with Router(one_tier(provider), home=tmp_path) as one, Router(one_tier(provider), home=tmp_path) as other:
        for _ in range(3):
            await asyncio.gather(*(ask((one, other)[at % 2], STREAM if at % 3 else ASK) for at in range(20)))
            await used(one)
        await used(other)
        shown = [await used(router) for router in (one, other)]
    assert [frontier["requests"] for frontier in shown] == [60, 60]
    assert [frontier["total_tokens"] for frontier in shown] == [7200, 7200]


async def test_usage_command(provider: FakeProvider, router: Router) -> None:
    """`xrouter usage --json` prints what the running router says, and later what it left behind."""
    await ask(router, ASK)
    said = (await get(router, "/usage")).json
    running = await usage_command(router, "--json")
    assert (running.returncode, running.stderr) == (0, "")
    assert json.loads(running.stdout) == said
    table = await usage_command(router)
    assert "120" in table.stdout
    assert f"from the router at {router.url}/usage" in table.stdout
    await router.stop()
    stopped = await usage_command(router, "--json", "--since", "1h")
    assert (stopped.returncode, json.loads(stopped.stdout)["frontier"]) == (0, said["frontier"])


async def test_usage_command_without_anything(tmp_path: Path) -> None:
    """Where there is neither a router nor a file the command says where it looked, and ends with 4."""
    said = await usage_command(Router({}, home=tmp_path))
    assert said.returncode == 4
    assert "usage.sqlite" in said.stderr
    assert "127.0.0.1" in said.stderr


async def test_usage_of_a_silent_provider(provider: FakeProvider, router: Router) -> None:
    """`/usage` answers while requests wait, and does not count what has not been answered."""
    provider.next(silence)
    async with dial(router) as client:
        await client.send("POST", CHAT, ASK)
        await provider.arrived()
        assert (await used(router))["requests"] == 0
