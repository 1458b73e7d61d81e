"""Where a deployment of Azure answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.errors import ConfigError
from xrouter.providers.azure import Deployment, find_deployment

HOST = "https://res.openai.azure.com"
FOUNDRY = "https://res.services.ai.azure.com"
VARIABLES = {
    "base_url": "CHEAP_BASE_URL",
    "model": "CHEAP_MODEL",
    "deployment": "CHEAP_DEPLOYMENT",
    "api_version": "CHEAP_API_VERSION",
}
CLASSIC = f"{HOST}/openai/deployments/dep/chat/completions"


def given_settings(name: str | None = None, model: str | None = None, api_version: str | None = None) -> Deployment:
    """The settings of the cheap tier."""
    return Deployment(name, model, api_version, VARIABLES)


@pytest.mark.parametrize(
    ("base_url", "name", "api_version", "expected"),
    [
        (HOST, "dep", "2024-10-21", f"{CLASSIC}?api-version=2024-10-21"),
        (f"{HOST}/", "dep", "2024-10-21", f"{CLASSIC}?api-version=2024-10-21"),
        (f"{HOST}/openai", "dep", "2024-10-21", f"{CLASSIC}?api-version=2024-10-21"),
        (f"{HOST}?api-version=2024-10-21", "dep", None, f"{CLASSIC}?api-version=2024-10-21"),
        (f"{HOST}/openai/deployments", "dep", "2024-10-21", f"{CLASSIC}?api-version=2024-10-21"),
        (f"{HOST}/openai/deployments/dep", None, "2024-10-21", f"{CLASSIC}?api-version=2024-10-21"),
        (f"{HOST}//openai//deployments/dep/", None, "2024-10-21", f"{CLASSIC}?api-version=2024-10-21"),
        (f"{CLASSIC}?api-version=2025-01-01-preview&x=y", None, None, f"{CLASSIC}?api-version=2025-01-01-preview"),
        (f"{CLASSIC}?api-version=2025-01-01", None, "2024-10-21", f"{CLASSIC}?api-version=2024-10-21"),
        (f"{HOST}/openai/deployments/other", "dep", "2024-10-21", f"{CLASSIC}?api-version=2024-10-21"),
        (
            f"{HOST}/openai/deployments/a%2Fb",
            None,
            "1",
            f"{HOST}/openai/deployments/a%2Fb/chat/completions?api-version=1",
        ),
        (HOST, "a b", "1&2", f"{HOST}/openai/deployments/a%20b/chat/completions?api-version=1%262"),
        ("http://h/x", "dep", "1", "http://h/x/openai/deployments/dep/chat/completions?api-version=1"),
        (HOST, "dep", None, f"{HOST}/openai/v1/chat/completions"),
        (HOST, None, None, f"{HOST}/openai/v1/chat/completions"),
        (f"{HOST}/openai", None, None, f"{HOST}/openai/v1/chat/completions"),
        (f"{HOST}/openai/models?api-version=2024-10-21", "dep", None, f"{CLASSIC}?api-version=2024-10-21"),
        (f"{HOST}/openai/v1/", "dep", "2024-10-21", f"{HOST}/openai/v1/chat/completions"),
        (f"{HOST}/openai/v1/chat/completions", None, None, f"{HOST}/openai/v1/chat/completions"),
        (f"{HOST}/openai/v1/models", None, None, f"{HOST}/openai/v1/chat/completions"),
        (f"{HOST}/openai/v1", None, "preview", f"{HOST}/openai/v1/chat/completions?api-version=preview"),
        (f"{FOUNDRY}/models", None, None, f"{FOUNDRY}/models/chat/completions?api-version=2024-05-01-preview"),
        (
            f"{FOUNDRY}/models/chat/completions?api-version=1",
            None,
            None,
            f"{FOUNDRY}/models/chat/completions?api-version=1",
        ),
        (f"{FOUNDRY}/api/projects/p", None, None, f"{FOUNDRY}/api/projects/p/openai/v1/chat/completions"),
    ],
)
def test_where_chat_requests_go(base_url: str, name: str | None, api_version: str | None, expected: str) -> None:
    """In the classic form, in the v1 form and among Foundry's models; settings count before the address."""
    address = find_deployment(base_url, given_settings(name, None, api_version))
    assert (address.url, address.dialect) == (expected, "openai")


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        (f"{HOST}/openai/v1/responses", f"{HOST}/openai/v1/responses"),
        (f"{HOST}/openai/responses?api-version=2025-04-01", f"{HOST}/openai/responses?api-version=2025-04-01"),
        (f"{HOST}/openai/responses", f"{HOST}/openai/v1/responses"),
        (f"{HOST}/responses", f"{HOST}/openai/v1/responses"),
    ],
)
def test_where_responses_go(base_url: str, expected: str) -> None:
    """A pasted address of the Responses API is that dialect's, with the deployment in the body."""
    address = find_deployment(base_url, given_settings("dep", "gpt"))
    assert (address.url, address.dialect, address.wire_model) == (expected, "responses", "dep")


@pytest.mark.parametrize(
    ("base_url", "name", "model", "expected"),
    [
        (HOST, "dep", "gpt", ("dep", "dep")),
        (HOST, "dep", None, ("dep", "dep")),
        (HOST, "gpt", "gpt", ("gpt", None)),
        (HOST, None, "gpt", (None, None)),
        (f"{HOST}?api-version=1", "dep", "gpt", ("dep", None)),
        (f"{HOST}?api-version=1", None, "gpt", ("gpt", None)),
        (f"{HOST}/openai/deployments/pasted?api-version=1", None, "gpt", ("pasted", None)),
    ],
)
def test_which_model_the_body_names(
    base_url: str, name: str | None, model: str | None, expected: tuple[str | None, str | None]
) -> None:
    """The deployment, unless the address has it; the tier's model keeps its own name, which has a price."""
    address = find_deployment(base_url, given_settings(name, model))
    assert (address.model, address.wire_model) == expected


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        (f"{CLASSIC}?api-version=2024-02-15-preview", False),
        (f"{CLASSIC}?api-version=2024-09-01-preview", True),
        (f"{CLASSIC}?api-version=2024-10-21", True),
        (f"{FOUNDRY}/models", False),
        (HOST, True),
        (f"{HOST}/openai/v1?api-version=preview", True),
    ],
)
def test_who_is_asked_for_usage(base_url: str, *, expected: bool) -> None:
    """Versions before September 2024 refuse stream_options."""
    assert find_deployment(base_url, given_settings("dep")).include_usage == expected


@pytest.mark.parametrize(
    ("base_url", "api_version", "message"),
    [
        (
            f"{HOST}/openai/deployments/dep",
            None,
            (
                "CHEAP_BASE_URL leads to a deployment of Azure without a version of the API; set CHEAP_API_VERSION, "
                "put ?api-version=2024-10-21 behind it, or end it in /openai/v1"
            ),
        ),
        (
            HOST,
            "2024-10-21",
            "CHEAP_BASE_URL leads to a deployment of Azure that nobody names; set CHEAP_DEPLOYMENT or CHEAP_MODEL",
        ),
    ],
)
def test_what_is_missing_is_named(base_url: str, api_version: str | None, message: str) -> None:
    """The setting, and what else helps."""
    with pytest.raises(ConfigError) as caught:
        find_deployment(base_url, given_settings(api_version=api_version))
    assert caught.value.findings == (message,)


SEGMENTS = st.sampled_from(["openai", "deployments", "dep", "v1", "chat", "completions", "models", "responses", "api"])


@given(st.lists(SEGMENTS, max_size=6), st.sampled_from(["", "?api-version=2024-10-21", "?api-version=preview"]))
def test_an_endpoint_leads_to_itself(segments: list[str], query: str) -> None:
    """Whatever the path, the endpoint pasted again stays as it is."""
    base = HOST + "".join(f"/{segment}" for segment in segments) + query
    settings = given_settings(model="gpt")
    try:
        address = find_deployment(base, settings)
    except ConfigError:
        return
    assert find_deployment(address.url, settings).url == address.url
    assert address.url.partition("?")[0].endswith(("/chat/completions", "/responses"))
