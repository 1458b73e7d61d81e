"""Requests for a provider that speaks Responses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.chat.request import (
    Conversation,
    File,
    Format,
    Image,
    Opaque,
    Part,
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
from xrouter.dialects.base import Written
from xrouter.dialects.responses import read_envelope, read_request, write_request
from xrouter.errors import Unsupported
from xrouter.wire import json

_TARGET = Target("frontier", "openai", "responses", "http://127.0.0.1:1/v1/responses", "gpt-4.1")
_THINKER = msgspec.structs.replace(_TARGET, model="gpt-5.2")
_HI = Turn("user", (Text("hi"),))
_SAID = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}
_SCHEMA = b'{"type":"object","properties":{"b":{},"a":{}}}'
_TOOL = Tool("f", "F", _SCHEMA)
_PNG = "data:image/png;base64,iVBORw0KGgo="


def _written(
    *turns: Turn,
    tools: tuple[Tool | Opaque, ...] = (),
    target: Target = _TARGET,
    stream: bool = False,
    **settings: Any,
) -> Written:
    return write_request(Conversation("auto", turns or (_HI,), tools, Settings(**settings), stream), target)


def _body(*turns: Turn, **more: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.decode(_written(*turns, **more).body)
    return body


def _input(*turns: Turn) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = _body(*turns)["input"]
    return items


def test_a_plain_request() -> None:
    """Nothing is kept at the provider, and nothing is asked for that the client has not asked for."""
    written = _written(stream=True)
    assert json.decode(written.body) == {"model": "gpt-4.1", "store": False, "input": [_SAID], "stream": True}
    assert (written.url, written.dropped, written.renamed) == (_TARGET.url, (), {})


def test_the_first_system_message_is_the_instructions_a_later_one_stays_in_its_place() -> None:
    """Instructions stand before everything."""
    body = _body(Turn("system", (Text("be brief"),)), _HI, Turn("system", (Text("in verse"),)))
    assert body["instructions"] == "be brief"
    assert [item["role"] for item in body["input"]] == ["user", "system"]


@pytest.mark.parametrize(
    ("part", "piece"),
    [
        (Image(_PNG, "low"), {"type": "input_image", "image_url": _PNG, "detail": "low"}),
        (Image("https://a/b.png"), {"type": "input_image", "image_url": "https://a/b.png", "detail": "auto"}),
        (File("image", id="file-1"), {"type": "input_image", "file_id": "file-1", "detail": "auto"}),
        (
            File("document", "application/pdf", "JVBERi0="),
            {"type": "input_file", "filename": "file.pdf", "file_data": "data:application/pdf;base64,JVBERi0="},
        ),
        (File("document", url="https://a/b.pdf"), {"type": "input_file", "file_url": "https://a/b.pdf"}),
        (File("document", id="file-1"), {"type": "input_file", "file_id": "file-1"}),
        (File("document", text="words", name="n"), {"type": "input_text", "text": "n\nwords"}),
        (Opaque("anthropic", "search_result", b"{}", "found"), {"type": "input_text", "text": "found"}),
    ],
)
def test_a_part_of_the_users(part: Part, piece: dict[str, Any]) -> None:
    """What each kind of part becomes."""
    assert _input(Turn("user", (part,)))[0]["content"] == [piece]


def test_thoughts_words_and_calls_are_items_and_results_follow_their_calls() -> None:
    """Results stand in the calls' order; a lost one is made up for; one without its call becomes words."""
    seal = Seal("responses", '{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAA"}')
    items = _input(
        _HI,
        Turn(
            "assistant",
            (
                Reasoning("hm", seal),
                Reasoning("ours", Seal("anthropic", "sig")),
                Text("wait "),
                Refusal("no"),
                ToolCall("c1", "f", ""),
                ToolCall("c2", "patch", "*** x", custom=True),
                ToolCall("c3", "f", "{}"),
            ),
        ),
        Turn("tool", (ToolResult("c2", (Text("two"),)),)),
        Turn("tool", (ToolResult("c1", (Text("bad"),), is_error=True),)),
        Turn("tool", (ToolResult("c9", (Text("lost"),)),)),
    )
    assert items[1:] == [
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"},
        {"type": "message", "role": "assistant", "content": "wait no"},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
        {"type": "custom_tool_call", "call_id": "c2", "name": "patch", "input": "*** x"},
        {"type": "function_call", "call_id": "c3", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "Error: bad"},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": "two"},
        {"type": "function_call_output", "call_id": "c3", "output": "No result was recorded."},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "lost"}]},
    ]


def test_a_seal_is_one_item_and_nothing_else() -> None:
    """It came through a client, which may have written anything into it."""
    seals = ('{"a":1}], "model": "other"', '{"type":"message"}', "[]")
    turn = Turn("assistant", tuple(Reasoning("", Seal("responses", value), redacted=True) for value in seals))
    assert _input(_HI, turn) == [_SAID]


def test_a_tools_picture_stays_in_its_result() -> None:
    """A result may be a list of parts."""
    result = ToolResult("c1", (Text("look"), Image(_PNG)))
    output = _input(_HI, Turn("assistant", (ToolCall("c1", "f", "{}"),)), Turn("tool", (result,)))[-1]["output"]
    assert [piece["type"] for piece in output] == ["input_text", "input_image"]


def test_ids_and_names_are_made_to_fit_and_names_come_back() -> None:
    """OpenAI takes ids of 64 characters and names of letters and digits; equal ones stay equal."""
    turns = (Turn("assistant", (ToolCall("c" * 70, "a.b", "{}"),)), Turn("tool", (ToolResult("c" * 70, (Text("1"),)),)))
    written = _written(*turns, tools=(Tool("a.b"),))
    body = json.decode(written.body)
    call, output = body["input"]
    assert call["call_id"] == output["call_id"]
    assert len(call["call_id"]) <= 64
    assert written.renamed == {body["tools"][0]["name"]: "a.b"}
    assert call["name"] == body["tools"][0]["name"]


def test_tools_of_each_kind() -> None:
    """A custom tool's grammar may come as Chat Completions writes it."""
    grammar = b'{"type":"grammar","grammar":{"syntax":"lark","definition":"start: /x/"}}'
    tools = (
        _TOOL,
        Tool("p", custom=True, grammar=grammar),
        Tool("g", strict=True),
        Opaque("anthropic", "web_search", b"{}"),
    )
    written = _written(tools=tools, parallel=False, tool_choice=ToolChoice("auto"))
    body = json.decode(written.body)
    assert body["tools"] == [
        {"type": "function", "name": "f", "description": "F", "parameters": json.decode(_SCHEMA), "strict": False},
        {"type": "custom", "name": "p", "format": {"type": "grammar", "syntax": "lark", "definition": "start: /x/"}},
        {"type": "function", "name": "g", "parameters": {"type": "object", "properties": {}}, "strict": True},
    ]
    assert (body["parallel_tool_calls"], body["tool_choice"], written.dropped) == (
        False,
        "auto",
        ("tools[type=web_search]",),
    )


@pytest.mark.parametrize(
    ("choice", "written"),
    [
        (ToolChoice("auto"), "auto"),
        (ToolChoice("none"), "none"),
        (ToolChoice("any"), "required"),
        (ToolChoice("tool", ("f",)), {"type": "function", "name": "f"}),
        (ToolChoice("tool", ("p",)), {"type": "custom", "name": "p"}),
        (
            ToolChoice("any", ("f",)),
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f"}]},
        ),
    ],
)
def test_the_choice_of_tools(choice: ToolChoice, written: Any) -> None:
    """All forms have a counterpart."""
    assert _body(tools=(_TOOL, Tool("p", custom=True)), tool_choice=choice)["tool_choice"] == written


def test_how_to_answer() -> None:
    """Settings and what passes from OpenAI's other dialect; what only steers sampling is named."""
    extras = (
        Opaque("openai", "metadata", b'{"a":"b"}'),
        Opaque("openai", "verbosity", b'"low"'),
        Opaque("openai", "logit_bias", b"{}"),
        Opaque("openai", "store", b"true"),
        Opaque("anthropic", "metadata", b'{"user_id":"u"}'),
    )
    written = _written(
        max_tokens=5,
        temperature=0.5,
        top_p=0.9,
        top_k=3,
        seed=1,
        n=1,
        presence_penalty=0.1,
        logprobs=True,
        top_logprobs=2,
        format=Format("json_schema", "out", _SCHEMA, strict=True),
        user="u",
        service_tier="flex",
        extras=extras,
    )
    body = json.decode(written.body)
    assert (body["max_output_tokens"], body["temperature"], body["top_p"], body["top_logprobs"]) == (16, 0.5, 0.9, 2)
    schema = {"type": "json_schema", "name": "out", "schema": json.decode(_SCHEMA), "strict": True}
    assert body["text"] == {"format": schema, "verbosity": "low"}
    assert (body["metadata"], body["user"], body["service_tier"]) == ({"a": "b"}, "u", "flex")
    assert body["include"] == ["message.output_text.logprobs"]
    assert sorted(written.dropped) == ["logit_bias", "presence_penalty", "seed", "top_k"]


@pytest.mark.parametrize(
    ("thinking", "reasoning"),
    [
        (None, None),
        (Thinking("high"), {"effort": "high", "summary": "auto"}),
        (Thinking("high", shown=False), {"effort": "high"}),
        (Thinking(None), {"summary": "auto"}),
        (Thinking("none"), {"effort": "none"}),
        (Thinking(budget=0), {"effort": "none"}),
        (Thinking(budget=1024, shown=False), {"effort": "low"}),
        (Thinking(budget=4096, shown=False), {"effort": "medium"}),
        (Thinking(budget=32_000, shown=False), {"effort": "high"}),
    ],
)
def test_how_much_to_think(thinking: Thinking | None, reasoning: Any) -> None:
    """A budget becomes an effort; a summary is asked for where thoughts are shown."""
    assert _body(target=_THINKER, thinking=thinking).get("reasoning") == reasoning


def test_a_model_that_thinks_is_asked_for_encrypted_thoughts_and_no_temperature() -> None:
    """It would refuse a temperature, unless it is not to think."""
    written = _written(target=_THINKER, temperature=0.5, top_p=0.5)
    assert json.decode(written.body)["include"] == ["reasoning.encrypted_content"]
    assert written.dropped == ("temperature", "top_p")
    assert _written(target=_THINKER, temperature=1).dropped == ()
    assert _body(target=_THINKER, temperature=0.5, thinking=Thinking("none"))["temperature"] == 0.5
    assert "include" not in _body(target=msgspec.structs.replace(_TARGET, model="gpt-5-chat-latest"))


@pytest.mark.parametrize(
    ("settings", "param"),
    [
        ({"n": 2}, "n"),
        ({"stop": ("x",)}, "stop"),
        ({"tool_choice": ToolChoice("any")}, "tool_choice"),
        ({"extras": (Opaque("openai", "web_search_options", b"{}"),)}, "web_search_options"),
        ({"extras": (Opaque("openai", "audio", b"{}"),)}, "audio"),
    ],
)
def test_what_would_change_the_meaning_is_refused(settings: dict[str, Any], param: str) -> None:
    """The member is named, and who cannot take it."""
    with pytest.raises(Unsupported) as caught:
        _written(**settings)
    assert caught.value.param == param
    assert "openai (gpt-4.1)" in caught.value.text


def test_sound_and_film_are_refused() -> None:
    """Responses cannot hear."""
    with pytest.raises(Unsupported) as caught:
        _written(Turn("user", (File("audio", "audio/wav", "UklGRg=="),)))
    assert caught.value.param == "messages"


def test_the_targets_own_settings_fill_and_win() -> None:
    """Effort and limit where the client asks for none; members of the body always; unknown ones never."""
    target = msgspec.structs.replace(
        _TARGET,
        effort="low",
        max_output_tokens=500,
        body=(("service_tier", b'"flex"'), ("metadata", b'{"b":1}')),
        unknown=frozenset({"user"}),
        renames=(("max_output_tokens", "max_tokens"),),
    )
    written = _written(target=target, user="u", extras=(Opaque("openai", "metadata", b'{"a":1}'),))
    body = json.decode(written.body)
    assert (body["reasoning"], body["max_tokens"], body["service_tier"]) == ({"effort": "low"}, 500, "flex")
    assert body["metadata"] == {"b": 1}
    assert written.dropped == ("user",)
    asked = _body(target=target, max_tokens=99, thinking=Thinking("high", shown=False))
    assert (asked["reasoning"], asked["max_tokens"]) == ({"effort": "high"}, 99)


_TURNS: list[Callable[[str], list[Turn]]] = [
    lambda text: [Turn("user", (Text(text),))],
    lambda text: [Turn("assistant", (Text(text or "a"),)), _HI],
    lambda text: [
        Turn("assistant", (ToolCall(f"c{text}", "f", "{}"),)),
        Turn("tool", (ToolResult(f"c{text}", (Text(text),)),)),
    ],
]


@given(st.lists(st.tuples(st.sampled_from(_TURNS), st.text(max_size=5)), min_size=1, max_size=5), st.integers(0, 4))
def test_a_longer_conversation_begins_with_the_bytes_of_the_shorter(
    said: list[tuple[Callable[[str], list[Turn]], str]], at: int
) -> None:
    """Prompt caches find what they have; equal requests are equal bytes."""
    turns = [[Turn("system", (Text("s"),)), _HI], *[make(f"{index}{text}") for index, (make, text) in enumerate(said)]]
    short = _written(*[turn for group in turns[: at + 1] for turn in group], tools=(_TOOL,)).body
    whole = _written(*[turn for group in turns for turn in group], tools=(_TOOL,)).body
    assert whole.startswith(short.removesuffix(b"]}"))


def test_what_is_read_is_written_back_the_same() -> None:
    """Writing is reading backwards, for all that the dialect can say."""
    body = {
        "model": "gpt-4.1",
        "store": False,
        "instructions": "be brief",
        "tools": [
            {"type": "function", "name": "f", "description": "F", "parameters": {"type": "object"}, "strict": False}
        ],
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "input": [
            _SAID,
            {"type": "message", "role": "assistant", "content": "wait"},
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"x": 1}'},
            {"type": "function_call_output", "call_id": "c1", "output": "18"},
        ],
        "max_output_tokens": 100,
        "temperature": 0.5,
        "text": {"format": {"type": "json_object"}, "verbosity": "low"},
        "user": "u",
        "metadata": {"a": "b"},
    }
    talk = read_request(read_envelope(json.encode(body)))
    assert json.decode(write_request(talk, _TARGET).body) == body
