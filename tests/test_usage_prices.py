"""usage/prices.py: what tokens cost, and who knows it."""

from __future__ import annotations

import pytest

from xrouter.chat.reply import Usage
from xrouter.config.model import Tier
from xrouter.usage.prices import FREE, Price, PriceBook, Priced, configured, cost, fill, look_up

FULL = Price(input=3.0, cached_input=0.3, cache_write=3.75, output=15.0)
PLAIN = Price(input=2.0, output=10.0)
TIERED = Price(input=1.0, output=10.0, above=((200_000, Price(input=2.0, output=20.0)),))


@pytest.mark.parametrize(
    ("tokens", "price", "expected"),
    [
        (Usage(prompt=1_000, completion=500), PLAIN, 0.002 + 0.005),
        (Usage(prompt=1_000_000), FULL, 3.0),
        (Usage(prompt=1_000, completion=100, cached=600, cache_write=300), FULL, 0.0003 + 0.00018 + 0.001125 + 0.0015),
        (Usage(prompt=1_000, cached=600, cache_write=300), PLAIN, 0.002),
        (Usage(prompt=100, completion=50, reasoning=40), PLAIN, 0.0002 + 0.0005),
        (Usage(prompt=100, cached=700, cache_write=700), FULL, 0.00003),
        (Usage(prompt=200_000, completion=10), TIERED, 0.2 + 0.0001),
        (Usage(prompt=200_001, completion=10), TIERED, 0.400002 + 0.0002),
        (Usage(prompt=100), Price(input=1.0, output=1.0, request=0.012), 0.0121),
        (Usage(prompt=100, completion=9), FREE, 0.0),
        (Usage(prompt=100, completion=9), None, None),
        (Usage(), None, None),
        (Usage(prompt=100, completion=9), Price(), None),
        (Usage(prompt=100, completion=9), Price(input=1.0), None),
        (Usage(prompt=100), Price(input=1.0), 0.0001),
        (Usage(prompt=100, completion=9), Price(output=1.0), None),
        (Usage(prompt=100, cached=100), Price(cached_input=1.0), 0.0001),
    ],
)
def test_what_an_answer_costs(tokens: Usage, price: Price | None, expected: float | None) -> None:
    """Worked by hand: each kind of token at its own price, and None where a price that is needed is unknown."""
    assert cost(tokens, price) == (None if expected is None else pytest.approx(expected, abs=1e-12))


@pytest.mark.parametrize(
    ("own", "found", "expected"),
    [
        (Price(), None, None),
        (Price(), FULL, FULL),
        (PLAIN, None, PLAIN),
        (PLAIN, FULL, Price(input=2.0, cached_input=0.3, cache_write=3.75, output=10.0)),
        (Price(output=0.0), FULL, Price(input=3.0, cached_input=0.3, cache_write=3.75, output=0.0)),
        (Price(input=5.0), TIERED, Price(5.0, output=10.0, above=((200_000, Price(5.0, output=20.0)),))),
    ],
)
def test_the_users_own_figures_come_first(own: Price, found: Price | None, expected: Price | None) -> None:
    """Each price that the configuration names counts, and the others are filled in."""
    assert fill(own, found) == expected


def test_prices_of_a_configured_tier() -> None:
    """The four settings of a tier are its price; what is not set is unknown."""
    tier = Tier(input_price=1.0, cached_input_price=0.1, output_price=4.0)
    assert configured(tier) == Price(input=1.0, cached_input=0.1, output=4.0)


@pytest.mark.parametrize(
    ("provider", "model", "expected"),
    [
        ("openai", "gpt-4o", Price(input=2.5, cached_input=1.25, output=10.0)),
        ("azure_openai", "gpt-4o", Price(input=2.5, cached_input=1.25, output=10.0)),
        ("groq", "llama-3.3-70b-versatile", Price(input=0.59, output=0.79)),
        ("perplexity", "sonar", Price(input=1.0, output=1.0, request=0.012)),
        ("openai", "no-such-model", None),
        ("openai_compatible", "gpt-4o", None),
        ("xrouter", "auto", None),
    ],
)
def test_what_genai_prices_knows(provider: str, model: str, expected: Price | None) -> None:
    """Well-known models have their list price; an unknown provider or model has none, and is never guessed."""
    assert look_up(provider, model) == expected


def test_long_prompts_have_their_own_prices() -> None:
    """Claude Sonnet 4.5 costs twice as much for prompts of more than 200,000 tokens."""
    price = look_up("anthropic", "claude-sonnet-4-5")
    assert price is not None
    assert (price.input, price.cached_input, price.cache_write, price.output) == (3.0, 0.3, 3.75, 15.0)
    ((start, long),) = price.above
    assert (start, long.input, long.cached_input, long.cache_write, long.output) == (200_000, 6.0, 0.6, 7.5, 22.5)


def test_gemini_and_xai_are_known_by_their_own_names() -> None:
    """Where genai-prices calls a provider otherwise, the table says how."""
    assert look_up("gemini", "gemini-2.5-flash") is not None
    assert look_up("xai", "grok-4") is not None


class Catalogue:
    """Prices by model, and the questions that were asked."""

    def __init__(self, **prices: Price) -> None:
        self.prices = prices
        self.asked: list[str] = []

    def __call__(self, provider: str, model: str) -> Price | None:
        """What `model` costs."""
        self.asked.append(model)
        return self.prices.get(model)


def test_a_book_asks_once_for_each_target() -> None:
    """After `resolve` every question is answered from memory; local targets are never asked about and cost nothing."""
    catalogue = Catalogue(big=FULL)
    targets = [Priced("cheap", "ollama", "small", local=True), Priced("frontier", "openai", "big")]
    book = PriceBook(targets, look_up=catalogue)
    book.resolve()
    assert book.find("cheap", "ollama", "small") == FREE
    assert book.find("frontier", "openai", "big") == book.baseline() == FULL
    assert catalogue.asked == ["big"]


def test_configured_prices_reach_local_and_foreign_targets() -> None:
    """The user's figures count for a local model too (electricity), and for the clients' own names of models."""
    targets = [
        Priced("cheap", "ollama", "small", local=True, configured=Price(output=0.5)),
        Priced("medium", "openai", None, configured=PLAIN),
    ]
    book = PriceBook(targets, look_up=Catalogue())
    assert book.find("cheap", "ollama", "small") == Price(0.0, 0.0, 0.0, 0.5)
    assert book.find("medium", "openai", "whatever") == PLAIN
    assert book.find("medium", "groq", "whatever") is None


def test_two_targets_of_a_tier_keep_their_own_prices() -> None:
    """A tier's fallback has not the price of its first target."""
    targets = [
        Priced("frontier", "openai", "a", configured=PLAIN),
        Priced("frontier", "openai", "b", configured=FULL),
    ]
    book = PriceBook(targets, look_up=Catalogue())
    assert (book.find("frontier", "openai", "a"), book.find("frontier", "openai", "b")) == (PLAIN, FULL)
    assert book.baseline() == PLAIN


def test_known_never_looks_up() -> None:
    """Before prices are resolved, `known` tells what the configuration says; afterwards, all."""
    catalogue = Catalogue(big=FULL, mid=FULL)
    targets = [
        Priced("cheap", "ollama", "small", local=True),
        Priced("medium", "openai", "mid", configured=PLAIN),
        Priced("frontier", "openai", "big"),
    ]
    book = PriceBook(targets, look_up=catalogue)
    assert [book.known(tier) for tier in ("cheap", "medium", "frontier", "other")] == [FREE, PLAIN, None, None]
    assert catalogue.asked == []
    book.resolve()
    assert book.known("frontier") == FULL


def test_without_a_frontier_there_is_no_baseline() -> None:
    """No frontier target, or one without a model and a price: nothing to measure savings against."""
    assert PriceBook([]).baseline() is None
    assert PriceBook([Priced("frontier", "openai")]).baseline() is None
    assert PriceBook([Priced("frontier", "openai", configured=PLAIN)]).baseline() == PLAIN


def test_names_that_clients_invent_do_not_fill_the_memory() -> None:
    """The book forgets rather than grows without end."""
    book = PriceBook([], look_up=Catalogue())
    for number in range(10_000):
        book.find("cheap", "openai", f"model-{number}")
    assert len(book._found) <= 4_096
