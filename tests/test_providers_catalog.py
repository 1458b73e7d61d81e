"""The catalogue of providers."""

from __future__ import annotations

import pytest

from xrouter.config.schema import is_address
from xrouter.providers.catalog import GENERIC, is_host_of, names, rows
from xrouter.providers.url import chat_url


def test_the_documented_providers_are_there() -> None:
    """Every provider that the documentation names has a row."""
    documented = (
        "xrouter openai_compatible openai anthropic gemini cohere azure_openai mistral groq together perplexity "
        "ollama vllm llama.cpp openrouter deepseek xai"
    )

    assert set(names()) == set(documented.split())
    assert GENERIC in rows()


@pytest.mark.parametrize("name", [name for name in names() if rows()[name].base_url])
def test_usual_addresses_lead_to_themselves(name: str) -> None:
    """A row's own address is valid, on one of its hosts, and keeps its path."""
    row = rows()[name]
    assert row.base_url is not None
    assert is_address(row.base_url)
    if row.dialect == "openai":
        assert chat_url(row.base_url, row) == f"{row.base_url}/chat/completions"


def test_no_two_rows_share_a_host_or_a_key_prefix() -> None:
    """What tells providers apart is each row's own."""
    for field in ("hosts", "key_prefixes", "paths"):
        told = [entry for row in rows().values() for entry in getattr(row, field)]
        assert len(told) == len(set(told))


def test_known_keys_come_with_models() -> None:
    """A row that a start is possible with has an address and three models."""
    for row in rows().values():
        assert (row.key_variable is None) == (row.models is None)
        assert row.key_variable is None or (row.base_url and row.models and len(row.models) == 3)


@pytest.mark.parametrize(
    ("host", "provider", "expected"),
    [
        ("api.openai.com", "openai", True),
        ("EU.api.openai.com.", "openai", True),
        ("evil-api.openai.com.example", "openai", False),
        ("xapi.openai.com", "openai", False),
        ("r.openai.azure.com", "azure_openai", True),
        ("openai.azure.com", "azure_openai", False),
        ("us-central1-aiplatform.googleapis.com", "gemini", True),
    ],
)
def test_whose_host_it_is(host: str, provider: str, *, expected: bool) -> None:
    """A host is matched whole or with its subdomains, never by a part of a name."""
    assert is_host_of(host, rows()[provider]) == expected
