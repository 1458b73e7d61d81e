"""`xrouter serve` between dialects, as the wire shows it: what is left out, refused or broken off, and what passes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from tests.asking import Reply, dial
from tests.fakes import Call, FakeProvider
from tests.processes import Router
from tests.strict import anthropic, azure, cohere, gemini, openai, script
from tests.strict.exchange import Wire
from tests.strict.provider import Provider

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "a-key-of-the-provider-0123456789"
CHAT, RESPONSES, MESSAGES = "/v1/chat/completions", "/v1/responses", "/v1/messages"
PROVIDERS: dict[str, tuple[Wire, str, dict[str, str]]] = {
    "openai": (openai, "gpt-4o", {"PROVIDER": "openai"}),
    "anthropic": (anthropic, "claude-sonnet-4-5", {"PROVIDER": "anthropic"}),
    "gemini": (gemini, "gemini-3-flash", {"PROVIDER": "gemini"}),
    "cohere": (cohere, "command-a-03-2025", {"PROVIDER": "cohere"}),
    "azure": (azure, "mine", {"PROVIDER": "azure_openai", "DEPLOYMENT": "mine", "API_VERSION": "2024-10-21"}),
}


class House(NamedTuple):
    """A provider and the router in front of it."""

    provider: Provider
    router: Router


def settings(url: str, model: str, **more: str) -> dict[str, str]:
    """The environment of a router with one tier."""
    tier = {"BASE_URL": url, "API_KEY": KEY, "MODEL": model, **more}
    return {"CLASSIFIER_ENABLED": "false", **{f"FRONTIER_{name}": value for name, value in tier.items()}}


@pytest_asyncio.fixture(scope="module", loop_scope="module", name="houses")
async def _houses() -> AsyncIterator[dict[str, House]]:
    """All providers, with a router each."""
    async with AsyncExitStack() as stack:
        made: dict[str, House] = {}
        for name, (wire, model, more) in PROVIDERS.items():
            provider = await stack.enter_async_context(Provider(wire))
            router = await stack.enter_async_context(Router(settings(provider.url, model, **more)))
            made[name] = House(provider, router)
        yield made


async def post(router: Router, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Reply:
    """The answer to a request on a connection of its own."""
    async with dial(router) as client:
        await client.send("POST", path, body, headers)
        return await client.reply()


def question(path: str, text: str, **members: Any) -> dict[str, Any]:
    """A request of one message, as it is written there."""
    if path == RESPONSES:
        return {"model": "auto", "input": text, **members}
    limit = {"max_tokens": 500} if path == MESSAGES else {}
    return {"model": "auto", "messages": [{"role": "user", "content": text}], **limit, **members}


# What is left out is named; what would change the meaning is refused.

KNOBS: dict[str, Any] = {
    "seed": 7,
    "logit_bias": {"50256": -100},
    "presence_penalty": 0.5,
    "frequency_penalty": 0.5,
    "user": "somebody",
    "metadata": {"a": "b"},
    "store": False,
}
DROPPED = {
    "anthropic": {"seed", "logit_bias", "presence_penalty", "frequency_penalty"},
    "gemini": {"logit_bias"},
    "cohere": {"logit_bias"},
}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("name", DROPPED)
async def test_dropped(houses: dict[str, House], name: str, *, stream: bool) -> None:
    """What the provider has nothing for is named in a header; hints are not."""
    reply = await post(houses[name].router, CHAT, question(CHAT, "Hello", stream=stream, **KNOBS))
    assert reply.status == 200
    assert set(reply.headers["x-xrouter-dropped"].split(", ")) == DROPPED[name]


async def test_nothing_dropped(houses: dict[str, House]) -> None:
    """Where all of it has a place no such header is sent."""
    reply = await post(houses["openai"].router, CHAT, question(CHAT, "Hello", **KNOBS))
    assert (reply.status, "x-xrouter-dropped" in reply.headers) == (200, False)


def said(*parts: Any) -> list[Any]:
    """Messages of one user's message with these parts."""
    return [{"role": "user", "content": [{"type": "text", "text": "What is this?"}, *parts]}]


PICTURE = {"type": "image_url", "image_url": {"url": "https://pictures.invalid/cat.png"}}
SOUND = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
SHAPE = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object", "properties": {}}}}
UNSAYABLE: dict[str, tuple[str, dict[str, Any], str]] = {
    "picture's address to gemini": ("gemini", {"messages": said(PICTURE)}, "messages"),
    "sound to anthropic": ("anthropic", {"messages": said(SOUND)}, "messages"),
    "sound to cohere": ("cohere", {"messages": said(SOUND)}, "messages"),
    "two answers of anthropic": ("anthropic", {"n": 2}, "n"),
    "two answers of cohere": ("cohere", {"n": 2}, "n"),
    "a format beside tools at cohere": ("cohere", {"tools": [TOOL], "response_format": SHAPE}, "response_format"),
    "spoken words of anthropic": ("anthropic", {"modalities": ["text", "audio"]}, "modalities"),
    "spoken words of gemini": ("gemini", {"modalities": ["text", "audio"]}, "modalities"),
}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(("name", "members", "param"), UNSAYABLE.values(), ids=UNSAYABLE)
async def test_unsayable(
    houses: dict[str, House], name: str, members: dict[str, Any], param: str, *, stream: bool
) -> None:
    """What the provider cannot be asked is a 400 that names the member, and the provider is not asked at all."""
    house = houses[name]
    house.provider.calls.clear()
    reply = await post(house.router, CHAT, question(CHAT, "Hello", stream=stream) | members)
    assert (reply.status, reply.error["param"]) == (400, param)
    assert reply.error["code"] == "unsupported_parameter"
    assert house.provider.calls == []


# A provider's error is told in the words of the one who asks.

ERRORS: dict[str, tuple[int, str]] = {
    "key": (401, "authentication_error"),
    "model": (404, "not_found_error"),
    "limit": (429, "rate_limit_error"),
    "overflow": (400, "invalid_request_error"),
}
"""Marker → status and Anthropic's name of it, whatever the provider calls it."""
foreign = pytest.mark.parametrize(
    ("path", "name"),
    [
        (path, name)
        for path in (CHAT, RESPONSES, MESSAGES)
        for name in PROVIDERS
        if (path, name) not in {(MESSAGES, "anthropic"), (CHAT, "openai"), (CHAT, "azure")}
    ],
)


@foreign
@pytest.mark.parametrize("marker", ERRORS)
async def test_shape_of_errors(houses: dict[str, House], path: str, name: str, marker: str) -> None:
    """Status, shape and name are those of the client's own API."""
    reply = await post(houses[name].router, path, question(path, f"Hello @@{marker}", stream=True))
    status, kind = ERRORS[marker]
    assert (reply.status, reply.headers["content-type"]) == (status, "application/json")
    if path == MESSAGES:
        assert reply.json["type"] == "error"
        assert reply.json["error"]["type"] == kind
        assert reply.json["error"]["message"]
    else:
        assert reply.error["message"]
        assert KEY not in reply.body.decode()


@foreign
@pytest.mark.parametrize("marker", ["@@fault", "@@cut", "@@cut @@bytes"])
async def test_end_of_a_broken_stream(houses: dict[str, House], path: str, name: str, marker: str) -> None:
    """Words that came stay; then stands the client's own error event, and nothing that says it ended well."""
    reply = await post(houses[name].router, path, question(path, f"Hello {marker}", stream=True))
    assert reply.status == 200
    *words, last = reply.body.decode().strip().split("\n\n")
    assert script.HELLO[:3] in "".join(words)
    assert last.startswith(_FAILURES[path])
    assert not [end for end in _GOOD_ENDS if end in reply.body]


_FAILURES = {CHAT: 'data: {"error":', RESPONSES: "event: response.failed\n", MESSAGES: "event: error\n"}
_GOOD_ENDS = (b"[DONE]", b"response.completed", b"message_stop", b'"finish_reason":"stop"')


# Where both ends speak the same dialect every byte passes.

CLAUDE = (
    b'{ "model": "auto","max_tokens" : 5e1, "messages": [{"role":"user","content":"Caf\\u00e9 \\ud83d 1.0"}],'
    b'"brand_new": {"x": [1.0, 1e400, null]}, "thinking":{"type":"adaptive"}, "betas": [] }'
)
RESPONSE = (
    b'{"input" : [{"type":"brand_new","x":1.0},{"role":"user","content":"\\u00e9"}],"model":"auto", "store":false,'
    b' "include": ["reasoning.encrypted_content"], "new": 1e400}'
)
ANSWER = b'{"odd" : 1.0, "type":"message","content":[{"type":"new_block","x":1}],"usage":{"input_tokens":3,"new":1}}\n'
EVENTS = (
    b'event: message_start\ndata: {"type": "message_start", "message":{"usage":{"input_tokens":3}}}\n\n'
    b': comment\n\nevent: new_event\ndata: {"type":"new_event" , "x":1.0}\n\n'
    b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{}}\n\n'
    b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
)
DONE = (
    b'event: response.created\ndata: {"type":"response.created" , "response":{}}\n\n'
    b'event: response.brand_new\ndata: {"type":"response.brand_new"}\n\n'
    b'event: response.completed\ndata: {"type":"response.completed","response":{"status":"completed", "x": 1.0}}\n\n'
)
RESPONDED = b'{"object":"response","status" : "completed","output":[{"type":"new_item"}],"x":1.0}'
HEADERS = {
    "anthropic-version": "2023-01-01",
    "anthropic-beta": "one-2025-01-01,two-2025-01-01",
    "x-api-key": "the-clients-own",
    "openai-beta": "responses=v9",
}
SAME: dict[str, tuple[str, str, bytes, bytes, bytes]] = {
    "anthropic": ("/v1/messages?beta=true", "/v1/messages", CLAUDE, ANSWER, EVENTS),
    "responses": ("/v1/responses", "/v1/responses", RESPONSE, RESPONDED, DONE),
}
"""(where the client asks, where the router does, the request, a whole answer, a streamed one)."""


def says(body: bytes, kind: str) -> Any:
    """A handler that answers with these bytes, a few at a time where they are a stream."""

    async def handler(call: Call) -> None:
        if kind == "application/json":
            await call.reply(body, headers={"content-type": kind})
            return
        await call.begin()
        for at in range(0, len(body), 23):
            await call.send(body[at : at + 23])
        await call.end()

    return handler


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("dialect", SAME)
async def test_same_dialect(dialect: str, *, stream: bool) -> None:
    """Members, events and headers that nobody here knows pass both ways, byte for byte; only `model` is another."""
    path, there, request, whole, events = SAME[dialect]
    if stream:
        request = request.rstrip()[:-1] + b',"stream":true}'
    async with AsyncExitStack() as stack:
        answer = says(events, "text/event-stream") if stream else says(whole, "application/json")
        provider = await stack.enter_async_context(FakeProvider(answer))
        named = {"PROVIDER": "anthropic"} if dialect == "anthropic" else {"PROVIDER": "openai"}
        router = Router(settings(provider.root + there, "the-model", **named))
        await stack.enter_async_context(router)
        reply = await post(router, path, request, HEADERS)
        (call,) = provider.calls
    assert (reply.status, reply.body, reply.whole) == (200, events if stream else whole, True)
    assert call.body == request.replace(b'"auto"', b'"the-model"')
    assert call.path.partition("?")[0] == there
    beta = {name: call.headers.get(name) for name in ("anthropic-beta", "anthropic-version", "openai-beta")}
    ours = {name: HEADERS.get(name) for name in beta}
    mine = ("anthropic-beta", "anthropic-version") if dialect == "anthropic" else ("openai-beta",)
    assert beta == {name: ours[name] if name in mine else None for name in beta}
    assert KEY in (call.headers.get("x-api-key"), call.headers.get("authorization", "")[7:])
