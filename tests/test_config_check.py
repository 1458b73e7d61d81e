"""What is missing to serve, what is risky, where to listen."""

from __future__ import annotations

import pytest

from xrouter.config.check import classifier_kind, findings, listen_host, warnings
from xrouter.config.model import Classifier, Config, Server, ServerKey, Tier, Tiers
from xrouter.config.secret import Secret

URL = "http://127.0.0.1:1"
THREE = Tiers(cheap=Tier(base_url=URL), medium=Tier(base_url=URL), frontier=Tier(base_url=URL))


def missing(*tiers: str) -> list[str]:
    """The findings for these tiers."""
    return [f"{tier.upper()}_BASE_URL is not set; set it, or tiers.{tier}.base_url in config.toml" for tier in tiers]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (Config(tiers=THREE), []),
        (Config(tiers=Tiers(cheap=Tier(base_url=URL))), missing("medium", "frontier")),
        (Config(tiers=Tiers(medium=Tier(model="m"))), missing("cheap", "medium", "frontier")),
        (
            Config(),
            [
                *missing("cheap", "medium", "frontier"),
                (
                    "nothing is configured yet: xrouter config path says where config.toml goes; "
                    "xrouter demo shows it at work"
                ),
            ],
        ),
        (Config(classifier=Classifier(enabled=False), tiers=Tiers(frontier=Tier(base_url=URL))), []),
        (Config(classifier=Classifier(enabled=False), tiers=Tiers(cheap=Tier(base_url=URL))), missing("frontier")),
    ],
)
def test_every_missing_tier_is_named(config: Config, expected: list[str]) -> None:
    """All missing addresses are named at once, each with its remedy; without a classifier only the frontier's."""
    assert findings(config) == expected


@pytest.mark.parametrize("kind", ["llm", "hybrid"])
def test_an_llm_classifier_needs_an_address(kind: str) -> None:
    """Kinds that ask a model need one: an address, or `use = "cheap"`."""
    (found,) = findings(Config(tiers=THREE, classifier=Classifier(kind=kind)))  # type: ignore[arg-type]

    assert found.startswith(f"CLASSIFIER_BASE_URL is not set, and the classifier's kind is {kind}; set it, or")
    for classifier in (Classifier(kind="llm", base_url=URL), Classifier(kind="hybrid", use="cheap")):
        assert findings(Config(tiers=THREE, classifier=classifier)) == []
    assert findings(Config(tiers=THREE, classifier=Classifier(kind="llm", enabled=False))) == []


@pytest.mark.parametrize(
    ("classifier", "expected"),
    [
        (Classifier(), "embedded"),
        (Classifier(base_url=URL), "llm"),
        (Classifier(use="cheap"), "llm"),
        (Classifier(kind="embedded", base_url=URL), "embedded"),
        (Classifier(kind="hybrid", base_url=URL), "hybrid"),
    ],
)
def test_auto_is_an_llm_where_there_is_one(classifier: Classifier, expected: str) -> None:
    """`auto` is decided by whether a model can be asked."""
    assert classifier_kind(Config(classifier=classifier)) == expected


@pytest.mark.parametrize(
    ("server", "host", "is_risky"),
    [
        (Server(), "127.0.0.1", False),
        (Server(api_key=Secret("k")), "0.0.0.0", False),
        (Server(keys=(ServerKey(name="a", key=Secret("k")),)), "0.0.0.0", False),
        (Server(host="0.0.0.0"), "0.0.0.0", True),
        (Server(host="localhost"), "localhost", False),
        (Server(host="0.0.0.0", api_key=Secret("k")), "0.0.0.0", False),
    ],
)
def test_all_interfaces_are_for_routers_with_a_key(server: Server, host: str, *, is_risky: bool) -> None:
    """The default is loopback without a key; an open address that the user chose is warned of, and kept."""
    config = Config(server=server)

    assert listen_host(config) == host
    assert bool(warnings(config)) == is_risky
    assert all("ROUTER_API_KEY" in warning for warning in warnings(config))
