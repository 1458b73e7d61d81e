"""Decisions that several routers share through Redis; a Redis that fails costs one request at most half a second.

What this process knows already is answered from memory: a key names one decision for good, so that the copy cannot be
out of date. While Redis is away only the memory is used, and one task asks in the background whether it is back.

Redis's own words are never logged: an answer to a wrong password may repeat it.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError

from xrouter.cache.base import TTL_S
from xrouter.cache.memory import MemoryCache
from xrouter.chat.target import Decision
from xrouter.errors import ConfigError

PREFIX = "xrouter:decision:1:"
ANSWER_S = 0.4
"""How long a request waits for Redis, connection and password included, before Redis counts as away."""
RETRY_S = 3.0
"""How often a Redis that is away is asked whether it is back."""

_MOST_CONNECTIONS = 16
_WORDS: dict[Decision, bytes] = {0: b"0", 1: b"1", 2: b"2"}
_DECISIONS: dict[object, Decision] = {word: tier for tier, word in _WORDS.items()}
_FAULTS = (RedisError, OSError, ValueError, TypeError)
"""The last two: what redis-py makes of an answer from something that is no Redis."""
_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (AuthenticationError, "refuses the password"),
    (AuthorizationError, "refuses the user"),
    (BusyLoadingError, "is still loading its data"),
    (OutOfMemoryError, "is full"),
    (ReadOnlyError, "only allows reading"),
    (ResponseError, "refuses the command"),
    (TimeoutError, "does not answer in time"),
    (RedisConnectionError, "cannot be reached"),
    (OSError, "cannot be reached"),
)

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
        self._redis = _client(url)
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
        except _FAULTS as fault:
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
        except _FAULTS as fault:
            self._lose(fault)

    async def close(self) -> None:
        """End the watch and give the connections back, whether Redis answers or not."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait([self._watch])
        try:
            async with asyncio.timeout(self._answer_s):
                await self._redis.aclose()
        except _FAULTS:
            _log.debug("the connections to Redis did not close in time")
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
            _explain(fault),
            self._retry_s,
        )
        self._watch = asyncio.create_task(self._wait_for_redis(), name="xrouter: wait for Redis")

    async def _wait_for_redis(self) -> None:
        while True:
            await asyncio.sleep(self._retry_s)
            try:
                # A write, because a Redis that is full or read-only still answers a PING.
                await self._write(PREFIX + "probe", _WORDS[0])
            except _FAULTS:
                continue
            _log.warning("Redis (REDIS_URL) is back; decisions are shared again")
            self._watch = None
            return


def _client(url: str) -> Redis:
    """A client that leaves time-outs and retries to this module."""
    waits: dict[str, Any] = {"timeout": None, "socket_timeout": None, "socket_connect_timeout": None}
    retry = Retry(NoBackoff(), 0)
    try:
        pool = BlockingConnectionPool.from_url(url, max_connections=_MOST_CONNECTIONS, retry=retry, protocol=2, **waits)
    except ValueError:
        raise ConfigError(
            ["REDIS_URL is not the URL of a Redis; write redis://[[user]:password@]host[:port][/number], or rediss://"]
        ) from None
    return Redis.from_pool(pool)


def _explain(fault: BaseException) -> str:
    """Why Redis counts as away, in our own words."""
    return next((words for kind, words in _REASONS if isinstance(fault, kind)), "does not speak the Redis protocol")
