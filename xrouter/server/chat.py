"""`POST /v1/chat/completions`, `/v1/messages`, `/v1/responses`: the router's work, and the one log line it leaves."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any

from xrouter.chat.call import Call, Trail
from xrouter.config import model as config
from xrouter.errors import XrouterError
from xrouter.router import Router
from xrouter.server.app import Handler
from xrouter.server.exchange import Exchange
from xrouter.server.guard import ANY

log = logging.getLogger("xrouter.request")


def chat(router: Router, limits: config.Server, dialect: str, *, log_prompts: bool) -> Handler:
    """The handler of the path that speaks that dialect; `log_prompts` adds the text that was judged to the log."""
    timeout_s = limits.client_body_timeout_ms / 1000

    async def handle(exchange: Exchange) -> None:
        trail = Trail(started=time.perf_counter())
        status: int | str = 200
        try:
            body = await exchange.body(most=limits.max_body_bytes, timeout_s=timeout_s)
            call = Call(exchange.id, dialect, exchange.key, exchange.headers, body)
            await router.answer(call, exchange, trail)
        except XrouterError as error:
            status = error.status
            trail.fault = error.code
            exchange.notes = trail.headers()
            raise
        except asyncio.CancelledError:
            status = "cut by the shutdown" if exchange.is_cut else "client left"
            raise
        finally:
            _log(exchange, trail, status, trail.judged if log_prompts else None)

    return handle


def _log(exchange: Exchange, trail: Trail, status: int | str, prompt: str | None) -> None:
    """Sizes, names and times; never a key, and a prompt only where it is given."""
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
    key = exchange.key if exchange.key != ANY else None
    extra = {"detail": trail.detail, "fault": trail.fault, "key": key, "prompt": prompt}
    fields |= {name: value for name, value in extra.items() if value}
    log.log(level, "request", extra={"fields": fields, "words": _words(fields)})


def _words(fields: Mapping[str, Any]) -> str:
    """The same for people, in the order in which they look."""
    told = ("fault", "detail", "key", "prompt") if fields["reason"] != "embedded" else ("fault", "key", "prompt")
    known = {name: "-" if value is None else value for name, value in fields.items()}
    parts = [
        "{status} {tier} {model} ({reason})",
        "judged {judged_ms} ms, first {first_ms} ms, all {total_ms} ms",
        f"{{prompt_tokens}} + {{completion_tokens}} tokens{'?' if fields['estimated'] else ''}",
        *(f"{name}: {{{name}}}" for name in told if name in fields),
        "{id}",
    ]
    return " · ".join(parts).format_map(known)


def _rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 1)
