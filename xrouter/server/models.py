"""`GET /v1/models`: the names that a client may ask for, and what is known of the tiers behind them.

Clients that send `anthropic-version` get the list in Anthropic's shape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from xrouter.chat.request import ANY_MODEL
from xrouter.chat.target import TIERS
from xrouter.config.model import Config, Tier
from xrouter.server.app import Handler
from xrouter.server.exchange import Exchange
from xrouter.usage.prices import Price
from xrouter.wire import json

STARTED = 1_767_225_600
"""`created` of a name that was never created: the first second of 2026, so that it does not change."""


def models(config: Config, price_of: Callable[[str], Price | None]) -> Handler:
    """The handler; `price_of` says what is known of a tier's price by now."""

    async def handle(exchange: Exchange) -> None:
        if "anthropic-version" in exchange.headers:
            exchange.reply(200, (), json.encode(_ANTHROPIC_LIST))
            return
        rows = [_row(ANY_MODEL, {})]
        rows += [_row(name, _extras(config.tiers.get(name), price_of(name))) for name in TIERS]
        exchange.reply(200, (), json.encode({"object": "list", "data": rows}))

    return handle


_NAMES = (ANY_MODEL, *TIERS)
_ANTHROPIC_LIST = {
    "data": [
        {"type": "model", "id": name, "display_name": f"xrouter {name}", "created_at": "2026-01-01T00:00:00Z"}
        for name in _NAMES
    ],
    "has_more": False,
    "first_id": _NAMES[0],
    "last_id": _NAMES[-1],
}


def _row(name: str, extras: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": STARTED, "owned_by": "xrouter", **extras}


def _extras(tier: Tier, price: Price | None) -> dict[str, Any]:
    """Unknown figures are null: never 0."""
    known = price or Price()
    return {
        "context_window": tier.context_window,
        "input_price": known.input,
        "cached_input_price": known.cached_input,
        "cache_write_price": known.cache_write,
        "output_price": known.output,
    }
