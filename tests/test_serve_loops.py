"""The official SDKs as clients of `xrouter serve`: a tool loop of two turns, streamed, across the providers' dialects.

The providers are small, speak the real wire formats and refuse a second turn that lost something of the first: the
calls, the results, or the seal of the thought before them.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI

from tests.asking import one_tier
from tests.fakes import Call, FakeProvider, Handler
from tests.processes import Router

pytestmark = pytest.mark.asyncio(loop_scope="module")

CITIES = ("Paris", "Rome")
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
SIGNATURE = "c2lnbmF0dXJlLW9mLXRoZS1wcm92aWRlcg=="


def final(results: list[str]) -> str:
    """What the model says in the end."""
    return f"It is {' and '.join(results)}."


def named(*events: dict[str, Any]) -> bytes:
    """Events with their type as name."""
    return b"".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events)


def bare(*events: dict[str, Any]) -> bytes:
    """Events without a name."""
    return b"".join(f"data: {json.dumps(event)}\n\n".encode() for event in events)


async def stream(call: Call, body: bytes) -> None:
    """Send a stream in pieces that respect no event."""
    await call.begin()
    for at in range(0, len(body), 37):
        await call.send(body[at : at + 37])
    await call.end()


async def openai(call: Call) -> None:
    """Chat completions, at OpenAI and Azure."""
    results = [message["content"] for message in call.json["messages"] if message["role"] == "tool"]

    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}

    def piece(index: int, city: str) -> list[dict[str, Any]]:
        function = {"name": "weather", "arguments": ""}
        start = {"index": index, "id": f"call_{index}", "type": "function", "function": function}
        rest = [{"index": index, "function": {"arguments": part}} for part in ('{"city":', f'"{city}"}}')]
        return [chunk({"tool_calls": [one]}) for one in (start, *rest)]

    usage = {**chunk({}), "choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16}}
    if results:
        said = [chunk({"content": final(results)}), chunk({}, "stop")]
    else:
        said = [*piece(0, CITIES[0]), *piece(1, CITIES[1]), chunk({}, "tool_calls")]
    lead = chunk({"role": "assistant", "content": None})
    await stream(call, bare(lead, *said, usage) + b"data: [DONE]\n\n")


async def anthropic(call: Call) -> None:
    """Messages, with a signed thought before the calls."""
    blocks = [block for message in call.json["messages"] for block in message["content"] if isinstance(block, dict)]
    results = [block["content"] for block in blocks if block["type"] == "tool_result"]
    signed = [block["signature"] for block in blocks if block["type"] == "thinking"]
    if not call.headers.get("x-api-key") or (results and call.json.get("thinking") and signed != [SIGNATURE]):
        error = {"type": "invalid_request_error", "message": "Expected `thinking`, but found `tool_use`"}
        await call.reply_json({"type": "error", "error": error}, 400)
        return

    def block(index: int, start: dict[str, Any], *deltas: dict[str, Any]) -> list[dict[str, Any]]:
        middle = [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        begin = {"type": "content_block_start", "index": index, "content_block": start}
        return [begin, *middle, {"type": "content_block_stop", "index": index}]

    def use(index: int, city: str) -> list[dict[str, Any]]:
        parts = ({"type": "input_json_delta", "partial_json": part} for part in ("", '{"city":', f'"{city}"}}'))
        return block(index, {"type": "tool_use", "id": f"toolu_{index}-x", "name": "weather", "input": {}}, *parts)

    if results:
        said = block(0, {"type": "text", "text": ""}, {"type": "text_delta", "text": final(results)})
    else:
        thought = ({"type": "thinking_delta", "thinking": "Hm."}, {"type": "signature_delta", "signature": SIGNATURE})
        said = block(0, {"type": "thinking", "thinking": "", "signature": ""}, *thought)
        said += [*use(1, CITIES[0]), *use(2, CITIES[1])]
    usage = {"input_tokens": 11, "output_tokens": 1}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": usage}
    start = {"type": "message_start", "message": {**message, "stop_reason": None, "stop_sequence": None}}
    delta = {"stop_reason": "end_turn" if results else "tool_use", "stop_sequence": None}
    end = {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 5}}
    await stream(call, named(start, {"type": "ping"}, *said, end, {"type": "message_stop"}))


async def gemini(call: Call) -> None:
    """streamGenerateContent, with a signature on the first of the calls."""
    parts = [part for content in call.json["contents"] for part in content["parts"]]
    results = [part["functionResponse"]["response"] for part in parts if "functionResponse" in part]
    calls = [part for part in parts if "functionCall" in part]
    if not call.headers.get("x-goog-api-key") or (results and calls[0].get("thoughtSignature") != SIGNATURE):
        message = "Function call is missing a thought_signature in functionCall parts."
        await call.reply_json({"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}, 400)
        return
    texts = [str(result.get("result", result)) for result in results]
    asked: list[dict[str, Any]] = [{"functionCall": {"name": "weather", "args": {"city": city}}} for city in CITIES]
    asked[0]["thoughtSignature"] = SIGNATURE
    said = [{"text": final(texts)}] if results else asked
    usage = {"promptTokenCount": 11, "candidatesTokenCount": 5, "totalTokenCount": 16}
    lead = {"modelVersion": "m", "responseId": f"r{len(calls)}", "usageMetadata": usage}
    first = {"candidates": [{"content": {"role": "model", "parts": said}, "index": 0}], **lead}
    last = {"candidates": [{"content": {"role": "model", "parts": []}, "finishReason": "STOP", "index": 0}], **lead}
    await stream(call, bare(first, last))


async def cohere(call: Call) -> None:
    """V2 chat, with a plan before the calls."""
    results = [message["content"] for message in call.json["messages"] if message["role"] == "tool"]

    def use(index: int, city: str) -> list[dict[str, Any]]:
        function = {"name": "weather", "arguments": ""}
        start = {"tool_calls": {"id": f"weather_{index}", "type": "function", "function": function}}
        more = [{"tool_calls": {"function": {"arguments": part}}} for part in ('{"city":', f'"{city}"}}')]
        kinds = ("tool-call-start", "tool-call-delta", "tool-call-delta")
        told = [
            {"type": kind, "index": index, "delta": {"message": message}}
            for kind, message in zip(kinds, (start, *more), strict=True)
        ]
        return [*told, {"type": "tool-call-end", "index": index}]

    if results:
        content = {"message": {"content": {"type": "text", "text": ""}}}
        words = {"message": {"content": {"text": final(results)}}}
        said = [
            {"type": "content-start", "index": 0, "delta": content},
            {"type": "content-delta", "index": 0, "delta": words},
            {"type": "content-end", "index": 0},
        ]
    else:
        plan: dict[str, Any] = {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "I look."}}}
        said = [plan, *use(0, CITIES[0]), *use(1, CITIES[1])]
    usage = {"tokens": {"input_tokens": 11.0, "output_tokens": 5.0}}
    finish = {"finish_reason": "COMPLETE" if results else "TOOL_CALL", "usage": usage}
    start = {"type": "message-start", "id": "m", "delta": {"message": {"role": "assistant"}}}
    await stream(call, named(start, *said, {"type": "message-end", "delta": finish}))


class Outbound(NamedTuple):
    """A provider: how it answers, what the router is told of it, and where its requests go."""

    handler: Handler
    settings: dict[str, str]
    path: str


PROVIDERS: dict[str, Outbound] = {
    "openai": Outbound(openai, {"PROVIDER": "openai", "MODEL": "gpt-4o"}, "/v1/chat/completions"),
    "anthropic": Outbound(anthropic, {"PROVIDER": "anthropic", "MODEL": "claude-sonnet-4-5"}, "/v1/messages"),
    "gemini": Outbound(
        gemini,
        {"PROVIDER": "gemini", "MODEL": "gemini-3-flash"},
        "/v1beta/models/gemini-3-flash:streamGenerateContent?alt=sse",
    ),
    "cohere": Outbound(cohere, {"PROVIDER": "cohere", "MODEL": "command-a-03-2025"}, "/v2/chat"),
    "azure": Outbound(
        openai,
        {"PROVIDER": "azure_openai", "MODEL": "gpt-4o", "DEPLOYMENT": "mine", "API_VERSION": "2024-10-21"},
        "/openai/deployments/mine/chat/completions?api-version=2024-10-21",
    ),
}


class House(NamedTuple):
    """A provider and the router in front of it."""

    provider: FakeProvider
    router: Router
    outbound: Outbound


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=PROVIDERS)
async def house(request: pytest.FixtureRequest) -> AsyncIterator[House]:
    """Each provider in turn."""
    outbound = PROVIDERS[request.param]
    async with FakeProvider(outbound.handler) as provider:
        settings = {"BASE_URL": provider.url.removesuffix("/v1"), **outbound.settings}
        env = one_tier(provider, **{f"FRONTIER_{name}": value for name, value in settings.items()})
        async with Router(env) as router:
            yield House(provider, router, outbound)


Calls = list[tuple[str, str]]
Turn = tuple[Calls, str, tuple[int, int]]
"""(calls as (name, arguments), text, (prompt tokens, completion tokens))."""


async def chat(house: House) -> tuple[Turn, Turn]:
    """The `openai` SDK with chat completions; it sends no thought and no signature back."""
    tools: Any = [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}]
    messages: list[Any] = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Warm?"}]

    async def turn() -> tuple[Turn, list[Any]]:
        calls: dict[int, dict[str, Any]] = {}
        text, usage = "", (0, 0)
        options: Any = {"stream": True, "stream_options": {"include_usage": True}, "reasoning_effort": "high"}
        async for piece in await client.chat.completions.create(
            model="auto", messages=messages, tools=tools, **options
        ):
            for choice in piece.choices:
                text += choice.delta.content or ""
                for told in choice.delta.tool_calls or []:
                    known = calls.setdefault(told.index, {"id": told.id, "name": told.function.name, "arguments": ""})
                    known["arguments"] += told.function.arguments or ""
            usage = (piece.usage.prompt_tokens, piece.usage.completion_tokens) if piece.usage else usage
        made = [(each["name"], each["arguments"]) for each in calls.values()]
        return (made, text, usage), list(calls.values())

    async with AsyncOpenAI(base_url=f"{house.router.url}/v1", api_key="x", max_retries=0, timeout=20) as client:
        first, calls = await turn()
        functions = [{"name": each["name"], "arguments": each["arguments"]} for each in calls]
        asked = [
            {"id": each["id"], "type": "function", "function": function}
            for each, function in zip(calls, functions, strict=True)
        ]
        messages.append({"role": "assistant", "content": None, "tool_calls": asked})
        for each, result in zip(calls, ("18 C", "25 C"), strict=True):
            messages.append({"role": "tool", "tool_call_id": each["id"], "content": result})
        second, _ = await turn()
    return first, second


async def responses(house: House) -> tuple[Turn, Turn]:
    """The `openai` SDK with Responses; it sends all output items back."""
    tools: Any = [{"type": "function", "name": "weather", "parameters": SCHEMA, "strict": False}]
    items: list[Any] = [{"role": "user", "content": "Warm?"}]

    async def turn() -> tuple[Turn, Any]:
        whole: Any = None
        options: Any = {"stream": True, "store": False, "include": ["reasoning.encrypted_content"]}
        reasoning: Any = {"effort": "high", "summary": "auto"}
        made = client.responses.create(model="auto", input=items, tools=tools, reasoning=reasoning, **options)
        async for event in await made:
            whole = getattr(event, "response", whole)
        calls = [(item.name, item.arguments) for item in whole.output if item.type == "function_call"]
        return (calls, whole.output_text, (whole.usage.input_tokens, whole.usage.output_tokens)), whole

    async with AsyncOpenAI(base_url=f"{house.router.url}/v1", api_key="x", max_retries=0, timeout=20) as client:
        first, whole = await turn()
        items += [item.model_dump(exclude_none=True) for item in whole.output]
        ids = [item.call_id for item in whole.output if item.type == "function_call"]
        outputs = zip(ids, ("18 C", "25 C"), strict=True)
        items += [{"type": "function_call_output", "call_id": call_id, "output": output} for call_id, output in outputs]
        second, _ = await turn()
    return first, second


async def messages(house: House) -> tuple[Turn, Turn]:
    """The `anthropic` SDK; it sends the whole content back."""
    tools: Any = [{"name": "weather", "input_schema": SCHEMA}]
    talk: list[Any] = [{"role": "user", "content": "Warm?"}]

    async def turn() -> tuple[Turn, Any]:
        thinking: Any = {"type": "enabled", "budget_tokens": 1024}
        asked = client.messages.stream(
            model="claude", max_tokens=4096, messages=talk, tools=tools, thinking=thinking, system="Be brief."
        )
        async with asked as stream:
            whole = await stream.get_final_message()
        calls = [(block.name, json.dumps(block.input)) for block in whole.content if block.type == "tool_use"]
        text = "".join(block.text for block in whole.content if block.type == "text")
        return (calls, text, (whole.usage.input_tokens, whole.usage.output_tokens)), whole

    async with AsyncAnthropic(base_url=house.router.url, api_key="x", max_retries=0, timeout=20) as client:
        first, whole = await turn()
        talk.append({"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in whole.content]})
        ids = [block.id for block in whole.content if block.type == "tool_use"]
        results = zip(ids, ("18 C", "25 C"), strict=True)
        talk.append(
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": call_id, "content": result} for call_id, result in results
                ],
            }
        )
        second, _ = await turn()
    return first, second


CLIENTS: dict[str, Callable[[House], Awaitable[tuple[Turn, Turn]]]] = {
    "openai chat": chat,
    "openai responses": responses,
    "anthropic": messages,
}


@pytest.mark.parametrize("client", CLIENTS)
async def test_tool_loop(house: House, client: str) -> None:
    """Two calls at once come through, their results go back, and the answer quotes both; usage is told each time."""
    house.provider.calls.clear()
    first, second = await CLIENTS[client](house)
    assert [(name, json.loads(arguments)) for name, arguments in first[0]] == [
        ("weather", {"city": city}) for city in CITIES
    ]
    assert (second[0], second[1]) == ([], final(["18 C", "25 C"]))
    assert (first[2], second[2]) == ((11, 5), (11, 5))
    assert [call.path for call in house.provider.calls] == [house.outbound.path] * 2
