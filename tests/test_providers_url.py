"""From a base URL to the chat endpoint."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.providers.catalog import names, rows
from xrouter.providers.url import chat_url


@pytest.mark.parametrize(
    ("provider", "base_url", "expected"),
    [
        ("openai", "https://api.openai.com", "https://api.openai.com/v1/chat/completions"),
        ("openai", "https://api.openai.com/", "https://api.openai.com/v1/chat/completions"),
        ("openai", "https://api.openai.com/v1", "https://api.openai.com/v1/chat/completions"),
        ("openai", "https://api.openai.com/v1/", "https://api.openai.com/v1/chat/completions"),
        ("openai", "https://api.openai.com//v1//", "https://api.openai.com/v1/chat/completions"),
        ("openai", "https://api.openai.com/v1/chat/completions", "https://api.openai.com/v1/chat/completions"),
        ("openai", "https://api.openai.com/chat/completions", "https://api.openai.com/v1/chat/completions"),
        ("openai", "https://api.openai.com/v1/responses", "https://api.openai.com/v1/chat/completions"),
        ("openai", "https://api.openai.com/v1/models?limit=1#x", "https://api.openai.com/v1/chat/completions"),
        ("groq", "https://api.groq.com", "https://api.groq.com/openai/v1/chat/completions"),
        ("groq", "https://api.groq.com/openai", "https://api.groq.com/openai/v1/chat/completions"),
        ("groq", "https://api.groq.com/openai/v1", "https://api.groq.com/openai/v1/chat/completions"),
        ("groq", "https://api.groq.com/openai/chat/completions", "https://api.groq.com/openai/v1/chat/completions"),
        ("openrouter", "https://openrouter.ai", "https://openrouter.ai/api/v1/chat/completions"),
        ("openrouter", "https://openrouter.ai/api", "https://openrouter.ai/api/v1/chat/completions"),
        ("perplexity", "https://api.perplexity.ai", "https://api.perplexity.ai/chat/completions"),
        ("deepseek", "https://api.deepseek.com", "https://api.deepseek.com/chat/completions"),
        ("deepseek", "https://api.deepseek.com/v1", "https://api.deepseek.com/v1/chat/completions"),
        ("deepseek", "https://api.deepseek.com/beta", "https://api.deepseek.com/beta/chat/completions"),
        ("ollama", "http://127.0.0.1:11434", "http://127.0.0.1:11434/v1/chat/completions"),
        ("openai_compatible", "http://[::1]:8000/v1", "http://[::1]:8000/v1/chat/completions"),
        ("openai_compatible", "http://h/chat/completions", "http://h/v1/chat/completions"),
        ("openai_compatible", "http://h/inference", "http://h/inference/v1/chat/completions"),
        ("openai_compatible", "http://h/inference/v1", "http://h/inference/v1/chat/completions"),
        ("openai_compatible", "http://h/api/paas/v4", "http://h/api/paas/v4/chat/completions"),
        ("openai_compatible", "http://h/compat/chat/completions", "http://h/compat/chat/completions"),
        ("openai_compatible", "http://h/v1beta/openai/", "http://h/v1beta/openai/chat/completions"),
        ("openai_compatible", "http://h/compatibility/v1", "http://h/compatibility/v1/chat/completions"),
    ],
)
def test_what_people_paste_leads_to_the_endpoint(provider: str, base_url: str, expected: str) -> None:
    """With and without version, path, endpoint, slash and query."""
    assert chat_url(base_url, rows()[provider]) == expected


SEGMENTS = st.sampled_from(["v1", "v2", "v1beta", "openai", "api", "compat", "models", "chat", "completions", "beta"])


@given(name=st.sampled_from(names()), segments=st.lists(SEGMENTS, max_size=5), slash=st.sampled_from(["", "/", "?a=b"]))
def test_an_endpoint_leads_to_itself(name: str, segments: list[str], slash: str) -> None:
    """Whatever the path, the version is never added twice, and the endpoint pasted again stays as it is."""
    row = rows()[name]
    base = "http://gateway.example" + "".join(f"/{segment}" for segment in segments)

    url = chat_url(base + slash, row)

    assert url.endswith("/chat/completions")
    assert url.count("/v1/v1") <= base.count("/v1/v1")
    assert chat_url(url, row) == url
