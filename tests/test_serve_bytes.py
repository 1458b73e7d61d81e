"""What passes through `xrouter serve` byte for byte, both ways, and which headers do."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.asking import KEYS, Reply, ask, one_tier, question
from tests.fakes import Call, FakeProvider, Handler, answers, chunk, chunks, completion, status, tokens
from tests.processes import Router

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROUTER_KEY = "the-router-key-0123456789"
OURS = {"Authorization": f"Bearer {ROUTER_KEY}"}
LEAD = b'{"model": "auto", "messages": [{"role": "user", "content": "hi"}]'


@pytest_asyncio.fixture(scope="module", loop_scope="module", name="shared")
async def _shared() -> AsyncIterator[tuple[FakeProvider, Router]]:
    async with FakeProvider() as provider, Router(one_tier(provider, ROUTER_API_KEY=ROUTER_KEY)) as router:
        yield provider, router


@pytest.fixture
def provider(shared: tuple[FakeProvider, Router]) -> FakeProvider:
    """The provider, with nothing on record and good manners."""
    shared[0].calls.clear()
    shared[0].handler = answers("one two")
    return shared[0]


@pytest.fixture
def router(shared: tuple[FakeProvider, Router]) -> Router:
    """The router in front of it, whose frontier is the model `frontier-1`."""
    return shared[1]


def sends(body: bytes, **headers: str) -> Handler:
    """A provider that answers with exactly these bytes."""

    async def handler(call: Call) -> None:
        await call.reply(body, headers={"Content-Type": "application/json", **headers})

    return handler


def streams(body: bytes, size: int = 1 << 20) -> Handler:
    """A provider that streams exactly these bytes, `size` of them a chunk."""

    async def handler(call: Call) -> None:
        await call.begin()
        for at in range(0, len(body), size):
            await call.send(body[at : at + size])
        await call.end()

    return handler


BODIES = {
    "as SDKs write it": LEAD + b"}",
    "white space": b' \r\n{\t"messages" : [ { "role":"user" } ] ,\n\t"model"\t:\n"auto" ,  "n" : 1 }\n ',
    "unknown members": LEAD + b', "brand_new": {"a": [null, {}]}, "": 0, "x": []}',
    "numbers as they are written": LEAD + b', "a": 1.0, "b": 1e400, "c": 123456789012345678901234567890, "d": -0.0}',
    "digits that floats lose": LEAD + b', "t": 0.1000000000000000055511151231257827, "e": 1E+2}',
    "unicode": LEAD + ', "user": "Zoë 漢字 🏳️‍🌈 \u2028"}'.encode(),
    "escapes": LEAD + rb', "user": "\u00e9\/\ud83d\ude00\ud800\u0000"}',
    "the word model elsewhere": LEAD.replace(b'"hi"', b'"\\"model\\": 1"') + b', "metadata": {"model": "auto"}}',
    "order of members": b'{"z": 1, "stream": false, "model": "auto", "a": 2, "messages": []}',
    "an image": LEAD.replace(b'"hi"', b'[{"type":"image_url","image_url":{"url":"' + b"QUJD" * 9000 + b'"}}]') + b"}",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_request(provider: FakeProvider, router: Router, body: bytes) -> None:
    """The provider gets the client's very bytes, with the model's name in their place."""
    reply = await ask(router, body, OURS)
    assert reply.status == 200
    assert provider.calls[-1].body == body.replace(b'"auto"', b'"frontier-1"', 1)


async def test_request_without_a_model(provider: FakeProvider, router: Router) -> None:
    """Where the client names no model, the name is added at the end."""
    await ask(router, b'{"messages": [], "n": 1.0 }', OURS)
    assert provider.calls[-1].body == b'{"messages": [], "n": 1.0 ,"model":"frontier-1"}'


async def test_request_that_names_a_member_twice(provider: FakeProvider, router: Router) -> None:
    """The last one counts, as it did for the router, and the provider cannot read another."""
    await ask(router, b'{"model": "auto", "messages": [], "n": 1, "n": 1.50, "model": "x"}', OURS)
    assert provider.calls[-1].body == b'{"model":"frontier-1","messages":[],"n":1.50}'


USAGE_WISHES = {
    "none": (b"", b',"stream_options":{"include_usage":true}'),
    "refused": (b', "stream_options": {"include_usage": false}', b', "stream_options": {"include_usage":true}'),
    "others kept": (b', "stream_options": {"x": 1.5}', b', "stream_options": {"x":1.5,"include_usage":true}'),
    "null": (b', "stream_options": null', b', "stream_options": {"include_usage":true}'),
    "asked for": (b', "stream_options": {"include_usage" : true}',) * 2,
}


@pytest.mark.parametrize(("sent", "got"), USAGE_WISHES.values(), ids=USAGE_WISHES)
async def test_stream_request(provider: FakeProvider, router: Router, sent: bytes, got: bytes) -> None:
    """A stream request has the wish for usage in it, and no other byte changed."""
    await ask(router, LEAD + b', "stream": true' + sent + b"}", OURS)
    assert provider.calls[-1].body == LEAD.replace(b"auto", b"frontier-1") + b', "stream": true' + got + b"}"


ANSWERS = {
    "odd white space": b'\n{ "choices" :[ {"message":{"content":"x"}} ],\r\n"usage" : null }\n\n',
    "unknown members": b'{"choices": [{"message": {"content": null, "annotations": []}, "new": 1}], "x": {"y": 1.0}}',
    "numbers": b'{"choices": [], "a": 1e400, "b": 123456789012345678901234567890, "usage": {"prompt_tokens": 3.0}}',
    "unicode": '{"choices": [{"message": {"content": "漢字 🌍 \\ud83d\\ude00"}}]}'.encode(),
    "a megabyte": json.dumps(completion("word " * 200_000)).encode(),
}


@pytest.mark.parametrize("body", ANSWERS.values(), ids=ANSWERS)
async def test_answer(provider: FakeProvider, router: Router, body: bytes) -> None:
    """The client gets the provider's very bytes."""
    provider.next(sends(body))
    reply = await ask(router, question("hi"), OURS)
    assert (reply.status, reply.body, reply.whole) == (200, body, True)


async def test_packed_answers(provider: FakeProvider, router: Router) -> None:
    """A provider that packs though nobody asked for it is unpacked, whole and streamed."""

    async def packs(call: Call) -> None:
        if call.json.get("stream"):
            await call.stream(chunks("one two"), gzip=True)
        else:
            await call.reply_json(completion("one two"), gzip=True)

    provider.next(packs, packs)
    for stream in (False, True):
        reply = await ask(router, question("hi", stream=stream), {**OURS, "Accept-Encoding": "gzip"})
        assert reply.text == "one two"
        assert "content-encoding" not in reply.headers
    assert provider.calls[-1].headers["accept-encoding"] == "identity"


def event(value: Any, end: str = "\n") -> bytes:
    """One event, in UTF-8 and not escaped."""
    return f"data: {json.dumps(value, ensure_ascii=False)}{end}{end}".encode()


def stream_of(*deltas: str, end: str = "\n") -> bytes:
    """A whole stream."""
    events = [chunk({"role": "assistant"}), *(chunk({"content": delta}) for delta in deltas), chunk({}, finish="stop")]
    return b"".join(event(each, end) for each in events) + f"data: [DONE]{end}{end}".encode()


ODD = b": ping\n\nevent: message\nid: 7\nretry: 100\ndata:" + stream_of("a")[5:] + b": bye\n\n"
STREAMS = {
    "plain": stream_of("one", " two"),
    "carriage returns": stream_of("one", " two", end="\r\n"),
    "comments and fields": ODD,
    "a large event": stream_of("a你" * 75_000),
    "words of many bytes": stream_of("héllo 你好", "🌍🏳️‍🌈"),
    "many events": stream_of(*(f"{number} " for number in range(500))),
    "data in lines": b'data: {"choices": [{"delta":\ndata: {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n',
    "a byte order mark": b"\xef\xbb\xbf" + stream_of("one"),
}
SIZES = {"one piece": 1 << 20, "byte by byte": 1, "in sevens": 7, "in thousands": 1000}
CASES = [
    pytest.param(STREAMS[kind], SIZES[size], id=f"{kind}, {size}")
    for kind in STREAMS
    for size in SIZES
    if len(STREAMS[kind]) / SIZES[size] < 5000
]


@pytest.mark.parametrize("wants_usage", [False, True])
@pytest.mark.parametrize(("body", "size"), CASES)
async def test_stream(provider: FakeProvider, router: Router, body: bytes, size: int, *, wants_usage: bool) -> None:
    """The client gets the provider's very bytes, however they are cut, asked for usage or not."""
    provider.next(streams(body, size))
    options = {"include_usage": wants_usage}
    reply = await ask(router, question("hi", stream=True, stream_options=options), OURS)
    assert (reply.status, reply.whole) == (200, True)
    assert reply.body == body
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
async def test_usage_chunk_is_left_out(provider: FakeProvider, router: Router, size: int, end: str) -> None:
    """Of a stream whose client has not asked for usage that one chunk is missing, and no event else."""
    usage = event({**chunk({}), "choices": [], "usage": tokens(3, 2)}, end)
    first, *rest = stream_of("one", " two", end=end).split(f"data: [DONE]{end}".encode())
    provider.next(streams(first + usage + f"data: [DONE]{end}".encode() + b"".join(rest), size))
    reply = await ask(router, question("hi", stream=True), OURS)
    assert b"usage" not in reply.body
    assert reply.body.split() == stream_of("one", " two").split()


async def test_usage_beside_words_stays(provider: FakeProvider, router: Router) -> None:
    """A chunk that has usage and words is passed on, also where usage was not asked for."""
    body = event({**chunk({"content": "x"}), "usage": tokens(3, 2)}) + stream_of()
    provider.next(streams(body))
    assert (await ask(router, question("hi", stream=True), OURS)).body == body


async def test_whole_answer_to_a_stream_request(provider: FakeProvider, router: Router) -> None:
    """A provider that answers a stream request in one piece is made into a stream."""
    provider.next(sends(json.dumps(completion("one two")).encode()))
    reply = await ask(router, question("hi", stream=True), OURS)
    assert reply.text == "one two"
    assert reply.body.endswith(b"data: [DONE]\n\n")
    assert b'"usage"' not in reply.body


@pytest.mark.parametrize("kind", ["application/octet-stream", "text/plain", "application/json", ""])
async def test_stream_under_another_name(provider: FakeProvider, router: Router, kind: str) -> None:
    """A stream is one whatever its content type says."""

    async def handler(call: Call) -> None:
        await call.begin(headers={"content-type": kind})
        await call.send(ODD)
        await call.end()

    provider.next(handler)
    reply = await ask(router, question("hi", stream=True), OURS)
    assert (reply.body, reply.whole) == (ODD, True)
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"


async def test_large_request(provider: FakeProvider, router: Router) -> None:
    """Eight megabytes go through, both ways."""
    text = "zü" * 2_700_000
    provider.next(answers(text))
    reply = await ask(router, json.dumps(question(text), ensure_ascii=False).encode(), OURS)
    assert (reply.status, reply.text == text) == (200, True)
    assert provider.calls[-1].json["messages"][0]["content"] == text


async def test_stream_without_its_mark(provider: FakeProvider, router: Router) -> None:
    """A stream that has its finish but no [DONE] gets one, behind the provider's very bytes."""
    body = stream_of("one").replace(b"data: [DONE]\n\n", b"")
    provider.next(streams(body))
    reply = await ask(router, question("hi", stream=True, stream_options={"include_usage": True}), OURS)
    assert reply.whole
    assert reply.body == body + b"\n\ndata: [DONE]\n\n"


SENT = {
    "User-Agent": "OpenAI/JS 7",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "X-Session-Affinity": "s-1",
    "OpenAI-Beta": "assistants=v2",
    "Cookie": "session=COOKIE-SECRET",
    "X-Api-Key": "X-API-SECRET",
    "Api-Key": "API-SECRET",
    "Proxy-Authorization": "Basic PROXY-SECRET",
    "X-Forwarded-For": "10.1.2.3",
    "X-Stainless-OS": "Linux",
    "OpenAI-Organization": "org-SECRET",
    "Accept-Language": "de",
    "Te": "trailers",
}
ALLOWED = {"user-agent", "traceparent", "x-session-affinity", "openai-beta"}
OF_THE_ROUTER = {"host", "content-type", "content-length", "accept-encoding", "authorization"}


async def test_request_headers(provider: FakeProvider, router: Router) -> None:
    """Of the client's headers those that are allowed reach the provider, and the router's key for it: nothing else."""
    assert (await ask(router, question("hi"), {**OURS, **SENT})).status == 200
    got = provider.calls[-1].headers
    assert set(got) == ALLOWED | OF_THE_ROUTER
    assert {name: got[name] for name in ALLOWED} == {n.lower(): v for n, v in SENT.items() if n.lower() in ALLOWED}
    assert got["authorization"] == f"Bearer {KEYS['frontier']}"
    everything = repr(provider.calls[-1].header_list) + provider.calls[-1].body.decode()
    assert "SECRET" not in everything
    assert ROUTER_KEY not in everything


@pytest.mark.parametrize("stream", [False, True])
async def test_answer_headers(provider: FakeProvider, router: Router, *, stream: bool) -> None:
    """Of the provider's headers the rate limits reach the client; cookies, its name and its connection do not."""
    given = {"X-RateLimit-Remaining-Tokens": "99", "openai-processing-ms": "12", "Set-Cookie": "a=b", "Server": "nginx"}
    given |= {"X-Request-Id": "theirs", "X-Xrouter-Decision": "7", "Access-Control-Allow-Origin": "*", "Via": "1.1 x"}

    async def handler(call: Call) -> None:
        if not stream:
            await call.reply_json(completion("hi"), headers=given)
            return
        await call.begin(headers=given)
        await call.send(stream_of("hi"))
        await call.end()

    provider.next(handler)
    got = (await ask(router, question("hi", stream=stream), {**OURS, "X-Request-Id": "mine"})).headers
    assert (got["x-ratelimit-remaining-tokens"], got["openai-processing-ms"]) == ("99", "12")
    assert (got["x-request-id"], got["x-xrouter-decision"]) == ("mine", "2")
    assert not {"set-cookie", "server", "access-control-allow-origin", "via"} & set(got)
    assert got["x-content-type-options"] == "nosniff"


OVERRIDES = """
[tiers.frontier]
reasoning_effort = "low"
max_output_tokens = 500
[tiers.frontier.body]
service_tier = "flex"
top_p = 0.5
provider = { order = ["a", "b"], "zoë" = 1.0 }
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module", name="overriding")
async def _overriding(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[FakeProvider, Router]]:
    """A router whose frontier has no model of its own and members that are merged into each request."""
    home: Path = tmp_path_factory.mktemp("home")
    (home / ".config/xrouter").mkdir(parents=True)
    (home / ".config/xrouter/config.toml").write_text(OVERRIDES, "utf-8")
    async with FakeProvider() as provider:
        env = {**one_tier(provider), "FRONTIER_MODEL": ""}
        async with Router(env, home=home) as router:
            yield provider, router


async def answer_of(overriding: tuple[FakeProvider, Router], **members: Any) -> tuple[Reply, dict[str, Any]]:
    """The answer, and what the provider was sent beside the messages."""
    provider, router = overriding
    reply = await ask(router, question("hi", **members))
    sent = provider.calls[-1].json if reply.status == 200 else {}
    sent.pop("messages", None)
    return reply, sent


async def test_members_of_a_tier(overriding: tuple[FakeProvider, Router]) -> None:
    """A tier's own members go into the request; its effort and limit only where the client has none."""
    always = {"service_tier": "flex", "top_p": 0.5, "provider": {"order": ["a", "b"], "zoë": 1.0}}
    _, sent = await answer_of(overriding, model="gpt-x", top_p=0.9)
    assert sent == {"model": "gpt-x", **always, "reasoning_effort": "low", "max_tokens": 500}
    _, sent = await answer_of(overriding, model="gpt-x", reasoning_effort="high", max_completion_tokens=9)
    assert sent == {"model": "gpt-x", **always, "reasoning_effort": "high", "max_tokens": 9}


@pytest.mark.parametrize("name", ["auto", "xrouter/auto", "frontier", "xrouter/frontier"])
async def test_tier_without_a_model(overriding: tuple[FakeProvider, Router], name: str) -> None:
    """Names that are no model's are a 400 which says what to set; nothing is sent."""
    before = len(overriding[0].calls)
    reply, _ = await answer_of(overriding, model=name)
    assert (reply.status, reply.error["param"]) == (400, "model")
    assert "FRONTIER_MODEL" in reply.error["message"]
    assert len(overriding[0].calls) == before


async def test_a_provider_that_knows_less(provider: FakeProvider) -> None:
    """Mistral gets its own names and nothing that it would refuse; what it did not get is in a header."""
    members: Any = {"max_completion_tokens": 8192, "seed": 7, "store": False, "stream_options": {"include_usage": True}}
    async with Router(one_tier(provider, FRONTIER_PROVIDER="mistral")) as router:
        reply = await ask(router, question("hi", stream=True, **members))
    sent = provider.chats[-1].json
    assert (sent["max_tokens"], sent["random_seed"]) == (8192, 7)
    assert not members.keys() & sent.keys()
    assert reply.headers["x-xrouter-dropped"] == "store, stream_options"


async def test_a_provider_that_refuses_to_tell_usage(provider: FakeProvider) -> None:
    """Where it refuses the member that the router added, it is asked again without it, and never so again."""

    async def strict(call: Call) -> None:
        if "stream_options" in call.json:
            await call.reply_json({"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs"}]}, 422)
        else:
            await answers("fine")(call)

    provider.handler = strict
    async with Router(one_tier(provider)) as router:
        replies = [await ask(router, question("hi", stream=True)) for _ in range(2)]
    assert [reply.text for reply in replies] == ["fine", "fine"]
    assert ["stream_options" in call.json for call in provider.chats] == [True, False, False]


async def test_a_client_whose_own_wish_is_refused(provider: FakeProvider) -> None:
    """What the client itself sent is the client's to hear about."""
    provider.handler = status(422, "stream_options: Extra inputs are not permitted")
    async with Router(one_tier(provider)) as router:
        reply = await ask(router, question("hi", stream=True, stream_options={"include_usage": True}))
    assert (reply.status, len(provider.chats)) == (422, 1)
