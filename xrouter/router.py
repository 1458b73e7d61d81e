"""The story of one request, from its body to the last byte of the answer.

read the envelope → decide a tier (pin, rule, cache, judge) → plan targets → attempt → relay → account
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec

from xrouter.cache.thoughts import Thoughts
from xrouter.chat.call import Call, Trail
from xrouter.chat.reply import Usage, estimate
from xrouter.chat.request import ANY_MODEL, Envelope
from xrouter.chat.target import Target
from xrouter.decide import Decider
from xrouter.dialects.base import Dialect, Stamp, StreamWriter, speak
from xrouter.errors import BadRequest, UpstreamError
from xrouter.upstream.attempt import attempt, first_bytes, redact
from xrouter.upstream.client import Answer, Pool
from xrouter.upstream.passage import Passage, Raw, Translated
from xrouter.upstream.relay import Client, Relay
from xrouter.upstream.waiting import INTERVAL_S, Waiting
from xrouter.wire.headers import to_client, to_provider

STREAM_HEADERS = (("Content-Type", "text/event-stream; charset=utf-8"), ("Cache-Control", "no-cache"))
Book = Callable[[Target, str | None, Usage], None]


class Asked(msgspec.Struct):
    """A request as it was read: whose it is, in which dialect, and who will write its stream."""

    call: Call
    dialect: Dialect
    envelope: Envelope
    trail: Trail
    stamp: Stamp
    writer: StreamWriter | None = None
    relay: Relay | None = None

    def write(self) -> StreamWriter:
        """The one writer of the client's stream: signs of life and the answer are told by the same."""
        if self.writer is None:
            self.writer = self.dialect.writer(self.stamp)
        return self.writer


class Router:
    """Routes requests to targets; `tell_usage` are tiers that can be asked for usage, `book` is told what was used."""

    def __init__(
        self,
        *,
        decider: Decider,
        tell_usage: frozenset[str],
        pool: Pool,
        book: Book,
        thoughts: Thoughts,
        sign_of_life_s: float = INTERVAL_S,
    ) -> None:
        self._decider, self._pool, self._book, self._thoughts = decider, pool, book, thoughts
        self._tell_usage = tell_usage
        self._sign_of_life_s = sign_of_life_s

    async def answer(self, call: Call, client: Client, trail: Trail) -> None:
        """Answer a request. Raises XrouterError while the status is still open; later faults go into the stream."""
        dialect: Dialect = speak(call.dialect)
        envelope = dialect.read_envelope(call.body)
        trail.stream = envelope.stream
        stamp = Stamp(id=call.id, model=envelope.model, created=int(time.time()), envelope=envelope)
        asked = Asked(call, dialect, envelope, trail, stamp)
        if not envelope.stream:
            await self._whole(asked, await self._choose(asked), client)
            return
        waiting = Waiting(lambda: self._say_nothing(asked, client), self._sign_of_life_s)
        try:
            await self._stream(asked, await self._choose(asked), client)
        except BadRequest as error:
            if not client.begun:
                raise
            trail.fault = error.code
            client.write(asked.write().fail(error))
            client.abort()
        finally:
            waiting.stop()

    async def _choose(self, asked: Asked) -> Target:
        """Whom to ask; from here on the answer bears the name of its model."""
        target = await self._decider.choose(asked.dialect, asked.envelope, asked.trail)
        asked.stamp = msgspec.structs.replace(asked.stamp, model=asked.trail.model or ANY_MODEL)
        return target

    async def _passage(self, asked: Asked, target: Target) -> Passage:
        """How the request goes there. Raises BadRequest where the target cannot take it."""
        envelope = asked.envelope
        told = target.tier in self._tell_usage
        if target.dialect == asked.call.dialect:
            passage: Passage = Raw(
                asked.dialect, envelope, target, add_usage=envelope.stream and told and not envelope.wants_usage
            )
        else:
            talk = msgspec.structs.replace(asked.dialect.read_request(envelope), wants_usage=told)
            turns = await self._thoughts.recall(asked.call.owner, talk.turns, target.dialect)
            talk = msgspec.structs.replace(talk, turns=turns)
            passage = Translated(asked.dialect, speak(target.dialect), talk, target, asked.stamp)
        asked.trail.dropped = passage.dropped
        return passage

    async def _whole(self, asked: Asked, target: Target, client: Client) -> None:
        """An answer in one piece."""
        trail = asked.trail
        passage = await self._passage(asked, target)
        async with self._attempt(asked, passage) as answer:
            reply = passage.reply(await answer.read())
            trail.tokens = reply.usage
            trail.first_ms = trail.since_start_ms()
            await self._thoughts.keep(asked.call.owner, reply.parts)
            client.reply(200, [*to_client(answer.headers, ok=True), *trail.headers()], reply.body)

    async def _stream(self, asked: Asked, target: Target, client: Client) -> None:
        """An answer in events: keep the client awake until the first, then pump the bytes through."""
        trail, call = asked.trail, asked.call
        passage = await self._passage(asked, target)
        relay = passage.relay(client, asked.write)
        try:
            async with self._attempt(asked, passage) as answer:
                opening = await _open(answer, relay)
                asked.relay = relay
                trail.first_ms = trail.since_start_ms()
                if not client.begun:
                    client.begin(200, [*to_client(answer.headers, ok=True), *STREAM_HEADERS, *trail.headers()])
                try:
                    client.write(opening)
                    if not relay.complete:
                        await answer.pump(relay)
                    await self._thoughts.keep(call.owner, relay.parts)
                    relay.finish()
                finally:
                    trail.tokens = relay.usage() or estimate(len(call.body), relay.said)
        except UpstreamError as fault:
            if self._stumbled_over_usage(asked, passage, fault) and not client.begun:
                await self._stream(asked, target, client)
                return
            if not client.begun:
                raise
            trail.fault = fault.code
            relay.fail(fault)

    def _stumbled_over_usage(self, asked: Asked, passage: Passage, fault: UpstreamError) -> bool:
        """Whether the provider refuses what the client has not sent, the wish for usage: it is never sent it again."""
        tier = passage.target.tier
        ours = tier in self._tell_usage and not asked.envelope.wants_usage
        if not (ours and fault.refused and "stream_options" in fault.message):
            return False
        self._tell_usage -= {tier}
        return True

    @asynccontextmanager
    async def _attempt(self, asked: Asked, passage: Passage) -> AsyncIterator[Answer]:
        """An answer that has begun: closed at the end, and booked however it ends, unless the provider refused."""
        target, trail, call = passage.target, asked.trail, asked.call
        headers = to_provider(call.headers, target.dialect)
        answer = await attempt(self._pool, passage.provider, target, passage.body, headers)
        refused = False
        try:
            yield answer
        except UpstreamError as fault:
            refused = fault.refused and trail.tokens is None  # in the middle of a stream it is no refusal any more
            raise redact(fault, target) from fault.__cause__
        finally:
            answer.close()
            if not refused:
                trail.tokens = trail.tokens or estimate(len(call.body), 0)
                self._book(target, trail.model, trail.tokens)

    def _say_nothing(self, asked: Asked, client: Client) -> None:
        """A sign of life. The headers are those that are known by now: none where a judge takes its time."""
        sign = (asked.relay or asked.write()).idle()
        if not client.begun:
            client.begin(200, [*STREAM_HEADERS, *asked.trail.headers()])
        client.write(sign)


async def _open(answer: Answer, relay: Relay) -> bytes:
    """The first bytes for the client, as soon as the provider says something. Raises UpstreamError."""
    first, whole = await first_bytes(answer)
    opening = relay.open(first, whole=whole)
    while not relay.speaks:
        opening = relay.open(await answer.read_some(), whole=False)
    return opening
