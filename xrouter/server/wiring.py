"""The one place where everything is put together: settings in, a router and what has to be closed out."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec

from xrouter.cache.base import Store as Cache
from xrouter.cache.decisions import Decisions
from xrouter.cache.memory import MemoryStore
from xrouter.cache.thoughts import Thoughts
from xrouter.chat.reply import Usage
from xrouter.chat.target import Target, TierName
from xrouter.config.check import classifier_kind
from xrouter.config.model import Config
from xrouter.decide import Decider, Judge
from xrouter.providers.resolve import Resolved
from xrouter.router import Router
from xrouter.routing import warmup
from xrouter.routing.embedded.judge import EmbeddedClassifier
from xrouter.routing.llm import HybridClassifier, LLMClassifier
from xrouter.routing.shared import SharedClassifier
from xrouter.server import status
from xrouter.server.app import App
from xrouter.server.chat import chat
from xrouter.server.count import count_tokens
from xrouter.server.guard import Guard
from xrouter.server.models import models
from xrouter.server.passthrough import passthrough
from xrouter.server.paths import DIALECTS
from xrouter.upstream.client import Answer, Pool
from xrouter.usage.ledger import Ledger
from xrouter.usage.meter import Entry
from xrouter.usage.prices import Price, PriceBook, Priced, configured
from xrouter.usage.sqlite import Store


class Setup(msgspec.Struct, frozen=True):
    """What `serve` knows before it starts: settings, and the targets that they name."""

    config: Config
    tiers: Mapping[TierName, Resolved]
    classifier: Resolved | None
    usage_file: Path


class House:
    """Everything that runs, and how it ends. Made on the running loop."""

    def __init__(self, setup: Setup) -> None:
        config = setup.config
        redis_url = config.cache.redis_url.reveal() if config.cache.redis_url else None
        prices = PriceBook(_priced(setup))
        self._ledger = _ledger(setup.usage_file, prices, redis_url)
        self._cache = _cache(redis_url)
        self._pool = Pool(config.upstream)
        self._setup = setup
        self._llm = _llm(setup, self._pool)
        targets = {name: resolved.target for name, resolved in setup.tiers.items()}
        judge = _judge(setup, self._llm, self._cache) if config.classifier.enabled else None
        router = Router(
            decider=Decider(targets, judge, self._book),
            tell_usage=frozenset(name for name, resolved in setup.tiers.items() if resolved.include_usage),
            pool=self._pool,
            book=self._book,
            thoughts=Thoughts(self._cache),
        )
        self.app = App(Guard(config.server))
        answer = partial(chat, router, config.server, log_prompts=config.logging.prompts)
        self.app.routes = {
            **{path: {"POST": answer(dialect)} for path, dialect in DIALECTS.items()},
            "/v1/messages/count_tokens": {"POST": count_tokens(targets, self._pool, config.server)},
            "/v1/models": {"GET": models(config, prices.known)},
            "/usage": {"GET": status.usage(self._ledger)},
            "/health": {"GET": status.health},
            "/ready": {"GET": status.ready(self.app)},
        }
        if (tier := config.server.passthrough) is not None:
            self.app.elsewhere = passthrough(targets[tier], self._pool, config.server, self._book)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """What runs beside requests; called once the router listens."""
        self._ledger.start()
        if self._llm is not None and self._setup.classifier is not None:
            target = self._setup.classifier.target
            warm = warmup.run(
                self._llm,
                self._setup.config.classifier,
                target,
                lambda used: self._book(target, target.model, used),
            )
            self._tasks.append(asyncio.create_task(warm, name="xrouter: keep the classifier warm"))

    def _book(self, target: Target, model: str | None, tokens: Usage) -> None:
        """Put what an answer or a classification used into the ledger."""
        entry = Entry(at=time.time(), tier=target.tier, provider=target.provider, model=model or "", tokens=tokens)
        self._ledger.record(entry)

    async def close(self) -> None:
        """End it all; what was used is written."""
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self._ledger.close()
        await self._cache.close()
        await self._pool.close()


def _llm(setup: Setup, pool: Pool) -> LLMClassifier | None:
    if setup.classifier is None:
        return None
    return LLMClassifier(
        setup.config.classifier, setup.classifier.target, lambda target, body: _ask(pool, target, body)
    )


def _judge(setup: Setup, llm: LLMClassifier | None, cache: Cache) -> Judge:
    config, decisions = setup.config, Decisions(cache)
    embedded = EmbeddedClassifier(config.routing.profile)
    if llm is None or setup.classifier is None:
        return Judge(classifier=embedded, decisions=decisions)
    kind = classifier_kind(config)
    classifier = HybridClassifier(llm, embedded, config.routing.judge_budget_ms) if kind == "hybrid" else llm
    target = setup.classifier.target
    prompt = hashlib.sha256((config.classifier.system_prompt or "").encode()).hexdigest()
    identity = " ".join((kind, target.url, target.model or "", prompt))
    return Judge(classifier=SharedClassifier(classifier), decisions=decisions, identity=identity, target=target)


@asynccontextmanager
async def _ask(pool: Pool, target: Target, body: bytes) -> AsyncIterator[Answer]:
    """How the LLM classifier reaches its model: leaving closes the connection unless the answer was read to its end."""
    answer = await pool.open(target, body, {})
    try:
        yield answer
    finally:
        answer.close()


def _cache(redis_url: str | None) -> Cache:
    if redis_url is None:
        return MemoryStore()
    from xrouter.cache.redis import RedisStore

    return RedisStore(redis_url)


def _ledger(file: Path, prices: PriceBook, redis_url: str | None) -> Ledger:
    if redis_url is None:
        return Ledger(Store(file), prices)
    from xrouter.usage.redis import SharedCounters

    return Ledger(Store(file), prices, SharedCounters(redis_url))


def _priced(setup: Setup) -> list[Priced]:
    rows = [(resolved, setup.config.tiers.get(name)) for name, resolved in setup.tiers.items()]
    priced = [
        Priced(
            tier=resolved.target.tier,
            provider=resolved.target.provider,
            model=resolved.target.model,
            local=resolved.local,
            configured=configured(tier),
        )
        for resolved, tier in rows
    ]
    judge = setup.classifier
    if judge is not None:
        target, cheap = judge.target, setup.tiers.get("cheap")
        is_cheaps = cheap is not None and (cheap.target.url, cheap.target.model) == (target.url, target.model)
        own = configured(setup.config.tiers.cheap) if is_cheaps else Price()
        priced.append(Priced("classifier", target.provider, target.model, local=judge.local, configured=own))
    return priced
