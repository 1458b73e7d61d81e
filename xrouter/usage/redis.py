"""Usage counters that several routers share through Redis; no request ever waits for it.

One hash, `xrouter:usage:total`, holds the sums by tier (`cheap:requests` …) and the minute of the first request. What
is new is sent as one script, numbered by this process: a script whose answer was lost is sent again and Redis skips it
where it ran already, so that counts stay exact over broken connections and frozen servers.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from xrouter.chat.target import PURPOSES
from xrouter.redis import FAULTS, client, disconnect, explain
from xrouter.usage.meter import Counts, Totals, join

PREFIX = "xrouter:usage:"
ANSWER_S = 0.4
"""How long `/usage` waits for Redis, sending what is new included, before this machine's own figures are shown."""
RETRY_S = 3.0
"""How long a Redis that failed is left alone."""

_TOTAL = PREFIX + "total"
_BATCH_KEPT_S = 86_400
_FIELDS = {f"{tier}:{name}".encode(): (tier, name) for tier in PURPOSES for name in Counts._fields}
_MOST = 2**63
_NOTHING = Totals({}, None)

# KEYS: the hash, this process's own batch number. ARGV: number, life of that key, first minute, then field and amount.
_SCRIPT = """
local seen = tonumber(redis.call('GET', KEYS[2]) or 0)
if seen >= tonumber(ARGV[1]) then return 0 end
local first = tonumber(redis.call('HGET', KEYS[1], 'since') or '')
redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[2])
if not first or tonumber(ARGV[3]) < first then redis.call('HSET', KEYS[1], 'since', ARGV[3]) end
for i = 4, #ARGV, 2 do redis.pcall('HINCRBY', KEYS[1], ARGV[i], ARGV[i + 1]) end
return 1
"""

_log = logging.getLogger("xrouter")


class SharedCounters:
    """Sums in Redis. `add` may be called from any thread, the rest belongs to the event loop.

    Raises ConfigError when `url` is no URL of a Redis. Nothing is connected before the first push or read.
    """

    def __init__(
        self,
        url: str,
        *,
        answer_s: float = ANSWER_S,
        retry_s: float = RETRY_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = client(url, connections=2)
        self._answer_s = answer_s
        self._retry_s = retry_s
        self._clock = clock
        self._new: deque[Totals] = deque()
        self._sending = _NOTHING
        self._number = 0
        self._batch_key = f"{PREFIX}batch:{uuid.uuid4().hex}"
        self._retry_at: float | None = None
        self._trusted = True
        self._turn = asyncio.Lock()

    def holds(self) -> bool:
        """Whether something waits to be sent."""
        return bool(self._new or self._sending.by_tier)

    def add(self, totals: Totals) -> None:
        """Count on. What waits for Redis is summed up, so that it stays small however long Redis is away."""
        if totals.by_tier:
            self._new.append(totals)

    async def push(self) -> bool:
        """Send what is new; False where Redis does not take it now, and it waits on. Never raises."""
        return await self._ask(self._send) is not None

    async def read(self) -> Totals | None:
        """The shared sums, with all of this process's in them; None while Redis cannot be used. Never raises."""
        found: Mapping[Any, Any] | None = await self._ask(self._send_and_fetch)
        if found is None:
            return None
        try:
            return _read(found)
        except ValueError:
            self._distrust()
            return None

    async def close(self) -> None:
        """Send what waits, if that is possible now, and give the connections back."""
        await self.push()
        await disconnect(self._redis, self._answer_s)

    async def _ask(self, question: Callable[[], Any]) -> Any:
        if self._retry_at is not None and self._clock() < self._retry_at:
            self._merge()
            return None
        try:
            async with asyncio.timeout(self._answer_s), self._turn:
                answer = await question()
        except FAULTS as fault:
            self._lose(fault)
            return None
        if self._retry_at is not None:
            self._retry_at = None
            _log.info("Redis (REDIS_URL) is back; usage is shared again")
        return answer

    async def _send_and_fetch(self) -> Mapping[Any, Any]:
        await self._send()
        return await self._redis.hgetall(_TOTAL)

    async def _send(self) -> bool:
        while self.holds():
            if not self._sending.by_tier:
                self._number += 1
                self._sending = self._take()
            await self._redis.eval(_SCRIPT, 2, _TOTAL, self._batch_key, *self._arguments())
            self._sending = _NOTHING
        return True

    def _arguments(self) -> list[str]:
        """The script's. An answer that was lost is asked for with the same ones again."""
        arguments = [str(self._number), str(_BATCH_KEPT_S), str(self._sending.since)]
        for tier, counts in self._sending.by_tier.items():
            for name, amount in zip(Counts._fields, counts, strict=True):
                if amount:
                    arguments += (f"{tier}:{name}", str(amount))
        return arguments

    def _take(self) -> Totals:
        taken = _NOTHING
        while self._new:
            taken = join(taken, self._new.popleft())
        return taken

    def _merge(self) -> None:
        """All that waits as one sum."""
        if self._new:
            self._new.appendleft(self._take())

    def _lose(self, fault: BaseException) -> None:
        if self._retry_at is None:
            _log.warning(
                "Redis (REDIS_URL) %s; usage is counted on this machine until it is back, tried every %g s",
                explain(fault),
                self._retry_s,
            )
        self._retry_at = self._clock() + self._retry_s

    def _distrust(self) -> None:
        if self._trusted:
            self._trusted = False
            _log.warning(
                "what Redis (REDIS_URL) holds under %s is not ours: usage is this machine's until that key is deleted",
                _TOTAL,
            )


def _read(found: Mapping[Any, Any]) -> Totals:
    """Raises ValueError where a value is no count that could be ours; fields of other versions are left alone."""
    values: dict[str, dict[str, int]] = {}
    for field, value in found.items():
        if field in _FIELDS:
            tier, name = _FIELDS[field]
            values.setdefault(tier, {})[name] = _count(value)
    since = found.get(b"since")
    by_tier = {tier: Counts(**counts) for tier, counts in values.items()}
    return Totals(by_tier, None if since is None else _count(since))


def _count(value: Any) -> int:
    if not isinstance(value, bytes) or not value.isdigit() or int(value) >= _MOST:
        raise ValueError("a usage counter in Redis is no count")
    return int(value)
