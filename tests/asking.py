"""A client over a raw socket: it sees every byte, sees whether an answer ended as it should, and can misbehave.

reply = await ask(router, question("hi", stream=True))
async with dial(router) as client:      # one connection, step by step
    await client.send("POST", CHAT, question("hi"))
    ... await client.until(b"data:") ... client.leave()
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Protocol

from tests.fakes import FakeProvider, Object
from tests.processes import Router

CHAT = "/v1/chat/completions"
KEYS = {
    "cheap": "sk-cheap-0123456789abcdefCHEAP",
    "medium": "sk-medium-0123456789abcdefMEDIUM",
    "frontier": "sk-frontier-0123456789abcdefFRONTIER",
    "classifier": "sk-classifier-0123456789abcdefJUDGE",
}
"""What the router shows each provider."""

_PATIENCE_S = 20


class Door(Protocol):
    """What listens on this machine."""

    @property
    def port(self) -> int:
        """Where."""


class Reply(NamedTuple):
    """An answer. `whole` says that its body ended the way that its head announced."""

    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool

    @property
    def json(self) -> Any:
        """The body as a value."""
        return json.loads(self.body)

    @property
    def error(self) -> Object:
        """The error of an error answer, which has OpenAI's shape and nothing else."""
        said = self.json
        assert list(said) == ["error"]
        assert list(said["error"]) == ["message", "type", "param", "code"]
        error: Object = said["error"]
        return error

    @property
    def events(self) -> list[Any]:
        """The JSON events of a stream."""
        lines = self.body.replace(b"\r\n", b"\n").split(b"\n\n")
        return [json.loads(line[6:]) for line in lines if line.startswith(b"data: {")]

    @property
    def text(self) -> str:
        """The words of an answer, streamed or whole."""
        if self.headers["content-type"] == "application/json":
            return str(self.json["choices"][0]["message"]["content"])
        deltas = [choice["delta"] for event in self.events for choice in event.get("choices", ())]
        return "".join(delta.get("content") or "" for delta in deltas)

    @property
    def route(self) -> tuple[str | None, str | None, str | None]:
        """Decision, tier and reason, as the headers tell them."""
        named = ("decision", "upstream", "reason")
        decision, upstream, reason = (self.headers.get(f"x-xrouter-{name}") for name in named)
        return decision, upstream, reason


class Client:
    """One connection to a router."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._read = bytearray()

    async def send(
        self, method: str, path: str, body: Object | bytes = b"", headers: Mapping[str, str] | None = None
    ) -> None:
        """A whole request."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        lead = {"Host": "localhost", "Content-Type": "application/json", "Content-Length": str(len(body))}
        lines = [f"{name}: {value}" for name, value in {**lead, **(headers or {})}.items()]
        await self.raw("\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode() + body)

    async def raw(self, data: bytes) -> None:
        """Any bytes."""
        self._writer.write(data)
        await self._writer.drain()

    async def reply(self, *, bodiless: bool = False) -> Reply:
        """The next answer, whether it is whole or not."""
        async with asyncio.timeout(_PATIENCE_S):
            head = await self._take_head()
            status_line, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            body, whole = (b"", True) if bodiless else await self._take_body(headers)
            return Reply(int(status_line.split()[1]), headers, body, whole)

    async def until(self, mark: bytes) -> bytes:
        """All bytes up to and with `mark`; what `reply` gives later starts with them too."""
        async with asyncio.timeout(_PATIENCE_S):
            while mark not in self._read:
                piece = await self._reader.read(1 << 16)
                assert piece, f"the connection ended before {mark!r} came: {self._read!r}"
                self._read += piece
        return bytes(self._read)

    async def ends(self) -> bytes:
        """All that still comes until the router ends the connection, gently or (it had not read all) with a reset."""
        with contextlib.suppress(ConnectionResetError):
            async with asyncio.timeout(_PATIENCE_S):
                self._read += await self._reader.read()
        return bytes(self._read)

    def leave(self) -> None:
        """End the connection at once."""
        self._writer.transport.abort()

    async def _take_head(self) -> bytes:
        head = await self._line(b"\r\n\r\n")
        assert head.endswith(b"\r\n\r\n"), f"no whole head came: {head!r}"
        return head[:-4]

    async def _take_body(self, headers: Mapping[str, str]) -> tuple[bytes, bool]:
        if headers.get("transfer-encoding") == "chunked":
            return await self._take_chunks()
        length = int(headers.get("content-length", "-1"))
        body = await self._bytes(length)
        return body, length in {-1, len(body)}

    async def _take_chunks(self) -> tuple[bytes, bool]:
        body = bytearray()
        while (line := await self._line(b"\r\n")).endswith(b"\r\n"):
            size = int(line, 16)
            data = await self._bytes(size + 2)
            body += data[:size]
            if size == 0 or len(data) < size + 2:
                return bytes(body), data == b"\r\n"
        return bytes(body), False

    async def _line(self, end: bytes) -> bytes:
        while end not in self._read:
            if not await self._more():
                return self._take(len(self._read))
        return self._take(self._read.index(end) + len(end))

    async def _bytes(self, count: int) -> bytes:
        """`count` bytes, or all until the end where it is negative or the connection ends before."""
        while not 0 <= count <= len(self._read) and await self._more():
            pass
        return self._take(len(self._read) if count < 0 else count)

    def _take(self, count: int) -> bytes:
        taken = bytes(self._read[:count])
        del self._read[:count]
        return taken

    async def _more(self) -> bool:
        try:
            piece = await self._reader.read(1 << 20)
        except ConnectionError:
            return False
        self._read += piece
        return bool(piece)


@asynccontextmanager
async def dial(router: Door, *, buffer_bytes: int = 1 << 20) -> AsyncIterator[Client]:
    """A connection that is gone at the end; it reads ahead by about `buffer_bytes`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", router.port, limit=buffer_bytes)
    try:
        yield Client(reader, writer)
    finally:
        writer.transport.abort()


async def ask(router: Router, body: Object | bytes, headers: Mapping[str, str] | None = None) -> Reply:
    """Ask for a completion on a connection of its own."""
    async with dial(router) as client:
        await client.send("POST", CHAT, body, headers)
        return await client.reply()


async def get(router: Router, path: str, headers: Mapping[str, str] | None = None) -> Reply:
    """GET on a connection of its own."""
    async with dial(router) as client:
        await client.send("GET", path, b"", headers)
        return await client.reply()


async def logged(router: Router, text: str, *, after: int = 0) -> str:
    """What the router has written from place `after` on, as soon as `text` is in it: another thread writes it."""
    async with asyncio.timeout(_PATIENCE_S):
        while text not in (log := router.log()[after:]):  # noqa: ASYNC110  # a file tells nobody that it grew
            await asyncio.sleep(0.01)
    return log


def question(text: str, *, model: str = "auto", **members: Any) -> Object:
    """A request of one message."""
    return {"model": model, "messages": [{"role": "user", "content": text}], **members}


def one_tier(provider: FakeProvider, **more: str) -> dict[str, str]:
    """The environment of a router that sends everything to one provider, as the frontier."""
    return {"CLASSIFIER_ENABLED": "false", **_tier("frontier", provider), **more}


def three_tiers(
    providers: Sequence[FakeProvider], classifier: FakeProvider | None = None, **more: str
) -> dict[str, str]:
    """The environment of a router with cheap, medium and frontier tiers, and an LLM classifier where one is given."""
    env: dict[str, str] = {}
    for name, provider in zip(("cheap", "medium", "frontier"), providers, strict=True):
        env |= _tier(name, provider)
    if classifier is not None:
        judge = {"BASE_URL": classifier.url, "API_KEY": KEYS["classifier"], "MODEL": "judge-1", "WARMUP": "false"}
        env |= {f"CLASSIFIER_{name}": value for name, value in judge.items()}
    return env | more


def _tier(name: str, provider: FakeProvider) -> dict[str, str]:
    values = {"BASE_URL": provider.url, "API_KEY": KEYS[name], "MODEL": f"{name}-1", "PROVIDER": "openai_compatible"}
    return {f"{name.upper()}_{variable}": value for variable, value in values.items()}
