"""A conversation as the body of a Cohere request."""

from __future__ import annotations

import base64
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
from xrouter.dialects import cohere
from xrouter.dialects.base import Written
from xrouter.errors import Unsupported

TARGET = Target("cheap", "cohere", "cohere", "http://127.0.0.1/v2/chat", model="command-a")
THINKER = Target("cheap", "cohere", "cohere", "http://127.0.0.1/v2/chat", model="command-a-reasoning-08")
QUESTION = Turn("user", (Text("hi"),))
CALL = ToolCall("c1", "look", '{"at": 1.0}')
LOOK = Tool("look", "Looks.", b'{"type":"object","required":["at"]}')
JUMP = Tool("jump")
PNG = "data:image/png;base64,iVBORw0KGgo="


def write(
    *turns: Turn, tools: tuple[Tool | Opaque, ...] = (), target: Target = TARGET, stream: bool = False, **settings: Any
) -> Written:
    """The request of a conversation."""
    return cohere.write_request(
        Conversation("auto", turns or (QUESTION,), tools, Settings(**settings), stream=stream), target
    )


def body(*turns: Turn, **kwargs: Any) -> dict[str, Any]:
    """Its body."""
    decoded: dict[str, Any] = json.loads(write(*turns, **kwargs).body)
    return decoded


def call(given: str, *, custom: bool = False) -> Any:
    """What becomes of a call's arguments."""
    messages = body(QUESTION, Turn("assistant", (ToolCall("c", "f", given, custom=custom),)))["messages"]
    return messages[1]["tool_calls"][0]["function"]["arguments"]


def text(words: str) -> dict[str, str]:
    """A part of a content."""
    return {"type": "text", "text": words}


def picture(url: str, **more: str) -> dict[str, Any]:
    """A part of a content."""
    return {"type": "image_url", "image_url": {"url": url, **more}}


CALLED = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"at": 1.0}'}}
MESSAGES: dict[str, tuple[list[Turn], list[dict[str, Any]]]] = {
    "system": ([Turn("system", (Text("S"),))], [{"role": "system", "content": "S"}]),
    "system in parts": (
        [Turn("system", (Text("a"), Text("b")))],
        [{"role": "system", "content": [text("a"), text("b")]}],
    ),
    "an empty system message says nothing": ([Turn("system", ())], []),
    "user": ([QUESTION], [{"role": "user", "content": "hi"}]),
    "two in a row": ([QUESTION, QUESTION], [{"role": "user", "content": "hi"}] * 2),
    "nothing at all": ([Turn("user", ())], [{"role": "user", "content": ""}]),
    "a picture": (
        [Turn("user", (Text("see"), Image(PNG, detail="low")))],
        [{"role": "user", "content": [text("see"), picture(PNG, detail="low")]}],
    ),
    "a picture by its address": (
        [Turn("user", (Image("https://a.example/p.png", detail="original"),))],
        [{"role": "user", "content": [picture("https://a.example/p.png")]}],
    ),
    "a picture as a file": (
        [Turn("user", (File("image", "image/png", data="iVBORw0KGgo="),))],
        [{"role": "user", "content": [picture(PNG)]}],
    ),
    "a text file": (
        [Turn("user", (File("document", "text/plain", text="words", name="a.txt"),))],
        [{"role": "user", "content": "a.txt\nwords"}],
    ),
    "a text file in base64": (
        [Turn("user", (File("document", "text/csv", data=base64.b64encode("é".encode()).decode()),))],
        [{"role": "user", "content": "é"}],
    ),
    "assistant": (
        [Turn("assistant", (Text("a"), Refusal("no")))],
        [{"role": "assistant", "content": [text("a"), text("no")]}],
    ),
    "an assistant that said nothing": ([Turn("assistant", (Text(""), Reasoning("t")))], []),
    "thoughts of a turn that is over": (
        [Turn("assistant", (Reasoning("t"), Text("a")))],
        [{"role": "assistant", "content": "a"}],
    ),
    "a call, its plan and its result": (
        [
            Turn("assistant", (Reasoning("I look."), CALL)),
            Turn("tool", (ToolResult("c1", (Text("a"), Text("b"))),)),
        ],
        [
            {"role": "assistant", "tool_calls": [CALLED], "tool_plan": "I look."},
            {"role": "tool", "tool_call_id": "c1", "content": "a\nb"},
        ],
    ),
    "a thought that another dialect has sealed": (
        [Turn("assistant", (Reasoning("t", Seal("anthropic", "s")), CALL)), Turn("tool", (ToolResult("c1"),))],
        [{"role": "assistant", "tool_calls": [CALLED]}, {"role": "tool", "tool_call_id": "c1", "content": ""}],
    ),
    "a result that is an error": (
        [Turn("assistant", (CALL,)), Turn("tool", (ToolResult("c1", (Text("gone"),), is_error=True),))],
        [
            {"role": "assistant", "tool_calls": [CALLED]},
            {"role": "tool", "tool_call_id": "c1", "content": "Error: gone"},
        ],
    ),
    "a result with a picture": (
        [Turn("assistant", (CALL,)), Turn("tool", (ToolResult("c1", (Image(PNG),)),))],
        [
            {"role": "assistant", "tool_calls": [CALLED]},
            {"role": "tool", "tool_call_id": "c1", "content": "[see the picture below]"},
            {"role": "user", "content": [text("[picture from tool call c1]"), picture(PNG)]},
        ],
    ),
    "a result that is missing": (
        [Turn("assistant", (CALL,)), QUESTION],
        [
            {"role": "assistant", "tool_calls": [CALLED]},
            {"role": "tool", "tool_call_id": "c1", "content": "No result was recorded."},
            {"role": "user", "content": "hi"},
        ],
    ),
    "a result that comes late": (
        [Turn("assistant", (CALL,)), QUESTION, Turn("tool", (ToolResult("c1", (Text("r"),)),))],
        [
            {"role": "assistant", "tool_calls": [CALLED]},
            {"role": "tool", "tool_call_id": "c1", "content": "r"},
            {"role": "user", "content": "hi"},
        ],
    ),
    "a result of no call": (
        [QUESTION, Turn("tool", (ToolResult("c9", (Text("r"),)),))],
        [
            {"role": "user", "content": "hi"},
            {"role": "user", "content": [text("[result of tool call c9]"), text("r")]},
        ],
    ),
    "the same id in two turns": (
        [
            Turn("assistant", (CALL,)),
            Turn("tool", (ToolResult("c1", (Text("1"),)),)),
            Turn("assistant", (CALL,)),
            Turn("tool", (ToolResult("c1", (Text("2"),)),)),
        ],
        [
            {"role": "assistant", "tool_calls": [CALLED]},
            {"role": "tool", "tool_call_id": "c1", "content": "1"},
            {"role": "assistant", "tool_calls": [CALLED]},
            {"role": "tool", "tool_call_id": "c1", "content": "2"},
        ],
    ),
}


@pytest.mark.parametrize(("turns", "expected"), MESSAGES.values(), ids=MESSAGES)
def test_messages(turns: list[Turn], expected: list[dict[str, Any]]) -> None:
    """Each kind of turn becomes the messages that Cohere takes, in its order."""
    assert expected == body(*turns)["messages"]


ARGUMENTS = {
    '{"a": 1.0}': '{"a": 1.0}',
    "": "{}",
    "null": "{}",
    '{"city": "Pa': '{"_raw":"{\\"city\\": \\"Pa"}',
    "[1]": '{"value":[1]}',
}


@pytest.mark.parametrize(("given", "expected"), ARGUMENTS.items())
def test_arguments(given: str, expected: str) -> None:
    """Arguments pass as they came; what is no object is put into one."""
    assert expected == call(given)


def test_arguments_of_a_custom_tool() -> None:
    """Free text is the one argument of a function."""
    assert call("free text", custom=True) == '{"input":"free text"}'


FILES: dict[str, Part] = {
    "a PDF": File("document", "application/pdf", data="JVBERi0="),
    "sound": File("audio", "audio/wav", data="UklGRg=="),
    "an upload": File("document", id="file_1"),
    "an uploaded picture": File("image", id="file_1"),
    "text that is no base64": File("document", "text/plain", data="a"),
}


@pytest.mark.parametrize("part", FILES.values(), ids=FILES)
def test_what_cannot_be_read(part: Part) -> None:
    """A file that Cohere cannot read is refused by name of the field, the model and what to do."""
    with pytest.raises(Unsupported, match="cohere command-a cannot read") as caught:
        write(Turn("user", (part,)))
    assert (caught.value.param, caught.value.status) == ("messages", 400)
    assert "tier" in caught.value.text


@pytest.mark.parametrize("role", ["system", "assistant"])
def test_pictures_are_the_users(role: Any) -> None:
    """A picture in a message of anybody else is refused."""
    with pytest.raises(Unsupported, match="picture"):
        write(Turn(role, (Image(PNG),)))


def test_foreign_blocks() -> None:
    """A block that only another dialect has is left out and named."""
    written = write(Turn("user", (Text("q"), Opaque("anthropic", "container_upload", b"{}"))))
    assert written.dropped == ("container_upload",)
    assert json.loads(written.body)["messages"] == [{"role": "user", "content": "q"}]


SETTINGS: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "none": ({}, {}, []),
    "plain": (
        {"max_tokens": 5, "temperature": 0.3, "top_p": 0.5, "top_k": 4, "stop": ("a",), "seed": 7, "logprobs": True},
        {
            "max_tokens": 5,
            "temperature": 0.3,
            "p": 0.5,
            "k": 4,
            "seed": 7,
            "stop_sequences": ["a"],
            "logprobs": True,
        },
        [],
    ),
    "too hot": ({"temperature": 1.7}, {"temperature": 1}, ["temperature"]),
    "all of the mass": ({"top_p": 1.0}, {"p": 0.99}, []),
    "penalties": (
        {"presence_penalty": -1.0, "frequency_penalty": 0.5},
        {"frequency_penalty": 0.5, "presence_penalty": 0},
        ["presence_penalty"],
    ),
    "too many stops": ({"stop": tuple("abcdef")}, {"stop_sequences": list("abcde")}, ["stop"]),
    "top logprobs": ({"logprobs": True, "top_logprobs": 3}, {"logprobs": True}, ["top_logprobs"]),
    "JSON": ({"format": Format("json_object")}, {"response_format": {"type": "json_object"}}, []),
    "a schema": (
        {"format": Format("json_schema", "n", b'{"type":"object"}')},
        {"response_format": {"type": "json_object", "json_schema": {"type": "object"}}},
        [],
    ),
    "its own members": (
        {"extras": (Opaque("openai", "safety_mode", b'"OFF"'), Opaque("openai", "logit_bias", b"{}"))},
        {"safety_mode": "OFF"},
        ["logit_bias"],
    ),
    "hints": ({"user": "u", "service_tier": "flex", "extras": (Opaque("openai", "store", b"true"),)}, {}, []),
    "one answer": ({"n": 1, "extras": (Opaque("openai", "modalities", b'["text"]'),)}, {}, []),
    "an effort that this model cannot make": ({"thinking": Thinking("high")}, {}, ["reasoning_effort"]),
    "no effort": ({"thinking": Thinking("none")}, {}, []),
}


@pytest.mark.parametrize(("settings", "expected", "dropped"), SETTINGS.values(), ids=SETTINGS)
def test_settings(settings: dict[str, Any], expected: dict[str, Any], dropped: list[str]) -> None:
    """Each setting has its place; what cannot be met is changed or left out, and named."""
    written = write(**settings)
    said = json.loads(written.body)
    assert expected == {key: value for key, value in said.items() if key not in {"model", "messages"}}
    assert dropped == list(written.dropped)


THOUGHTS: dict[str, tuple[Thinking | None, str | None, Any]] = {
    "no wish": (None, None, None),
    "an effort": (Thinking("low"), None, {"type": "enabled", "token_budget": 1024}),
    "the most": (Thinking("xhigh"), None, {"type": "enabled"}),
    "a budget": (Thinking(budget=99), None, {"type": "enabled", "token_budget": 99}),
    "none": (Thinking("none"), None, {"type": "disabled"}),
    "the target's": (Thinking(), "medium", {"type": "enabled", "token_budget": 8192}),
    "the client's goes first": (Thinking("none"), "medium", {"type": "disabled"}),
}


@pytest.mark.parametrize(("wish", "own", "expected"), THOUGHTS.values(), ids=THOUGHTS)
def test_thinking(wish: Thinking | None, own: str | None, expected: Any) -> None:
    """A model that thinks is told how much."""
    target = Target("cheap", "cohere", "cohere", "u", model=THINKER.model, effort=own)
    assert expected == body(target=target, thinking=wish).get("thinking")


FUNCTION = {"name": "look", "description": "Looks.", "parameters": {"type": "object", "required": ["at"]}}
PLAIN = {"name": "jump", "parameters": {"type": "object", "properties": {}}}
CHOICES: dict[str, tuple[ToolChoice | None, list[Any], Any]] = {
    "no wish": (None, [FUNCTION, PLAIN], None),
    "auto": (ToolChoice("auto"), [FUNCTION, PLAIN], None),
    "none": (ToolChoice("none"), [FUNCTION, PLAIN], "NONE"),
    "any": (ToolChoice("any"), [FUNCTION, PLAIN], "REQUIRED"),
    "that one": (ToolChoice("tool", ("jump",)), [PLAIN], "REQUIRED"),
    "some": (ToolChoice("auto", ("look",)), [FUNCTION], None),
}


@pytest.mark.parametrize(("choice", "tools", "literal"), CHOICES.values(), ids=CHOICES)
def test_tool_choice(choice: ToolChoice | None, tools: list[Any], literal: Any) -> None:
    """Cohere knows two literals; a single tool that must be called is the only one on offer."""
    said = body(tools=(LOOK, JUMP), tool_choice=choice)
    assert tools == [tool["function"] for tool in said["tools"]]
    assert literal == said.get("tool_choice")


def test_strict_tools() -> None:
    """Strictness holds for all tools or none, and needs an argument that is required; else it is named."""
    strict = Tool("look", schema=LOOK.schema, strict=True)
    assert body(tools=(strict,))["strict_tools"] is True
    written = write(tools=(strict, Tool("jump", strict=True)), parallel=False)
    assert written.dropped == ("strict", "parallel_tool_calls")
    assert "strict_tools" not in json.loads(written.body)


def test_other_tools() -> None:
    """A custom tool becomes a function with one text, what a provider runs itself is left out and named."""
    written = write(tools=(Tool("edit", custom=True, grammar=b'"g"'), Opaque("responses", "web_search", b"{}")))
    (tool,) = json.loads(written.body)["tools"]
    assert tool["function"]["parameters"]["required"] == ["input"]
    assert "grammar" in tool["function"]["description"]
    assert written.dropped == ("tools[type=web_search]",)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "several answers": ({"n": 2}, "n"),
    "a format beside tools": ({"tools": (LOOK,), "format": Format("json_object")}, "response_format"),
    "a format beside documents": (
        {"extras": (Opaque("openai", "documents", b"[]"),), "format": Format("json_object")},
        "response_format",
    ),
    "a tool that is not there": ({"tools": (LOOK,), "tool_choice": ToolChoice("tool", ("jump",))}, "tool_choice"),
    "any of no tools": ({"tool_choice": ToolChoice("any")}, "tool_choice"),
    "sound": ({"extras": (Opaque("openai", "modalities", b'["text","audio"]'),)}, "modalities"),
}


@pytest.mark.parametrize(("asked", "param"), REFUSED.values(), ids=REFUSED)
def test_refused(asked: dict[str, Any], param: str) -> None:
    """What would mean something else without it is a 400 that names the field and the model."""
    with pytest.raises(Unsupported, match="command-a") as caught:
        write(**asked)
    assert param == caught.value.param


def test_of_the_target() -> None:
    """The target's model, output limit and members hold; its members win; the model of the client without one."""
    target = Target(
        "cheap", "cohere", "cohere", "u", max_output_tokens=9, body=(("temperature", b"0.1"), ("priority", b"3"))
    )
    said = body(target=target, temperature=0.9, stream=True)
    assert {key: value for key, value in said.items() if key != "messages"} == {
        "model": "auto",
        "max_tokens": 9,
        "temperature": 0.1,
        "stream": True,
        "priority": 3,
    }
    assert write(target=target).url == "u"


WORDS = st.text(max_size=8)
TURNS = st.lists(
    st.one_of(
        st.builds(lambda words: Turn("user", (Text(words),)), WORDS),
        st.builds(lambda words: Turn("assistant", (Text(words),)), WORDS),
        st.builds(lambda one: Turn("assistant", (ToolCall(one, "f", "{}"),)), WORDS),
        st.builds(lambda one: Turn("tool", (ToolResult(one, (Text("r"),)),)), WORDS),
    ),
    max_size=8,
)


@given(turns=TURNS)
def test_calls_are_answered(turns: list[Turn]) -> None:
    """Whatever the turns: each call is answered right behind it, once, and nothing else is an answer."""
    waiting: list[str] = []
    for message in body(QUESTION, *turns)["messages"]:
        if message["role"] == "tool":
            assert waiting.pop(0) == message["tool_call_id"]
            continue
        assert waiting == []
        waiting = [made["id"] for made in message.get("tool_calls", ())]
    assert waiting == []


@given(turns=TURNS)
def test_equal_requests_have_equal_bytes(turns: list[Turn]) -> None:
    """The same request is the same bytes, and one that goes on begins with them: prompt caches compare."""
    shorter, longer = write(QUESTION, *turns), write(QUESTION, *turns, QUESTION)
    assert shorter == write(QUESTION, *turns)
    end = shorter.body.rindex(b"]")
    assert longer.body.startswith(shorter.body[:end])


def test_a_late_system_message_does_not_come_last() -> None:
    """Cohere answers users and tools: a system message at the end is told by the user."""
    turns = (Turn("user", (Text("Hi?"),)), Turn("system", (Text("Be brief."),)))
    target = Target("cheap", "cohere", "cohere", "http://127.0.0.1/v2/chat", model="command-a-03-2025")
    body = json.loads(cohere.write_request(Conversation("auto", turns), target).body)
    assert [message["role"] for message in body["messages"]] == ["user", "user"]
