"""Simulated providers on loopback: they speak OpenAI's dialect at the pace of a small, a middle and a large model.

No model runs behind them. Their names say so: `simulated-cheap-1` and so on.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web

from xrouter.chat.target import TierName
from xrouter.demo.prompts import PROMPTS
from xrouter.wire import json, sse

LOOPBACK = "127.0.0.1"

_ANSWERS = {prompt.ask: prompt.answer for prompt in PROMPTS}
_PIECE = re.compile(r"\s*\S{1,8}")
"""About as much text as a model says in one token."""


class Simulated(msgspec.Struct, frozen=True):
    """How one model behaves: seconds to its first token and from token to token, USD per million tokens."""

    tier: TierName
    model: str
    first_token_s: float
    token_s: float
    input_price: float
    output_price: float


MODELS = (
    Simulated("cheap", "simulated-cheap-1", 0.08, 0.004, 0.1, 0.4),
    Simulated("medium", "simulated-medium-1", 0.2, 0.008, 1.0, 4.0),
    Simulated("frontier", "simulated-frontier-1", 0.45, 0.012, 5.0, 25.0),
)


@asynccontextmanager
async def serve(simulated: Simulated) -> AsyncIterator[str]:
    """Run one provider on a free port; gives its base URL."""
    app = web.Application()
    app.router.add_post("/v1/chat/completions", _Provider(simulated).answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    try:
        await web.TCPSite(runner, LOOPBACK, 0).start()
        yield f"http://{LOOPBACK}:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


class _Provider:
    def __init__(self, simulated: Simulated) -> None:
        self._is = simulated

    async def answer(self, request: web.Request) -> web.StreamResponse:
        asked = json.decode(await request.read())
        pieces = _PIECE.findall(self._say(asked))
        used = _usage(asked, pieces)
        await asyncio.sleep(self._is.first_token_s)
        if asked.get("stream"):
            return await self._stream(request, pieces, used)
        await asyncio.sleep(self._is.token_s * len(pieces))
        message = {"role": "assistant", "content": "".join(pieces)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        body = {**self._lead("chat.completion"), "choices": [choice], "usage": used}
        return web.Response(body=json.encode(body), content_type="application/json")

    async def _stream(self, request: web.Request, pieces: list[str], used: dict[str, int]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        lead = self._lead("chat.completion.chunk")
        for piece in pieces:
            await response.write(_event({**lead, "choices": [_choice({"content": piece})]}))
            await asyncio.sleep(self._is.token_s)
        await response.write(_event({**lead, "choices": [_choice({}, "stop")]}))
        await response.write(_event({**lead, "choices": [], "usage": used}))
        await response.write(sse.DONE)
        return response

    def _say(self, asked: dict[str, Any]) -> str:
        """The answer to a request of the demo; to any other one, what this is."""
        said = asked["messages"][-1]["content"]
        known = _ANSWERS.get(said) if isinstance(said, str) else None
        return known or (
            f"This is {self._is.model}, a simulated model of the {self._is.tier} tier: nothing thinks here. "
            "With real providers behind xrouter, your answer would stand in this place."
        )

    def _lead(self, kind: str) -> dict[str, Any]:
        return {"id": "chatcmpl-simulated", "object": kind, "created": int(time.time()), "model": self._is.model}


def _choice(delta: dict[str, str], finish: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish}


def _event(value: dict[str, Any]) -> bytes:
    return sse.event(json.encode(value))


def _usage(asked: dict[str, Any], pieces: list[str]) -> dict[str, int]:
    prompt = len(json.encode(asked["messages"])) // 4 + 1
    return {"prompt_tokens": prompt, "completion_tokens": len(pieces), "total_tokens": prompt + len(pieces)}
