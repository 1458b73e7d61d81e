"""`POST /v1/messages/count_tokens`: how long a request is, by a provider that can say, else estimated.

Claude Code asks before it compacts: an answer of 0, or none, makes it compact at the wrong time.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from xrouter.chat.reply import estimate
from xrouter.chat.request import (
    Conversation,
    Envelope,
    File,
    Image,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from xrouter.chat.target import TIERS, Target, TierName
from xrouter.config import model as config
from xrouter.dialects.base import Dialect, speak
from xrouter.errors import UpstreamError
from xrouter.routing.rules import name_model, read_pin
from xrouter.server.app import Handler
from xrouter.server.exchange import Exchange
from xrouter.upstream.attempt import attempt
from xrouter.upstream.client import Pool
from xrouter.upstream.relay import Headers
from xrouter.wire import json
from xrouter.wire.headers import to_client, to_provider

_ANTHROPIC = "anthropic"
_CHARS_OF_A_PICTURE = 1_600 * 4
"""About what a picture of full size costs, in characters: https://docs.anthropic.com/en/docs/build-with-claude/vision."""
_NO_SUCH_PATH = frozenset({404, 405, 501})


def count_tokens(targets: Mapping[TierName, Target], pool: Pool, limits: config.Server) -> Handler:
    """The handler: the pinned tier is asked where it speaks Anthropic's dialect, else the highest that does."""
    timeout_s = limits.client_body_timeout_ms / 1000

    async def handle(exchange: Exchange) -> None:
        body = await exchange.body(most=limits.max_body_bytes, timeout_s=timeout_s)
        dialect: Dialect = speak(_ANTHROPIC)
        envelope = dialect.read_envelope(body)
        target = _choose(targets, envelope.model)
        counted = await _ask(pool, target, envelope, exchange.headers) if target is not None else None
        if counted is not None:
            exchange.reply(200, counted[0], counted[1])
            return
        tokens = estimate(_chars(dialect.read_request(envelope)), 0).prompt
        exchange.reply(200, (), json.encode({"input_tokens": tokens}))

    return handle


async def _ask(
    pool: Pool, target: Target, envelope: Envelope, headers: Mapping[str, str]
) -> tuple[Headers, bytes] | None:
    """The provider's answer, headers and body; None where it cannot count."""
    name = name_model(target, envelope.model)
    asked = json.splice(envelope.body, envelope.members, {"model": json.encode(name)})
    address, mark, query = target.url.partition("?")
    there = msgspec.structs.replace(target, url=f"{address}/count_tokens{mark}{query}")
    try:
        answer = await attempt(pool, speak(_ANTHROPIC), there, asked, to_provider(headers, _ANTHROPIC))
    except UpstreamError as error:
        if error.status in _NO_SUCH_PATH:
            return None
        raise
    try:
        body = await answer.read()
    finally:
        answer.close()
    return (to_client(answer.headers, ok=True), body) if _is_count(body) else None


def _is_count(body: bytes) -> bool:
    """Whether it is a count that a client can go by."""
    try:
        said = json.decode(body)
    except ValueError:
        return False
    count = said.get("input_tokens") if isinstance(said, dict) else None
    return isinstance(count, int) and count > 0


def _choose(targets: Mapping[TierName, Target], model: str) -> Target | None:
    pinned = read_pin(model)
    tiers = (TIERS[pinned.tier],) if pinned is not None else tuple(reversed(TIERS))
    able = (targets[tier] for tier in tiers if tier in targets)
    return next((target for target in able if target.dialect == _ANTHROPIC), None)


def _chars(talk: Conversation) -> int:
    tools = sum(len(json.encode(tool)) for tool in talk.tools)
    return tools + sum(_size(part) for turn in talk.turns for part in turn.parts)


def _size(part: Part) -> int:
    match part:
        case Text() | Reasoning() | Refusal():
            return len(part.text)
        case ToolCall():
            return len(part.name) + len(part.arguments)
        case ToolResult():
            return sum(_size(piece) for piece in part.parts)
        case Image():
            return _CHARS_OF_A_PICTURE
        case File():
            return len(part.text) or _CHARS_OF_A_PICTURE
        case Opaque():
            return len(part.value)
