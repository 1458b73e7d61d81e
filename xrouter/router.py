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
from xrouter.chat.call import Call, Trail
from xrouter.chat.reply import Usage, estimate
from xrouter.chat.request import ANY_MODEL, Envelope
from xrouter.chat.target import Target, TierName
from xrouter.dialects.base import Dialect
from xrouter.errors import BadRequest, UpstreamError
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
from xrouter.usage.meter import Entry
from xrouter.wire.headers import to_client, to_provider

LASTING = frozenset({"classifier", "embedded"})
"""Verdicts that stand for the rest of an agent's turn; a failed classification is tried again."""
STREAM_HEADERS = (("Content-Type", "text/event-stream; charset=utf-8"), ("Cache-Control", "no-cache"))


class Judge(msgspec.Struct, frozen=True):
    """Who judges. `identity` names a classifier whose verdicts are worth remembering, `target` is the model it asks."""

    classifier: Classifier
    cache: DecisionCache
    identity: str | None = None
    target: Target | None = None


class Router:
    """Routes requests of one dialect to targets that speak it; `tell_usage` are tiers that can be asked for usage."""

    def __init__(
        self,
        *,
        dialect: Dialect,
        targets: Mapping[TierName, Target],
        tell_usage: frozenset[str],
        judge: Judge | None,
        pool: Pool,
        ledger: Ledger,
        sign_of_life_s: float = INTERVAL_S,
    ) -> None:
        self._dialect, self._targets, self._tell_usage = dialect, targets, tell_usage
        self._judge, self._pool, self._ledger = judge, pool, ledger
        self._sign_of_life_s = sign_of_life_s

    async def answer(self, call: Call, client: Client, trail: Trail) -> None:
        """Answer a request. Raises XrouterError while the status is still open; later faults go into the stream."""
        envelope = self._dialect.read_envelope(call.body)
        trail.stream = envelope.stream
        if not envelope.stream:
            await self._whole(call, envelope, await self._choose(envelope, trail), client, trail)
            return
        waiting = Waiting(lambda: self._say_nothing(call, client, trail), self._sign_of_life_s)
        try:
            target = await self._choose(envelope, trail)
            await self._stream(call, envelope, target, client, trail, waiting)
        except BadRequest as error:
            if not client.begun:
                raise
            trail.fault = error.code
            client.write(self._dialect.error_event(error))
            client.abort()
        finally:
            waiting.stop()

    async def _choose(self, envelope: Envelope, trail: Trail) -> Target:
        """Whom to ask. Raises BadRequest where nobody knows by what name of a model."""
        verdict = await self._decide(envelope, trail)
        plan = make_plan(verdict, self._targets)
        target = plan.targets[0]
        trail.decision, trail.reason, trail.detail = plan.decision, plan.reason, verdict.detail
        trail.target, trail.judged_ms = target, trail.since_start_ms()
        trail.model = name_model(target, envelope.model)
        trail.dropped = self._dialect.dropped(envelope, target)
        return target

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
            self.book(judge.target, judge.target.model, verdict.usage)
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
            client.reply(200, [*to_client(answer.headers), *trail.headers()], reply)

    async def _stream(
        self, call: Call, envelope: Envelope, target: Target, client: Client, trail: Trail, waiting: Waiting
    ) -> None:
        """An answer in events: keep the client awake until the first, then pump the bytes through."""
        add_usage = not envelope.wants_usage and target.tier in self._tell_usage
        body = self._dialect.rewrite(envelope, target, add_usage=add_usage)
        relay = Relay(client, self._dialect, hide_usage=add_usage)
        try:
            async with self._attempt(call, target, body, trail) as answer:
                first = await first_bytes(answer, self._dialect)
                waiting.stop()
                trail.first_ms = trail.since_start_ms()
                if not client.begun:
                    client.begin(200, [*to_client(answer.headers), *STREAM_HEADERS, *trail.headers()])
                try:
                    relay.feed(first)
                    await answer.pump(relay)
                    relay.finish()
                finally:
                    trail.tokens = relay.usage() or estimate(len(call.body), 4 * relay.events)
        except UpstreamError as fault:
            if add_usage and not client.begun and fault.refused and "stream_options" in fault.message:
                self._tell_usage -= {target.tier}  # it refuses what the client has not sent: never again
                await self._stream(call, envelope, target, client, trail, waiting)
                return
            if not client.begun:
                raise
            trail.fault = fault.code
            waiting.stop()
            relay.fail(fault)

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
                self.book(target, trail.model, trail.tokens)

    def _say_nothing(self, call: Call, client: Client, trail: Trail) -> None:
        """A sign of life. The headers are those that are known by now: none where a judge takes its time."""
        if not client.begun:
            client.begin(200, [*STREAM_HEADERS, *trail.headers()])
        client.write(self._dialect.empty_delta(call.id, trail.model or ANY_MODEL, int(time.time())))

    def book(self, target: Target, model: str | None, tokens: Usage) -> None:
        """Put what an answer or a classification used into the ledger."""
        entry = Entry(at=time.time(), tier=target.tier, provider=target.provider, model=model or "", tokens=tokens)
        self._ledger.record(entry)
