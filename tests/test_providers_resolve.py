"""From a tier's settings to a target."""

from __future__ import annotations

import pytest

from xrouter.config.model import Classifier, Config, Tier, Tiers
from xrouter.config.secret import Secret
from xrouter.errors import ConfigError
from xrouter.providers.resolve import findings, resolve, resolve_classifier


def test_a_tier_becomes_a_target() -> None:
    """Address, model, key, headers, body, proxy and time-out are all in the target."""
    tier = Tier(
        base_url="https://api.groq.com",
        api_key=Secret("gsk_1"),
        model="m",
        headers={"X-Team": "red"},
        timeout_ms=7,
        reasoning_effort="low",
        max_output_tokens=100,
        body={"service_tier": "flex"},
    )

    resolved = resolve("medium", tier, {"HTTPS_PROXY": "http://proxy.lan:1"})

    target = resolved.target
    assert (target.tier, target.provider, target.dialect, target.model) == ("medium", "groq", "openai", "m")
    assert target.url == "https://api.groq.com/openai/v1/chat/completions"
    assert target.headers == (("authorization", "Bearer gsk_1"), ("x-team", "red"))
    assert target.body == (("service_tier", b'"flex"'),)
    assert target.default_body == (("reasoning_effort", b'"low"'), ("max_tokens", b"100"))
    assert (target.proxy, target.first_byte_timeout_ms) == ("http://proxy.lan:1", 7)
    assert (resolved.why, resolved.local, resolved.include_usage) == ("host api.groq.com", False, True)


def test_the_users_headers_win() -> None:
    """A configured Authorization replaces the one made of the key."""
    tier = Tier(base_url="http://127.0.0.1:1", api_key=Secret("k"), headers={"AUTHORIZATION": "Basic x"})

    assert resolve("cheap", tier, {}).target.headers == (("authorization", "Basic x"),)


@pytest.mark.parametrize(
    ("provider", "url", "local"),
    [
        ("auto", "http://127.0.0.1:8080", True),
        ("auto", "http://192.168.0.9:8000", True),
        ("auto", "http://127.0.0.1:11434", True),
        ("auto", "https://gateway.example", False),
        ("openai_compatible", "http://127.0.0.1:8080", False),
        ("vllm", "https://gpu.example", True),
        ("auto", "https://ollama.com", False),
        ("ollama", "https://ollama.com", False),
    ],
)
def test_what_is_local(provider: str, url: str, *, local: bool) -> None:
    """Programs of the user's own machines, and nobody known at a private address; a maker's cloud is not."""
    assert resolve("cheap", Tier(provider=provider, base_url=url), {}).local == local


@pytest.mark.parametrize(("provider", "expected"), [("mistral", False), ("perplexity", False), ("openai", True)])
def test_who_is_asked_for_usage(provider: str, *, expected: bool) -> None:
    """Providers that refuse stream_options are not sent it."""
    assert resolve("cheap", Tier(provider=provider, base_url="https://x.example"), {}).include_usage == expected


@pytest.mark.parametrize(("provider", "name"), [("openai", "max_completion_tokens"), ("groq", "max_tokens")])
def test_how_the_output_limit_is_called(provider: str, name: str) -> None:
    """OpenAI's models that think refuse the old name, others know no other."""
    tier = Tier(provider=provider, base_url="https://x.example", max_output_tokens=9)
    assert resolve("cheap", tier, {}).target.default_body == ((name, b"9"),)


@pytest.mark.parametrize(
    ("tier", "message"),
    [
        (Tier(), "FRONTIER_BASE_URL is not set"),
        (
            Tier(base_url="https://api.anthropic.com"),
            "frontier: provider anthropic is recognised (base URL at api.anthropic.com), but this version speaks only",
        ),
        (Tier(provider="gemini", base_url="https://x.example"), "frontier: provider gemini is recognised"),
        (Tier(provider="grok", base_url="https://x.example"), "FRONTIER_PROVIDER must be one of auto, openai, "),
    ],
)
def test_what_cannot_be_spoken_to_is_named(tier: Tier, message: str) -> None:
    """No address, a format that this version does not speak, and a provider that there is not."""
    with pytest.raises(ConfigError) as caught:
        resolve("frontier", tier, {})
    assert str(caught.value).startswith(message)


def test_the_classifiers_own_target() -> None:
    """A classifier with an address is a target of its own."""
    config = Config(
        classifier=Classifier(base_url="http://127.0.0.1:1/v1", api_key=Secret("k"), model="small", headers={"A": "b"})
    )

    resolved = resolve_classifier(config, {})

    assert resolved is not None
    assert (resolved.target.tier, resolved.target.model) == ("classifier", "small")
    assert resolved.target.url == "http://127.0.0.1:1/v1/chat/completions"
    assert resolved.target.headers == (("authorization", "Bearer k"), ("a", "b"))
    assert resolved.local


def test_the_cheap_tier_as_classifier() -> None:
    """`use = "cheap"` asks the cheap tier's own model, unless the classifier has an address of its own."""
    cheap = Tier(base_url="http://127.0.0.1:1", api_key=Secret("k"), model="m")
    config = Config(classifier=Classifier(use="cheap"), tiers=Tiers(cheap=cheap))

    resolved = resolve_classifier(config, {})
    assert resolved is not None
    assert (resolved.target.tier, resolved.target.model) == ("classifier", "m")
    assert resolved.target.headers == (("authorization", "Bearer k"),)

    config = Config(classifier=Classifier(use="cheap", base_url="http://127.0.0.1:2"), tiers=Tiers(cheap=cheap))
    resolved = resolve_classifier(config, {})
    assert resolved is not None
    assert resolved.target.url == "http://127.0.0.1:2/v1/chat/completions"


@pytest.mark.parametrize("classifier", [Classifier(), Classifier(use="cheap")])
def test_no_address_no_classifier(classifier: Classifier) -> None:
    """Where there is nobody to ask there is no target."""
    assert resolve_classifier(Config(classifier=classifier), {}) is None


def test_all_that_cannot_be_spoken_to_is_told_at_once() -> None:
    """Tiers and classifier are looked at together; one proxy that is wrong for all is told once."""
    tiers = Tiers(
        cheap=Tier(base_url="https://api.cohere.com"),
        medium=Tier(base_url="https://api.openai.com"),
        frontier=Tier(base_url="https://api.x.ai"),
    )
    config = Config(tiers=tiers, classifier=Classifier(base_url="https://api.anthropic.com"))

    found = findings(config, {"HTTPS_PROXY": "socks5://x"})

    assert [finding.split()[0] for finding in found] == ["cheap:", "HTTPS_PROXY", "classifier:"]
