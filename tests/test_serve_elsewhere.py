"""`xrouter serve` beside the chat endpoints: count_tokens, other /v1 paths, the list of models in Anthropic's shape."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from tests.asking import dial, one_tier
from tests.fakes import Call, FakeProvider, Handler
from tests.processes import Router

MESSAGES: Any = {"model": "claude-x", "messages": [{"role": "user", "content": "Hello " * 100}]}
KEY = "sk-provider-secret-0123456789"


async def ask(router: Router, method: str, path: str, **more: Any) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an answer."""
    async with aiohttp.ClientSession() as session, session.request(method, router.url + path, **more) as answer:
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}, await answer.read()


def says(value: Any, status: int = 200) -> Handler:
    """A provider that answers with this JSON."""

    async def handler(call: Call) -> None:
        await call.reply_json(value, status)

    return handler


def anthropic(provider: FakeProvider) -> dict[str, str]:
    """The frontier tier at a provider that speaks Anthropic's dialect."""
    return one_tier(provider, FRONTIER_PROVIDER="anthropic", FRONTIER_API_KEY=KEY, FRONTIER_MODEL="claude-there")


async def test_tokens_are_counted_by_the_provider() -> None:
    """A provider that speaks Anthropic's dialect counts: it gets the body with its model's name, and its key."""
    async with FakeProvider() as provider, Router(anthropic(provider)) as router:
        provider.handler = says({"input_tokens": 321})
        status, _, body = await ask(router, "POST", "/v1/messages/count_tokens?beta=true", json=MESSAGES)
    (call,) = provider.calls
    assert (status, json.loads(body)) == (200, {"input_tokens": 321})
    assert call.path.endswith("/v1/messages/count_tokens")
    assert call.json == {**MESSAGES, "model": "claude-there"}
    assert call.headers["x-api-key"] == KEY


async def test_refused_count_is_told() -> None:
    """The provider's error comes in Anthropic's shape, with its status."""
    async with FakeProvider() as provider, Router(anthropic(provider)) as router:
        provider.handler = says({"type": "error", "error": {"type": "rate_limit_error", "message": "slow"}}, 429)
        status, _, body = await ask(router, "POST", "/v1/messages/count_tokens", json=MESSAGES)
    assert (status, json.loads(body)["error"]) == (429, {"type": "rate_limit_error", "message": "slow"})


@pytest.mark.parametrize("speaks", ["anthropic", "openai"])
async def test_tokens_are_estimated_where_nobody_counts(speaks: str) -> None:
    """Without a provider that can count the answer is an estimate, never 0 and never an error."""
    async with FakeProvider() as provider:
        provider.handler = says({"error": {"message": "no such path"}}, 404)
        env = anthropic(provider) if speaks == "anthropic" else one_tier(provider)
        async with Router(env) as router:
            status, _, body = await ask(router, "POST", "/v1/messages/count_tokens", json=MESSAGES)
    assert status == 200
    assert 100 <= json.loads(body)["input_tokens"] <= 200


async def test_other_paths_are_refused_clearly() -> None:
    """Without `server.passthrough` the answer names what exists and the setting."""
    async with FakeProvider() as provider, Router(one_tier(provider)) as router:
        status, _, body = await ask(router, "POST", "/v1/embeddings", json={"input": "x"})
    said = json.loads(body)["error"]["message"]
    assert status == 404
    assert "/v1/chat/completions" in said
    assert "server.passthrough" in said
    assert not provider.calls


async def elsewhere(provider: FakeProvider, tmp_path: Any, **env: str) -> Router:
    """A router that passes other paths to its frontier tier."""
    settings = tmp_path / "config.toml"
    settings.write_text('[server]\npassthrough = "frontier"\n')
    return Router(one_tier(provider, XROUTER_CONFIG=str(settings), FRONTIER_API_KEY=KEY, **env), home=tmp_path / "home")


async def test_embeddings_pass_unchanged_and_are_booked(tmp_path: Any) -> None:
    """The body goes out and the answer comes back byte for byte; what was used is in /usage."""
    sent, answer = b'{ "input": ["a","b"],"model":"embed-1" }', b'{"data": [], "usage": {"prompt_tokens": 8}}\n'

    async def handler(call: Call) -> None:
        await call.reply(answer, headers={"content-type": "application/json; x=1", "set-cookie": "a=b"})

    async with FakeProvider(handler) as provider, await elsewhere(provider, tmp_path) as router:
        headers = {"content-type": "application/json", "authorization": "Bearer mine"}
        got = await ask(router, "POST", "/v1/embeddings?x=1", data=sent, headers=headers)
        _, _, usage = await ask(router, "GET", "/usage")
    (call,) = provider.calls
    assert (got[0], got[2], got[1]["content-type"]) == (200, answer, "application/json; x=1")
    assert "set-cookie" not in got[1]
    assert (call.path, call.body) == ("/v1/embeddings?x=1", sent)
    assert call.headers["authorization"] == f"Bearer {KEY}"
    assert json.loads(usage)["frontier"]["prompt_tokens"] == 8


async def test_uploads_and_sounds_pass(tmp_path: Any) -> None:
    """Content types other than JSON go both ways."""
    sound = bytes(range(256)) * 100

    async def handler(call: Call) -> None:
        await call.begin(headers={"content-type": "audio/mpeg"})
        await call.send(sound)
        await call.end()

    async with FakeProvider(handler) as provider, await elsewhere(provider, tmp_path) as router:
        form = aiohttp.FormData()
        form.add_field("file", b"\x00\xff", filename="a.wav", content_type="audio/wav")
        status, headers, body = await ask(router, "POST", "/v1/audio/transcriptions", data=form)
    assert (status, headers["content-type"], body) == (200, "audio/mpeg", sound)
    assert provider.calls[0].headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'filename="a.wav"' in provider.calls[0].body


async def test_errors_elsewhere_pass_without_our_key(tmp_path: Any) -> None:
    """The provider's refusal keeps its status and words; a key that it quotes is masked."""
    refusal = {"error": {"message": f"bad key {KEY}"}}
    async with FakeProvider(says(refusal, 401)) as provider, await elsewhere(provider, tmp_path) as router:
        status, _, body = await ask(router, "POST", "/v1/embeddings", json={"input": "x"})
    assert (status, json.loads(body)) == (401, {"error": {"message": "bad key ***"}})


async def test_models_in_anthropics_shape() -> None:
    """A client that speaks Anthropic's dialect gets the four names in its own form, with its own kind of key."""
    async with FakeProvider() as provider, Router(one_tier(provider, ROUTER_API_KEY="a-router-key")) as router:
        headers = {"anthropic-version": "2023-06-01", "x-api-key": "a-router-key"}
        status, _, body = await ask(router, "GET", "/v1/models", headers=headers)
        refused, _, why = await ask(router, "POST", "/v1/messages", json=MESSAGES)
    said = json.loads(body)
    assert status == 200
    assert [(row["type"], row["id"]) for row in said["data"]] == [
        ("model", name) for name in ("auto", "cheap", "medium", "frontier")
    ]
    assert (refused, json.loads(why)["type"], json.loads(why)["error"]["type"]) == (
        401,
        "error",
        "authentication_error",
    )


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"input_tokens": 0}', b'{"input_tokens": "9"}'])
async def test_what_is_no_count_is_estimated(body: bytes) -> None:
    """A page that is no count must not make a client compact at the wrong time."""

    async def handler(call: Call) -> None:
        await call.reply(body)

    async with FakeProvider(handler) as provider, Router(anthropic(provider)) as router:
        status, _, said = await ask(router, "POST", "/v1/messages/count_tokens", json=MESSAGES)
    assert status == 200
    assert 100 <= json.loads(said)["input_tokens"] <= 200


@pytest.mark.parametrize("kind", ["application/json", "text/html", ""])
async def test_error_pages_elsewhere_pass_without_our_key(tmp_path: Any, kind: str) -> None:
    """Whatever a refusal calls itself, our key in it is masked."""

    async def handler(call: Call) -> None:
        await call.reply(f"bad key {KEY} \u00fc".encode(), 403, {"content-type": kind} if kind else {})

    async with FakeProvider(handler) as provider, await elsewhere(provider, tmp_path) as router:
        status, _, body = await ask(router, "POST", "/v1/embeddings", json={"input": "x"})
    assert (status, body.decode()) == (403, "bad key *** \u00fc")


async def test_redirects_elsewhere_are_not_followed(tmp_path: Any) -> None:
    """Neither by the router, nor by the client: it would show the router's key to whoever is there."""

    async def handler(call: Call) -> None:
        await call.reply(b"", 302, {"location": "http://127.0.0.1:9/"})

    async with FakeProvider(handler) as provider, await elsewhere(provider, tmp_path) as router:
        status, headers, _ = await ask(router, "POST", "/v1/embeddings", json={"input": "x"}, allow_redirects=False)
    assert status == 502
    assert "location" not in headers
    assert len(provider.calls) == 1


@pytest.mark.parametrize("path", ["/v1/../admin", "/v1/%2e%2e/admin", "/v1/a/..%2f..%2Fadmin", "/v1/a/%5c..", "/v1/."])
async def test_no_path_leads_out_of_v1(tmp_path: Any, path: str) -> None:
    """A client must not reach other places of the provider with the router's key."""
    async with (
        FakeProvider(says({})) as provider,
        await elsewhere(provider, tmp_path) as router,
        dial(router) as client,
    ):
        await client.send("POST", path, b"{}")
        reply = await client.reply()
    assert reply.status == 404
    assert not provider.calls


async def test_streams_elsewhere_pass_as_they_come(tmp_path: Any) -> None:
    """Each piece goes out at once; a client that leaves frees the provider, and a cut is no clean end."""

    async def hesitates(call: Call) -> None:
        await call.begin()
        await call.send(b"data: one\n\n")
        await call.silence()

    async def breaks_off(call: Call) -> None:
        await call.begin()
        await call.send(b"data: one\n\n")
        call.close()

    async with FakeProvider(hesitates) as provider, await elsewhere(provider, tmp_path) as router:
        async with dial(router) as client:
            await client.send("POST", "/v1/audio/speech", b"{}")
            await client.until(b"data: one\n\n")
        async with asyncio.timeout(10):
            await provider.calls[0].gone.wait()
        provider.handler = breaks_off
        async with dial(router) as client:
            await client.send("POST", "/v1/audio/speech", b"{}")
            reply = await client.reply()
    assert (reply.status, reply.body, reply.whole) == (200, b"data: one\n\n", False)
