"""The catalogue of providers."""

from __future__ import annotations

import pytest

from xrouter.config.schema import is_address
from xrouter.plugins import knows
from xrouter.providers.catalog import GENERIC, is_host_of, is_taken_for, names, rows
from xrouter.providers.url import find_address


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
    assert find_address(row.base_url, row).url.startswith(f"{row.base_url}/")


def test_no_two_rows_share_a_host_or_a_key_prefix() -> None:
    """What tells providers apart is each row's own."""
    for field in ("hosts", "key_prefixes", "paths", "key_variables"):
        told = [entry for row in rows().values() for entry in getattr(row, field)]
        assert len(told) == len(set(told))


def test_known_keys_come_with_models() -> None:
    """A row that a start is possible with has an address and three models."""
    for row in rows().values():
        assert bool(row.key_variables) == (row.models is not None)
        assert not row.key_variables or (row.base_url and row.models and len(row.models) == 3)


def test_what_rows_name_is_there() -> None:
    """Each row's dialect is spoken, each row that it can be taken for exists, and headers are in lower case."""
    for row in rows().values():
        assert knows("dialect", row.dialect)
        assert set(row.taken_for.values()) <= set(names())
        for header in (row.auth_header, *row.default_headers):
            assert header == header.lower()


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


@pytest.mark.parametrize(
    ("path", "provider", "expected"),
    [
        ("/v1beta/openai", "gemini", ("/openai/", "openai_compatible")),
        ("/v1beta/OpenAI/chat/completions", "gemini", ("/openai/", "openai_compatible")),
        ("/v1beta/openai-ish", "gemini", None),
        ("/compatibility/v1", "cohere", ("/compatibility/", "openai_compatible")),
        ("/anthropic", "deepseek", ("/anthropic/", "anthropic")),
        ("/anthropic/v1/messages", "azure_openai", ("/anthropic/", "anthropic")),
        ("/v1", "openai", None),
    ],
)
def test_what_else_a_provider_speaks(path: str, provider: str, expected: tuple[str, str] | None) -> None:
    """Below some paths it is to be spoken to as another row is."""
    assert is_taken_for(path, rows()[provider]) == expected
