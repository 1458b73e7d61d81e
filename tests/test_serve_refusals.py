"""What `xrouter serve` tells the official SDKs when a strict provider fails, and requests in the shapes of agents."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import aiohttp
import anthropic as anthropic_sdk
import openai as openai_sdk
import pytest
import pytest_asyncio

from tests.processes import Router
from tests.strict import anthropic, azure, cohere, gemini, openai
from tests.strict.exchange import Rules, Wire
from tests.strict.provider import Provider
from tests.talking import SCHEMA, Broken, Chat, Messages, Responses, Talk

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "a-key-of-the-provider-0123456789"
PROVIDERS: dict[str, tuple[Wire, str, dict[str, str]]] = {
    "openai": (openai, "gpt-4o", {"PROVIDER": "openai"}),
    "anthropic": (anthropic, "claude-opus-5-5", {"PROVIDER": "anthropic"}),
    "gemini": (gemini, "gemini-3-flash-preview", {"PROVIDER": "gemini"}),
    "cohere": (cohere, "command-a-03-2025", {"PROVIDER": "cohere"}),
    "azure": (azure, "mine", {"PROVIDER": "azure_openai", "DEPLOYMENT": "mine", "API_VERSION": "2024-10-21"}),
}
CLIENTS: dict[str, type[Talk]] = {"chat": Chat, "responses": Responses, "messages": Messages}


class House(NamedTuple):
    """A provider and the router in front of it."""

    provider: Provider
    router: Router


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=PROVIDERS)
async def house(request: pytest.FixtureRequest) -> AsyncIterator[House]:
    """Each provider in turn."""
    wire, model, named = PROVIDERS[request.param]
    async with Provider(wire, Rules(key=KEY, models=frozenset({model}))) as provider:
        settings = {"API_KEY": KEY, "MODEL": model, "BASE_URL": provider.url, **named}
        env = {f"FRONTIER_{name}": value for name, value in settings.items()}
        async with Router({"CLASSIFIER_ENABLED": "false", **env}) as router:
            yield House(provider, router)


class Failed(NamedTuple):
    """An SDK's exception: its status, its body's error, and when to come back."""

    status: int
    error: dict[str, Any]
    retry_after: str | None


async def fails(house: House, client: str, text: str, *, stream: bool) -> Failed:
    """What a request fails with."""
    talk = CLIENTS[client](house.router.url, "any")
    with pytest.raises((openai_sdk.APIStatusError, anthropic_sdk.APIStatusError)) as caught:
        await talk.ask(text, stream=stream)
    error: Any = caught.value
    told = error.body.get("error", error.body)
    return Failed(error.status_code, told, error.response.headers.get("retry-after"))


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("client", CLIENTS)
async def test_too_many_requests(house: House, client: str, *, stream: bool) -> None:
    """Wherever the provider says when to come back, the client hears it."""
    failed = await fails(house, client, "Hello @@limit", stream=stream)
    assert (failed.status, failed.retry_after) == (429, "7")


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("client", CLIENTS)
async def test_too_long(house: House, client: str, *, stream: bool) -> None:
    """Each client hears of an overflow in the words that let it compact."""
    failed = await fails(house, client, "Hello @@overflow", stream=stream)
    assert failed.status == 400
    if client == "messages":
        assert failed.error["type"] == "invalid_request_error"
        assert "prompt is too long" in failed.error["message"]
    else:
        assert failed.error["code"] == "context_length_exceeded"


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(("marker", "statuses"), [("key", {401}), ("model", {404}), ("overloaded", {503, 529})])
async def test_other_refusals(house: House, client: str, marker: str, statuses: set[int]) -> None:
    """The provider's status and its words come through."""
    failed = await fails(house, client, f"Hello @@{marker}", stream=True)
    assert failed.status in statuses
    assert failed.error["message"]


@pytest.mark.parametrize("marker", ["@@fault", "@@cut", "@@fault @@bytes"])
@pytest.mark.parametrize("client", CLIENTS)
async def test_faults_in_a_stream(house: House, client: str, marker: str) -> None:
    """A stream that breaks never ends as if it were whole."""
    talk = CLIENTS[client](house.router.url, "any")
    with pytest.raises((openai_sdk.APIError, anthropic_sdk.APIError, Broken)):
        await talk.ask(f"Hello {marker}", stream=True)


TOOL = {"type": "function", "function": {"name": "exec", "description": "Runs", "strict": False, "parameters": SCHEMA}}
CLAW: dict[str, Any] = {
    "model": "auto",
    "messages": [
        {
            "role": "system",
            "content": "<!-- openclaw:attempt:STABLE -->\nYou help.\n<!-- /openclaw:attempt:STABLE -->"
            "<!-- openclaw:attempt:DYNAMIC -->\nToday.\n<!-- /openclaw:attempt:DYNAMIC -->",
        },
        {"role": "user", "content": "[Mon 2026-11-23 14:01 UTC] Look.\n\nRuntime: agent=main | sessionId=1 | host=x"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "call52", "type": "function", "function": {"name": "exec", "arguments": '{"city":"a"}'}},
                {"id": "call53", "type": "function", "function": {"name": "exec", "arguments": ""}},
            ],
        },
        {"role": "tool", "tool_call_id": "call52", "content": "one"},
        {"role": "tool", "tool_call_id": "call53", "content": "two"},
        {"role": "user", "content": [{"type": "text", "text": "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>\nnone\n<<<END"}]},
        {"role": "user", "content": "And?"},
    ],
    "stream": True,
    "stream_options": {"include_usage": True},
    "tools": [TOOL],
    "tool_choice": "auto",
    "max_completion_tokens": 8192,
}
CODE: dict[str, Any] = {
    "model": "auto",
    "max_tokens": 32000,
    "stream": True,
    "system": [
        {"type": "text", "text": "x-anthropic-billing-header: cc_version=2;"},
        {"type": "text", "text": "You are an agent.", "cache_control": {"type": "ephemeral"}},
    ],
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "<system-reminder>\nnone\n</system-reminder>"},
                {"type": "text", "text": "Look.", "cache_control": {"type": "ephemeral"}},
            ],
        },
        {"role": "system", "content": [{"type": "text", "text": "Agents: none."}]},
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "I look."},
                {"type": "tool_use", "id": "toolu_01", "name": "Bash", "input": {"city": "a"}},
                {"type": "tool_use", "id": "toolu_02", "name": "Bash", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_01", "content": "one", "is_error": False},
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_02",
                    "content": [{"type": "text", "text": "two"}],
                    "is_error": True,
                    "cache_control": {"type": "ephemeral"},
                },
            ],
        },
    ],
    "tools": [{"name": "Bash", "description": "Runs", "input_schema": {**SCHEMA, "additionalProperties": False}}],
    "metadata": {"user_id": '{"device_id":"d"}'},
    "thinking": {"type": "adaptive", "display": "omitted"},
    "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    "output_config": {"effort": "high"},
}
CODEX: dict[str, Any] = {
    "model": "auto",
    "stream": True,
    "store": False,
    "instructions": "You code.",
    "input": [
        {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Rules."}]},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "<environment>"}]},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Look."}]},
        {"type": "reasoning", "summary": [], "encrypted_content": "of-somebody-else"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I look."}]},
        {"type": "function_call", "call_id": "call_1", "name": "shell", "arguments": '{"city":"a"}'},
        {"type": "function_call", "call_id": "call_2", "name": "shell", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "one"},
        {"type": "function_call_output", "call_id": "call_2", "output": [{"type": "input_text", "text": "two"}]},
    ],
    "tools": [
        {"type": "function", "name": "shell", "description": "Runs", "strict": False, "parameters": SCHEMA},
        {"type": "web_search", "external_web_access": False},
    ],
    "tool_choice": "auto",
    "parallel_tool_calls": True,
    "reasoning": {"effort": "medium", "summary": "auto"},
    "include": ["reasoning.encrypted_content"],
    "prompt_cache_key": "k",
    "client_metadata": {"thread_id": "t"},
}
AGENTS = {
    "/v1/chat/completions": (CLAW, b"data: [DONE]"),
    "/v1/messages?beta=true": (CODE, b"event: message_stop"),
    "/v1/responses": (CODEX, b"event: response.completed"),
}
"""Where an agent asks → how, and what its stream ends with."""


@pytest.mark.parametrize("path", AGENTS)
async def test_agents(house: House, path: str) -> None:
    """What OpenClaw, Claude Code and Codex send in the middle of a tool loop is taken by every provider."""
    house.provider.refused.clear()
    body, end = AGENTS[path]
    headers = {"Content-Type": "application/json", "anthropic-version": "2023-06-01", "x-api-key": "any"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(house.router.url + path, data=json.dumps(body), headers=headers) as answer,
    ):
        said = await answer.read()
    assert house.provider.refused == []
    assert answer.status == 200, said
    assert end in said
