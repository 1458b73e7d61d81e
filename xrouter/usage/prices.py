"""What tokens cost: the configuration first, then genai-prices; what nobody knows stays unknown, never 0."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from xrouter.chat.reply import Usage
from xrouter.config.model import Tier

MILLION = 1_000_000

_MOST_FOUND = 4_096
_GENAI_IDS = {"azure_openai": "azure", "gemini": "google", "xai": "x-ai"}
"""Our names of providers where genai-prices has another one."""
_GENAI_FIELDS = {
    "input": "input_mtok",
    "cached_input": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "output": "output_mtok",
}


class Price(msgspec.Struct, frozen=True):
    """USD per million tokens; None where nobody knows.

    `request` is what each request costs on top, in USD. `above` holds other prices for long prompts: (tokens, price),
    rising, each for prompts of more tokens than that.
    """

    input: float | None = None
    cached_input: float | None = None
    cache_write: float | None = None
    output: float | None = None
    request: float = 0.0
    above: tuple[tuple[int, Price], ...] = ()


FREE = Price(input=0.0, cached_input=0.0, cache_write=0.0, output=0.0)


class Priced(msgspec.Struct, frozen=True):
    """A target as far as its price goes. `model` is None where the client's own name is sent on.

    `local` is a model on this machine or in this house, which costs nothing; `configured` are the user's own figures.
    """

    tier: str
    provider: str
    model: str | None = None
    local: bool = False
    configured: Price = Price()


LookUp = Callable[[str, str], Price | None]


def configured(tier: Tier) -> Price:
    """The prices that a tier of the configuration names."""
    return Price(
        input=tier.input_price,
        cached_input=tier.cached_input_price,
        cache_write=tier.cache_write_price,
        output=tier.output_price,
    )


def cost(tokens: Usage, price: Price | None) -> float | None:
    """What an answer cost in USD, or None where a price that it needs is unknown.

    Cached and cache-written tokens are part of the prompt; where they have no price of their own, they cost what
    other input costs.
    """
    if price is None:
        return None
    price = _for_prompt(price, tokens.prompt)
    cached = min(tokens.cached, tokens.prompt)
    written = min(tokens.cache_write, tokens.prompt - cached)
    parts = (
        (tokens.prompt - cached - written, price.input),
        (cached, price.input if price.cached_input is None else price.cached_input),
        (written, price.input if price.cache_write is None else price.cache_write),
        (tokens.completion, price.output),
    )
    usd = price.request
    for count, per_million in parts:
        if not count:
            continue
        if per_million is None:
            return None
        usd += count * per_million / MILLION
    return usd


def fill(own: Price, found: Price | None) -> Price | None:
    """The user's figures, and `found` where they leave one open; None where nothing at all is known."""
    if found is None:
        return own if own != Price() else None
    flat = {name: value for name in _GENAI_FIELDS if (value := getattr(own, name)) is not None}
    above = tuple((start, msgspec.structs.replace(price, **flat)) for start, price in found.above)
    return msgspec.structs.replace(found, **flat, above=above)


def look_up(provider: str, model: str) -> Price | None:
    """What genai-prices knows, as of now. The first call takes about 200 ms, others 0.2 ms: not for the event loop."""
    from genai_prices import Usage as Sample
    from genai_prices import calc_price

    wanted = _GENAI_IDS.get(provider, provider)
    try:
        found = calc_price(
            Sample(input_tokens=1, output_tokens=1),
            model,
            provider_id=wanted,
            genai_request_timestamp=datetime.now(UTC),
        )
    except (LookupError, ValueError):
        return None
    if found.provider.id != wanted:  # it also guesses: "openai_compatible" would be OpenAI
        return None
    return _read(found.model_price)


class PriceBook:
    """Prices by tier, provider and model, each looked up once. Everything but `known` may wait: not for the loop."""

    def __init__(self, targets: Iterable[Priced], *, look_up: LookUp = look_up) -> None:
        self._targets = tuple(targets)
        self._look_up = look_up
        self._found: dict[tuple[str, str, str], Price | None] = {}
        self._lock = threading.Lock()

    def resolve(self) -> None:
        """Look up every target, so that later questions are answered from memory."""
        for target in self._targets:
            if target.model is not None:
                self.find(target.tier, target.provider, target.model)

    def find(self, tier: str, provider: str, model: str) -> Price | None:
        """What a model costs, or None."""
        key = (tier, provider, model)
        with self._lock:
            if key not in self._found:
                if len(self._found) >= _MOST_FOUND:  # clients may choose the name of the model
                    self._found.clear()
                self._found[key] = self._resolve(*key)
            return self._found[key]

    def baseline(self) -> Price | None:
        """What the frontier tier costs: the price that savings are measured against."""
        target = self._first("frontier")
        if target is None:
            return None
        if target.model is None:
            return self.known("frontier")
        return self.find(target.tier, target.provider, target.model)

    def known(self, tier: str) -> Price | None:
        """What the tier's first target costs, as far as is known by now; never waits."""
        target = self._first(tier)
        if target is None:
            return None
        at_once = fill(target.configured, FREE if target.local else None)
        return self._found.get((target.tier, target.provider, target.model or ""), at_once)

    def _resolve(self, tier: str, provider: str, model: str) -> Price | None:
        target = self._target(tier, provider, model)
        if target.local:
            return fill(target.configured, FREE)
        return fill(target.configured, self._look_up(provider, model))

    def _target(self, tier: str, provider: str, model: str) -> Priced:
        same = [target for target in self._targets if (target.tier, target.provider) == (tier, provider)]
        exact = (target for target in same if target.model == model)
        open_ended = (target for target in same if target.model is None)
        return next(exact, None) or next(open_ended, None) or Priced(tier, provider, model)

    def _first(self, tier: str) -> Priced | None:
        return next((target for target in self._targets if target.tier == tier), None)


def _for_prompt(price: Price, tokens: int) -> Price:
    fitting = [other for start, other in price.above if tokens > start]
    return fitting[-1] if fitting else price


def _read(found: Any) -> Price:
    """A ModelPrice of genai-prices, whose prices are Decimals or TieredPrices."""
    raw = {ours: getattr(found, theirs) for ours, theirs in _GENAI_FIELDS.items()}
    per_thousand = found.requests_kcount
    request = 0.0 if per_thousand is None else _at(per_thousand, 0) / 1000
    starts = sorted({tier.start for value in raw.values() for tier in getattr(value, "tiers", ())})
    above = tuple((start, _flat(raw, start + 1, request)) for start in starts)
    return msgspec.structs.replace(_flat(raw, 0, request), above=above)


def _flat(raw: dict[str, Any], tokens: int, request: float) -> Price:
    prices = {name: None if value is None else _at(value, tokens) for name, value in raw.items()}
    return msgspec.structs.replace(Price(request=request), **prices)


def _at(value: Any, tokens: int) -> float:
    """A price for a prompt of so many tokens."""
    if not hasattr(value, "tiers"):
        return float(value)
    return float(next((tier.price for tier in reversed(value.tiers) if tokens > tier.start), value.base))
