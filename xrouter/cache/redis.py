"""Values that several routers share through Redis; a Redis that fails costs one request at most half a second.

What this process knows already is answered from memory: a name stands for one value for good, so that the copy cannot
be out of date. While Redis is away only the memory is used, and one task asks in the background whether it is back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence

from xrouter.cache.base import TTL_S
from xrouter.cache.memory import MemoryStore
from xrouter.redis import FAULTS, client, disconnect, explain

PREFIX = "xrouter:"
ANSWER_S = 0.4
"""How long a request waits for Redis, connection and password included, before Redis counts as away."""
RETRY_S = 3.0
"""How often a Redis that is away is asked whether it is back."""

_MOST_CONNECTIONS = 16

_log = logging.getLogger("xrouter")


class RedisStore:
    """A Store in Redis, with `memory` in front of it and in its place while it is away.

    Raises ConfigError when `url` is no URL of a Redis. Nothing is connected before the first get or put.
    """

    def __init__(
        self,
        url: str,
        *,
        memory: MemoryStore | None = None,
        ttl_s: int = int(TTL_S),
        answer_s: float = ANSWER_S,
        retry_s: float = RETRY_S,
    ) -> None:
        self._redis = client(url, connections=_MOST_CONNECTIONS)
        self._memory = memory or MemoryStore()
        self._ttl_s = ttl_s
        self._answer_s = answer_s
        self._retry_s = retry_s
        self._watch: asyncio.Task[None] | None = None

    async def get(self, name: str) -> bytes | None:
        """The value, from memory or from Redis, or None."""
        return (await self.get_all([name])).get(name)

    async def get_all(self, names: Sequence[str]) -> Mapping[str, bytes]:
        """Those of the values that are remembered, here or there; Redis is asked once."""
        known = await self._memory.get_all(names)
        missing = [name for name in names if name not in known]
        if not missing or self._away:
            return known
        try:
            found = await self._read(missing)
        except FAULTS as fault:
            self._lose(fault)
            return known
        for name, value in found.items():
            await self._memory.put(name, value)
        return {**known, **found}

    async def put(self, name: str, value: bytes) -> None:
        """Remember a value, here and for the other routers."""
        await self._memory.put(name, value)
        if self._away:
            return
        try:
            await self._write(name, value)
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

    async def _read(self, names: Sequence[str]) -> dict[str, bytes]:
        """What Redis holds under the names; what is no text there (of somebody else's making) is nothing."""
        async with asyncio.timeout(self._answer_s):
            found = await self._redis.mget([PREFIX + name for name in names])
        return {name: value for name, value in zip(names, found, strict=True) if isinstance(value, bytes)}

    async def _write(self, name: str, value: bytes) -> None:
        async with asyncio.timeout(self._answer_s):
            await self._redis.set(PREFIX + name, value, ex=self._ttl_s)

    def _lose(self, fault: BaseException) -> None:
        """From now on the memory alone is asked, until the watch finds Redis well again."""
        if self._away:
            return
        _log.warning(
            "Redis (REDIS_URL) %s; decisions and thoughts are kept in memory until it is back, tried every %g s",
            explain(fault),
            self._retry_s,
        )
        self._watch = asyncio.create_task(self._wait_for_redis(), name="xrouter: wait for Redis")

    async def _wait_for_redis(self) -> None:
        while True:
            await asyncio.sleep(self._retry_s)
            try:
                # A write, because a Redis that is full or read-only still answers a PING.
                await self._write("probe", b"0")
            except FAULTS:
                continue
            _log.warning("Redis (REDIS_URL) is back; they are shared again")
            self._watch = None
            return
