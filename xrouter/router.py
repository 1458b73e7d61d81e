"""The story of one request, from its body to the last byte of the answer.

read the envelope → decide a tier (pin, rule, cache, judge) → plan targets → attempt → relay → account
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import msgspec

from xrouter.cache.base import DecisionCache
from xrouter.cache.key import decision_key
from xrouter.chat.reply import Usage
from xrouter.chat.request import Envelope
from xrouter.chat.target import Role, Target, TierName
from xrouter.dialects.base import Dialect
from xrouter.errors import UpstreamError
from xrouter.routing.base import Classifier, Verdict
from xrouter.routing.lens.ask import excerpt
from xrouter.routing.lens.read import read_ask
from xrouter.routing.plan import make_plan
from xrouter.routing.rules import judge_kind, name_model, read_pin
from xrouter.upstream.attempt import attempt, first_bytes, redact
from xrouter.upstream.client import Answer, Pool
from xrouter.upstream.relay import Client, Relay
from xrouter.upstream.waiting import INTERVAL_S, Waiting
from xrouter.usage.ledger import Ledger
from xrouter.usage.meter import Entry, estimate
from xrouter.wire.headers import safe, to_client, to_provider

LASTING = frozenset({"classifier", "embedded"})
"""Verdicts that stand for the rest of an agent's turn; a failed classification is tried again."""
STREAM_HEADERS = (("Content-Type", "text/event-stream; charset=utf-8"), ("Cache-Control", "no-cache"))


class Call(msgspec.Struct, frozen=True):
    """A request as the server hands it over."""

    id: str
    headers: Mapping[str, str]
    body: bytes


class Trail(msgspec.Struct):
    """What became of a request so far: for the answer's headers, the log line and the ledger."""

    started: float
    decision: int | None = None
    reason: str | None = None
    detail: str | None = None
    judged: str | None = None
    target: Target | None = None
    model: str | None = None
    stream: bool = False
    judged_ms: float | None = None
    first_ms: float | None = None
    tokens: Usage | None = None
    fault: str | None = None

    def headers(self) -> list[tuple[str, str]]:
        """The X-Xrouter headers of what is known by now."""
        named = (("Decision", self.decision), ("Upstream", self.target and self.target.tier), ("Model", self.model))
        known = [(f"X-Xrouter-{name}", safe(str(value))) for name, value in named if value is not None]
        return [*known, ("X-Xrouter-Reason", self.reason)] if self.reason else known

    def since_start_ms(self) -> float:
        """Milliseconds since the request came in."""
        return (time.perf_counter() - self.started) * 1000


class Judge(msgspec.Struct, frozen=True):
    """Who judges. `identity` names a classifier whose verdicts are worth remembering, `target` is the model it asks."""

    classifier: Classifier
    cache: DecisionCache
    identity: str | None = None
    target: Target | None = None


class Router:
    """Routes requests of one dialect to targets that speak it; `tell_usage` are tiers that can be asked for usage."""

    waits_s = INTERVAL_S
    """How long the client of a stream is left without a sign of life."""

    def __init__(
        self,
        *,
        dialect: Dialect,
        targets: Mapping[TierName, Target],
        tell_usage: frozenset[str],
        judge: Judge | None,
        pool: Pool,
        ledger: Ledger,
    ) -> None:
        self._dialect, self._targets, self._tell_usage = dialect, targets, tell_usage
        self._judge, self._pool, self._ledger = judge, pool, ledger

    async def answer(self, call: Call, client: Client, trail: Trail) -> None:
        """Answer a request. Raises XrouterError while the status is still open; later faults go into the stream."""
        envelope = self._dialect.read_envelope(call.body)
        trail.stream = envelope.stream
        verdict = await self._decide(envelope, trail)
        plan = make_plan(verdict, self._targets)
        target = plan.targets[0]
        trail.decision, trail.reason, trail.detail = plan.decision, plan.reason, verdict.detail
        trail.target, trail.judged_ms = target, trail.since_start_ms()
        trail.model = name_model(target, envelope.model)
        answer = self._stream if envelope.stream else self._whole
        await answer(call, envelope, target, client, trail)

    async def _decide(self, envelope: Envelope, trail: Trail) -> Verdict:
        """Pins and rules first, then what was decided before, then the classifier."""
        pinned = read_pin(envelope.model)
        if pinned is not None:
            return pinned
        if (judge := self._judge) is None:
            return Verdict(2, "disabled")
        ask = read_ask(self._dialect.read_request(envelope))
        trail.judged = excerpt(ask)
        if (verdict := judge_kind(ask)) is not None:
            return verdict
        if judge.identity is None:
            return await judge.classifier.judge(ask)
        key = decision_key(trail.judged, judge.identity)
        known = await judge.cache.get(key)
        if known is not None:
            return Verdict(known, "cache")
        verdict = await judge.classifier.judge(ask)
        if verdict.usage is not None and judge.target is not None:
            self.book("classifier", judge.target, judge.target.model, verdict.usage)
        if verdict.reason in LASTING:
            await judge.cache.put(key, verdict.tier)
        return verdict

    async def _whole(self, call: Call, envelope: Envelope, target: Target, client: Client, trail: Trail) -> None:
        """An answer in one piece: read it, see that it is one, pass its bytes on."""
        body = self._dialect.rewrite(envelope, target, add_usage=False)
        async with self._attempt(call, target, body, trail) as answer:
            reply = await answer.read()
            usage, said = self._dialect.read_reply(reply)
            trail.tokens = usage or estimate(len(call.body), said)
            trail.first_ms = trail.since_start_ms()
            client.reply(200, [*to_client(answer.headers), *trail.headers(), ("X-Request-Id", call.id)], reply)

    async def _stream(self, call: Call, envelope: Envelope, target: Target, client: Client, trail: Trail) -> None:
        """An answer in events: keep the client awake until the first, then pump the bytes through."""
        add_usage = not envelope.wants_usage and target.tier in self._tell_usage
        body = self._dialect.rewrite(envelope, target, add_usage=add_usage)
        relay = Relay(client, self._dialect, hide_usage=add_usage)
        headers = [*STREAM_HEADERS, *trail.headers(), ("X-Request-Id", call.id)]
        waiting = Waiting(lambda: self._say_nothing(call, client, headers, trail), self.waits_s)
        try:
            async with self._attempt(call, target, body, trail) as answer:
                first = await first_bytes(answer, self._dialect)
                waiting.stop()
                trail.first_ms = trail.since_start_ms()
                if not client.begun:
                    client.begin(200, [*to_client(answer.headers), *headers])
                try:
                    relay.feed(first)
                    await answer.pump(relay)
                    relay.finish()
                finally:
                    trail.tokens = relay.usage() or estimate(len(call.body), 4 * relay.events)
        except UpstreamError as fault:
            if not client.begun:
                raise
            trail.fault = fault.code
            relay.fail(fault)
        finally:
            waiting.stop()

    @asynccontextmanager
    async def _attempt(self, call: Call, target: Target, body: bytes, trail: Trail) -> AsyncIterator[Answer]:
        """An answer that has begun: closed at the end, and booked however it ends, unless the provider refused."""
        answer = await attempt(self._pool, self._dialect, target, body, to_provider(call.headers))
        refused = False
        try:
            yield answer
        except UpstreamError as fault:
            refused = fault.refused
            raise redact(fault, target) from fault.__cause__
        finally:
            answer.close()
            if not refused:
                trail.tokens = trail.tokens or estimate(len(call.body), 0)
                self.book(target.tier, target, trail.model, trail.tokens)

    def _say_nothing(self, call: Call, client: Client, headers: list[tuple[str, str]], trail: Trail) -> None:
        if not client.begun:
            client.begin(200, headers)
        client.write(self._dialect.empty_delta(call.id, trail.model or "auto", int(time.time())))

    def book(self, role: Role, target: Target, model: str | None, tokens: Usage) -> None:
        """Put what an answer or a classification used into the ledger."""
        self._ledger.record(
            Entry(at=time.time(), tier=role, provider=target.provider, model=model or "", tokens=tokens)
        )
