"""The official SDKs as clients of `xrouter serve`, across all providers' dialects, each as strict as the real one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from tests.processes import Router
from tests.strict import anthropic, azure, cohere, gemini, openai, script
from tests.strict.exchange import Rules, Wire
from tests.strict.provider import Provider
from tests.talking import Chat, Messages, Responses, Talk

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "a-key-of-the-provider-0123456789"
RESULTS = ("18 °C", '{"error":"no such city"}')


class Outbound(NamedTuple):
    """A provider: its wire format, its model, what the router is told of it, and whether it shows what it thinks."""

    wire: Wire
    model: str
    settings: dict[str, str]
    path: str = ""


def _to(provider: str, **more: str) -> dict[str, str]:
    return {"PROVIDER": provider, **more}


PROVIDERS: dict[str, Outbound] = {
    "openai": Outbound(openai, "gpt-4o", _to("openai"), "/v1"),
    "anthropic": Outbound(anthropic, "claude-sonnet-4-5", _to("anthropic")),
    "anthropic, adaptive": Outbound(anthropic, "claude-opus-5-5", _to("anthropic"), "/v1"),
    "gemini": Outbound(gemini, "gemini-3-flash-preview", _to("gemini")),
    "gemini, older": Outbound(gemini, "gemini-2.5-pro", _to("gemini"), "/v1beta"),
    "cohere": Outbound(cohere, "command-a-reasoning-08-2025", _to("cohere")),
    "azure": Outbound(azure, "mine", _to("azure_openai", DEPLOYMENT="mine", API_VERSION="2024-10-21")),
    "azure, v1": Outbound(azure, "mine", _to("azure_openai"), "/openai/v1"),
}
CLIENTS: dict[str, type[Talk]] = {"chat": Chat, "responses": Responses, "messages": Messages}
FINISHES = {
    "chat": ("tool_calls", "stop"),
    "responses": ("completed", "completed"),
    "messages": ("tool_use", "end_turn"),
}
"""How each client hears that tools are called, and that all is said."""


class House(NamedTuple):
    """A provider and the router in front of it."""

    name: str
    provider: Provider
    router: Router


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=PROVIDERS)
async def house(request: pytest.FixtureRequest) -> AsyncIterator[House]:
    """Each provider in turn."""
    outbound = PROVIDERS[request.param]
    rules = Rules(key=KEY, models=frozenset({outbound.model}))
    async with Provider(outbound.wire, rules) as provider:
        settings = {"API_KEY": KEY, "MODEL": outbound.model, "BASE_URL": provider.url + outbound.path}
        env = {f"FRONTIER_{name}": value for name, value in (settings | outbound.settings).items()}
        async with Router({"CLASSIFIER_ENABLED": "false", **env}) as router:
            yield House(request.param, provider, router)


@pytest.fixture
def taken(house: House) -> House:
    """The house with nothing on record."""
    house.provider.calls.clear()
    house.provider.refused.clear()
    return house


def talk_to(house: House, client: str, **how: Any) -> Talk:
    """A conversation that has not begun."""
    return CLIENTS[client](house.router.url, "any", **how)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("client", CLIENTS)
async def test_words(taken: House, client: str, *, stream: bool) -> None:
    """Plain words come through with their usage and their finish."""
    heard = await talk_to(taken, client).ask("Hello", stream=stream)
    assert (heard.text, heard.calls, heard.finish) == (script.HELLO, (), FINISHES[client][1])
    assert heard.used == (110, 40, 25)
    assert taken.provider.refused == []


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(("marker", "count"), [("@@tool", 1), ("@@parallel @@thirteen", 2)])
async def test_tool_loop(taken: House, client: str, marker: str, count: int, *, stream: bool) -> None:
    """Calls come through with names and arguments, their results go back, and the answer quotes them."""
    talk = talk_to(taken, client)
    heard = await talk.ask(f"Warm? {marker}", stream=stream)
    assert [(call.name, call.arguments) for call in heard.calls] == [
        ("weather", {"city": city}) for city in script.CITIES[:count]
    ]
    assert (heard.finish, heard.used) == (FINISHES[client][0], (110, 40, 25))
    assert script.PLAN in heard.text + heard.thought
    heard = await talk.give(*RESULTS[:count], stream=stream)
    assert (heard.text, heard.calls) == (script.quoted(*RESULTS[:count]), ())
    assert (heard.finish, heard.used) == (FINISHES[client][1], (110, 40, 25))
    assert taken.provider.refused == []


@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("client", CLIENTS)
async def test_thoughts_in_a_tool_loop(taken: House, client: str, *, stream: bool, keeps: bool) -> None:
    """A model that thinks gets its thoughts back with their seals, whether or not the client keeps them.

    Between the same dialect nothing is put in that the client left out, nor is its way to ask for thoughts changed.
    """
    is_raw = client == "messages" and taken.name.startswith("anthropic")
    thinks = "adaptive" if is_raw and taken.name.endswith("adaptive") else "budget"
    talk = talk_to(taken, client, thinks=thinks, keeps=keeps or is_raw)
    first = await talk.ask("Warm? @@parallel @@bytes", stream=stream)
    assert [call.arguments for call in first.calls] == [{"city": city} for city in script.CITIES]
    second = await talk.give(*RESULTS, stream=stream)
    assert second.text == script.quoted(*RESULTS)
    third = await talk.ask("And now? @@tool", stream=stream)
    assert [call.arguments for call in third.calls] == [{"city": script.CITIES[0]}]
    fourth = await talk.give(RESULTS[0], stream=stream)
    assert fourth.text == script.quoted(RESULTS[0])
    assert taken.provider.refused == []


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("client", CLIENTS)
async def test_length(taken: House, client: str, *, stream: bool) -> None:
    """An answer that ran into its limit says so."""
    heard = await talk_to(taken, client).ask("Hello @@length", stream=stream)
    ends = {"chat": "length", "responses": "incomplete", "messages": "max_tokens"}
    assert (heard.text, heard.finish) == (script.HELLO, ends[client])
