"""The Redis that routers share: how it is reached, what counts as its failing, and how that is told.

Time-outs and retries are left to those who ask it: they know what a late answer costs. Redis's own words are never
logged: an answer to a wrong password may repeat it.
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

from xrouter.errors import ConfigError

FAULTS = (RedisError, OSError, ValueError, TypeError)
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
_NO_LIMITS: dict[str, Any] = {"timeout": None, "socket_timeout": None, "socket_connect_timeout": None}

_log = logging.getLogger("xrouter")


def client(url: str, *, connections: int) -> Redis:
    """A client with at most so many connections, none made yet. Raises ConfigError where `url` is not a Redis's."""
    retry = Retry(NoBackoff(), 0)
    try:
        pool = BlockingConnectionPool.from_url(url, max_connections=connections, retry=retry, protocol=2, **_NO_LIMITS)
    except ValueError:
        raise ConfigError(
            ["REDIS_URL is not the URL of a Redis; write redis://[[user]:password@]host[:port][/number], or rediss://"]
        ) from None
    return Redis.from_pool(pool)


async def disconnect(redis: Redis, within_s: float) -> None:
    """Give its connections back, whether it answers or not."""
    try:
        async with asyncio.timeout(within_s):
            await redis.aclose()
    except FAULTS:
        _log.debug("the connections to Redis did not close in time")


def explain(fault: BaseException) -> str:
    """What is wrong with Redis, in our own words."""
    return next((words for kind, words in _REASONS if isinstance(fault, kind)), "does not speak the Redis protocol")
