"""tests/strict: each fake takes good requests and refuses malformed ones, in words and shape of the real one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.strict import anthropic, azure, cohere, gemini, openai
from tests.strict.anthropic.rules import REDACTED, sign
from tests.strict.exchange import Refused, Request, Rules, Wire
from tests.strict.gemini.contents import seal_of
from tests.strict.gemini.shapes import FunctionCall

Body = dict[str, Any]
WIRES: dict[str, Wire] = {"openai": openai, "azure": azure, "anthropic": anthropic, "gemini": gemini, "cohere": cohere}
KEY = "k"
RULES = Rules(key=KEY, models=frozenset({"m", "gemini-3-flash", "claude-opus-5-5"}))
PATHS = {
    "openai": "/v1/chat/completions",
    "azure": "/openai/deployments/m/chat/completions",
    "anthropic": "/v1/messages",
    "gemini": "/v1beta/models/gemini-3-flash:generateContent",
    "cohere": "/v2/chat",
}
HEADERS: dict[str, dict[str, str]] = {
    "openai": {"authorization": f"Bearer {KEY}"},
    "azure": {"api-key": KEY},
    "anthropic": {"x-api-key": KEY, "anthropic-version": "2023-06-01"},
    "gemini": {"x-goog-api-key": KEY},
    "cohere": {"authorization": f"Bearer {KEY}"},
}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
PNG = "iVBORw0KGgo="

CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
FUNCTION = {"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}
HI = {"role": "user", "content": "Hi"}
CALLS = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "9"}

USE = {"type": "tool_use", "id": "t1", "name": "weather", "input": {}}
GIVEN = {"type": "tool_result", "tool_use_id": "t1", "content": "9"}
THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": sign("Hm.")}
TOOL = {"name": "weather", "input_schema": SCHEMA}
BUDGET = {"type": "enabled", "budget_tokens": 1024}
ADAPTIVE: Body = {"model": "claude-opus-5-5"}

ASKS = {"role": "user", "parts": [{"text": "Hi"}]}
SEALED = {"functionCall": {"name": "weather", "args": {}}, "thoughtSignature": seal_of(FunctionCall("weather"))}
UNSEALED = {"functionCall": {"name": "weather", "args": {}}}
FOUND = {"functionResponse": {"name": "weather", "response": {"result": "9"}}}
BYPASS = {**UNSEALED, "thoughtSignature": "skip_thought_signature_validator"}
DECLARED = {"functionDeclarations": [{"name": "weather", "parametersJsonSchema": SCHEMA}]}

GOOD: dict[str, Body] = {
    "openai": {"model": "m", "messages": [HI]},
    "azure": {"messages": [HI]},
    "anthropic": {"model": "m", "max_tokens": 2048, "messages": [HI]},
    "gemini": {"contents": [ASKS]},
    "cohere": {"model": "m", "messages": [HI]},
}


def model(*parts: Body) -> Body:
    """What Gemini's model said."""
    return {"role": "model", "parts": list(parts)}


def user(*parts: Body) -> Body:
    """What it was given."""
    return {"role": "user", "parts": list(parts)}


def says(*blocks: Body) -> Body:
    """What Anthropic's model said."""
    return {"role": "assistant", "content": list(blocks)}


def gives(*blocks: Body) -> Body:
    """What it was given."""
    return {"role": "user", "content": list(blocks)}


def image(media_type: str, data: str = PNG) -> Body:
    """A picture for Anthropic."""
    return gives({"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}})


TAKEN: list[tuple[str, Body]] = [
    *((name, {}) for name in WIRES),
    ("openai", {"messages": [HI, CALLS, RESULT], "tools": [FUNCTION], "tool_choice": "auto"}),
    ("azure", {"messages": [HI, CALLS, RESULT, HI], "stream": True, "stream_options": {"include_usage": True}}),
    ("anthropic", {"messages": [HI, says(USE), gives(GIVEN, {"type": "text", "text": "So?"})], "tools": [TOOL]}),
    ("anthropic", {"messages": [HI, says(THOUGHT, USE), gives(GIVEN)], "thinking": BUDGET}),
    ("anthropic", {"messages": [HI, says({"type": "redacted_thinking", "data": REDACTED}, USE), gives(GIVEN)]}),
    ("anthropic", {"messages": [HI, says({"type": "text", "text": "x"}), HI], "thinking": BUDGET}),
    ("anthropic", {**ADAPTIVE, "messages": [HI, {"role": "system", "content": "x"}], "thinking": {"type": "adaptive"}}),
    ("anthropic", {"messages": [image("image/png")]}),
    ("anthropic", {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
    ("gemini", {"contents": [ASKS, model(SEALED, UNSEALED), user(FOUND, FOUND)], "tools": [DECLARED]}),
    ("gemini", {"contents": [ASKS, model(BYPASS), user(FOUND)]}),
    ("gemini", {"contents": [ASKS, model(UNSEALED), user(FOUND), model({"text": "9"}), ASKS]}),
    ("gemini", {"generation_config": {"max_output_tokens": 9}, "safetySettings": None}),
    ("cohere", {"messages": [HI, CALLS, RESULT], "tools": [FUNCTION], "tool_choice": "REQUIRED"}),
]

REFUSED: list[tuple[str, Body, str]] = [
    ("openai", {"messages": []}, "messages"),
    ("openai", {"magic": 1}, "Unknown parameter: 'magic'"),
    ("openai", {"messages": [{**HI, "magic": 1}]}, r"Unknown parameter: 'messages\[0\].magic'"),
    ("openai", {"messages": [{"role": "user"}]}, r"Missing required parameter: 'messages\[0\].content'"),
    ("openai", {"messages": [HI, RESULT]}, "must be a response to a preceeding message"),
    ("openai", {"messages": [HI, CALLS]}, "did not have response messages: c1"),
    ("openai", {"messages": [HI, CALLS, HI, RESULT]}, "did not have response messages: c1"),
    ("openai", {"messages": [HI, {"role": "assistant", "content": None}]}, "expected a string, got null"),
    ("openai", {"messages": [HI, CALLS, {**RESULT, "content": [{"type": "image_url"}]}]}, "Invalid value"),
    ("openai", {"tools": []}, "tools"),
    ("openai", {"tool_choice": "auto"}, "only allowed when 'tools' are specified"),
    ("openai", {"parallel_tool_calls": False}, "only allowed when 'tools' are specified"),
    ("openai", {"tools": [FUNCTION], "tool_choice": {"type": "function", "function": {"name": "x"}}}, "tool_choice"),
    ("openai", {"stream_options": {"include_usage": True}}, "only allowed when 'stream'"),
    ("openai", {"model": "gpt-5", "max_tokens": 9}, "max_completion_tokens"),
    ("openai", {"model": "o3", "temperature": 0.5}, "'temperature' is not supported"),
    ("openai", {"temperature": 3}, "temperature"),
    ("openai", {"top_logprobs": 2}, "top_logprobs"),
    ("azure", {"magic": 1}, "Unknown parameter: 'magic'"),
    ("azure", {"messages": [HI, CALLS]}, "did not have response messages"),
    ("anthropic", {"magic": 1}, "magic: Extra inputs are not permitted"),
    ("anthropic", {"max_tokens": None}, "max_tokens"),
    ("anthropic", {"messages": [says({"type": "text", "text": "x"})]}, 'must use the "user" role'),
    ("anthropic", {"messages": [HI, {"role": "system", "content": "x"}]}, "messages.1.role"),
    ("anthropic", {"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role"),
    ("anthropic", {"messages": [gives({"type": "text", "text": ""})]}, "must be non-empty"),
    ("anthropic", {"messages": [gives({"type": "text", "text": " \n"})]}, "non-whitespace"),
    ("anthropic", {"messages": [gives({"type": "text", "text": "x", "magic": 1})]}, "content.0.magic: Extra inputs"),
    ("anthropic", {"messages": [gives({"type": "audio"})]}, "messages.0.content.0"),
    ("anthropic", {"messages": [HI, says(USE), HI]}, "without `tool_result` blocks immediately after: t1"),
    ("anthropic", {"messages": [HI, says(USE)]}, "without `tool_result` blocks immediately after: t1"),
    ("anthropic", {"messages": [HI, gives(GIVEN)]}, "unexpected `tool_use_id`"),
    ("anthropic", {"messages": [HI, says(USE), gives(GIVEN, GIVEN)]}, "a single result"),
    ("anthropic", {"messages": [HI, says(USE, USE), gives(GIVEN)]}, "must be unique"),
    ("anthropic", {"messages": [HI, says(USE), gives({"type": "text", "text": "x"}, GIVEN)]}, "before all other"),
    ("anthropic", {"messages": [HI, gives(USE)]}, "not allowed in user messages"),
    ("anthropic", {"messages": [HI, says({**USE, "id": "a.b"}), gives(GIVEN)]}, "messages.1.content.0.id"),
    ("anthropic", {"messages": [HI, says({**THOUGHT, "thinking": "Hm!"}, USE), gives(GIVEN)]}, "Invalid `signature`"),
    ("anthropic", {"messages": [HI, says({"type": "redacted_thinking", "data": "x"}), HI]}, "Invalid `data`"),
    ("anthropic", {"messages": [HI, says(USE), gives(GIVEN)], "thinking": BUDGET}, "Expected `thinking` .* `tool_use`"),
    ("anthropic", {"messages": [HI, says({"type": "text", "text": "x "})]}, "trailing whitespace"),
    ("anthropic", {"messages": [HI, says({"type": "text", "text": "x"})], "thinking": BUDGET}, "prefill"),
    ("anthropic", {"messages": [image("image/jpeg")]}, "does not match"),
    ("anthropic", {"messages": [image("image/tiff")]}, "media_type"),
    ("anthropic", {"messages": [image("image/png", "%%")]}, "valid base64"),
    ("anthropic", {"thinking": {**BUDGET, "budget_tokens": 9}}, "thinking.budget_tokens"),
    ("anthropic", {"thinking": BUDGET, "max_tokens": 1024}, "must be greater than"),
    ("anthropic", {"thinking": BUDGET, "temperature": 0.5}, "may only be set to 1"),
    ("anthropic", {"thinking": BUDGET, "top_k": 5}, "top_k"),
    ("anthropic", {"thinking": BUDGET, "tools": [TOOL], "tool_choice": {"type": "any"}}, "forces tool use"),
    ("anthropic", {"thinking": {"type": "adaptive"}}, "adaptive thinking is not supported"),
    ("anthropic", {**ADAPTIVE, "thinking": BUDGET}, "thinking.type.adaptive"),
    ("anthropic", {**ADAPTIVE, "temperature": 1}, "`temperature` is not supported"),
    ("anthropic", {"temperature": 1.5}, "temperature"),
    ("anthropic", {"temperature": 0.5, "top_p": 0.5}, "cannot both be specified"),
    ("anthropic", {"output_config": {"effort": "xhigh"}}, "does not support effort level"),
    ("anthropic", {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}, "additionalProperties"),
    ("anthropic", {"stop_sequences": [" "]}, "non-whitespace"),
    ("anthropic", {"tool_choice": {"type": "auto"}}, "only be specified while providing tools"),
    ("anthropic", {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "x"}}, "not found"),
    ("anthropic", {"tools": [TOOL, TOOL]}, "must be unique"),
    ("anthropic", {"tools": [{"name": "a b", "input_schema": SCHEMA}]}, "tools.0.custom.name"),
    ("anthropic", {"tools": [{"name": "x"}]}, "tools.0.custom.input_schema: Field required"),
    ("anthropic", {"tools": [{"name": "x", "input_schema": {}}]}, "input_schema.type: Field required"),
    ("anthropic", {"tools": [{"name": "x", "input_schema": {**SCHEMA, "anyOf": []}}]}, "at the top level"),
    ("anthropic", {"tools": [{**TOOL, "parameters": {}}]}, "tools.0.custom.parameters: Extra inputs"),
    (
        "anthropic",
        {"system": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}] * 5},
        "A maximum of 4 blocks",
    ),
    ("gemini", {"contents": []}, "contents"),
    ("gemini", {"magic": 1}, 'Unknown name "magic": Cannot find field'),
    ("gemini", {"contents": [{**ASKS, "magic": 1}]}, r'Unknown name "magic" at \'contents\[0\]\''),
    ("gemini", {"contents": [{**ASKS, "role": "assistant"}]}, "valid role: user, model"),
    ("gemini", {"contents": [user()]}, "must not be empty"),
    ("gemini", {"contents": [user({})]}, "must have one initialized field"),
    ("gemini", {"contents": [user({"text": "x", **UNSEALED})]}, "must have one initialized field"),
    ("gemini", {"contents": [user({"inlineData": {"mimeType": "image/png", "data": "%"}})]}, "Base64 decoding failed"),
    ("gemini", {"contents": [ASKS, model(SEALED)]}, "number of function response parts"),
    ("gemini", {"contents": [ASKS, model(SEALED, UNSEALED), user(FOUND)]}, "number of function response parts"),
    ("gemini", {"contents": [ASKS, user(FOUND)]}, "immediately after a function call turn"),
    ("gemini", {"contents": [model(SEALED), user(FOUND)]}, "immediately after a user turn"),
    ("gemini", {"contents": [ASKS, model(UNSEALED), user(FOUND)]}, "missing a thought_signature"),
    ("gemini", {"contents": [ASKS, model({**SEALED, "thoughtSignature": "AAAA"}), user(FOUND)]}, "Corrupted"),
    ("gemini", {"contents": [user(SEALED)]}, "only allowed in the role model"),
    ("gemini", {"tools": [{"functionDeclarations": [{"name": "a b"}]}]}, r"functionDeclarations\[0\].name"),
    ("gemini", {"tools": [DECLARED, DECLARED]}, "Duplicate function declaration found: weather"),
    (
        "gemini",
        {"tools": [{"functionDeclarations": [{"name": "x", "parameters": {**SCHEMA, "additionalProperties": False}}]}]},
        'Unknown name "additionalProperties"',
    ),
    ("gemini", {"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}}, "requires function declarations"),
    (
        "gemini",
        {"tools": [DECLARED], "toolConfig": {"functionCallingConfig": {"allowedFunctionNames": ["weather"]}}},
        "only when function calling mode is ANY",
    ),
    ("gemini", {"generationConfig": {"temperature": 3}}, "temperature"),
    ("gemini", {"generationConfig": {"stopSequences": ["x"] * 6}}, "stopSequences"),
    ("gemini", {"generationConfig": {"responseJsonSchema": SCHEMA}}, "response_mime_type"),
    (
        "gemini",
        {"generationConfig": {"thinkingConfig": {"thinkingBudget": 9, "thinkingLevel": "low"}}},
        "only set only one of thinking budget and thinking level",
    ),
    ("cohere", {"messages": []}, "messages"),
    ("cohere", {"magic": 1}, "unknown field: parameter 'magic'"),
    ("cohere", {"messages": [{"role": "developer", "content": "x"}]}, "messages.0.role"),
    ("cohere", {"messages": [{"role": "user", "content": ""}]}, "must have tokens"),
    ("cohere", {"messages": [HI, {"role": "assistant", "content": ""}]}, "must have tokens"),
    ("cohere", {"messages": [HI, RESULT]}, "no tool call with id 'c1'"),
    ("cohere", {"messages": [HI, CALLS, HI]}, "expected tool results"),
    (
        "cohere",
        {"messages": [HI, {**CALLS, "tool_calls": [{**CALL, "function": {"name": "x", "arguments": "{"}}]}, RESULT]},
        "not a JSON object",
    ),
    ("cohere", {"tool_choice": "auto"}, "tool_choice"),
    ("cohere", {"tool_choice": "REQUIRED"}, "there are no tools"),
    ("cohere", {"tools": [FUNCTION], "response_format": {"type": "json_object"}}, "json_object"),
    ("cohere", {"p": 1.0}, "p: "),
    ("cohere", {"temperature": 2}, "temperature"),
    ("cohere", {"stop_sequences": ["x"] * 6}, "stop_sequences"),
]


def request(provider: str, body: Body | bytes, **change: Any) -> Request:
    """A request that is good but for what is changed."""
    query = {"api-version": "2024-10-21"} if provider == "azure" else {}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    members = {"method": "POST", "path": PATHS[provider], "query": query, "headers": HEADERS[provider], "body": data}
    return Request(**{**members, **change})


@pytest.mark.parametrize(("provider", "change"), TAKEN)
def test_taken(provider: str, change: Body) -> None:
    """A good request is understood."""
    asked = WIRES[provider].read(request(provider, {**GOOD[provider], **change}), RULES)
    assert asked.prompt in {"Hi", "So?", ""}
    assert all(result == "9" for result in asked.results)


@pytest.mark.parametrize(("provider", "change", "words"), REFUSED)
def test_refused(provider: str, change: Body, words: str) -> None:
    """A malformed one is refused, and the answer says why where such an answer says it."""
    wire = WIRES[provider]
    rules = Rules(key=KEY)
    with pytest.raises(Refused, match=words) as caught:
        wire.read(request(provider, {**GOOD[provider], **change}), rules)
    refusal = wire.refuse(caught.value)
    assert refusal.status in {400, 422}
    body = json.loads(refusal.body)
    assert body.get("error", body)["message"] == str(caught.value)


@pytest.mark.parametrize("provider", WIRES)
@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}])
def test_no_key(provider: str, headers: dict[str, str]) -> None:
    """Without its key nobody is served; Gemini calls that a bad request."""
    with pytest.raises(Refused) as caught:
        WIRES[provider].read(request(provider, GOOD[provider], headers=headers), RULES)
    assert WIRES[provider].refuse(caught.value).status == (400 if provider == "gemini" else 401)


@pytest.mark.parametrize("provider", WIRES)
@pytest.mark.parametrize("change", [{"path": "/v1/nothing"}, {"method": "GET"}])
def test_no_such_path(provider: str, change: dict[str, str]) -> None:
    """What is asked elsewhere or otherwise is not there."""
    with pytest.raises(Refused) as caught:
        WIRES[provider].read(request(provider, GOOD[provider], **change), RULES)
    assert WIRES[provider].refuse(caught.value).status == 404


@pytest.mark.parametrize("provider", WIRES)
def test_no_such_model(provider: str) -> None:
    """A model that it does not have is not found."""
    with pytest.raises(Refused) as caught:
        WIRES[provider].read(request(provider, GOOD[provider]), Rules(models=frozenset()))
    assert WIRES[provider].refuse(caught.value).status == 404


@pytest.mark.parametrize("provider", WIRES)
@pytest.mark.parametrize("body", [b"{", b"[]"])
def test_no_object(provider: str, body: bytes) -> None:
    """A body that is no JSON object is a bad request."""
    with pytest.raises(Refused):
        WIRES[provider].read(request(provider, body), RULES)


def test_no_version() -> None:
    """Anthropic and the classic form of Azure want to know the version of the API."""
    with pytest.raises(Refused, match="anthropic-version"):
        anthropic.read(request("anthropic", GOOD["anthropic"], headers={"x-api-key": KEY}), RULES)
    with pytest.raises(Refused):
        azure.read(request("azure", GOOD["azure"], query={}), RULES)
