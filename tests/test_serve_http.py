"""HTTP as `xrouter serve` speaks it: who is let in, what is refused and how, limits, and old or odd clients."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio

from tests.asking import CHAT, Client, ask, dial, get, logged, one_tier, question
from tests.fakes import FakeProvider, Object
from tests.processes import Router

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "the-router-key-0123456789"
OTHERS = {"anna": "key-of-anna-0123456789", "bot": "key-of-the-bot-012345"}
LIMITS = {"MAX_BODY_BYTES": "2000", "CLIENT_BODY_TIMEOUT_MS": "300", "CLIENT_HEADER_TIMEOUT_MS": "300"}
TOML = "".join(f'[[server.keys]]\nname = "{name}"\nkey = "{key}"\n' for name, key in OTHERS.items())


class House(NamedTuple):
    """A provider, a router with keys and tight limits, and one that is open to this machine."""

    provider: FakeProvider
    locked: Router
    free: Router


@pytest_asyncio.fixture(scope="module", loop_scope="module", name="shared")
async def _shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    home: Path = tmp_path_factory.mktemp("home")
    (home / ".config/xrouter").mkdir(parents=True)
    (home / ".config/xrouter/config.toml").write_text(TOML)
    async with AsyncExitStack() as stack:
        provider = await stack.enter_async_context(FakeProvider())
        locked = Router(one_tier(provider, ROUTER_API_KEY=KEY, **LIMITS), home=home)
        free = Router(one_tier(provider))
        await asyncio.gather(*(stack.enter_async_context(router) for router in (locked, free)))
        yield House(provider, locked, free)


@pytest.fixture
def house(shared: House) -> House:
    """The house with nothing on record."""
    shared.provider.calls.clear()
    return shared


def bearer(key: str) -> dict[str, str]:
    """How a client shows a key."""
    return {"Authorization": f"Bearer {key}"}


WRONG_KEYS: dict[str, dict[str, str]] = {
    "none": {},
    "empty": {"Authorization": ""},
    "no key": {"Authorization": "Bearer"},
    "blank": {"Authorization": "Bearer "},
    "another": bearer("wrong"),
    "a part": bearer(KEY[:-1]),
    "too much": bearer(f"{KEY}x"),
    "two": bearer(f"{KEY} {KEY}"),
    "upper case": bearer(KEY.upper()),
    "another scheme": {"Authorization": f"Basic {KEY}"},
    "no scheme": {"Authorization": KEY},
    "another header": {"Api-Key": KEY},
    "not ascii": bearer("clé-漢"),
    "long": bearer("a" * 10_000),
}


@pytest.mark.parametrize("headers", WRONG_KEYS.values(), ids=WRONG_KEYS)
async def test_wrong_key(house: House, headers: dict[str, str]) -> None:
    """Without the right key there is a 401 in shape for everything that has content, and nothing is asked."""
    for path, method in ((CHAT, "POST"), ("/usage", "GET"), ("/v1/models", "GET"), ("/nowhere", "GET")):
        async with dial(house.locked) as client:
            await client.send(method, path, question("hi") if method == "POST" else b"", headers)
            reply = await client.reply()
        assert (reply.status, reply.error["code"]) == (401, "invalid_api_key")
        assert reply.error["type"] == "authentication_error"
        assert reply.headers["x-request-id"]
    assert not house.provider.calls


async def test_keys(house: House) -> None:
    """The one key and each of the named ones are let in; the log says whose it was, and no key is in it."""
    for number, key in enumerate((KEY, *OTHERS.values())):
        reply = await ask(house.locked, question("hi"), {**bearer(key), "X-Request-Id": f"keys-{number}"})
        assert reply.status == 200
        log = await logged(house.locked, f'"keys-{number}"')
    assert ['"key":"anna"' in log, '"key":"bot"' in log] == [True, True]
    assert not [key for key in (KEY, *OTHERS.values()) if key in log]


async def test_health_needs_no_key(house: House) -> None:
    """`/health` and `/ready` answer without the key and tell nothing but that."""
    for path, word in (("/health", "ok"), ("/ready", "ready")):
        for headers in ({}, bearer("wrong"), bearer(KEY)):
            reply = await get(house.locked, path, headers)
            assert (reply.status, reply.json) == (200, {"status": word})
    async with dial(house.locked) as client:
        await client.send("HEAD", "/health")
        head = await client.reply(bodiless=True)
        await client.send("GET", "/health")
        assert (head.status, (await client.reply()).status) == (200, 200)
        assert head.headers["content-length"] == "15"


FOREIGN: dict[str, dict[str, str]] = {
    "another host": {"Host": "evil.example"},
    "another host with the port": {"Host": "evil.example:3000"},
    "a host that looks like ours": {"Host": "127.0.0.1.evil.example"},
    "no host": {"Host": ""},
    "another origin": {"Origin": "https://evil.example"},
    "an origin that looks like ours": {"Origin": "http://localhost.evil.example"},
    "no origin": {"Origin": "null"},
    "a file": {"Origin": "file://"},
    "another site": {"Sec-Fetch-Site": "cross-site"},
}


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
async def test_foreign_pages(house: House, headers: dict[str, str]) -> None:
    """Where no key is set, what comes from other web sites or by another name is a 403, preflights included."""
    for path, method in ((CHAT, "POST"), ("/usage", "GET"), (CHAT, "OPTIONS"), ("/health", "GET")):
        async with dial(house.free) as client:
            await client.send(method, path, question("hi") if method == "POST" else b"", headers)
            reply = await client.reply()
        assert (reply.status, reply.error["code"]) == (403, "forbidden")
        assert reply.headers["x-request-id"]
        assert "access-control-allow-origin" not in reply.headers
    assert not house.provider.calls


OWN: dict[str, dict[str, str]] = {
    "by address": {"Host": "127.0.0.1:3000"},
    "by name": {"Host": "localhost:3000"},
    "by a name below": {"Host": "router.localhost"},
    "in version six": {"Host": "[::1]:3000"},
    "a page of this machine": {"Host": "localhost:3000", "Origin": "http://localhost:5173"},
}


@pytest.mark.parametrize("headers", OWN.values(), ids=OWN)
async def test_own_pages(house: House, headers: dict[str, str]) -> None:
    """This machine's own names and pages are let in, and no page is told that it may read the answer."""
    reply = await ask(house.free, question("hi"), headers)
    assert reply.status == 200
    assert "access-control-allow-origin" not in reply.headers


async def test_unknown_paths_and_methods(house: House) -> None:
    """404 names what there is, 405 what the path takes; both in shape."""
    for path in ("/", "/v1/embeddings", "/v1/chat/completions/", "/v1//models", "/nowhere?x=1", "/%2e%2e/etc/passwd"):
        reply = await get(house.free, path)
        assert (reply.status, reply.error["code"]) == (404, "not_found")
        assert "/v1/chat/completions" in reply.error["message"]
        assert reply.headers["x-request-id"]
    for path, method, allowed in ((CHAT, "GET", "POST"), ("/usage", "DELETE", "GET"), ("/v1/models", "POST", "GET")):
        async with dial(house.free) as client:
            await client.send(method, path)
            reply = await client.reply()
        assert (reply.status, reply.error["code"]) == (405, "method_not_allowed")
        assert allowed in reply.error["message"]
        assert reply.headers["x-request-id"]


BAD_BODIES: dict[str, bytes | Object] = {
    "nothing": b"",
    "half": b'{"messages": [',
    "no json": b"\x00\x01 CANARY",
    "a list": b"[]",
    "a number": b"1",
    "null": b"null",
    "two values": b'{"messages": []} {}',
    "no utf-8": b'{"messages": [], "x": "\xff"}',
    "not a number": b'{"messages": [], "temperature": NaN}',
    "deep": b"[" * 1500,
    "deep inside": b'{"messages": ' + b"[" * 900 + b"]" * 900 + b', "n": }',
    "no messages": {"model": "auto"},
    "messages that are text": {"messages": "CANARY"},
    "messages that are nothing": {"messages": None},
    "a model that is none": {"model": 7, "messages": []},
    "a stream that is neither": {"messages": [], "stream": "yes"},
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES)
async def test_bad_bodies(house: House, body: bytes | Object) -> None:
    """What is no request is a 400 that quotes nothing of it, and the connection goes on."""
    async with dial(house.locked) as client:
        await client.send("POST", CHAT, body, bearer(KEY))
        reply = await client.reply()
        assert (reply.status, reply.error["type"]) == (400, "invalid_request_error")
        assert "CANARY" not in reply.error["message"]
        assert not house.provider.calls
        await client.send("POST", CHAT, question("hi"), bearer(KEY))
        assert (await client.reply()).status == 200


@pytest.mark.parametrize("messages", [[], [1, None, "x"], [{}], [{"role": "user", "content": {"a": 1}}], [[[[]]]]])
async def test_odd_messages(house: House, messages: list[object]) -> None:
    """Whether the messages are right is the provider's to say: they are passed on."""
    assert (await ask(house.free, {"messages": messages})).status == 200
    assert house.provider.calls[0].json["messages"] == messages


async def send_in_chunks(client: Client, body: bytes, size: int) -> None:
    """A chunked request, without its end."""
    lines = [f"POST {CHAT} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {KEY}", "Transfer-Encoding: chunked"]
    await client.raw("\r\n".join([*lines, "", ""]).encode())
    for at in range(0, len(body), size):
        piece = body[at : at + size]
        await client.raw(b"%x\r\n%s\r\n" % (len(piece), piece))


async def test_chunked_request(house: House) -> None:
    """A request that comes in chunks is read as one."""
    async with dial(house.locked) as client:
        await send_in_chunks(client, b'{"messages": [], "n": 1.0}', 5)
        await client.raw(b"0\r\n\r\n")
        assert (await client.reply()).status == 200
    assert house.provider.calls[0].body == b'{"messages": [], "n": 1.0,"model":"frontier-1"}'


async def test_body_too_large(house: House) -> None:
    """More than MAX_BODY_BYTES is a 413, by what is announced or by what comes; just as much is not."""
    fits = b'{"messages": [], "x": "%s"}'
    fits %= b"x" * (2000 - len(fits) + 2)
    assert (len(fits), (await ask(house.locked, fits, bearer(KEY))).status) == (2000, 200)
    async with dial(house.locked) as client:
        await client.send("POST", CHAT, fits + b" ", bearer(KEY))
        announced = await client.reply()
    async with dial(house.locked) as client:
        await send_in_chunks(client, fits + b" " * 200, 500)
        came = await client.reply()
    for reply in (announced, came):
        assert (reply.status, reply.error["code"]) == (413, "request_too_large")
        assert reply.headers["connection"] == "close"
        assert reply.headers["x-request-id"]
        assert "server.max_body_bytes" in reply.error["message"]
    assert len(house.provider.calls) == 1


async def test_packed_request(house: House) -> None:
    """A body that is packed is unpacked for the provider; one that swells beyond the limit is a 413."""
    packs = {**bearer(KEY), "Content-Encoding": "gzip"}
    assert (await ask(house.locked, gzip.compress(b'{"messages": []}'), packs)).status == 200
    assert house.provider.calls[0].body == b'{"messages": [],"model":"frontier-1"}'
    assert "content-encoding" not in house.provider.calls[0].headers
    bomb = gzip.compress(b'{"messages": []' + b" " * 1_000_000 + b"}")
    assert len(bomb) < 2000
    assert (await ask(house.locked, bomb, packs)).status == 413
    assert (await ask(house.locked, b"no gzip", packs)).status == 400


async def test_bottomless_body(house: House) -> None:
    """A hundred thousand brackets are a 400, closed or not."""
    for body in (b"[" * 100_000, b'{"messages": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"):
        assert (await ask(house.free, body)).status == 400
    assert not house.provider.calls


async def test_late_body(house: House) -> None:
    """A body that does not come within its time is a 408."""
    async with dial(house.locked) as client:
        await client.raw(f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n".encode())
        await client.raw(b"Content-Length: 100\r\n\r\n{")
        reply = await client.reply()
    assert (reply.status, reply.error["code"]) == (408, "request_timeout")
    assert reply.headers["x-request-id"]
    assert not house.provider.calls


async def drip(client: Client) -> None:
    """A byte now and then, until the router has had enough."""
    with contextlib.suppress(ConnectionError):
        while True:
            await client.raw(b"a")
            await asyncio.sleep(0.02)


HALF = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: "


@pytest.mark.parametrize(("start", "drips"), [(b"", False), (b"POST /v1/chat", False), (HALF, False), (HALF, True)])
async def test_late_head(house: House, start: bytes, *, drips: bool) -> None:
    """A head that does not come whole within its time ends the connection with a 408, whether it drips or not."""
    async with dial(house.locked) as client:
        await client.raw(start)
        dripping = asyncio.create_task(drip(client) if drips else asyncio.sleep(0))
        reply = await client.reply()
        assert (reply.status, reply.error["code"]) == (408, "request_timeout")
        assert reply.headers["x-request-id"]
        dripping.cancel()
        await asyncio.wait([dripping])


MALFORMED: dict[str, bytes] = {
    "no http": b"CANARY\r\n\r\n",
    "a header without a colon": b"GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization Bearer CANARY\r\n\r\n",
    "a control character": b"GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer CANARY\x00\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nCANARY",
    "length and chunks": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nCANARY",
    "a length that is none": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: CANARY\r\n\r\n",
    "a header of 40 KB": b"GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: " + b"CANARY" * 7000 + b"\r\n\r\n",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03CANARY\r\n\r\n",
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
async def test_malformed_http(house: House, data: bytes) -> None:
    """What is no HTTP is a 400 in shape, quoted neither in the answer nor in the log, and ends the connection."""
    before = len(house.free.log())
    async with dial(house.free) as client:
        await client.raw(data)
        reply = await client.reply()
        assert (reply.status, reply.error["code"]) == (400, "malformed_request")
        assert reply.headers["x-request-id"]
        assert "server" not in reply.headers
        assert b"CANARY" not in reply.body + await client.ends()
    assert (await get(house.free, "/health")).status == 200
    assert "CANARY" not in house.free.log()[before:]


async def test_expect_continue(house: House) -> None:
    """A client that waits to be told before it sends its body is told; one without a key is refused at once."""
    async with dial(house.locked) as client:
        expects = {"Expect": "100-continue", "Content-Length": "16"}
        await client.send("POST", CHAT, b"", {**bearer(KEY), **expects})
        await client.until(b"HTTP/1.1 100 Continue\r\n\r\n")
        await client.raw(b'{"messages": []}')
        assert (await client.reply(bodiless=True)).status == 100
        assert (await client.reply()).status == 200
    async with dial(house.locked) as client:
        await client.send("POST", CHAT, b"", expects)
        assert (await client.reply()).status == 401


@pytest.mark.parametrize("stream", [b"false", b"true"])
async def test_old_http(house: House, stream: bytes) -> None:
    """A client of HTTP/1.0 gets no chunks, and the end of the connection as the end of a stream."""
    body = b'{"messages": [], "stream": %s}' % stream
    async with dial(house.free) as client:
        await client.raw(b"POST %s HTTP/1.0\r\nContent-Length: %d\r\n" % (CHAT.encode(), len(body)))
        await client.raw(b"Host: localhost\r\n\r\n" + body)
        answer = await client.ends()
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert b"chunked" not in head
    assert rest.startswith(b"data: {" if stream == b"true" else b"{")
    assert rest.endswith(b"data: [DONE]\n\n" if stream == b"true" else b"}")


@pytest.mark.parametrize("given", ["mine-1.2:3_4", "x" * 64])
async def test_request_id_is_kept(house: House, given: str) -> None:
    """A request's own id is the answer's."""
    assert (await ask(house.free, question("hi"), {"X-Request-Id": given})).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "two words", "x" * 65, "ä", "a\tb", "<script>"])
async def test_request_id_is_replaced(house: House, given: str) -> None:
    """An id that should not be shown in logs is replaced."""
    got = (await ask(house.free, question("hi"), {"X-Request-Id": given})).headers["x-request-id"]
    assert got.startswith("xr-")
