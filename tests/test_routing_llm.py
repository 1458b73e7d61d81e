"""A language model as the judge, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.fakes import Call, FakeProvider, Handler, answers, breaks_off, chunk, resets, silence, status
from xrouter.chat.reply import Usage
from xrouter.chat.target import Target
from xrouter.config.model import Classifier as Settings
from xrouter.config.model import Upstream
from xrouter.routing.base import Answer, Verdict
from xrouter.routing.embedded.judge import EmbeddedClassifier
from xrouter.routing.lens.ask import Ask
from xrouter.routing.llm import HybridClassifier, LLMClassifier
from xrouter.upstream import client

ASK = Ask(text="Why is the sky blue?")
HARD = Ask(text="Prove the root cause of the deadlock and design an architecture without downtime for all services.")
QUICK = Settings(timeout_ms=5_000, loading_retry_ms=1, loading_max_retries=3)


@asynccontextmanager
async def judging(
    handler: Handler, settings: Settings = QUICK, *, port: int | None = None
) -> AsyncIterator[tuple[LLMClassifier, FakeProvider]]:
    """A classifier and the provider behind it."""
    pool = client.Pool(Upstream())

    @asynccontextmanager
    async def open_(target: Target, body: bytes) -> AsyncIterator[Answer]:
        answer = await pool.open(target, body, {})
        try:
            yield answer
        finally:
            answer.close()

    try:
        async with FakeProvider(handler) as provider:
            url = provider.url if port is None else f"http://127.0.0.1:{port}/v1"
            target = Target(tier="classifier", provider="ollama", dialect="openai", url=f"{url}/chat/completions")
            yield LLMClassifier(settings, target, open_), provider
    finally:
        await pool.close()


def says(*texts: str, then: Handler | None = None, member: str = "content") -> Handler:
    """A stream of these deltas; `then` instead of a proper end."""

    async def handler(call: Call) -> None:
        await call.begin()
        await call.send_events([chunk({member: text}) for text in texts])
        if then is not None:
            await then(call)
            return
        await call.send_events([chunk({}, finish="stop")])
        await call.end()

    return handler


async def trickles(call: Call) -> None:
    """Words without end, until the client leaves."""
    while not call.gone.is_set():
        await call.send_events([chunk({"content": " blah"})], gap_s=0.005)


def loading(times: int, handler: Handler, *, code: int = 503) -> Handler:
    """An engine that is loading its model for the first calls."""
    calls: list[Call] = []

    async def first(call: Call) -> None:
        calls.append(call)
        if len(calls) <= times:
            await call.reply_json({"error": {"message": "Loading model", "code": code}}, code)
        else:
            await handler(call)

    return first


@pytest.mark.parametrize("force_stream", [True, False])
@pytest.mark.parametrize("tier", [0, 1, 2])
async def test_the_digit_is_the_tier(tier: int, *, force_stream: bool) -> None:
    """Streamed or whole, the model's digit decides."""
    settings = Settings(force_stream=force_stream)
    async with judging(answers(str(tier)), settings) as (classifier, provider):
        verdict = await classifier.judge(ASK)
    assert (verdict.tier, verdict.reason, verdict.detail) == (tier, "classifier", "")
    assert verdict.took_ms > 0
    (call,) = provider.calls
    assert call.json["stream"] is force_stream
    assert ASK.text in call.json["messages"][1]["content"]


async def test_whole_answers_to_a_streamed_question() -> None:
    """A server that ignores `stream` is read too, with its figures."""

    async def whole(call: Call) -> None:
        call.body = b"{}"
        await answers('{"tier": 1}')(call)

    async with judging(whole) as (classifier, _):
        verdict = await classifier.judge(ASK)
    assert (verdict.tier, verdict.usage) == (1, Usage(prompt=10, completion=2))


@pytest.mark.parametrize(
    "texts",
    [("1",), ("1", " blah"), (" well",) * 30 + (" ", "1"), ("<think>0 or", " 2</think>", "1"), ("**", "1", "**")],
)
async def test_the_connection_is_closed_as_soon_as_the_digit_is_said(texts: Sequence[str]) -> None:
    """The model would go on for ever: the verdict comes, and the engine is left."""
    async with judging(says(*texts, then=trickles)) as (classifier, provider):
        verdict = await classifier.judge(ASK)
        async with asyncio.timeout(5):
            await provider.calls[0].gone.wait()
    assert (verdict.tier, verdict.reason) == (1, "classifier")
    assert verdict.usage is not None
    assert verdict.usage.estimated
    assert verdict.usage.completion >= len(texts) - 1


@pytest.mark.parametrize("texts", [("2",), (" well", " 2")])
async def test_a_digit_before_silence_counts(texts: Sequence[str]) -> None:
    """A model that says its digit and then nothing is not waited for."""
    async with judging(says(*texts, then=silence)) as (classifier, _):
        assert (await classifier.judge(ASK)).tier == 2


FAILURES: list[tuple[Handler, str]] = [
    (says("I would say this is easy"), "the answer holds no lone 0, 1 or 2"),
    (says("1", "0"), "the answer holds no lone 0, 1 or 2"),
    (says("0", member="reasoning_content"), "the answer holds no lone 0, 1 or 2"),
    (answers(""), "the answer holds no lone 0, 1 or 2"),
    (status(500, "my secret prompt"), "HTTP 500"),
    (status(401, "bad key sk-1"), "HTTP 401"),
    (breaks_off, "broke off"),
    (resets, ""),
]


@pytest.mark.parametrize(("handler", "detail"), FAILURES)
async def test_any_failure_is_the_frontier(handler: Handler, detail: str) -> None:
    """Whatever goes wrong, the safe tier answers, and the log learns why, without the provider's own words."""
    async with judging(handler) as (classifier, _):
        verdict = await classifier.judge(ASK)
    assert (verdict.tier, verdict.reason) == (2, "classifier-failed")
    assert detail in verdict.detail
    assert "secret" not in verdict.detail
    assert "sk-1" not in verdict.detail


async def test_nobody_listens() -> None:
    """A classifier that is not there costs nothing."""
    async with judging(silence, port=1) as (classifier, _):
        verdict = await classifier.judge(ASK)
    assert (verdict.tier, verdict.reason, verdict.usage) == (2, "classifier-failed", None)


@pytest.mark.parametrize("handler", [silence, says(" hmm", then=silence), says(" hmm", then=trickles)])
async def test_the_time_is_limited(handler: Handler) -> None:
    """Silence and endless words end with the time-out; the engine is left."""
    async with judging(handler, Settings(timeout_ms=50)) as (classifier, provider):
        verdict = await classifier.judge(ASK)
        async with asyncio.timeout(5):
            await provider.calls[0].gone.wait()
    assert (verdict.tier, verdict.reason, verdict.detail) == (2, "classifier-failed", "timeout after 50 ms")


@pytest.mark.parametrize("code", [503, 500])
async def test_a_loading_model_is_waited_for(code: int) -> None:
    """While the engine says that it loads its model, the question is asked again, beyond the time-out."""
    settings = Settings(timeout_ms=150, loading_retry_ms=100, loading_max_retries=3)
    async with judging(loading(3, says("0"), code=code), settings) as (classifier, provider):
        verdict = await classifier.judge(ASK)
    assert (verdict.tier, verdict.reason, len(provider.calls)) == (0, "classifier", 4)


async def test_loading_in_a_stream_is_loading() -> None:
    """An error event about loading is as good as a status."""

    async def event(call: Call) -> None:
        await call.stream([{"error": {"message": "the model is loading"}}])

    async with judging(says("1")) as (classifier, provider):
        provider.next(event)
        assert (await classifier.judge(ASK)).tier == 1


async def test_loading_for_ever() -> None:
    """After the last retry the frontier answers."""
    async with judging(loading(99, says("0"))) as (classifier, provider):
        verdict = await classifier.judge(ASK)
    assert (verdict.tier, verdict.detail, len(provider.calls)) == (2, "the model is loading", 4)


async def refuses_old_limits(call: Call) -> None:
    """OpenAI's models that think: they take neither `max_tokens` nor a temperature."""
    wrong = [name for name in ("max_tokens", "temperature") if name in call.json]
    handler = (
        status(400, f"Unsupported parameter: '{wrong[0]}' is not supported with this model.") if wrong else says("1")
    )
    await handler(call)


async def test_a_model_that_thinks_is_asked_in_its_own_way() -> None:
    """A refusal of the limit or the temperature leads to a question without them, and so do all later ones."""
    async with judging(refuses_old_limits) as (classifier, provider):
        verdicts = [await classifier.judge(ASK) for _ in range(2)]
    assert [(verdict.tier, verdict.reason) for verdict in verdicts] == [(1, "classifier")] * 2
    assert ["max_tokens" in call.json for call in provider.calls] == [True, False, False]
    assert provider.calls[-1].json["max_completion_tokens"] == 2048


async def test_a_model_that_refuses_both_ways_is_not_asked_for_ever() -> None:
    """A second refusal is a failure; the next question starts in the usual way."""
    async with judging(status(400, "max_tokens is too large")) as (classifier, provider):
        verdict = await classifier.judge(ASK)
    assert (verdict.tier, verdict.reason, len(provider.calls)) == (2, "classifier-failed", 2)


@pytest.mark.parametrize("handler", [silence, says(" hm", then=silence)])
async def test_a_client_that_leaves_ends_the_question(handler: Handler) -> None:
    """Cancelling the judgement closes the connection to the engine."""
    async with judging(handler) as (classifier, provider):
        async with asyncio.TaskGroup() as group:
            task = group.create_task(classifier.judge(ASK))
            call = await provider.arrived()
            task.cancel()
        async with asyncio.timeout(5):
            await call.gone.wait()
    assert task.cancelled()


def _hybrid(llm: LLMClassifier, budget_ms: int = 5_000) -> HybridClassifier:
    return HybridClassifier(llm, EmbeddedClassifier(), budget_ms)


async def test_hybrid_believes_the_reader_in_time() -> None:
    """Within its budget the model decides."""
    async with judging(says("0")) as (llm, _):
        verdict = await _hybrid(llm).judge(HARD)
    assert (verdict.tier, verdict.reason) == (0, "classifier")


async def test_hybrid_does_not_wait_for_a_late_reader() -> None:
    """Beyond the budget the rules' verdict stands, the engine is left, and its cost is counted."""
    async with judging(silence) as (llm, provider):
        verdict = await _hybrid(llm, 50).judge(HARD)
        async with asyncio.timeout(5):
            await provider.calls[0].gone.wait()
    assert (verdict.tier, verdict.reason, verdict.detail) == (2, "embedded", "reader late")
    assert verdict.usage is not None


async def test_hybrid_falls_back_when_the_reader_fails() -> None:
    """A failed question is answered by the rules, the failure kept for the log."""
    async with judging(status(500)) as (llm, _):
        verdict = await _hybrid(llm).judge(Ask(text="hi"))
    assert verdict == Verdict(0, "embedded", "HTTP 500", took_ms=verdict.took_ms)


async def test_many_at_once() -> None:
    """Questions at the same time do not mix."""

    async def by_text(call: Call) -> None:
        text: Any = call.json["messages"][1]["content"]
        await says("0" if "easy" in text else "2")(call)

    async with judging(by_text) as (classifier, _):
        asks = [Ask(text="easy" if at % 2 else "hard") for at in range(20)]
        verdicts = await asyncio.gather(*map(classifier.judge, asks))
    assert [verdict.tier for verdict in verdicts] == [2, 0] * 10
