"""One request of the demo, as any client of the router sends it, and what was seen of its answer."""

from __future__ import annotations

import time
from typing import Any

import msgspec
from aiohttp import ClientError, ClientSession

from xrouter.errors import XrouterError
from xrouter.wire import json, sse


class Row(msgspec.Struct, frozen=True):
    """What the table shows of one request."""

    prompt: str
    decision: int
    tier: str
    model: str
    reason: str
    first_token_ms: int
    tokens: int


async def ask(session: ClientSession, url: str, prompt: str) -> Row:
    """Stream one request through the router at `url`. Raises XrouterError where it gives no whole answer."""
    try:
        return await _ask(session, url, prompt)
    except ClientError as error:
        raise XrouterError("The router did not answer a request of the demo as it should.") from error


async def _ask(session: ClientSession, url: str, prompt: str) -> Row:
    body = {
        "model": "auto",
        "messages": [{"role": "user", "content": prompt}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    started = time.perf_counter()
    first_s: float | None = None
    tokens = 0
    headers = {"Content-Type": "application/json"}
    async with session.post(f"{url}/v1/chat/completions", data=json.encode(body), headers=headers) as answer:
        if answer.status != 200:
            raise XrouterError(f"A request of the demo was answered with HTTP {answer.status}: {await answer.text()}")
        events = sse.EventReader()
        async for piece in answer.content.iter_any():
            for event in events.feed(piece):
                said, used = _read(event.data)
                first_s = first_s or (time.perf_counter() - started if said else None)
                tokens = used or tokens
    return Row(
        prompt=prompt,
        decision=int(answer.headers["X-Xrouter-Decision"]),
        tier=answer.headers["X-Xrouter-Upstream"],
        model=answer.headers["X-Xrouter-Model"],
        reason=answer.headers["X-Xrouter-Reason"],
        first_token_ms=round((first_s or 0) * 1000),
        tokens=tokens,
    )


def _read(data: bytes) -> tuple[str, int]:
    """(words, total tokens) of an event."""
    if data == b"[DONE]":
        return "", 0
    event: dict[str, Any] = json.decode(data)
    said = "".join(choice["delta"].get("content") or "" for choice in event["choices"])
    return said, (event.get("usage") or {}).get("total_tokens", 0)
