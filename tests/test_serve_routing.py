"""Which tier `xrouter serve` chooses, whom it asks for that, and what it shows them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from tests.asking import CHAT, KEYS, Reply, ask, dial, get, logged, question, three_tiers
from tests.fakes import (
    Call,
    FakeProvider,
    Handler,
    Object,
    answers,
    breaks_off,
    chunk,
    completion,
    resets,
    silence,
    status,
    tokens,
)
from tests.processes import Router

pytestmark = pytest.mark.asyncio(loop_scope="module")

TIERS = ("cheap", "medium", "frontier")
ROUTER_KEY = "the-router-key-0123456789"
PATIENCE = {
    "CLASSIFIER_TIMEOUT_MS": "400",
    "CLASSIFIER_LOADING_RETRY_MS": "20",
    "CLASSIFIER_LOADING_MAX_RETRIES": "2",
    "ROUTER_API_KEY": ROUTER_KEY,
}


class House(NamedTuple):
    """Three providers, a classifier, and the router in front of them."""

    providers: tuple[FakeProvider, ...]
    classifier: FakeProvider
    router: Router

    async def ask(self, text: str, **members: Any) -> Reply:
        """The answer to one message."""
        return await self.send(question(text, **members))

    async def send(self, body: Object) -> Reply:
        """The answer to a request."""
        return await ask(self.router, body, {"Authorization": f"Bearer {ROUTER_KEY}"})

    @property
    def asked(self) -> list[str]:
        """The tiers that were asked, one name a request."""
        return [name for name, provider in zip(TIERS, self.providers, strict=True) for _ in provider.calls]

    def forget(self) -> None:
        """Nothing on record, and good manners everywhere."""
        for provider in (*self.providers, self.classifier):
            provider.calls.clear()
        self.classifier.handler = answers("1")


async def build(
    stack: AsyncExitStack, env: Mapping[str, str] = {}, *, judge: bool = True, toml: str = "", home: Path | None = None
) -> House:
    """A house whose tiers answer with their own names."""
    providers = [await stack.enter_async_context(FakeProvider(says=name)) for name in TIERS]
    classifier = await stack.enter_async_context(FakeProvider(says="1"))
    if home is not None:
        (home / ".config/xrouter").mkdir(parents=True)
        (home / ".config/xrouter/config.toml").write_text(toml, "utf-8")
    settings = three_tiers(providers, classifier if judge else None, **PATIENCE)
    router = await stack.enter_async_context(Router({**settings, **env}, home=home))
    return House(tuple(providers), classifier, router)


@pytest_asyncio.fixture(scope="module", loop_scope="module", name="shared")
async def _shared() -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        yield await build(stack)


@pytest_asyncio.fixture(loop_scope="module")
async def stack() -> AsyncIterator[AsyncExitStack]:
    """What a test of its own house is taken down with."""
    async with AsyncExitStack() as made:
        yield made


@pytest.fixture
def house(shared: House) -> House:
    """The shared house, with nothing on record. Decisions stay cached, so each test asks something else."""
    shared.forget()
    return shared


def says(*pieces: str) -> Handler:
    """A classifier that streams these pieces."""

    async def handler(call: Call) -> None:
        await call.stream([chunk({"content": piece}) for piece in pieces])

    return handler


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("digit", "tier"), list(enumerate(TIERS)))
async def test_digit_is_the_tier(house: House, digit: int, tier: str, *, stream: bool) -> None:
    """0, 1 and 2 are cheap, medium and frontier: its key, its model and its answer, and headers that agree."""
    house.classifier.handler = answers(str(digit))
    reply = await house.ask(f"to {tier} {stream}", stream=stream)
    assert (reply.text, reply.route) == (tier, (str(digit), tier, "classifier"))
    assert reply.headers["x-xrouter-model"] == f"{tier}-1"
    assert house.asked == [tier]
    call = house.providers[digit].calls[0]
    assert call.headers["authorization"] == f"Bearer {KEYS[tier]}"
    assert call.json["model"] == f"{tier}-1"
    judged = house.classifier.calls[0]
    assert judged.headers["authorization"] == f"Bearer {KEYS['classifier']}"
    assert judged.json["model"] == "judge-1"


@pytest.mark.parametrize("prefix", ["", "xrouter/"])
@pytest.mark.parametrize(("digit", "tier"), list(enumerate(TIERS)))
async def test_pins(house: House, digit: int, tier: str, prefix: str) -> None:
    """A tier's name is a pin: the classifier is not asked, and the tier's own model is."""
    reply = await house.ask("pinned", model=prefix + tier)
    assert (reply.text, reply.route) == (tier, (str(digit), tier, "pinned"))
    assert not house.classifier.calls
    assert house.providers[digit].calls[0].json["model"] == f"{tier}-1"


@pytest.mark.parametrize("model", ["gpt-x", "frontier-1", "xrouter/auto", "Cheap"])
async def test_other_names_are_routed(house: House, model: str) -> None:
    """Every other name is routed, the tiers' own models' names included."""
    reply = await house.ask(f"as {model}", model=model)
    assert reply.route == ("1", "medium", "classifier")


async def test_identical_requests_are_judged_once(house: House) -> None:
    """What was decided is remembered, for whatever model, length or stream the same words are asked again."""
    house.classifier.handler = answers("0")
    first = await house.ask("the same words")
    house.classifier.handler = answers("2")
    again = [await house.ask("the same words", stream=stream, model="gpt-y", n=1) for stream in (False, True)]
    assert first.route == ("0", "cheap", "classifier")
    assert [reply.route for reply in again] == [("0", "cheap", "cache")] * 2
    assert len(house.classifier.calls) == 1
    assert (await house.ask("other words")).route == ("2", "frontier", "classifier")


STABLE = "\n".join(f"Rule {number}: SYSTEM-CANARY, never do {number} things at once." for number in range(600))
SYSTEM = (
    f"<!-- openclaw:attempt:STABLE -->\n{STABLE}\n<!-- /openclaw:attempt:STABLE -->"
    "<!-- openclaw:attempt:DYNAMIC -->\nToday SYSTEM-CANARY is Monday.\n<!-- /openclaw:attempt:DYNAMIC -->"
)
RUNTIME = (
    "Runtime: agent=main | session=agent:main:main | sessionId=0f2c7f9a-1111-4222-8333-444455556666 | "
    "host=RUNTIME-CANARY | model=xrouter/auto"
)
INTERNAL = (
    "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>\nINTERNAL-CANARY bookkeeping of the client, 2 of 10\n"
    "<<<END_OPENCLAW_INTERNAL_CONTEXT>>>"
)
SHELL = {"type": "function", "function": {"name": "exec", "description": "TOOL-CANARY", "parameters": {}}}
STEP: list[Object] = [
    {"role": "assistant", "content": None, "tool_calls": [
        {"id": "call52", "type": "function", "function": {"name": "exec", "arguments": '{"command": "ls"}'}},
    ]},
    {"role": "tool", "tool_call_id": "call52", "content": "RESULT-CANARY a.txt b.txt"},
]  # fmt: skip


def openclaw(text: str, *after: Object, stream: bool = True) -> Object:
    """A request as OpenClaw sends it: `text`, what followed it, and the client's own bookkeeping as the last word."""
    said = {"role": "user", "content": f"[Mon 2026-11-23 14:01 UTC] {text}\n\n{RUNTIME}"}
    messages = [{"role": "system", "content": SYSTEM}, said, *after, {"role": "user", "content": INTERNAL}]
    extras = {"stream_options": {"include_usage": True}, "tools": [SHELL], "tool_choice": "auto"}
    return {"model": "auto", "messages": messages, "stream": stream, "max_completion_tokens": 4096, **extras}


async def test_classifier_sees_the_ask_alone(house: House) -> None:
    """Of 26 KB of instructions, tools and bookkeeping the classifier sees what the person said; no key, no prompt."""
    assert len(SYSTEM) > 26_000
    reply = await house.send(openclaw("How do I rename a branch?"))
    assert reply.route == ("1", "medium", "classifier")
    shown = house.classifier.calls[0].body.decode()
    assert "\\nHow do I rename a branch?\\n" in shown
    assert "CANARY" not in shown
    assert "2026" not in shown
    assert len(shown) < 4000
    assert not [key for key in (*KEYS.values(), ROUTER_KEY) if key in shown]
    assert house.providers[1].calls[0].json["messages"] == openclaw("How do I rename a branch?")["messages"]


async def test_tool_loop_is_judged_once(house: House) -> None:
    """One turn's tool loop, whatever its tools give back, stays with the first decision."""
    house.classifier.handler = answers("0")
    routes = [(await house.send(openclaw("List my files, please", *STEP * steps))).route for steps in range(4)]
    assert routes == [("0", "cheap", "classifier"), *[("0", "cheap", "cache")] * 3]
    assert len(house.classifier.calls) == 1


@pytest.mark.parametrize(
    "text", ["Follow the heartbeat monitor scratch context below.", "Read HEARTBEAT.md if it exists."]
)
async def test_heartbeat_is_cheap(house: House, text: str) -> None:
    """A client that only checks whether something is to be done goes to the cheap tier without a question."""
    earlier = [
        {"role": "assistant", "content": "Done."},
        {"role": "user", "content": f"[Mon 2026-11-23 14:31 UTC] {text}"},
    ]
    reply = await house.send(openclaw("Prove that there are infinitely many primes", *earlier))
    assert reply.route == ("0", "cheap", "heartbeat")
    assert not house.classifier.calls


async def is_no_json(call: Call) -> None:
    """A page of a proxy."""
    await call.reply(b"<html><h1>Sign in, 1 of 2</h1></html>", headers={"Content-Type": "text/html"})


FAILURES: dict[str, tuple[Handler, str]] = {
    "silent": (silence, "timeout after 400 ms"),
    "broken": (status(500), "HTTP 500"),
    "refuses the key": (status(401), "HTTP 401"),
    "is overloaded": (status(429), "HTTP 429"),
    "resets": (resets, "broke off"),
    "breaks off": (breaks_off, "broke off"),
    "a page": (is_no_json, "reported an error"),
    "prose": (answers("I would say that it is easy"), "lone 0, 1 or 2"),
    "nothing": (says(""), "lone 0, 1 or 2"),
    "another number": (says("10"), "lone 0, 1 or 2"),
    "a fraction": (says("0", ".", "5"), "lone 0, 1 or 2"),
    "a word with a digit": (says("gpt", "-2", " and 2nd"), "lone 0, 1 or 2"),
    "loads for ever": (status(503, "Loading model"), "loading"),
}


@pytest.mark.parametrize(("handler", "detail"), FAILURES.values(), ids=FAILURES)
async def test_failing_classifier(house: House, handler: Handler, detail: str, request: pytest.FixtureRequest) -> None:
    """A classifier that fails in whatever way sends the request to the frontier; the log says why."""
    house.classifier.handler = handler
    before = len(house.router.log())
    reply = await house.ask(request.node.name)
    assert (reply.text, reply.route) == ("frontier", ("2", "frontier", "classifier-failed"))
    assert '"detail"' in await logged(house.router, detail, after=before)


async def test_failure_is_not_remembered(house: House) -> None:
    """The next identical request asks a classifier that has recovered."""
    house.classifier.next(status(500))
    assert (await house.ask("asked twice")).route == ("2", "frontier", "classifier-failed")
    assert (await house.ask("asked twice")).route == ("1", "medium", "classifier")


async def test_classifier_that_is_down(house: House) -> None:
    """Nobody listens where the classifier should be: frontier; it is used again as soon as it is there."""
    await house.classifier.stop()
    assert (await house.ask("is it down?")).route == ("2", "frontier", "classifier-failed")
    await house.classifier.start()
    assert (await house.ask("is it down?")).route == ("1", "medium", "classifier")


async def test_loading_classifier(house: House) -> None:
    """A model that is still loading is asked again until it is there, or until the retries are used up."""
    house.classifier.next(status(503, "Loading model"), status(503, "Loading model"), answers("0"))
    assert (await house.ask("be patient")).route == ("0", "cheap", "classifier")
    house.classifier.handler = status(503, "Loading model")
    house.classifier.calls.clear()
    assert (await house.ask("be more patient")).route == ("2", "frontier", "classifier-failed")
    assert len(house.classifier.calls) == 3


async def replies_whole(call: Call) -> None:
    """A server that ignores `stream`."""
    await call.reply_json(completion("2"))


async def thinks(call: Call) -> None:
    """Reasoning in a field of its own, with digits in it, then the answer."""
    await call.stream([chunk({"reasoning_content": "Is it 0 or 2? 0."}), chunk({"content": "1"})])


FORMS: dict[str, tuple[Handler, int]] = {
    "after words": (says("The", " grade", " is", ": ", "1", "."), 1),
    "after a thought": (says("<th", "ink>0 or", " 2? </thi", "nk>", "\n1"), 1),
    "after reasoning": (thinks, 1),
    "in one piece": (replies_whole, 2),
    "cut into pieces": (says("", "\n", " ", "0"), 0),
}


@pytest.mark.parametrize(("handler", "digit"), FORMS.values(), ids=FORMS)
async def test_forms_of_a_digit(house: House, handler: Handler, digit: int, request: pytest.FixtureRequest) -> None:
    """The first lone digit counts, wherever it stands; thoughts do not."""
    house.classifier.handler = handler
    reply = await house.ask(request.node.name)
    assert reply.route == (str(digit), TIERS[digit], "classifier")


async def test_connection_is_closed_at_the_digit(house: House) -> None:
    """A classifier that would go on for ever is cut off as soon as its digit is certain."""

    async def goes_on(call: Call) -> None:
        await call.begin()
        await call.send_events([chunk({"content": "1"}), chunk({"content": ", because"})])
        while not call.gone.is_set():
            await call.send_events([chunk({"content": " blah"})], gap_s=0.01)

    house.classifier.handler = goes_on
    assert (await house.ask("cut it off")).route == ("1", "medium", "classifier")
    await asyncio.wait_for(house.classifier.calls[0].gone.wait(), 10)


async def test_client_that_leaves_while_it_is_judged(house: House) -> None:
    """The classifier's connection is closed, and no tier is asked."""
    house.classifier.handler = silence
    async with dial(house.router) as client:
        await client.send("POST", CHAT, question("never mind"), {"Authorization": f"Bearer {ROUTER_KEY}"})
        call = await house.classifier.arrived()
        client.leave()
    await asyncio.wait_for(call.gone.wait(), 10)
    house.classifier.handler = answers("1")
    assert (await house.ask("still there?")).route == ("1", "medium", "classifier")
    assert house.asked == ["medium"]


async def test_without_a_classifier(stack: AsyncExitStack) -> None:
    """Where no classifier is configured the built-in rules decide, at once."""
    house = await build(stack, judge=False)
    hard = "Design a distributed lock service, prove that it is safe and analyse its root causes of failure. " * 8
    replies = [await house.ask(text) for text in ("hi", hard)]
    assert [reply.route for reply in replies] == [("0", "cheap", "embedded"), ("2", "frontier", "embedded")]
    assert house.asked == ["cheap", "frontier"]


async def test_hybrid(stack: AsyncExitStack, tmp_path: Path) -> None:
    """The classifier counts where it answers within the budget; else the built-in rules do, and it is let go."""
    toml = "[routing]\njudge_budget_ms = 250\n"
    house = await build(
        stack, {"CLASSIFIER_KIND": "hybrid", "CLASSIFIER_TIMEOUT_MS": "60000"}, toml=toml, home=tmp_path
    )
    assert (await house.ask("hi")).route == ("1", "medium", "classifier")
    house.classifier.handler = silence
    assert (await house.ask("hello")).route == ("0", "cheap", "embedded")
    await asyncio.wait_for(house.classifier.calls[-1].gone.wait(), 10)
    house.classifier.handler = status(500)
    assert (await house.ask("hey")).route == ("0", "cheap", "embedded")


async def test_cheap_tier_as_the_classifier(stack: AsyncExitStack, tmp_path: Path) -> None:
    """With classifier.use = "cheap" the cheap tier's own model judges, and what that used is no answer's."""
    toml = '[classifier]\nuse = "cheap"\nwarmup = false\nforce_stream = false\n'
    house = await build(stack, judge=False, toml=toml, home=tmp_path)
    house.providers[0].handler = answers("1", usage=tokens(40, 1))
    assert (await house.ask("who judges?")).route == ("1", "medium", "classifier")
    judged = house.providers[0].calls[0]
    assert judged.headers["authorization"] == f"Bearer {KEYS['cheap']}"
    assert judged.json["model"] == "cheap-1"
    used = (await get(house.router, "/usage", {"Authorization": f"Bearer {ROUTER_KEY}"})).json
    assert (used["cheap"]["requests"], used["medium"]["requests"]) == (0, 1)
    assert (used["classifier"]["prompt_tokens"], used["classifier"]["estimated"]) == (40, 0)


async def test_disabled_classifier(stack: AsyncExitStack) -> None:
    """With CLASSIFIER_ENABLED=false everything goes to the frontier but what is pinned; nobody is asked."""
    house = await build(stack, {"CLASSIFIER_ENABLED": "false"})
    assert (await house.ask("hi")).route == ("2", "frontier", "disabled")
    assert (await house.ask("hi", model="cheap")).route == ("0", "cheap", "pinned")
    assert not house.classifier.calls


async def test_cheap_tier_takes_after_the_classifier(stack: AsyncExitStack) -> None:
    """Where CHEAP_BASE_URL is not set, the classifier's address, key and model are the cheap tier's."""
    unset = dict.fromkeys(("CHEAP_BASE_URL", "CHEAP_API_KEY", "CHEAP_MODEL", "CHEAP_PROVIDER"), "")
    house = await build(stack, unset)
    house.classifier.handler = answers("0")
    reply = await house.ask("hi")
    assert reply.route == ("0", "cheap", "classifier")
    call = house.classifier.calls[-1]
    assert (call.json["model"], call.headers["authorization"]) == ("judge-1", f"Bearer {KEYS['classifier']}")
    assert call.json["messages"] == question("hi")["messages"]


async def test_tiers_without_models(stack: AsyncExitStack) -> None:
    """A tier without a model sends the client's on; for a name that is none, a 400 names the setting of that tier."""
    house = await build(stack, {"CHEAP_MODEL": "", "MEDIUM_MODEL": ""})
    refused: Sequence[Reply] = [await house.ask("hi"), await house.ask("hi", model="cheap")]
    assert [(reply.status, reply.error["param"]) for reply in refused] == [(400, "model")] * 2
    assert ["MEDIUM_MODEL" in refused[0].error["message"], "CHEAP_MODEL" in refused[1].error["message"]] == [True, True]
    assert refused[0].headers["x-xrouter-decision"] == "1"
    assert house.asked == []
    assert (await house.ask("hi", model="my-model")).headers["x-xrouter-model"] == "my-model"
    assert house.providers[1].calls[0].json["model"] == "my-model"


async def test_classifications_are_booked_apart(stack: AsyncExitStack) -> None:
    """What the classifier used is under `classifier`: exact where it says so, an estimate where it was cut off."""
    house = await build(stack, {"CLASSIFIER_FORCE_STREAM": "false"})
    house.classifier.handler = answers("1", usage=tokens(50, 1))
    headers = {"Authorization": f"Bearer {ROUTER_KEY}"}
    for _ in range(2):
        await house.ask("count me once")
    used = (await get(house.router, "/usage", headers)).json
    judged = [used["classifier"][name] for name in ("requests", "prompt_tokens", "completion_tokens", "estimated")]
    assert judged == [1, 50, 1, 0]
    assert used["total"]["requests"] == used["medium"]["requests"] == 2
    assert house.classifier.calls[0].json["stream"] is False


async def test_cut_off_classifications_are_estimated(house: House) -> None:
    """A classifier that is cut off at its digit gives no figures, so that they are estimates and say so."""
    headers = {"Authorization": f"Bearer {ROUTER_KEY}"}
    before = (await get(house.router, "/usage", headers)).json["classifier"]
    await house.ask("how much was that?")
    after = (await get(house.router, "/usage", headers)).json["classifier"]
    assert after["requests"] - before["requests"] == after["estimated"] - before["estimated"] == 1
    assert after["prompt_tokens"] > before["prompt_tokens"]
