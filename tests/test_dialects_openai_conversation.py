"""dialects/openai: whole requests, read to be translated."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.chat.request import (
    Conversation,
    File,
    Format,
    Image,
    Opaque,
    Reasoning,
    Refusal,
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
from xrouter.dialects import openai
from xrouter.errors import BadRequest

MARK = {"type": "ephemeral"}
MARKED = b'{"type":"ephemeral"}'


def read(**members: Any) -> Conversation:
    """A request with these members."""
    body = json.dumps({"model": "auto", "messages": [], **members}, separators=(",", ":"))
    return openai.read_request(openai.read_envelope(body.encode()))


SCHEMA = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}, "strict": True}}
SETTINGS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"max_tokens": 9}, {"max_tokens": 9}),
    ({"max_tokens": 9, "max_completion_tokens": 8}, {"max_tokens": 8}),
    ({"max_tokens": 9.0}, {"max_tokens": 9}),
    ({"temperature": 1, "top_p": 0.5, "top_k": 4}, {"temperature": 1, "top_p": 0.5, "top_k": 4}),
    ({"temperature": None}, {}),
    ({"stop": "x"}, {"stop": ("x",)}),
    ({"stop": ["x", "y"]}, {"stop": ("x", "y")}),
    (
        {"seed": 1, "n": 2, "logprobs": True, "top_logprobs": 3},
        {"seed": 1, "n": 2, "logprobs": True, "top_logprobs": 3},
    ),
    ({"presence_penalty": 1, "frequency_penalty": -1}, {"presence_penalty": 1, "frequency_penalty": -1}),
    ({"parallel_tool_calls": False}, {"parallel": False}),
    ({"response_format": {"type": "text"}}, {}),
    ({"response_format": {"type": "json_object"}}, {"format": Format("json_object")}),
    ({"response_format": SCHEMA}, {"format": Format("json_schema", "a", b'{"type":"object"}', strict=True)}),
    (
        {"response_format": {"type": "json_object", "schema": {"a": 1}}},
        {"format": Format("json_schema", schema=b'{"a":1}')},
    ),
    ({"reasoning_effort": "low"}, {"thinking": Thinking("low")}),
    ({"reasoning": {"max_tokens": 5, "exclude": True}}, {"thinking": Thinking(budget=5, shown=False)}),
    ({"reasoning": {"enabled": False}}, {"thinking": Thinking("none")}),
    ({"thinking": {"type": "enabled", "budget_tokens": 2048}}, {"thinking": Thinking(budget=2048)}),
    ({"thinking": {"type": "disabled"}}, {"thinking": Thinking("none")}),
    ({"user": "u", "service_tier": "flex"}, {"user": "u", "service_tier": "flex"}),
    ({"modalities": ["text"], "store": None}, {}),
    ({"logit_bias": {"1": 2}}, {"extras": (Opaque("openai", "logit_bias", b'{"1":2}'),)}),
    ({"tool_choice": "required"}, {"tool_choice": ToolChoice("any")}),
    ({"tool_choice": "none"}, {"tool_choice": ToolChoice("none")}),
    ({"tool_choice": {"type": "function", "function": {"name": "f"}}}, {"tool_choice": ToolChoice("tool", ("f",))}),
    ({"function_call": {"name": "f"}}, {"tool_choice": ToolChoice("tool", ("f",))}),
    (
        {
            "tool_choice": {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "required", "tools": [{"type": "function", "function": {"name": "f"}}]},
            }
        },
        {"tool_choice": ToolChoice("any", ("f",))},
    ),
]


@pytest.mark.parametrize(("members", "settings"), SETTINGS)
def test_settings(members: dict[str, Any], settings: dict[str, Any]) -> None:
    """Each member has its place; what only this dialect has is an extra."""
    assert read(**members).settings == Settings(**settings)


WRONG = [
    ({"max_tokens": "9"}, "max_tokens"),
    ({"max_tokens": 9.5}, "max_tokens"),
    ({"seed": True}, "seed"),
    ({"temperature": "hot"}, "temperature"),
    ({"stop": [1]}, "stop"),
    ({"parallel_tool_calls": 1}, "parallel_tool_calls"),
    ({"response_format": {"type": "xml"}}, "response_format"),
    ({"response_format": {"type": "json_schema"}}, "response_format"),
    ({"reasoning": "much"}, "reasoning"),
    ({"tools": {}}, "tools"),
    ({"tools": [{"type": "function"}]}, "tools[0]"),
    ({"tools": [{"type": "function", "function": {"name": 7}}]}, "tools[0]"),
    ({"functions": [{}]}, "functions[0]"),
    ({"tool_choice": "maybe"}, "tool_choice"),
    ({"tool_choice": {"type": "function"}}, "tool_choice"),
    ({"messages": [7]}, "messages[0].role"),
    ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
    ({"messages": [{"role": "user", "content": {"a": 1}}]}, "messages[0].content"),
]


@pytest.mark.parametrize(("members", "param"), WRONG)
def test_what_cannot_be_understood(members: dict[str, Any], param: str) -> None:
    """It is refused by name: what is left out nobody else would see."""
    with pytest.raises(BadRequest) as caught:
        read(**members)
    assert caught.value.param == param


CALL = {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}
BLOCKS = [{"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "redacted_thinking", "data": "d"}]
THOUGHTS = (Reasoning("hm", Seal("anthropic", "s")), Reasoning("", Seal("anthropic", "d"), redacted=True))
GOOGLE = {"google": {"thought_signature": "c2ln"}}
GEMINI = Seal("gemini", "c2ln")
MESSAGES: dict[str, tuple[dict[str, Any], Turn]] = {
    "a developer": ({"role": "developer", "content": "x"}, Turn("system", (Text("x"),))),
    "a name": ({"role": "user", "content": "x", "name": "Ann"}, Turn("user", (Text("x"),), "Ann")),
    "a mark on a part": (
        {"role": "user", "content": [{"type": "text", "text": "x", "cache_control": MARK}]},
        Turn("user", (Text("x", MARKED),)),
    ),
    "a mark on a message": (
        {"role": "user", "content": "x", "cache_control": MARK},
        Turn("user", (Text("x", MARKED),)),
    ),
    "a picture": (
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:x", "detail": "low"}}]},
        Turn("user", (Image("data:x", "low"),)),
    ),
    "sound": (
        {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "AA==", "format": "mp3"}}]},
        Turn("user", (File("audio", "audio/mp3", data="AA=="),)),
    ),
    "a file": (
        {"role": "user", "content": [{"type": "file", "file": {"filename": "a", "file_data": "data:a/b;base64,AA=="}}]},
        Turn("user", (File("document", "a/b", data="AA==", name="a"),)),
    ),
    "an upload": (
        {"role": "user", "content": [{"type": "file", "file": {"file_id": "file-1"}}]},
        Turn("user", (File("document", id="file-1"),)),
    ),
    "a call": (
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        Turn("assistant", (ToolCall("a", "f", '{"x": 1}'),)),
    ),
    "arguments that are an object": (
        {"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": {"x": 1}}}]},
        Turn("assistant", (ToolCall("a", "f", '{"x":1}'),)),
    ),
    "a custom call": (
        {"role": "assistant", "tool_calls": [{"id": "a", "type": "custom", "custom": {"name": "f", "input": "any"}}]},
        Turn("assistant", (ToolCall("a", "f", "any", custom=True),)),
    ),
    "a refusal": ({"role": "assistant", "content": None, "refusal": "no"}, Turn("assistant", (Refusal("no"),))),
    "signed thoughts": (
        {"role": "assistant", "content": "x", "reasoning_content": "hm", "thinking_blocks": BLOCKS},
        Turn("assistant", (*THOUGHTS, Text("x"))),
    ),
    "a signature of Gemini's": (
        {"role": "assistant", "content": None, "tool_calls": [{**CALL, "extra_content": GOOGLE}]},
        Turn("assistant", (ToolCall("a", "f", '{"x": 1}', seal=GEMINI),)),
    ),
    "a signature of a message": (
        {"role": "assistant", "content": "x", "extra_content": GOOGLE},
        Turn("assistant", (Text("x", seal=GEMINI),)),
    ),
    "a result": (
        {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "1"}]},
        Turn("tool", (ToolResult("a", (Text("1"),)),)),
    ),
}


@pytest.mark.parametrize(("message", "turn"), MESSAGES.values(), ids=MESSAGES)
def test_messages(message: dict[str, Any], turn: Turn) -> None:
    """Each kind of message becomes a turn."""
    assert read(messages=[message]).turns == (turn,)


def test_a_call_of_old() -> None:
    """It has no id: its result is the message after it."""
    call = {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}}
    asked, told = read(messages=[call, {"role": "function", "name": "f", "content": "1"}]).turns
    assert asked.parts == (ToolCall("call_0", "f", "{}"),)
    assert told.parts == (ToolResult("call_0", (Text("1"),)),)


def test_tools() -> None:
    """Functions, those of old, custom tools, and what only this dialect has."""
    function = {"name": "f", "description": "d", "parameters": {"type": "object"}, "strict": True}
    offers = [
        {"type": "function", "function": function, "cache_control": MARK},
        {"type": "custom", "custom": {"name": "c", "format": {"type": "text"}}},
        {"type": "function", "name": "flat"},
        {"type": "web_search"},
    ]
    assert read(tools=offers, functions=[{"name": "old"}]).tools == (
        Tool("f", "d", b'{"type":"object"}', strict=True, cache=MARKED),
        Tool("c", custom=True, grammar=b'{"type":"text"}'),
        Tool("flat"),
        Opaque("openai", "web_search", b'{"type":"web_search"}'),
        Tool("old"),
    )


words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9)
names = st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True)
schemas = st.dictionaries(names, st.none() | st.integers(-9, 9) | words, max_size=2).map(
    lambda known: json.dumps(known, separators=(",", ":"), ensure_ascii=False).encode()
)
users = st.builds(
    lambda parts, name: Turn("user", tuple(parts), name),
    st.builds(Text, words).map(lambda text: [text])
    | st.lists(st.builds(Text, words) | st.builds(Image, words.map("data:".__add__)), min_size=2, max_size=3),
    st.none() | names,
)
systems = st.builds(lambda text: Turn("system", (Text(text),)), words)
answers = st.builds(lambda text: Turn("assistant", (Text(text),)), words)
tools = st.lists(
    st.builds(Tool, names, st.none() | words, st.none() | schemas, st.none() | st.booleans()),
    max_size=3,
    unique_by=lambda tool: tool.name,
)
chances = st.none() | st.floats(0, 1)
settings = st.builds(
    Settings,
    max_tokens=st.none() | st.integers(1, 99),
    temperature=chances,
    top_p=chances,
    stop=st.lists(words, max_size=4).map(tuple),
    seed=st.none() | st.integers(0, 99),
    n=st.none() | st.integers(1, 3),
    presence_penalty=chances,
    frequency_penalty=chances,
    logprobs=st.none() | st.booleans(),
    top_logprobs=st.none() | st.integers(0, 5),
    format=st.none() | st.just(Format("json_object")) | st.builds(Format, st.just("json_schema"), names, schemas),
    user=st.none() | words,
    service_tier=st.none() | st.sampled_from(["auto", "flex"]),
)


@st.composite
def loops(draw: st.DrawFn) -> list[Turn]:
    """A turn with calls, and all their results; the ids are to be made unique."""
    asked = draw(st.lists(st.tuples(names, schemas), min_size=1, max_size=2))
    calls = [ToolCall(f"c{at}", name, arguments.decode()) for at, (name, arguments) in enumerate(asked)]
    said = [Text(text) for text in draw(st.lists(words, max_size=1))]
    results = [Turn("tool", (ToolResult(call.id, (Text(draw(words)),)),)) for call in calls]
    return [Turn("assistant", (*said, *calls)), *results]


@st.composite
def talks(draw: st.DrawFn) -> Conversation:
    """A conversation with all that OpenAI itself has a place for."""
    turns = draw(st.lists(users | systems | answers, min_size=1, max_size=4))
    offered = draw(tools)
    asked = draw(settings)
    if offered:
        choices = st.sampled_from(
            [None, ToolChoice("auto"), ToolChoice("none"), ToolChoice("any"), ToolChoice("tool", (offered[0].name,))]
        )
        asked = Settings(
            **{**_members(asked), "tool_choice": draw(choices), "parallel": draw(st.none() | st.booleans())}
        )
    stream = draw(st.booleans())
    return Conversation("m", (*turns, *draw(loops())), tuple(offered), asked, stream, wants_usage=stream)


def _members(asked: Settings) -> dict[str, Any]:
    return {name: getattr(asked, name) for name in asked.__struct_fields__}


TARGET = Target("frontier", "openai", "openai", "https://x.test", model="m", output_limit="max_completion_tokens")


@given(talks())
def test_what_is_written_is_read_as_it_was(talk: Conversation) -> None:
    """Reading a request that was written gives the same turns, tools and settings."""
    written = openai.write_request(talk, TARGET)
    assert written.dropped == ()
    assert openai.read_request(openai.read_envelope(written.body)) == talk
