"""Decisions that several routers share through Redis; a Redis that fails costs one request at most half a second.

What this process knows already is answered from memory: a key names one decision for good, so that the copy cannot be
out of date. While Redis is away only the memory is used, and one task asks in the background whether it is back.
"""

from __future__ import annotations

import asyncio
import logging

from redis.exceptions import ResponseError

from xrouter.cache.base import TTL_S
from xrouter.cache.memory import MemoryCache
from xrouter.chat.target import DECISIONS, Decision
from xrouter.redis import FAULTS, client, disconnect, explain

PREFIX = "xrouter:decision:1:"
ANSWER_S = 0.4
"""How long a request waits for Redis, connection and password included, before Redis counts as away."""
RETRY_S = 3.0
"""How often a Redis that is away is asked whether it is back."""

_MOST_CONNECTIONS = 16
_WORDS: dict[Decision, bytes] = {tier: b"%d" % tier for tier in DECISIONS}
_DECISIONS: dict[object, Decision] = {word: tier for tier, word in _WORDS.items()}

_log = logging.getLogger("xrouter")


class RedisCache:
    """A DecisionCache in Redis, with `memory` in front of it and in its place while it is away.

    Raises ConfigError when `url` is no URL of a Redis. Nothing is connected before the first get or put.
    """

    def __init__(
        self,
        url: str,
        *,
        memory: MemoryCache | None = None,
        ttl_s: int = int(TTL_S),
        answer_s: float = ANSWER_S,
        retry_s: float = RETRY_S,
    ) -> None:
        self._redis = client(url, connections=_MOST_CONNECTIONS)
        self._memory = memory or MemoryCache()
        self._ttl_s = ttl_s
        self._answer_s = answer_s
        self._retry_s = retry_s
        self._watch: asyncio.Task[None] | None = None

    async def get(self, key: str) -> Decision | None:
        """The decision for `key`, from memory or from Redis, or None."""
        tier = await self._memory.get(key)
        if tier is not None or self._away:
            return tier
        try:
            tier = await self._read(PREFIX + key)
        except FAULTS as fault:
            self._lose(fault)
            return None
        if tier is not None:
            await self._memory.put(key, tier)
        return tier

    async def put(self, key: str, tier: Decision) -> None:
        """Remember a decision, here and for the other routers."""
        await self._memory.put(key, tier)
        if self._away:
            return
        try:
            await self._write(PREFIX + key, _WORDS[tier])
        except FAULTS as fault:
            self._lose(fault)

    async def close(self) -> None:
        """End the watch and give the connections back, whether Redis answers or not."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait([self._watch])
        await disconnect(self._redis, self._answer_s)
        await self._memory.close()

    @property
    def _away(self) -> bool:
        return self._watch is not None

    async def _read(self, name: str) -> Decision | None:
        """What Redis holds under `name`; anything but a decision is nothing."""
        try:
            async with asyncio.timeout(self._answer_s):
                found: object = await self._redis.get(name)
        except ResponseError as error:
            if str(error).startswith("WRONGTYPE"):
                return None
            raise
        return _DECISIONS.get(found)

    async def _write(self, name: str, word: bytes) -> None:
        async with asyncio.timeout(self._answer_s):
            await self._redis.set(name, word, ex=self._ttl_s)

    def _lose(self, fault: BaseException) -> None:
        """From now on the memory alone is asked, until the watch finds Redis well again."""
        if self._away:
            return
        _log.warning(
            "Redis (REDIS_URL) %s; decisions are kept in memory until it is back, tried every %g s",
            explain(fault),
            self._retry_s,
        )
        self._watch = asyncio.create_task(self._wait_for_redis(), name="xrouter: wait for Redis")

    async def _wait_for_redis(self) -> None:
        while True:
            await asyncio.sleep(self._retry_s)
            try:
                # A write, because a Redis that is full or read-only still answers a PING.
                await self._write(PREFIX + "probe", _WORDS[0])
            except FAULTS:
                continue
            _log.warning("Redis (REDIS_URL) is back; decisions are shared again")
            self._watch = None
            return
