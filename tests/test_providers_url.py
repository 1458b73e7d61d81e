"""From a base URL to the chat endpoint."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.providers.catalog import names, rows
from xrouter.providers.url import find_address


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
        ("openai", "https://api.openai.com/v1/responses", "https://api.openai.com/v1/responses"),
        ("openai", "https://api.openai.com/responses/", "https://api.openai.com/v1/responses"),
        ("deepseek", "https://api.deepseek.com/responses", "https://api.deepseek.com/responses"),
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
        ("ollama", "http://127.0.0.1:11434/api/chat", "http://127.0.0.1:11434/v1/chat/completions"),
        ("openai_compatible", "http://h/api/chat/completions", "http://h/api/chat/completions"),
        ("openai_compatible", "http://[::1]:8000/v1", "http://[::1]:8000/v1/chat/completions"),
        ("openai_compatible", "http://h/chat/completions", "http://h/v1/chat/completions"),
        ("openai_compatible", "http://h/inference", "http://h/inference/v1/chat/completions"),
        ("openai_compatible", "http://h/inference/v1", "http://h/inference/v1/chat/completions"),
        ("openai_compatible", "http://h/api/paas/v4", "http://h/api/paas/v4/chat/completions"),
        ("openai_compatible", "http://h/compat/chat/completions", "http://h/compat/chat/completions"),
        ("openai_compatible", "http://h/v1beta/openai/", "http://h/v1beta/openai/chat/completions"),
        ("openai_compatible", "http://h/compatibility/v1", "http://h/compatibility/v1/chat/completions"),
        ("openai_compatible", "http://h/x/endpoints/openai", "http://h/x/endpoints/openai/chat/completions"),
        ("openai_compatible", "http://h/v1/messages", "http://h/v1/chat/completions"),
        ("anthropic", "https://api.anthropic.com", "https://api.anthropic.com/v1/messages"),
        ("anthropic", "https://api.anthropic.com/v1/", "https://api.anthropic.com/v1/messages"),
        ("anthropic", "https://api.anthropic.com/v1/messages?beta=true", "https://api.anthropic.com/v1/messages"),
        ("anthropic", "https://api.anthropic.com/v1/messages/count_tokens", "https://api.anthropic.com/v1/messages"),
        ("anthropic", "https://api.anthropic.com/v1/chat/completions", "https://api.anthropic.com/v1/messages"),
        ("anthropic", "https://api.anthropic.com/messages", "https://api.anthropic.com/v1/messages"),
        ("anthropic", "http://h/anthropic", "http://h/anthropic/v1/messages"),
        ("anthropic", "http://h/claude/messages", "http://h/claude/messages"),
        ("cohere", "https://api.cohere.com", "https://api.cohere.com/v2/chat"),
        ("cohere", "https://api.cohere.ai/v1", "https://api.cohere.ai/v2/chat"),
        ("cohere", "https://api.cohere.com/v2", "https://api.cohere.com/v2/chat"),
        ("cohere", "https://api.cohere.com/v2/chat", "https://api.cohere.com/v2/chat"),
        ("cohere", "https://api.cohere.com/v1/chat", "https://api.cohere.com/v2/chat"),
        ("cohere", "https://api.cohere.com/v1/models", "https://api.cohere.com/v2/chat"),
        ("cohere", "http://h/co/chat", "http://h/co/chat"),
    ],
)
def test_what_people_paste_leads_to_the_endpoint(provider: str, base_url: str, expected: str) -> None:
    """With and without version, path, endpoint, slash and query."""
    assert find_address(base_url, rows()[provider]).url == expected


GOOGLE = "https://generativelanguage.googleapis.com"
VERTEX = "https://europe-west4-aiplatform.googleapis.com"
EXPRESS = "https://aiplatform.googleapis.com"
PROJECT = "projects/p-1/locations/europe-west4"


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        (GOOGLE, f"{GOOGLE}/v1beta/models/{{model}}"),
        (f"{GOOGLE}/v1beta", f"{GOOGLE}/v1beta/models/{{model}}"),
        (f"{GOOGLE}/v1", f"{GOOGLE}/v1/models/{{model}}"),
        (f"{GOOGLE}/v1alpha/", f"{GOOGLE}/v1alpha/models/{{model}}"),
        (f"{GOOGLE}/v1beta/models?pageSize=9", f"{GOOGLE}/v1beta/models/{{model}}"),
        (f"{GOOGLE}/models", f"{GOOGLE}/v1beta/models/{{model}}"),
        ("http://h", "http://h/v1beta/models/{model}"),
        ("http://h/google/v1beta", "http://h/google/v1beta/models/{model}"),
        ("http://h/google/models/m:generateContent", "http://h/google/models/{model}"),
        (f"{VERTEX}/v1/{PROJECT}", f"{VERTEX}/v1/{PROJECT}/publishers/google/models/{{model}}"),
        (f"{VERTEX}/{PROJECT}", f"{VERTEX}/v1beta1/{PROJECT}/publishers/google/models/{{model}}"),
        (f"{VERTEX}/v1beta1/{PROJECT}/publishers", f"{VERTEX}/v1beta1/{PROJECT}/publishers/google/models/{{model}}"),
        (
            f"{VERTEX}/v1beta1/{PROJECT}/publishers/google",
            f"{VERTEX}/v1beta1/{PROJECT}/publishers/google/models/{{model}}",
        ),
        (
            f"{VERTEX}/v1/{PROJECT}/publishers/google/models/",
            f"{VERTEX}/v1/{PROJECT}/publishers/google/models/{{model}}",
        ),
        (f"http://h/vertex/{PROJECT}", f"http://h/vertex/v1beta1/{PROJECT}/publishers/google/models/{{model}}"),
        (EXPRESS, f"{EXPRESS}/v1/publishers/google/models/{{model}}"),
        (f"{EXPRESS}/v1beta1", f"{EXPRESS}/v1beta1/publishers/google/models/{{model}}"),
        (f"{EXPRESS}/v1/publishers/google", f"{EXPRESS}/v1/publishers/google/models/{{model}}"),
        (f"{EXPRESS}/publishers/google/models", f"{EXPRESS}/v1/publishers/google/models/{{model}}"),
    ],
)
def test_where_geminis_models_are(base_url: str, expected: str) -> None:
    """At Google, behind a gateway, in a Vertex project and in its express mode: the model's place is left open."""
    address = find_address(base_url, rows()["gemini"])
    assert (address.url, address.dialect, address.model) == (
        expected,
        "gemini",
        "m" if base_url.endswith("m:generateContent") else None,
    )


@pytest.mark.parametrize(
    "pasted",
    [
        f"{GOOGLE}/v1beta/models/gemini-2.5-flash:generateContent?key=k",
        f"{GOOGLE}/v1beta/models/gemini-2.5-flash",
        f"{VERTEX}/v1beta1/{PROJECT}/publishers/google/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
        f"{EXPRESS}/v1/publishers/google/models/gemini-2.5-flash:generateContent",
    ],
)
def test_the_model_of_a_pasted_address_is_kept(pasted: str) -> None:
    """It counts where the settings name none; neither method nor query (there may be a key in it) are kept."""
    address = find_address(pasted, rows()["gemini"])
    assert address.model == "gemini-2.5-flash"
    assert address.url == pasted.partition("gemini-2.5-flash")[0] + "{model}"


@pytest.mark.parametrize(
    ("provider", "base_url", "dialect"),
    [
        ("openai", "https://api.openai.com", "openai"),
        ("openai", "https://api.openai.com/v1/Responses", "responses"),
        ("xai", "https://api.x.ai/v1/responses", "responses"),
        ("anthropic", "https://api.anthropic.com/v1/responses", "anthropic"),
    ],
)
def test_which_dialect_it_is(provider: str, base_url: str, dialect: str) -> None:
    """The row's, but where a provider of OpenAI's format is given the address of its other one."""
    assert find_address(base_url, rows()[provider]).dialect == dialect


SEGMENTS = st.sampled_from(
    ["v1", "v2", "v1beta", "openai", "api", "compat", "models", "chat", "completions", "messages", "publishers", "beta"]
)
ENDINGS = {
    "openai": "/chat/completions",
    "responses": "/responses",
    "anthropic": "/messages",
    "gemini": "/models/{model}",
    "cohere": "/chat",
}


@given(name=st.sampled_from(names()), segments=st.lists(SEGMENTS, max_size=5), slash=st.sampled_from(["", "/", "?a=b"]))
def test_an_endpoint_leads_to_itself(name: str, segments: list[str], slash: str) -> None:
    """Whatever the path, the version is never added twice, and the endpoint pasted again stays as it is."""
    row = rows()[name]
    base = "http://gateway.example" + "".join(f"/{segment}" for segment in segments)

    address = find_address(base + slash, row)

    assert address.url.endswith(ENDINGS[address.dialect])
    assert address.url.count("/v1/v1") <= base.count("/v1/v1")
    assert find_address(address.url, row).url == address.url


@given(st.text())
def test_any_path_leads_somewhere(path: str) -> None:
    """No path is refused here, and the endpoint stands at the end."""
    for name in ("openai", "anthropic", "gemini", "cohere"):
        address = find_address(f"https://h.example/{path}", rows()[name])
        assert address.url.endswith(ENDINGS[address.dialect])
