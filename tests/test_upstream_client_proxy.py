"""xrouter/upstream/client.py: TLS with a private CA, and HTTP proxies."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.calling import KEY, fails, pool_of, pumped, take, to
from tests.fakes import Call, FakeProvider
from xrouter.config.model import Upstream
from xrouter.errors import TimedOut, Unreachable

TEXT = b"data: 1\n\n" * 1000


async def answers(call: Call) -> None:
    """In chunks."""
    await call.begin()
    await call.send(TEXT)
    await call.end()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A private CA."""
    return trustme.CA()


def certified(authority: trustme.CA, name: str) -> ssl.SSLContext:
    """A server of that name."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


async def test_private_authority(authority: trustme.CA, tmp_path: Path) -> None:
    """A private CA is trusted where it is configured, for the name that it vouches for; else the remedy is named."""
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    trusting = Upstream(ca_file=str(file))
    async with FakeProvider(answers, tls=certified(authority, "127.0.0.1")) as provider:
        async with pool_of(trusting) as pool:
            assert await take(pool, provider.url) == (200, TEXT)
            assert await pumped(pool, provider.url) == TEXT
        async with pool_of() as pool:
            error = await fails(pool, provider.url)
    assert type(error) is Unreachable
    assert "upstream.ca_file" in error.message
    async with (
        FakeProvider(answers, tls=certified(authority, "another.invalid")) as provider,
        pool_of(trusting) as pool,
    ):
        assert "not trusted" in (await fails(pool, provider.url)).message


class Proxy:
    """An HTTP proxy that takes everybody to one port of this machine."""

    def __init__(self, port: int, *, opens: bytes = b"HTTP/1.1 200 OK\r\n\r\n") -> None:
        self.heads: list[bytes] = []
        self._port = port
        self._opens = opens
        self._tasks: set[asyncio.Task[Any]] = set()

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[str]:
        """Its address, with a name and a password."""
        server = await asyncio.start_server(self._tunnel, "127.0.0.1", 0)
        yield f"http://user:pass-word@127.0.0.1:{server.sockets[0].getsockname()[1]}"
        server.close()
        for task in list(self._tasks):
            task.cancel()
            await asyncio.wait([task])

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(self._opens)
            if b" 200 " in self._opens:
                there, back = await asyncio.open_connection("127.0.0.1", self._port)
                await asyncio.gather(_pass_on(reader, back), _pass_on(there, writer))
            else:
                await reader.read()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65536):
        writer.write(piece)
    writer.close()


async def test_proxy_of_https(authority: trustme.CA, tmp_path: Path) -> None:
    """HTTPS goes through a tunnel, whose proxy resolves the name and sees neither key nor body; it is used again."""
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    async with FakeProvider(answers, tls=certified(authority, "provider.invalid")) as provider:
        proxy = Proxy(provider.port)
        async with proxy.listen() as url, pool_of(Upstream(ca_file=str(file))) as pool:
            target = to("https://provider.invalid/v1", proxy=url)
            assert await take(pool, target) == (200, TEXT)
            assert await pumped(pool, target) == TEXT
    assert len(proxy.heads) == 1
    assert proxy.heads[0].startswith(b"CONNECT provider.invalid:443 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic dXNlcjpwYXNzLXdvcmQ=" in proxy.heads[0]
    assert KEY.encode() not in proxy.heads[0]
    assert provider.calls[0].headers["authorization"] == f"Bearer {KEY}"
    assert "proxy-authorization" not in provider.calls[0].headers


async def test_proxy_of_http() -> None:
    """Plain HTTP goes to the proxy, which is told where to."""
    async with FakeProvider(answers) as proxy, pool_of() as pool:
        assert await take(pool, to("http://provider.invalid/v1", proxy=proxy.root)) == (200, TEXT)
        assert proxy.calls[0].path == "http://provider.invalid/v1"
        assert proxy.calls[0].headers["host"] == "provider.invalid"


@pytest.mark.parametrize("said", [b"HTTP/1.1 407 Who\r\n\r\n", b"HTTP/1.1 502 No\r\nContent-Length: 2\r\n\r\nno"])
async def test_proxy_that_refuses(said: bytes) -> None:
    """A proxy that refuses is named as such, without its password."""
    async with Proxy(0, opens=said).listen() as url, pool_of() as pool:
        error = await fails(pool, to("https://provider.invalid/v1", proxy=url))
    assert type(error) is Unreachable
    assert "through the proxy; see HTTPS_PROXY" in error.message
    assert "pass-word" not in error.message


async def test_proxy_that_is_away_or_silent() -> None:
    """A proxy that is not there is named; one that never answers has no more time than a connection has."""
    async with FakeProvider() as provider, pool_of(Upstream(connect_timeout_ms=200)) as pool:
        async with Proxy(0, opens=b"").listen() as url:
            target = to("https://provider.invalid/v1", proxy=url)
            assert type(await asyncio.wait_for(fails(pool, target), 10)) is TimedOut
        away = provider.root
        await provider.stop()
        error = await fails(pool, to("https://provider.invalid/v1", proxy=away))
        assert "through the proxy" in error.message
