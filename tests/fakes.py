"""A provider that speaks the real wire format over a raw socket, so that it can also misbehave.

    async with FakeProvider(says="Paris") as provider:      # streams and whole answers, with usage
        ... provider.url ...                                # http://127.0.0.1:PORT/v1
    provider.handler = silence                              # for every request from now on
    provider.next(status(429, "slow down"), breaks_off)     # for the next two only

A handler is `async def handler(call: Call) -> None`; it answers through the `Call`, byte by byte where it likes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
import struct
import time
import zlib
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Self, cast

Handler = Callable[["Call"], Awaitable[None]]
Object = dict[str, Any]


class Call:
    """One request as it came, and the means to answer it."""

    def __init__(self, line: bytes, headers: list[tuple[str, str]], body: bytes, peer: _Peer) -> None:
        self.method, self.path, _ = line.decode().split(" ", 2)
        self.header_list = headers
        self.headers = {name.lower(): value for name, value in headers}
        self.body = body
        self.came_at = time.monotonic()
        self._peer = peer
        self._gzip: Any = None

    @property
    def json(self) -> Object:
        """The body as an object."""
        value: Object = json.loads(self.body)
        return value

    @property
    def gone(self) -> asyncio.Event:
        """Set as soon as the client has left the connection."""
        return self._peer.gone

    @property
    def gone_at(self) -> float | None:
        """When it left (time.monotonic), or None."""
        return self._peer.gone_at

    @property
    def connection(self) -> int:
        """Which connection of this provider it came on, from 0."""
        return self._peer.number

    async def reply(
        self, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None, *, gzip: bool = False
    ) -> None:
        """A whole answer of known length."""
        if gzip:
            body = _gzip(body)
            headers = {"content-encoding": "gzip", **(headers or {})}
        await self.raw(_head(status, {"content-length": str(len(body)), **(headers or {})}) + body)

    async def reply_json(
        self, value: Any, status: int = 200, headers: Mapping[str, str] | None = None, *, gzip: bool = False
    ) -> None:
        """A whole answer in JSON."""
        lead = {"content-type": "application/json", **(headers or {})}
        await self.reply(json.dumps(value).encode(), status, lead, gzip=gzip)

    async def begin(self, status: int = 200, headers: Mapping[str, str] | None = None, *, gzip: bool = False) -> None:
        """The head of a streamed answer; `send` and `end` follow."""
        lead = {"content-type": "text/event-stream", "transfer-encoding": "chunked", **(headers or {})}
        if gzip:
            self._gzip = zlib.compressobj(wbits=31)
            lead["content-encoding"] = "gzip"
        await self.raw(_head(status, lead))

    async def send(self, data: bytes) -> None:
        """A piece of a streamed answer, as one HTTP chunk."""
        if self._gzip is not None:
            data = self._gzip.compress(data) + self._gzip.flush(zlib.Z_SYNC_FLUSH)
        if data:
            await self.raw(b"%x\r\n%s\r\n" % (len(data), data))

    async def send_events(self, events: Sequence[Any], *, gap_s: float = 0) -> None:
        """Events with JSON data, one chunk each, `gap_s` apart."""
        for event in events:
            await self.send(b"data: " + json.dumps(event).encode() + b"\n\n")
            await asyncio.sleep(gap_s)

    async def end(self) -> None:
        """The proper end of a streamed answer."""
        if self._gzip is not None:
            last, self._gzip = self._gzip.flush(), None
            await self.send(last)
        await self.raw(b"0\r\n\r\n")

    async def stream(self, events: Sequence[Any], *, gap_s: float = 0, done: bool = True, gzip: bool = False) -> None:
        """A whole streamed answer: head, events, [DONE], end."""
        await self.begin(gzip=gzip)
        await self.send_events(events, gap_s=gap_s)
        if done:
            await self.send(b"data: [DONE]\n\n")
        await self.end()

    async def raw(self, data: bytes) -> None:
        """Any bytes; waits while the client does not read. Raises ConnectionError when it has left."""
        await self._peer.write(data)

    def reset(self) -> None:
        """End the connection with RST."""
        self._peer.reset()

    def close(self) -> None:
        """End the connection with FIN, wherever the answer is."""
        self._peer.close()

    async def silence(self) -> None:
        """Keep the connection and say nothing until the client leaves."""
        await self.gone.wait()


class FakeProvider:
    """A server on 127.0.0.1. `calls` are all requests in order; `connections` counts what was opened."""

    def __init__(
        self,
        handler: Handler | None = None,
        *,
        says: str = "Hello.",
        model: str = "fake-1",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.handler: Handler = handler or answers(says, model=model)
        self.calls: list[Call] = []
        self.connections = 0
        self.open = 0
        self.faults: list[BaseException] = []
        self._next: deque[Handler] = deque()
        self._arrived = asyncio.Condition()
        self._peers: set[_Peer] = set()
        self._server: asyncio.Server | None = None
        self._tls = tls
        self.port = 0

    @property
    def root(self) -> str:
        """Its address without a path."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Its address as a base URL of OpenAI's kind."""
        return f"{self.root}/v1"

    @property
    def chats(self) -> list[Call]:
        """The requests for a completion alone."""
        return [call for call in self.calls if call.path.endswith("/chat/completions")]

    def next(self, *handlers: Handler) -> None:
        """Answer the next requests with these, one each, before `handler` goes on."""
        self._next.extend(handlers)

    async def arrived(self, count: int = 1) -> Call:
        """Wait until `count` requests have come in whole; the last of them."""
        async with asyncio.timeout(10), self._arrived:
            await self._arrived.wait_for(lambda: len(self.calls) >= count)
        return self.calls[count - 1]

    async def start(self) -> Self:
        """Listen, on the same port as before when it was stopped in between."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Peer(self), "127.0.0.1", self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        """Listen no longer and drop every connection. Raises what a handler failed with."""
        if self._server is not None:
            self._server.close()
        for peer in list(self._peers):
            await peer.drop()
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None
        for fault in self.faults:
            raise fault

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def take(self, call: Call) -> None:
        """Record a request and answer it."""
        async with self._arrived:
            self.calls.append(call)
            self._arrived.notify_all()
        handler = self._next.popleft() if self._next else self.handler
        await handler(call)

    def joined(self, peer: _Peer) -> int:
        """Count a connection in; its number."""
        self._peers.add(peer)
        self.open += 1
        self.connections += 1
        return self.connections - 1

    def left(self, peer: _Peer) -> None:
        """Count a connection out."""
        self._peers.discard(peer)
        self.open -= 1


class _Peer(asyncio.Protocol):
    """One connection: requests are read from it one after the other."""

    transport: asyncio.Transport

    def __init__(self, provider: FakeProvider) -> None:
        self._provider = provider
        self._reader = asyncio.StreamReader(limit=1 << 24)
        self._may_write = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.gone = asyncio.Event()
        self.gone_at: float | None = None
        self.number = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's has other ancestors
        self._may_write.set()
        self.number = self._provider.joined(self)
        self._task = asyncio.create_task(self._serve())
        self._task.add_done_callback(self._ended)

    def data_received(self, data: bytes) -> None:
        self._reader.feed_data(data)

    def eof_received(self) -> None:
        self._leave()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        self._provider.left(self)

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    async def write(self, data: bytes) -> None:
        await self._may_write.wait()
        if self.gone.is_set():
            raise ConnectionResetError("the client has left")
        self.transport.write(data)

    def reset(self) -> None:
        peer: socket.socket = self.transport.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def close(self) -> None:
        self.transport.close()

    async def drop(self) -> None:
        self.transport.abort()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def _leave(self) -> None:
        if self.gone_at is None:
            self.gone_at = time.monotonic()
            self.gone.set()
            self._may_write.set()
            self._reader.feed_eof()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A handler that fails must not leave its client waiting, nor its test passing."""
        if not task.cancelled() and (fault := task.exception()) is not None:
            self._provider.faults.append(fault)
            self.transport.abort()

    async def _serve(self) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while not self.transport.is_closing():
                await self._provider.take(await self._read())

    async def _read(self) -> Call:
        head = await self._reader.readuntil(b"\r\n\r\n")
        line, *rest = head[:-4].split(b"\r\n")
        pairs = [entry.decode("latin-1").split(":", 1) for entry in rest]
        headers = [(name, value.strip()) for name, value in pairs]
        named = {name.lower(): value for name, value in headers}
        if named.get("transfer-encoding", "").lower() == "chunked":
            body = await self._read_chunks()
        else:
            body = await self._reader.readexactly(int(named.get("content-length", "0")))
        return Call(line, headers, body, self)

    async def _read_chunks(self) -> bytes:
        body = b""
        while size := int((await self._reader.readuntil(b"\r\n")).split(b";")[0], 16):
            body += await self._reader.readexactly(size)
            await self._reader.readexactly(2)
        await self._reader.readuntil(b"\r\n")
        return body


def answers(text: str, *, model: str = "fake-1", gap_s: float = 0, usage: Object | None = None) -> Handler:
    """A provider that behaves: the words of `text`, streamed or whole as asked, with usage; and a list of models."""
    used = usage or tokens(10, len(text.split()))

    async def handler(call: Call) -> None:
        if call.path.endswith("/models"):
            await call.reply_json({"object": "list", "data": [{"id": model, "object": "model", "owned_by": "fake"}]})
        elif not call.path.endswith("/chat/completions"):
            await call.reply_json({"error": {"message": "no such path", "type": "not_found_error"}}, 404)
        elif not call.json.get("stream"):
            await call.reply_json(completion(text, model=model, usage=used))
        else:
            wants_usage = (call.json.get("stream_options") or {}).get("include_usage")
            await call.stream(chunks(text, model=model, usage=used if wants_usage else None), gap_s=gap_s)

    return handler


def status(code: int, message: str = "no", *, headers: Mapping[str, str] | None = None) -> Handler:
    """A provider that answers with an error in OpenAI's shape."""

    async def handler(call: Call) -> None:
        error = {"message": message, "type": "fake_error", "param": None, "code": f"fake_{code}"}
        await call.reply_json({"error": error}, code, headers)

    return handler


async def silence(call: Call) -> None:
    """Take the request and never answer."""
    await call.silence()


async def resets(call: Call) -> None:
    """Reset the connection before any byte of an answer."""
    call.reset()


async def breaks_off(call: Call) -> None:
    """Stream two words, then end the connection in the middle of the stream."""
    await call.begin()
    await call.send_events(chunks("half a")[:3])
    call.close()


def tokens(prompt: int, completion: int, *, cached: int = 0, reasoning: int = 0) -> Object:
    """A `usage` object."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }


def completion(text: str, *, model: str = "fake-1", usage: Object | None = None) -> Object:
    """A whole answer."""
    message = {"role": "assistant", "content": text}
    return {
        "id": "chatcmpl-fake",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": usage or tokens(10, len(text.split())),
    }


def chunk(delta: Object, *, model: str = "fake-1", finish: str | None = None) -> Object:
    """One event of a stream."""
    return {
        "id": "chatcmpl-fake",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": model,
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
    }


def chunks(text: str, *, model: str = "fake-1", usage: Object | None = None) -> list[Object]:
    """All events of a stream: the role, a word each, the finish, and the usage where it was asked for."""
    words = [word if at == 0 else f" {word}" for at, word in enumerate(text.split(" "))]
    events = [chunk({"role": "assistant", "content": ""}, model=model)]
    events += [chunk({"content": word}, model=model) for word in words]
    events.append(chunk({}, model=model, finish="stop"))
    if usage is not None:
        events.append({**chunk({}, model=model), "choices": [], "usage": usage})
    return events


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Fake", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def _gzip(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=31)
    return packer.compress(body) + packer.flush()
