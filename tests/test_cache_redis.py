"""cache/redis.py: values shared through a real Redis, which may be away, frozen, full or wrong."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from tests.processes import RedisServer, free_port
from xrouter.cache.memory import MemoryStore
from xrouter.cache.redis import PREFIX, RedisStore
from xrouter.errors import ConfigError

SOON_S = 0.1


class Closing(RedisStore):
    """A RedisStore that asks an absent Redis again at once, so that no test waits for it."""

    def __init__(self, url: str, *, answer_s: float = 0.4) -> None:
        super().__init__(url, answer_s=answer_s, retry_s=SOON_S)

    async def aclose(self) -> None:
        """The name that `aclosing` calls."""
        await self.close()


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something holds; ten seconds at most."""
    async with asyncio.timeout(10):
        while not await holds():  # noqa: ASYNC110 - another process tells nobody
            await asyncio.sleep(0.02)


async def test_another_router_sees_a_value_at_once(redis_server: RedisServer) -> None:
    """What one process put, the next one finds with its first question."""
    async with aclosing(Closing(redis_server.url)) as one, aclosing(Closing(redis_server.url)) as two:
        assert await two.get("k") is None
        await one.put("k", b"2")
        assert await two.get("k") == b"2"


async def test_redis_holds_the_value_with_a_time_to_live(redis_server: RedisServer) -> None:
    """Under the prefix lies the value, and Redis forgets it by itself."""
    async with aclosing(Closing(redis_server.url)) as cache:
        await cache.put("k", b"1")
    assert redis_server.ask("KEYS", "*") == b"*1\r\n$9\r\nxrouter:k\r\n"
    assert redis_server.ask("GET", PREFIX + "k") == b"$1\r\n1\r\n"
    assert 3590 <= int(redis_server.ask("TTL", PREFIX + "k")[1:]) <= 3600


async def test_key_of_the_wrong_type_is_a_miss_and_no_failure(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """One spoilt key does not make the whole Redis count as away."""
    redis_server.ask("LPUSH", PREFIX + "k", "1")
    redis_server.ask("SET", PREFIX + "other", "1")
    async with aclosing(Closing(redis_server.url)) as cache:
        assert await cache.get("k") is None
        assert await cache.get("other") == b"1"
    assert not caplog.records


async def test_own_value_needs_no_second_question(redis_server: RedisServer) -> None:
    """What this process knows is answered from memory: Redis counts no further command."""
    async with aclosing(Closing(redis_server.url)) as cache:
        await cache.put("k", b"1")
        redis_server.ask("SET", PREFIX + "k", "2")
        assert await cache.get("k") == b"1"


async def test_away_at_the_start_is_used_when_it_comes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Without Redis the memory serves; once it is there, decisions are shared, and the log says both once."""
    server = RedisServer(tmp_path)
    async with aclosing(Closing(server.url)) as cache:
        for number in range(5):
            assert await cache.get(f"k{number}") is None
            await cache.put(f"k{number}", b"1")
            assert await cache.get(f"k{number}") == b"1"
        server.start()
        try:
            await until(lambda: shares(cache, server))
        finally:
            server.stop()
    assert [record.message for record in caplog.records] == [
        (
            "Redis (REDIS_URL) cannot be reached; decisions and thoughts are kept in memory until it is back, "
            "tried every 0.1 s"
        ),
        "Redis (REDIS_URL) is back; they are shared again",
    ]


async def test_killed_and_started_again(redis_server: RedisServer) -> None:
    """A Redis that dies is left out, and one that comes back is used again without a restart of the router."""
    async with aclosing(Closing(redis_server.url)) as cache:
        await cache.put("a", b"1")
        redis_server.stop()
        assert await cache.get("b") is None
        await cache.put("b", b"2")
        assert [await cache.get("a"), await cache.get("b")] == [b"1", b"2"]
        redis_server.start()
        await until(lambda: shares(cache, redis_server))


async def test_restart_between_two_questions_is_not_noticed(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A connection that Redis closed while nobody asked is replaced, not taken for an outage."""
    async with aclosing(Closing(redis_server.url)) as cache:
        assert await cache.get("a") is None
        redis_server.stop()
        redis_server.start()
        redis_server.ask("SET", PREFIX + "a", "2")
        for _ in range(3):  # turns of the loop, in which it reads that the old connection has ended
            await asyncio.sleep(0)
        assert await cache.get("a") == b"2"
    assert not caplog.records


async def test_frozen_redis_costs_one_wait(redis_server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    """A hundred questions at once, and all that follow, wait for a frozen Redis once and together."""
    async with aclosing(Closing(redis_server.url)) as cache:
        await cache.put("a", b"1")
        redis_server.freeze()
        before = time.monotonic()
        await asyncio.gather(*(cache.get(f"k{number}") for number in range(100)))
        for number in range(100):
            await cache.put(f"l{number}", b"0")
        assert time.monotonic() - before < 2  # a hundred waits would be forty seconds
        redis_server.thaw()
        await until(lambda: shares(cache, redis_server))
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert "does not answer in time" in caplog.messages[0]


async def test_probe_delays_nobody(redis_server: RedisServer) -> None:
    """While the watch waits for a frozen Redis, questions are answered without a turn of the wait."""
    async with aclosing(Closing(redis_server.url, answer_s=5)) as cache:
        redis_server.stop()
        await cache.get("a")
        redis_server.start()
        redis_server.freeze()
        await asyncio.sleep(3 * SOON_S)  # the probe is on its way now
        async with asyncio.timeout(1):
            await cache.put("b", b"1")
            assert await cache.get("b") == b"1"
        redis_server.thaw()


async def test_full_redis(redis_server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    """A Redis without room is left out as long as it has none, and the log says why only once."""
    redis_server.ask("CONFIG", "SET", "maxmemory", "1")
    async with aclosing(Closing(redis_server.url)) as cache:
        await cache.put("a", b"1")
        assert await cache.get("a") == b"1"
        await asyncio.sleep(4 * SOON_S)  # several probes, all refused
        redis_server.ask("CONFIG", "SET", "maxmemory", "0")
        await until(lambda: shares(cache, redis_server))
    assert len(caplog.messages) == 2
    assert "is full" in caplog.messages[0]


@pytest.mark.parametrize("credentials", ["", ":wrong-pass-word@", "user:wrong-pass-word@"])
async def test_wrong_password(redis_server: RedisServer, caplog: pytest.LogCaptureFixture, credentials: str) -> None:
    """A refused password is named by its setting and never shown."""
    redis_server.ask("CONFIG", "SET", "requirepass", "the-right-one")
    async with aclosing(Closing(redis_server.url.replace("//", f"//{credentials}"))) as cache:
        assert await cache.get("a") is None
        await cache.put("a", b"1")
        assert await cache.get("a") == b"1"
    assert len(caplog.messages) == 1
    assert "REDIS_URL" in caplog.text
    assert "refuses the password" in caplog.text
    assert "pass-word" not in caplog.text
    assert "127.0.0.1" not in caplog.text


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"$x\r\n",
        b"*-7\r\n",
        b"*1\r\n*1\r\n$1\r\n1\r\n",
        b":5\r\n",
        b"%1\r\n+a\r\n+b\r\n",
        b"-ERR unknown command 'GET', with args beginning with: 'pass-word'\r\n",
        b"\xff\xfe\x00\r\n",
        b"$99999999999\r\n1",
        b"\r\n\r\n",
        b"",
    ],
)
async def test_what_is_no_redis(caplog: pytest.LogCaptureFixture, answer: bytes) -> None:
    """Any answer is survived: it is a miss, and nothing of it is believed or logged."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            writer.write(answer)
            if not answer:
                break
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", free_port())
    port = server.sockets[0].getsockname()[1]
    async with aclosing(Closing(f"redis://127.0.0.1:{port}", answer_s=0.2)) as cache:
        for key in "abc":
            assert await cache.get(key) is None
            await cache.put(key, b"2")
            assert await cache.get(key) == b"2"
    server.close()
    assert len(caplog.records) == 1
    assert "pass-word" not in caplog.text


async def test_cancelled_questions_leave_no_answer_for_the_next(redis_server: RedisServer) -> None:
    """A client that leaves while Redis is asked must not shift the answers of those who come after."""
    for number in range(300):
        redis_server.ask("SET", f"{PREFIX}k{number}", str(number % 3))
    cache = RedisStore(redis_server.url, memory=MemoryStore(max_bytes=0))
    for number in range(300):
        asked = asyncio.create_task(cache.get(f"k{number + 1}"))
        for _ in range(number % 12):
            await asyncio.sleep(0)
        asked.cancel()
        assert await cache.get(f"k{number}") == b"%d" % (number % 3)
    await cache.close()


@pytest.mark.parametrize("url", ["", "localhost:6379", "http://127.0.0.1", "redis://:pa#ss-word@127.0.0.1:6379"])
def test_url_of_something_else(url: str) -> None:
    """What is no Redis URL is a configuration error that names the setting and not the value."""
    with pytest.raises(ConfigError) as raised:
        RedisStore(url)
    assert "REDIS_URL" in raised.value.message
    assert url not in raised.value.message or not url
    assert "ss-word" not in str(raised.value)


async def shares(cache: RedisStore, server: RedisServer) -> bool:
    """Whether a value that is put now arrives in Redis."""
    await cache.put("shared", b"2")
    return server.ask("GET", PREFIX + "shared") == b"$1\r\n2\r\n"
