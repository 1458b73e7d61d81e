"""dialects/openai: requests for providers that speak OpenAI."""

from __future__ import annotations

import json
from typing import Any

import pytest

from xrouter.chat.request import (
    Conversation,
    Format,
    Opaque,
    Reasoning,
    Seal,
    Settings,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
)
from xrouter.chat.target import Target
from xrouter.dialects.base import Written
from xrouter.dialects.openai import write_request
from xrouter.errors import BadRequest, Unsupported
from xrouter.wire.json import members

HI = (Turn("user", (Text("hi"),)),)
F = Tool("f", "does", b'{"type": "object"}')
G = Tool("g")
PATCH = Tool("patch", "edits", custom=True, grammar=b'{"type":"grammar","syntax":"lark","definition":"s: A"}')
HOSTED = Opaque("anthropic", "web_search_20250305", b'{"type":"web_search_20250305","name":"web_search"}')


def target(provider: str = "openai", model: str = "gpt-4.1", **members: Any) -> Target:
    """A provider that speaks OpenAI."""
    return Target("frontier", provider, "openai", "https://x.test/v1/chat/completions", model=model, **members)


def ask(where: Target, *tools: Tool | Opaque, turns: tuple[Turn, ...] = HI, **settings: Any) -> Written:
    """The request as it is written."""
    return write_request(Conversation("auto", turns, tools, Settings(**settings)), where)


def body(written: Written) -> dict[str, Any]:
    """Its body without what all have."""
    said: dict[str, Any] = json.loads(written.body)
    return {name: value for name, value in said.items() if name not in {"model", "messages"}}


SCHEMA = Format("json_schema", "answer", b'{"type":"object"}', strict=True)
SETTINGS: list[tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]] = [
    ({}, {}, ()),
    (
        {"temperature": 0.5, "top_p": 0.9, "seed": 7, "n": 2, "user": "u", "logprobs": True, "top_logprobs": 3},
        {"temperature": 0.5, "top_p": 0.9, "seed": 7, "n": 2, "user": "u", "logprobs": True, "top_logprobs": 3},
        (),
    ),
    ({"stop": tuple("abcde")}, {"stop": list("abcd")}, ("stop",)),
    ({"top_k": 4}, {}, ("top_k",)),
    ({"service_tier": "priority"}, {"service_tier": "priority"}, ()),
    ({"service_tier": "standard_only"}, {}, ()),
    ({"format": Format("json_object")}, {"response_format": {"type": "json_object"}}, ()),
    (
        {"format": SCHEMA},
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": {"type": "object"}, "strict": True},
            }
        },
        (),
    ),
    ({"extras": (Opaque("responses", "prompt_cache_key", b'"k"'),)}, {"prompt_cache_key": "k"}, ()),
    ({"extras": (Opaque("responses", "metadata", b'{"a":"b"}'),)}, {}, ()),
    ({"extras": (Opaque("anthropic", "mcp_servers", b"[]"),)}, {}, ("mcp_servers",)),
    ({"parallel": False}, {}, ()),
    ({"tool_choice": ToolChoice("auto")}, {}, ()),
]


@pytest.mark.parametrize(("settings", "written", "dropped"), SETTINGS)
def test_settings(settings: dict[str, Any], written: dict[str, Any], dropped: tuple[str, ...]) -> None:
    """What OpenAI knows is written, what it does not is named, hints go without a word."""
    asked = ask(target(), **settings)
    assert (body(asked), asked.dropped) == (written, dropped)


def test_the_targets_own() -> None:
    """The target's model, limit, effort and body are put in; the client's own limit has the provider's name."""
    own = target(effort="low", max_output_tokens=9, body=(("x", b"1"),), model="gpt-5.2")
    assert json.loads(ask(own).body)["model"] == "gpt-5.2"
    assert body(ask(own)) == {"reasoning_effort": "low", "max_tokens": 9, "x": 1}
    asked = ask(own, max_tokens=5, thinking=Thinking("high"))
    assert body(asked) == {"reasoning_effort": "high", "max_completion_tokens": 5, "x": 1}


def test_streams() -> None:
    """A stream tells what it used where somebody wants to know."""
    asked = write_request(Conversation("auto", HI, stream=True), target())
    assert body(asked) == {"stream": True, "stream_options": {"include_usage": True}}
    bare = write_request(Conversation("auto", HI, stream=True, wants_usage=False), target())
    assert body(bare) == {"stream": True}


def test_hints_that_a_provider_refuses_go_without_a_word() -> None:
    """What the catalogue says that a provider does not know is named only where it means something."""
    strict = target("mistral", unknown=frozenset({"user", "stream_options", "logit_bias", "seed"}))
    asked = write_request(Conversation("auto", HI, (), Settings(user="u", seed=1), stream=True), strict)
    assert (body(asked), asked.dropped) == ({"stream": True}, ("seed",))


EFFORTS = [
    ("openai", "gpt-4o", "high", None),
    ("openai", "gpt-5-chat-latest", "low", None),
    ("openai", "o3", "none", "low"),
    ("openai", "o3", "xhigh", "high"),
    ("openai", "gpt-5", "none", "minimal"),
    ("openai", "gpt-5-mini", "max", "high"),
    ("azure_openai", "gpt-5.1", "minimal", "low"),
    ("openai", "gpt-5.2", "max", "xhigh"),
    ("openai", "gpt-6-luna", "none", "none"),
    ("groq", "openai/gpt-oss-20b", "none", "low"),
    ("groq", "qwen/qwen3-32b", "high", "default"),
    ("groq", "qwen/qwen3-32b", "none", "none"),
    ("groq", "llama-3.3-70b", "low", None),
    ("vllm", "qwen3", "max", "high"),
    ("vllm", "qwen3", "odd", "odd"),
]


@pytest.mark.parametrize(("provider", "model", "effort", "written"), EFFORTS)
def test_efforts(provider: str, model: str, effort: str, written: str | None) -> None:
    """The nearest effort that a model knows; where it knows none the wish is named."""
    asked = ask(target(provider, model), thinking=Thinking(effort))
    assert body(asked).get("reasoning_effort") == written
    assert asked.dropped == (() if written else ("reasoning_effort",))


@pytest.mark.parametrize(("budget", "effort"), [(1024, "low"), (4000, "medium"), (20_000, "high")])
def test_budgets(budget: int, effort: str) -> None:
    """A budget of tokens becomes an effort."""
    assert body(ask(target(model="gpt-5.2"), thinking=Thinking(budget=budget)))["reasoning_effort"] == effort


def test_a_wish_without_a_measure_says_nothing() -> None:
    """How much to think is left to the provider."""
    assert body(ask(target(model="gpt-5.2"), thinking=Thinking())) == {}


def test_models_that_think_are_not_sampled() -> None:
    """What they would refuse is left out and named."""
    asked = ask(target(model="o3"), temperature=0.2, stop=("x",), seed=1)
    assert (body(asked), asked.dropped) == ({"seed": 1}, ("stop", "temperature"))


CALLED = (*HI, Turn("assistant", (ToolCall("a", "f", "{}"),)), Turn("tool", (ToolResult("a", (Text("1"),)),)))
THOUGHT = (*HI, Turn("assistant", (Reasoning("hm"), ToolCall("a", "f", "{}"))), CALLED[-1])


def test_a_provider_that_wants_its_thoughts_back() -> None:
    """It does not think where it would refuse to: behind a call without its thought, and where a tool is forced."""
    where = target("deepseek", "deepseek-v4-pro", quirks=frozenset({"reasoning_back"}))
    off = {"thinking": {"type": "disabled"}}
    assert body(ask(where, thinking=Thinking("high"))) == {"reasoning_effort": "high"}
    assert body(ask(where, thinking=Thinking("none"))) == off
    assert body(ask(where, turns=CALLED)) == off
    assert body(ask(where, turns=THOUGHT)) == {}
    assert json.loads(ask(where, turns=THOUGHT).body)["messages"][1]["reasoning_content"] == "hm"
    forced = ask(where, F, thinking=Thinking("high"), tool_choice=ToolChoice("any"))
    assert body(forced)["thinking"] == off["thinking"]
    assert forced.dropped == ("reasoning_effort",)


def test_tools() -> None:
    """Functions and custom tools have OpenAI's form; what another provider runs itself is named."""
    asked = ask(target(), F, G, PATCH, HOSTED, parallel=False, tool_choice=ToolChoice("tool", ("patch",)))
    grammar = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "s: A"}}
    assert body(asked)["tools"] == [
        {"type": "function", "function": {"name": "f", "description": "does", "parameters": {"type": "object"}}},
        {"type": "function", "function": {"name": "g"}},
        {"type": "custom", "custom": {"name": "patch", "description": "edits", "format": grammar}},
    ]
    assert body(asked)["tool_choice"] == {"type": "custom", "custom": {"name": "patch"}}
    assert body(asked)["parallel_tool_calls"] is False
    assert asked.dropped == ("tools[name=web_search]",)


def test_custom_tools_of_others() -> None:
    """A provider that knows functions alone gets one whose only argument is the text."""
    (tool,) = body(ask(target("vllm"), PATCH))["tools"]
    assert tool["function"]["parameters"]["required"] == ["input"]
    assert "lark" in tool["function"]["description"]


ALLOWED = ToolChoice("any", ("f",))


def test_allowed_tools() -> None:
    """OpenAI takes a list of the allowed tools; anybody else is offered those alone."""
    asked = body(ask(target(), F, G, tool_choice=ALLOWED))
    named = {"mode": "required", "tools": [{"type": "function", "function": {"name": "f"}}]}
    assert asked["tool_choice"] == {"type": "allowed_tools", "allowed_tools": named}
    assert len(asked["tools"]) == 2
    other = body(ask(target("vllm"), F, G, tool_choice=ALLOWED))
    assert other["tool_choice"] == "required"
    assert [tool["function"]["name"] for tool in other["tools"]] == ["f"]


@pytest.mark.parametrize(
    "choice", [ToolChoice("tool", ("web_search",)), ToolChoice("tool", ()), ToolChoice("any", ("x",))]
)
@pytest.mark.parametrize("tools", [(), (F, HOSTED), (HOSTED,)])
def test_a_forced_tool_must_be_there(choice: ToolChoice, tools: tuple[Tool | Opaque, ...]) -> None:
    """Nobody is told to call what is not on offer."""
    with pytest.raises(Unsupported) as caught:
        ask(target(), *tools, tool_choice=choice)
    assert caught.value.param == "tool_choice"


def test_names() -> None:
    """Names that OpenAI refuses are replaced wherever they stand, also of tools that are on offer no more."""
    turns = (*HI, Turn("assistant", (ToolCall("a", "old.tool", "{}"),)))
    asked = ask(target(), Tool("new.tool"), turns=turns, tool_choice=ToolChoice("tool", ("new.tool",)))
    said = json.loads(asked.body)
    (old,) = said["messages"][1]["tool_calls"]
    assert asked.renamed[old["function"]["name"]] == "old.tool"
    assert asked.renamed[said["tools"][0]["function"]["name"]] == "new.tool"
    assert said["tool_choice"]["function"] == {"name": said["tools"][0]["function"]["name"]}


def test_cache_marks() -> None:
    """Tools, parts and results bear their marks where the provider takes them."""
    mark = b'{"type":"ephemeral"}'
    turns = (*CALLED[:2], Turn("tool", (ToolResult("a", (Text("1"),), cache=mark),)))
    tool = Tool("f", cache=mark)
    said = json.loads(ask(target("openrouter", quirks=frozenset({"cache_marks"})), tool, turns=turns).body)
    assert said["tools"][0]["cache_control"] == {"type": "ephemeral"}
    assert said["messages"][2]["content"] == [{"type": "text", "text": "1", "cache_control": {"type": "ephemeral"}}]
    assert b"cache_control" not in ask(target(), tool, turns=turns).body


def test_thoughts_of_others_are_named() -> None:
    """They are not sent, and the header says so."""
    signed = Turn("assistant", (Reasoning("hm", Seal("anthropic", "s")), Text("yes")))
    assert ask(target(), turns=(*HI, signed)).dropped == ("reasoning.text",)


def test_nothing_to_answer() -> None:
    """A request without a word is refused here: every provider would."""
    with pytest.raises(BadRequest, match="no message"):
        ask(target(), turns=(Turn("user", (Text(""),)),))


def messages_of(turns: tuple[Turn, ...]) -> bytes:
    """The messages as they are sent."""
    return bytes(members(ask(target(), F, turns=turns).body)["messages"])


@pytest.mark.parametrize("count", [2, 4, 5])
def test_a_longer_conversation_begins_as_the_shorter_one(count: int) -> None:
    """Prompt caches compare bytes: what is added changes nothing before it."""
    turns = (Turn("system", (Text("be kind"),)), *THOUGHT, *CALLED)
    assert messages_of(turns).startswith(messages_of(turns[:count])[:-1])
