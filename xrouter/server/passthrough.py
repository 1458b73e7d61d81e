"""Other `/v1/…` POSTs (embeddings, audio, images), unchanged, to the provider of one tier: `server.passthrough`."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import msgspec

from xrouter.chat.reply import Usage
from xrouter.chat.target import Target
from xrouter.config import model as config
from xrouter.errors import Broken, NotFound, UpstreamError
from xrouter.server.app import Handler
from xrouter.server.exchange import Exchange
from xrouter.upstream.attempt import secrets_of
from xrouter.upstream.client import Answer, Pool
from xrouter.upstream.relay import mask
from xrouter.wire import json
from xrouter.wire.headers import safe, to_client, to_provider

_ENDPOINTS = ("/chat/completions", "/responses", "/messages", "/chat", "/models/{model}")
_STEP = re.compile(r"[/\\]")
_DOTS = frozenset({".", ".."})
_MOST_READ = 1024 * 1024
"""How much of a JSON answer is kept to read its usage."""
_SENT_HEADERS = ("content-type", "accept")
_KEPT_HEADERS = ("content-type", "content-disposition")


class _Sink:
    """Passes an answer on and keeps what may hold its usage."""

    complete = False

    def __init__(self, exchange: Exchange, *, keep: bool) -> None:
        self._exchange = exchange
        self._keep = keep
        self.kept = bytearray()
        self.when_ready = exchange.when_ready

    @property
    def full(self) -> bool:
        """Whether the client reads more slowly than the provider writes."""
        return self._exchange.full

    def feed(self, data: bytes) -> None:
        """Pass bytes on."""
        if self._keep and len(self.kept) <= _MOST_READ:
            self.kept += data
        self._exchange.write(data)


def passthrough(
    target: Target, pool: Pool, limits: config.Server, book: Callable[[Target, str | None, Usage], None]
) -> Handler:
    """The handler for whatever path has no other; `book` is told what was used."""
    timeout_s = limits.client_body_timeout_ms / 1000

    async def handle(exchange: Exchange) -> None:
        body = await exchange.body(most=limits.max_body_bytes, timeout_s=timeout_s)
        there = msgspec.structs.replace(target, url=_address(target.url, exchange.path, exchange.query))
        headers = to_provider(exchange.headers, target.dialect)
        headers |= {name: safe(exchange.headers[name]) for name in _SENT_HEADERS if name in exchange.headers}
        answer = await pool.open(there, body, headers)
        try:
            await _pass_on(exchange, answer, there, book, body)
        finally:
            answer.close()

    return handle


async def _pass_on(
    exchange: Exchange, answer: Answer, target: Target, book: Callable[[Target, str | None, Usage], None], body: bytes
) -> None:
    kept = [(name, safe(value)) for name, value in answer.headers if name.lower() in _KEPT_HEADERS]
    is_json = any("json" in value for name, value in kept if name.lower() == "content-type")
    sink = _Sink(exchange, keep=is_json)
    ok = 200 <= answer.status < 300
    if answer.status < 400 and not ok:
        raise Broken(f"{target.provider} answered with the status {answer.status}: no answer to this request")
    if not ok or answer.status == HTTPStatus.NO_CONTENT:
        page = mask(await answer.read(_MOST_READ), secrets_of(target))
        exchange.reply(answer.status, [*to_client(answer.headers, ok=ok), *kept], page)
        return
    exchange.begin(answer.status, [*to_client(answer.headers, ok=ok), *kept])
    try:
        await answer.pump(sink)
    except UpstreamError:
        exchange.abort()
        raise
    finally:
        if ok:
            book(target, _model(body), _used(bytes(sink.kept)))
    exchange.end()


def _address(url: str, path: str, query: str) -> str:
    """Where the path lies at the provider: beside the endpoint for chat. Raises NotFound where it leads away."""
    if not _DOTS.isdisjoint(_STEP.split(unquote(path))):
        raise NotFound("There is nothing at this path.", hint="It must not hold the steps . and ..")
    parts = urlsplit(url)
    base = next((parts.path.removesuffix(end) for end in _ENDPOINTS if parts.path.endswith(end)), parts.path)
    joined = "&".join(piece for piece in (parts.query, query) if piece)
    return urlunsplit((parts.scheme, parts.netloc, base + path.removeprefix("/v1"), joined, ""))


def _model(body: bytes) -> str | None:
    try:
        asked = json.decode(body)
    except ValueError:
        return None
    model = asked.get("model") if isinstance(asked, dict) else None
    return model if isinstance(model, str) else None


def _used(body: bytes) -> Usage:
    """What an answer says that it used, in OpenAI's names; without figures nothing, marked as an estimate."""
    try:
        said = json.decode(body)
    except ValueError:
        said = None
    usage: Any = said.get("usage") if isinstance(said, dict) else None
    if not isinstance(usage, dict):
        return Usage(estimated=True)
    counts = [usage.get(names[0], usage.get(names[1])) for names in (_PROMPT, _COMPLETION)]
    prompt, completion = (int(count) if isinstance(count, int | float) else 0 for count in counts)
    return Usage(prompt=max(prompt, 0), completion=max(completion, 0))


_PROMPT = ("prompt_tokens", "input_tokens")
_COMPLETION = ("completion_tokens", "output_tokens")
