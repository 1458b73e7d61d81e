"""`auto`: which provider is behind an address."""

from __future__ import annotations

import pytest

from xrouter.config.secret import Secret
from xrouter.providers.catalog import names, rows
from xrouter.providers.detect import contradiction, detect


@pytest.mark.parametrize(
    ("url", "key", "provider", "why"),
    [
        ("https://api.openai.com", None, "openai", "host api.openai.com"),
        ("https://API.groq.com/openai/v1", None, "groq", "host api.groq.com"),
        ("https://api.mistral.ai/v1", None, "mistral", "host api.mistral.ai"),
        ("https://api.together.ai/v1", None, "together", "host api.together.ai"),
        ("https://api.perplexity.ai", None, "perplexity", "host api.perplexity.ai"),
        ("https://api.deepseek.com/beta", None, "deepseek", "host api.deepseek.com"),
        ("https://api.x.ai/v1", None, "xai", "host api.x.ai"),
        ("https://openrouter.ai/api/v1", None, "openrouter", "host openrouter.ai"),
        ("https://ollama.com", None, "ollama", "host ollama.com"),
        ("https://api.anthropic.com/v1/messages", None, "anthropic", "host api.anthropic.com"),
        ("https://r.openai.azure.com", None, "azure_openai", "host r.openai.azure.com"),
        (
            "https://eu-aiplatform.googleapis.com/v1beta1",
            None,
            "gemini",
            "host eu-aiplatform.googleapis.com",
        ),
        (
            "https://generativelanguage.googleapis.com/v1beta/openai/",
            None,
            "openai_compatible",
            "path /openai/ of host generativelanguage.googleapis.com",
        ),
        (
            "https://api.cohere.ai/compatibility/v1",
            None,
            "openai_compatible",
            "path /compatibility/ of host api.cohere.ai",
        ),
        ("https://api.deepseek.com/anthropic", None, "anthropic", "path /anthropic/ of host api.deepseek.com"),
        ("https://r.services.ai.azure.com/models", None, "azure_openai", "host r.services.ai.azure.com"),
        ("https://r.cognitiveservices.azure.com", None, "azure_openai", "host r.cognitiveservices.azure.com"),
        ("https://api.cohere.com/v1", None, "cohere", "host api.cohere.com"),
        ("https://gateway.example/v2/chat", None, "cohere", "path /v2/chat"),
        ("https://gateway.example/x/anthropic/", None, "anthropic", "path /anthropic/"),
        ("https://gateway.example/anthropic-proxy", None, "openai_compatible", "no match: OpenAI-compatible"),
        ("https://gateway.example/v1/messages", None, "anthropic", "path /v1/messages"),
        ("https://gateway.example/V1/Messages/", None, "anthropic", "path /v1/messages"),
        ("https://gateway.example/openai/deployments/x", None, "azure_openai", "path /openai/deployments/"),
        ("https://gateway.example/v1beta", None, "gemini", "path /v1beta"),
        ("https://gateway.example/v1beta/openai", None, "openai_compatible", "no match: OpenAI-compatible"),
        ("http://127.0.0.1:11434", None, "ollama", "port 11434"),
        ("http://ollama:11434/v1", None, "ollama", "port 11434"),
        ("https://models.example:11434", None, "openai_compatible", "no match: OpenAI-compatible"),
        ("http://127.0.0.1:8080", None, "openai_compatible", "no match: OpenAI-compatible"),
        ("https://gateway.example", "gsk_abc", "groq", "key starts with gsk_"),
        ("https://gateway.example", "sk-ant-abc", "anthropic", "key starts with sk-ant-"),
        ("https://gateway.example", "AIzaAbc", "gemini", "key starts with AIza"),
        ("https://gateway.example", "AQ.Abc", "gemini", "key starts with AQ."),
        ("https://gateway.example", "pplx-abc", "perplexity", "key starts with pplx-"),
        ("https://gateway.example", "xai-abc", "xai", "key starts with xai-"),
        ("https://gateway.example", "tgp_v1_abc", "together", "key starts with tgp_v1_"),
        ("https://gateway.example", "sk-svcacct-abc", "openai", "key starts with sk-svcacct-"),
        ("https://gateway.example", "sk-or-v1-abc", "openrouter", "key starts with sk-or-"),
        ("https://gateway.example", "sk-proj-abc", "openai", "key starts with sk-proj-"),
        ("https://gateway.example", "sk-abc", "openai_compatible", "no match: OpenAI-compatible"),
        ("https://api.openai.com", "sk-ant-abc", "openai", "host api.openai.com"),
        ("https://api.openai.com.evil.example", None, "openai_compatible", "no match: OpenAI-compatible"),
    ],
)
def test_the_address_counts_then_the_key(url: str, key: str | None, provider: str, why: str) -> None:
    """Host, then path, then port on a near machine, then how the key begins; the reason is told."""
    assert detect(url, Secret(key) if key else None) == (provider, why)


@pytest.mark.parametrize("name", [name for name in names() if rows()[name].hosts])
def test_every_host_of_the_catalogue_is_found(name: str) -> None:
    """Each row with hosts is recognised by each of them."""
    for host in rows()[name].hosts:
        assert detect(f"https://{'x' if host[0] in '.-' else ''}{host}/v1", None)[0] == name


@pytest.mark.parametrize(
    ("url", "key", "expected"),
    [
        ("https://api.openai.com", "sk-ant-abc", ", but the key starts with sk-ant- like those of anthropic"),
        ("https://r.openai.azure.com", "sk-proj-abc", ", but the key starts with sk-proj- like those of openai"),
        ("https://generativelanguage.googleapis.com/v1beta/openai", "AIzaAbc", ""),
        ("https://api.openai.com", "sk-abc", ""),
        ("https://api.openai.com", "sk-proj-abc", ""),
        ("https://api.openai.com", None, ""),
        ("https://gateway.example", "sk-ant-abc", ""),
    ],
)
def test_a_key_that_looks_like_anothers_is_told(url: str, key: str | None, expected: str) -> None:
    """Where the host is known; a gateway may take any key."""
    assert contradiction(url, Secret(key) if key else None) == expected
