"""`POST /v1/chat/completions`: the router's work, and the one log line that it leaves."""

from __future__ import annotations

import asyncio
import logging
import time

from xrouter.config import model as config
from xrouter.errors import XrouterError
from xrouter.router import Call, Router, Trail
from xrouter.server.app import Handler
from xrouter.server.exchange import Exchange

log = logging.getLogger("xrouter.request")


def chat(router: Router, limits: config.Server) -> Handler:
    """The handler."""
    timeout_s = limits.client_body_timeout_ms / 1000

    async def handle(exchange: Exchange) -> None:
        trail = Trail(started=time.perf_counter())
        status: int | str = 200
        try:
            body = await exchange.body(most=limits.max_body_bytes, timeout_s=timeout_s)
            await router.answer(Call(id=exchange.id, headers=exchange.headers, body=body), exchange, trail)
        except XrouterError as error:
            status = error.status
            trail.fault = error.code
            exchange.notes = trail.headers()
            raise
        except asyncio.CancelledError:
            status = "client left"
            raise
        finally:
            _log(exchange, trail, status)

    return handle


def _log(exchange: Exchange, trail: Trail, status: int | str) -> None:
    """Never a key, never a prompt: sizes, names and times."""
    exchange.logged = True
    level = logging.INFO if status == 200 and trail.fault is None else logging.WARNING
    if not log.isEnabledFor(level):
        return
    tokens = trail.tokens
    target = trail.target
    fields = {
        "id": exchange.id,
        "status": status,
        "decision": trail.decision,
        "reason": trail.reason,
        "tier": target.tier if target else None,
        "provider": target.provider if target else None,
        "model": trail.model,
        "stream": trail.stream,
        "judged_ms": _rounded(trail.judged_ms),
        "first_ms": _rounded(trail.first_ms),
        "total_ms": _rounded(trail.since_start_ms()),
        "prompt_tokens": tokens.prompt if tokens else None,
        "completion_tokens": tokens.completion if tokens else None,
        "estimated": tokens.estimated if tokens else None,
    }
    extra = {"detail": trail.detail, "fault": trail.fault, "key": exchange.key if exchange.key != "default" else None}
    fields |= {name: value for name, value in extra.items() if value}
    log.log(level, "request", extra={"fields": fields})


def _rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 1)
