"""`xrouter serve` as the official OpenAI SDK sees it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import openai
import pytest
import pytest_asyncio
from openai import AsyncOpenAI, OpenAI

from tests.asking import one_tier
from tests.fakes import Call, FakeProvider, Handler, answers, chunk, chunks, completion, status, tokens
from tests.processes import Router

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "the-router-key-0123456789"
SAID = "Paris is the capital."
ASK: Any = {"model": "auto", "messages": [{"role": "user", "content": "What is the capital of France?"}]}
TOOL: Any = {"type": "function", "function": {"name": "weather", "strict": True, "parameters": {"type": "object"}}}
T = TypeVar("T")


@pytest_asyncio.fixture(scope="module", loop_scope="module", name="shared")
async def _shared() -> AsyncIterator[tuple[FakeProvider, Router]]:
    async with FakeProvider() as provider, Router(one_tier(provider, ROUTER_API_KEY=KEY)) as router:
        yield provider, router


@pytest.fixture
def provider(shared: tuple[FakeProvider, Router]) -> FakeProvider:
    """The provider, with nothing on record and good manners."""
    shared[0].calls.clear()
    shared[0].handler = answers(SAID, usage=tokens(11, 4, cached=3, reasoning=2))
    return shared[0]


@pytest.fixture
def router(shared: tuple[FakeProvider, Router]) -> Router:
    """The router in front of it."""
    return shared[1]


@pytest_asyncio.fixture(loop_scope="module")
async def client(router: Router) -> AsyncIterator[AsyncOpenAI]:
    """The SDK's asynchronous client, which asks once."""
    async with AsyncOpenAI(base_url=f"{router.url}/v1", api_key=KEY, max_retries=0, timeout=20) as made:
        yield made


async def in_sync(router: Router, use: Callable[[OpenAI], T]) -> T:
    """What a program of the synchronous client gives."""

    def run() -> T:
        with OpenAI(base_url=f"{router.url}/v1", api_key=KEY, max_retries=0, timeout=20) as made:
            return use(made)

    return await asyncio.to_thread(run)


async def collect(client: AsyncOpenAI, **ask: Any) -> list[Any]:
    """All chunks of a stream."""
    return [piece async for piece in await client.chat.completions.create(**{**ASK, "stream": True, **ask})]


async def hear(stream: AsyncIterator[Any], heard: list[Any]) -> None:
    """Add each chunk as it comes, so that those before a fault are known."""
    while (piece := await anext(stream, None)) is not None:
        heard.append(piece)


def words(pieces: list[Any]) -> str:
    """What the chunks say."""
    return "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)


async def test_whole_answer(provider: FakeProvider, client: AsyncOpenAI) -> None:
    """A whole answer has its words and its usage, with the cached tokens."""
    said = await client.chat.completions.create(**ASK)
    assert said.choices[0].message.content == SAID
    assert said.usage is not None
    assert said.usage.prompt_tokens_details is not None
    assert (said.usage.prompt_tokens, said.usage.prompt_tokens_details.cached_tokens) == (11, 3)


async def test_streamed_answer(provider: FakeProvider, client: AsyncOpenAI) -> None:
    """A stream has its words one by one and its finish."""
    pieces = await collect(client)
    assert words(pieces) == SAID
    assert len(pieces) == len(chunks(SAID))
    assert pieces[-1].choices[0].finish_reason == "stop"


async def test_synchronous_client(provider: FakeProvider, router: Router) -> None:
    """The synchronous client gets both kinds of answers."""
    said = await in_sync(router, lambda sdk: sdk.chat.completions.create(**ASK))
    assert said.choices[0].message.content == SAID
    pieces = await in_sync(router, lambda sdk: list(sdk.chat.completions.create(**ASK, stream=True)))
    assert words(pieces) == SAID


async def test_stream_helper(provider: FakeProvider, client: AsyncOpenAI) -> None:
    """The SDK's own assembly of a stream agrees with the whole answer."""
    async with client.chat.completions.stream(**ASK, stream_options={"include_usage": True}) as stream:
        said = await stream.get_final_completion()
    assert said.choices[0].message.content == SAID
    assert said.usage is not None
    assert said.usage.total_tokens == 15


@pytest.mark.parametrize(("options", "count"), [({"include_usage": True}, 1), ({"include_usage": False}, 0), (None, 0)])
async def test_usage_chunk(
    provider: FakeProvider, client: AsyncOpenAI, options: dict[str, bool] | None, count: int
) -> None:
    """The usage comes once where it was asked for and never else, though the provider is always asked for it."""
    pieces = await collect(client, **({"stream_options": options} if options else {}))
    assert [piece.usage.prompt_tokens for piece in pieces if piece.usage] == [11] * count
    assert sum(not piece.choices for piece in pieces) == count
    assert words(pieces) == SAID
    assert provider.calls[-1].json["stream_options"] == {"include_usage": True}


async def test_tool_calls(provider: FakeProvider, client: AsyncOpenAI) -> None:
    """A tool call comes whole, and the conversation with its result goes to the provider as the SDK wrote it."""
    call = {"id": "call_52", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Köln"}'}}

    async def calls_a_tool(asked: Call) -> None:
        answer = completion("")
        answer["choices"][0] |= {"message": {"role": "assistant", "content": None, "tool_calls": [call]}}
        await asked.reply_json(answer)

    provider.next(calls_a_tool)
    said = await client.chat.completions.create(**ASK, tools=[TOOL], tool_choice="auto")
    assert said.choices[0].message.tool_calls is not None
    assert said.choices[0].message.tool_calls[0].model_dump(exclude_none=True) == call
    result = {"role": "tool", "tool_call_id": "call_52", "content": "9 °C, rain"}
    turns: Any = [*ASK["messages"], {"role": "assistant", "content": None, "tool_calls": [call]}, result]
    await client.chat.completions.create(model="auto", messages=turns, tools=[TOOL])
    sent = provider.calls[-1].json
    assert sent == {"model": "frontier-1", "messages": turns, "tools": [TOOL]}


async def test_tool_call_in_fragments(provider: FakeProvider, client: AsyncOpenAI) -> None:
    """Two parallel tool calls are put together from their fragments."""

    def fragment(index: int, arguments: str, **first: Any) -> dict[str, Any]:
        function = {"arguments": arguments} | ({"name": first.pop("name")} if first else {})
        return chunk({"tool_calls": [{"index": index, **first, "function": function}]})

    async def calls_tools(asked: Call) -> None:
        events = [chunk({"role": "assistant", "content": None})]
        events += [fragment(0, "", id="call_1", type="function", name="weather"), fragment(0, '{"city"')]
        events += [fragment(0, ': "Rome"}'), fragment(1, "{}", id="call_2", type="function", name="weather")]
        await asked.stream([*events, chunk({}, finish="tool_calls")])

    provider.next(calls_tools)
    tool: Any = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
    async with client.chat.completions.stream(**ASK, tools=[tool]) as stream:
        said = await stream.get_final_completion()
    calls = said.choices[0].message.tool_calls
    assert calls is not None
    assert [(one.id, one.function.arguments) for one in calls] == [("call_1", '{"city": "Rome"}'), ("call_2", "{}")]
    assert said.choices[0].finish_reason == "tool_calls"


ERRORS = [
    (400, openai.BadRequestError),
    (401, openai.AuthenticationError),
    (403, openai.PermissionDeniedError),
    (404, openai.NotFoundError),
    (422, openai.UnprocessableEntityError),
    (429, openai.RateLimitError),
    (500, openai.InternalServerError),
    (529, openai.InternalServerError),
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("code", "kind"), ERRORS)
async def test_provider_errors(
    provider: FakeProvider, client: AsyncOpenAI, code: int, kind: type[openai.APIStatusError], *, stream: bool
) -> None:
    """Each status of a provider is the SDK's exception for it, with the provider's words, code and Retry-After."""
    provider.next(status(code, f"no luck with {code}", headers={"Retry-After": "7"}))
    with pytest.raises(kind) as caught:
        await client.chat.completions.create(**ASK, stream=stream)
    error = caught.value
    assert (error.status_code, error.code, error.type) == (code, f"fake_{code}", "fake_error")
    assert f"no luck with {code}" in error.message
    assert error.response.headers["retry-after"] == "7"
    assert error.request_id
    assert len(provider.calls) == 1


async def test_retry_after_is_obeyed(provider: FakeProvider, router: Router) -> None:
    """The SDK's own retry works through the router."""
    provider.next(status(429, "slow down", headers={"Retry-After-Ms": "20"}))
    async with AsyncOpenAI(base_url=f"{router.url}/v1", api_key=KEY, max_retries=1) as client:
        assert words(await collect(client)) == SAID
    assert len(provider.calls) == 2


async def test_wrong_key(provider: FakeProvider, router: Router) -> None:
    """A wrong router key is an authentication error, and the provider hears nothing of it."""
    async with AsyncOpenAI(base_url=f"{router.url}/v1", api_key="wrong", max_retries=0) as client:
        with pytest.raises(openai.AuthenticationError, match="key"):
            await client.chat.completions.create(**ASK)
    assert not provider.calls


async def test_bad_request_of_ours(provider: FakeProvider, client: AsyncOpenAI) -> None:
    """What the router itself refuses is a bad request that names the parameter."""
    with pytest.raises(openai.BadRequestError) as caught:
        await client.chat.completions.create(**{**ASK, "messages": "hello"})
    assert caught.value.param == "messages"
    assert not provider.calls


@pytest.mark.parametrize("stream", [False, True])
async def test_headers(provider: FakeProvider, client: AsyncOpenAI, *, stream: bool) -> None:
    """The raw response tells decision, tier, model, reason and the request's id."""
    with_headers: Any = client.chat.completions.with_raw_response
    raw = await with_headers.create(**ASK, stream=stream, extra_headers={"X-Request-Id": "mine-1"})
    told = {name: raw.headers[f"X-Xrouter-{name}"] for name in ("Decision", "Upstream", "Model", "Reason")}
    assert told == {"Decision": "2", "Upstream": "frontier", "Model": "frontier-1", "Reason": "disabled"}
    assert raw.headers["x-request-id"] == "mine-1"
    if stream:
        assert words([piece async for piece in raw.parse()]) == SAID


async def begin_well(call: Call) -> None:
    """Two words, in a packet of their own."""
    await call.begin()
    await call.send_events(chunks("half a")[:3])
    await asyncio.sleep(0.05)


async def breaks_off(call: Call) -> None:
    """Two words, then FIN."""
    await begin_well(call)
    call.close()


async def resets(call: Call) -> None:
    """Two words, then RST."""
    await begin_well(call)
    call.reset()


async def ends_early(call: Call) -> None:
    """Two words, then a proper end of the body though the answer has none."""
    await begin_well(call)
    await call.end()


async def says_that_it_failed(call: Call) -> None:
    """Two words, an error event, and a proper end."""
    await begin_well(call)
    await call.send_events([{"error": {"message": "overloaded", "type": "server_error"}}])
    await call.end()


async def sends_garbage(call: Call) -> None:
    """Two words, then what is no HTTP chunk."""
    await begin_well(call)
    await call.raw(b"zz\r\nnonsense\r\n")
    await call.silence()


@pytest.mark.parametrize("wants_usage", [False, True])
@pytest.mark.parametrize("fault", [breaks_off, resets, ends_early, says_that_it_failed, sends_garbage])
async def test_broken_stream(provider: FakeProvider, client: AsyncOpenAI, fault: Handler, *, wants_usage: bool) -> None:
    """A stream that breaks raises after the words that came: never a silent end."""
    provider.next(fault)
    options: Any = {"stream_options": {"include_usage": True}} if wants_usage else {}
    heard: list[Any] = []
    stream = await client.chat.completions.create(**ASK, stream=True, **options)
    with pytest.raises(openai.APIError):
        await hear(stream, heard)
    assert words(heard) == "half a"


async def test_models(client: AsyncOpenAI) -> None:
    """The SDK lists the names that may be asked for."""
    assert [model.id async for model in client.models.list()] == ["auto", "cheap", "medium", "frontier"]
