"""From a tier's settings to a target."""

from __future__ import annotations

import msgspec
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
    assert (target.effort, target.max_output_tokens, target.output_limit) == ("low", 100, "max_tokens")
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
    assert resolve("cheap", tier, {}).target.output_limit == name


@pytest.mark.parametrize(
    ("tier", "message"),
    [
        (Tier(), "FRONTIER_BASE_URL is not set"),
        (
            Tier(base_url="https://r.openai.azure.com/openai/deployments/d"),
            "FRONTIER_BASE_URL leads to a deployment of Azure without a version of the API; set FRONTIER_API_VERSION,",
        ),
        (
            Tier(base_url="https://r.openai.azure.com", api_version="2024-10-21"),
            "FRONTIER_BASE_URL leads to a deployment of Azure that nobody names; set FRONTIER_DEPLOYMENT or",
        ),
        (Tier(provider="grok", base_url="https://x.example"), "FRONTIER_PROVIDER must be one of auto, openai, "),
    ],
)
def test_what_cannot_be_spoken_to_is_named(tier: Tier, message: str) -> None:
    """No address, one of Azure that says too little, and a provider that there is not."""
    with pytest.raises(ConfigError) as caught:
        resolve("frontier", tier, {})
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("base_url", "provider", "dialect", "url"),
    [
        ("https://api.anthropic.com", "anthropic", "anthropic", "https://api.anthropic.com/v1/messages"),
        (
            "https://generativelanguage.googleapis.com",
            "gemini",
            "gemini",
            "https://generativelanguage.googleapis.com/v1beta/models/{model}",
        ),
        ("https://api.cohere.com", "cohere", "cohere", "https://api.cohere.com/v2/chat"),
        (
            "https://r.openai.azure.com",
            "azure_openai",
            "openai",
            "https://r.openai.azure.com/openai/v1/chat/completions",
        ),
        ("https://api.openai.com/v1/responses", "openai", "responses", "https://api.openai.com/v1/responses"),
        (
            "https://api.deepseek.com/anthropic",
            "anthropic",
            "anthropic",
            "https://api.deepseek.com/anthropic/v1/messages",
        ),
    ],
)
def test_auto_finds_every_dialect(base_url: str, provider: str, dialect: str, url: str) -> None:
    """An address is enough, whatever is spoken there."""
    target = resolve("frontier", Tier(base_url=base_url), {}).target
    assert (target.provider, target.dialect, target.url) == (provider, dialect, url)


@pytest.mark.parametrize(
    ("provider", "key", "expected"),
    [
        ("openai", "sk-1", ("authorization", "Bearer sk-1")),
        ("anthropic", "sk-ant-api03-1", ("x-api-key", "sk-ant-api03-1")),
        ("anthropic", "sk-ant-oat01-1", ("authorization", "Bearer sk-ant-oat01-1")),
        ("gemini", "AIza1", ("x-goog-api-key", "AIza1")),
        ("gemini", "ya29.1", ("authorization", "Bearer ya29.1")),
        ("cohere", "co-1", ("authorization", "Bearer co-1")),
        ("azure_openai", "0123abc", ("api-key", "0123abc")),
        ("azure_openai", "eyJ0eXAi", ("authorization", "Bearer eyJ0eXAi")),
    ],
)
def test_where_the_key_goes(provider: str, key: str, expected: tuple[str, str]) -> None:
    """Each provider has its own header; access tokens go where such tokens go."""
    tier = Tier(provider=provider, base_url="https://x.example", api_key=Secret(key))
    assert resolve("cheap", tier, {}).target.headers == (expected,)


def test_what_gives_way_to_the_client() -> None:
    """Anthropic's version is named where the client names none; a user's own header is the tier's."""
    tier = Tier(provider="anthropic", base_url="https://x.example", headers={"Anthropic-Beta": "b"})
    target = resolve("cheap", tier, {}).target
    assert target.default_headers == (("anthropic-version", "2023-06-01"),)
    assert target.headers == (("anthropic-beta", "b"),)


def test_a_deployment_of_azure() -> None:
    """Deployment and version make the address; in the v1 form the body names it, not the model."""
    host = "https://r.openai.azure.com"
    tier = Tier(base_url=host, model="gpt-5-mini", deployment="team-a", body={"seed": 1})
    newer = resolve("cheap", tier, {})
    classic = resolve("cheap", msgspec.structs.replace(tier, api_version="2024-02-01", body={}), {})

    assert classic.target.url == (
        "https://r.openai.azure.com/openai/deployments/team-a/chat/completions?api-version=2024-02-01"
    )
    assert (classic.target.model, classic.target.body, classic.include_usage) == ("gpt-5-mini", (), False)
    assert newer.target.url == "https://r.openai.azure.com/openai/v1/chat/completions"
    assert (newer.target.model, newer.include_usage) == ("gpt-5-mini", True)
    assert newer.target.body == (("model", b'"team-a"'), ("seed", b"1"))


@pytest.mark.parametrize(
    ("base_url", "model", "expected"),
    [
        (
            "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:generateContent",
            None,
            "gemini-2.5-pro",
        ),
        ("https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:generateContent", "m", "m"),
        ("https://r.openai.azure.com/openai/deployments/d?api-version=1", None, "d"),
        ("https://r.openai.azure.com/openai/deployments/d?api-version=1", "m", "m"),
        ("https://api.openai.com", None, None),
    ],
)
def test_a_model_that_only_the_address_names(base_url: str, model: str | None, expected: str | None) -> None:
    """It is the target's where the settings name none."""
    assert resolve("cheap", Tier(base_url=base_url, model=model), {}).target.model == expected


def test_the_reason_tells_of_doubt() -> None:
    """A key that begins like another provider's does not change where it goes, and is told."""
    for provider, why in (("auto", "host api.openai.com"), ("openai", "set")):
        resolved = resolve(
            "cheap", Tier(provider=provider, base_url="https://api.openai.com", api_key=Secret("gsk_1")), {}
        )
        assert resolved.target.provider == "openai"
        assert resolved.why == f"{why}, but the key starts with gsk_ like those of groq"


def test_a_providers_openai_address() -> None:
    """Gemini's compatible address is spoken to in OpenAI's format, with a Bearer key, whatever is set."""
    base_url = "https://generativelanguage.googleapis.com/v1beta/openai/"
    resolved = resolve("cheap", Tier(provider="gemini", base_url=base_url, api_key=Secret("AIza1")), {})

    assert (resolved.target.provider, resolved.target.dialect) == ("openai_compatible", "openai")
    assert resolved.target.headers == (("authorization", "Bearer AIza1"),)
    assert resolved.why == "set to gemini, path /openai/"


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
        cheap=Tier(base_url="https://r.openai.azure.com/openai/deployments/d"),
        medium=Tier(base_url="https://api.openai.com"),
        frontier=Tier(base_url="https://api.x.ai"),
    )
    config = Config(
        tiers=tiers, classifier=Classifier(base_url="https://r.openai.azure.com/openai/deployments/d/chat/completions")
    )

    found = findings(config, {"HTTPS_PROXY": "socks5://x"})

    assert [finding.split()[0] for finding in found] == ["CHEAP_BASE_URL", "HTTPS_PROXY", "CLASSIFIER_BASE_URL"]
    assert "CLASSIFIER_API_VERSION" not in found[2]
