"""A provider that listens: a wire format, a script, and what came of the requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from aiohttp import web

from tests.strict import script
from tests.strict.exchange import Answer, Asked, Refusal, Refused, Request, Rules, Wire

_OPEN = Rules()


class Provider:
    """A server on 127.0.0.1; `calls` are all requests, `refused` what its wire format found wrong with some."""

    def __init__(self, wire: Wire, rules: Rules = _OPEN, *, says: Callable[[Asked], Answer] = script.answer) -> None:
        self._wire, self._rules, self._says = wire, rules, says
        self.calls: list[Request] = []
        self.refused: list[Refused] = []
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=1 << 26)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, http: web.Request) -> web.StreamResponse:
        request = Request(
            http.method,
            http.rel_url.raw_path,
            dict(http.query),
            {name.lower(): value for name, value in http.headers.items()},
            await http.read(),
        )
        self.calls.append(request)
        try:
            asked = self._wire.read(request, self._rules)
        except Refused as refused:
            self.refused.append(refused)
            return _reply(self._wire.refuse(refused))
        try:
            answer = self._says(asked)
        except Refused as refused:
            return _reply(self._wire.refuse(refused))
        if not asked.stream:
            return web.Response(body=self._wire.whole(asked, answer), content_type="application/json")
        return await self._stream(http, answer, self._wire.stream(asked, answer))

    async def _stream(self, http: web.Request, answer: Answer, events: list[bytes]) -> web.StreamResponse:
        if answer.ends != "whole":
            events = events[: len(events) // 2]
        if answer.ends == "fault":
            events.append(self._wire.fault(Refused("overloaded")))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(http)
        for piece in _split(events, answer.split):
            await response.write(piece)
        if answer.ends == "cut" and http.transport is not None:
            http.transport.close()
        return response


def _reply(refusal: Refusal) -> web.Response:
    headers = {**refusal.headers, "Content-Type": "application/json"}
    return web.Response(status=refusal.status, body=refusal.body, headers=headers)


def _split(events: list[bytes], size: int) -> list[bytes]:
    body = b"".join(events)
    return [body[at : at + size] for at in range(0, len(body), size)] if size else events
