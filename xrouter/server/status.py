"""`GET /usage`, `/health` and `/ready`."""

from __future__ import annotations

import time
from urllib.parse import parse_qs

from xrouter.server.app import App, Handler
from xrouter.server.exchange import Exchange
from xrouter.usage.ledger import Ledger
from xrouter.usage.report import parse_since
from xrouter.wire import json


def usage(ledger: Ledger) -> Handler:
    """What was used, of all time or from `?since=` on."""

    async def handle(exchange: Exchange) -> None:
        asked = parse_qs(exchange.query).get("since", [""])[0]
        since = parse_since(asked, time.time()) if asked else None
        exchange.reply(200, (), json.encode(await ledger.totals(since)))

    return handle


async def health(exchange: Exchange) -> None:
    """The process is alive."""
    exchange.reply(200, (), json.encode({"status": "ok"}))


def ready(app: App) -> Handler:
    """The router takes requests: 503 once it is draining."""

    async def handle(exchange: Exchange) -> None:
        status, word = (503, "draining") if app.draining else (200, "ready")
        exchange.reply(status, (), json.encode({"status": word}))

    return handle
