"""Simulated providers on loopback, in three dialects, at the pace of a small, a middle and a large model.

No model runs behind them. Their names say so: `simulated-cheap-1` and so on.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from aiohttp import web

from xrouter.chat.target import TierName
from xrouter.demo.prompts import PROMPTS
from xrouter.demo.voices import VOICES, Object, Refused
from xrouter.wire import json

LOOPBACK = "127.0.0.1"

_ANSWERS = {prompt.ask: prompt.answer for prompt in PROMPTS}
_PIECE = re.compile(r"\s*\S{1,8}")
"""About as much text as a model says in one token."""


class Simulated(msgspec.Struct, frozen=True):
    """How one model behaves: seconds to its first token and from token to token, USD per million tokens."""

    tier: TierName
    provider: str
    model: str
    first_token_s: float
    token_s: float
    input_price: float
    output_price: float


MODELS = (
    Simulated("cheap", "openai_compatible", "simulated-cheap-1", 0.08, 0.004, 0.1, 0.4),
    Simulated("medium", "gemini", "simulated-medium-1", 0.2, 0.008, 1.0, 4.0),
    Simulated("frontier", "anthropic", "simulated-frontier-1", 0.45, 0.012, 5.0, 25.0),
)


@asynccontextmanager
async def serve(simulated: Simulated) -> AsyncIterator[str]:
    """Run one provider on a free port; gives its base URL."""
    app = web.Application()
    app.router.add_post("/{path:.*}", _Provider(simulated).answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    try:
        await web.TCPSite(runner, LOOPBACK, 0).start()
        yield f"http://{LOOPBACK}:{runner.addresses[0][1]}{VOICES[simulated.provider].base_path}"
    finally:
        await runner.cleanup()


class _Provider:
    def __init__(self, simulated: Simulated) -> None:
        self._is = simulated
        self._voice = VOICES[simulated.provider]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        asked: Object = json.decode(await request.read())
        try:
            self._voice.check(request.headers, asked)
        except Refused as refused:
            return _page(json.encode(refused.body), refused.status)
        pieces = _PIECE.findall(self._say(self._voice.asked(asked)))
        prompt = len(json.encode(asked)) // 4 + 1
        await asyncio.sleep(self._is.first_token_s)
        if self._voice.streams(request.path, asked):
            return await self._stream(request, pieces, prompt)
        await asyncio.sleep(self._is.token_s * len(pieces))
        return _page(self._voice.whole(self._is.model, "".join(pieces), prompt, len(pieces)), 200)

    async def _stream(self, request: web.Request, pieces: list[str], prompt: int) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(self._voice.begin(self._is.model, prompt))
        for piece in pieces:
            await response.write(self._voice.say(self._is.model, piece))
            await asyncio.sleep(self._is.token_s)
        await response.write(self._voice.end(self._is.model, prompt, len(pieces)))
        return response

    def _say(self, said: str) -> str:
        """The answer to a request of the demo; to any other one, what this is."""
        return _ANSWERS.get(said) or (
            f"This is {self._is.model}, a simulated model of the {self._is.tier} tier: nothing thinks here. "
            "With real providers behind xrouter, your answer would stand in this place."
        )


def _page(body: bytes, status: int) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json")
