"""dialects/openai: turns as messages, and parts as their content."""

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
    Image,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Seal,
    Text,
    ToolCall,
    ToolResult,
    Turn,
)
from xrouter.chat.target import Target
from xrouter.dialects.openai import write_request
from xrouter.errors import BadRequest, Unsupported

HI = Turn("user", (Text("hi"),))
PNG = "data:image/png;base64,iVBORw0KGgo="
DETAILS = Seal("openai", '[{"type":"reasoning.text","text":"hm","signature":"s"}]')
GOOGLE = Seal("gemini", "c2ln")


def target(provider: str = "openai", *quirks: str, url: str = "https://x.test/v1") -> Target:
    """A provider that speaks OpenAI."""
    return Target("frontier", provider, "openai", url, model="m", quirks=frozenset(quirks))


def messages(*turns: Turn, to: Target | None = None) -> list[dict[str, Any]]:
    """The messages as they are written."""
    written = write_request(Conversation("auto", turns), to or target())
    said: list[dict[str, Any]] = json.loads(written.body)["messages"]
    return said


def content(*parts: Part, to: Target | None = None) -> Any:
    """What a user's message of these parts holds."""
    return messages(Turn("user", parts), to=to)[0]["content"]


TURNS: dict[str, tuple[Turn, list[dict[str, Any]]]] = {
    "a user": (HI, [{"role": "user", "content": "hi"}]),
    "a name": (Turn("user", (Text("hi"),), "Ann"), [{"role": "user", "content": "hi", "name": "Ann"}]),
    "a system": (Turn("system", (Text("a"), Text("b"))), [{"role": "system", "content": "a\n\nb"}]),
    "another's order to itself": (
        Turn("system", (Text("a"), Opaque("anthropic", "tool_addition", b"{}"))),
        [{"role": "system", "content": "a"}],
    ),
    "words": (Turn("assistant", (Text("a"), Text("b"))), [{"role": "assistant", "content": "a\n\nb"}]),
    "a refusal": (
        Turn("assistant", (Refusal("no"),)),
        [{"role": "assistant", "content": None, "refusal": "no"}],
    ),
    "thoughts alone": (Turn("assistant", (Reasoning("hm"),)), []),
    "another's search": (
        Turn("assistant", (Text("a"), Opaque("anthropic", "x", b"{}"))),
        [{"role": "assistant", "content": "a"}],
    ),
    "a picture of the model's": (
        Turn("assistant", (Text("see"), Image(PNG))),
        [
            {"role": "assistant", "content": "see"},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "[content of the answer above]"},
                    {"type": "image_url", "image_url": {"url": PNG}},
                ],
            },
        ],
    ),
}


@pytest.mark.parametrize(("turn", "written"), TURNS.values(), ids=TURNS)
def test_turns(turn: Turn, written: list[dict[str, Any]]) -> None:
    """Each kind of turn has its messages."""
    assert messages(turn, HI) == [*written, {"role": "user", "content": "hi"}]


def test_calls_and_results() -> None:
    """Results stand right behind their calls, in their order; pictures among them are shown by the user."""
    asks = Turn("assistant", (ToolCall("a", "f", '{"x":1}'), ToolCall("b", "g", "")))
    gives = Turn("tool", (ToolResult("b", (Text("2"), Image(PNG))), ToolResult("a", (Text("1"),), is_error=True)))
    assert messages(HI, asks, Turn("user", (Text("and?"),)), gives)[1:] == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}},
                {"id": "b", "type": "function", "function": {"name": "g", "arguments": "{}"}},
            ],
        },
        {"role": "tool", "tool_call_id": "a", "content": "Error: 1"},
        {"role": "tool", "tool_call_id": "b", "content": "2\n[see the content of call b below]"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "[content of call b]"},
                {"type": "image_url", "image_url": {"url": PNG}},
            ],
        },
        {"role": "user", "content": "and?"},
    ]


def test_lost_results() -> None:
    """A call without a result gets one that says so; a result without a call is told as words."""
    said = messages(HI, Turn("assistant", (ToolCall("a", "f", "{}"),)), Turn("tool", (ToolResult("x", (Text("1"),)),)))
    assert said[2:] == [
        {"role": "tool", "tool_call_id": "a", "content": "Error: No result was recorded."},
        {"role": "user", "content": "1"},
    ]


def test_ids_that_are_used_again() -> None:
    """Each result stays with the call that it came for."""
    asks = Turn("assistant", (ToolCall("0", "f", "{}"),))
    one, two = (Turn("tool", (ToolResult("0", (Text(words),)),)) for words in ("one", "two"))
    said = messages(HI, asks, one, asks, two)
    assert [(message["tool_call_id"], message["content"]) for message in said if message["role"] == "tool"] == [
        ("0", "one"),
        ("0_2", "two"),
    ]


def test_long_ids() -> None:
    """OpenAI refuses ids of more than 40 characters; others get them as they are."""
    long = "x" * 41
    turns = (HI, Turn("assistant", (ToolCall(long, "f", "{}"),)), Turn("tool", (ToolResult(long, (Text("1"),)),)))
    _, called, answered = messages(*turns)
    assert called["tool_calls"][0]["id"] == answered["tool_call_id"]
    assert len(answered["tool_call_id"]) <= 40
    assert messages(*turns, to=target("vllm"))[2]["tool_call_id"] == long


def test_custom_calls() -> None:
    """OpenAI knows calls whose input is any text; others get it as an argument."""
    turn = Turn("assistant", (ToolCall("a", "f", "any text", custom=True),))
    (official,) = messages(HI, turn)[1]["tool_calls"]
    assert official == {"id": "a", "type": "custom", "custom": {"name": "f", "input": "any text"}}
    (other,) = messages(HI, turn, to=target("vllm"))[1]["tool_calls"]
    assert other["function"] == {"name": "f", "arguments": '{"input":"any text"}'}


def test_proofs_go_back_to_who_made_them() -> None:
    """Thoughts with a proof of this dialect, all of them; Gemini's signatures to Google; none of them to OpenAI."""
    thoughts = (Reasoning("hm", DETAILS), Reasoning("", Seal("openai", "[")), Reasoning("", DETAILS))
    turn = Turn("assistant", (*thoughts, ToolCall("a", "f", "{}", seal=GOOGLE)))
    routed = messages(HI, turn, to=target("openrouter"))[1]
    assert [detail["signature"] for detail in routed["reasoning_details"]] == ["s", "s"]
    assert "extra_content" not in routed["tool_calls"][0]
    google = target("openai_compatible", url="https://generativelanguage.googleapis.com/v1beta/openai/chat/completions")
    (call,) = messages(HI, turn, to=google)[1]["tool_calls"]
    assert call["extra_content"] == {"google": {"thought_signature": "c2ln"}}
    assert messages(HI, turn)[1].keys() == {"role", "content", "tool_calls"}


def test_the_beginning_of_an_answer() -> None:
    """Mistral wants to be told that the last message is one."""
    begun = Turn("assistant", (Text("Once"),))
    assert messages(HI, begun, to=target("mistral"))[1] == {"role": "assistant", "content": "Once", "prefix": True}
    assert messages(HI, begun)[1] == {"role": "assistant", "content": "Once"}


WORDS = base64.b64encode(b"a,b").decode()
PARTS: dict[str, tuple[Part, dict[str, Any]]] = {
    "a picture": (Image(PNG, "low"), {"type": "image_url", "image_url": {"url": PNG, "detail": "low"}}),
    "a picture as a file": (
        File("image", "image/png", data="iVBORw0KGgo="),
        {"type": "image_url", "image_url": {"url": PNG}},
    ),
    "a picture's address": (
        File("image", url="https://x.test/a"),
        {"type": "image_url", "image_url": {"url": "https://x.test/a"}},
    ),
    "sound": (
        File("audio", "audio/mpeg", data="AA=="),
        {"type": "input_audio", "input_audio": {"data": "AA==", "format": "mp3"}},
    ),
    "a document": (
        File("document", data="JVBERi0=", name="a.pdf"),
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}},
    ),
    "an upload": (File("document", id="file-1"), {"type": "file", "file": {"file_id": "file-1"}}),
    "a text": (File("document", text="words", name="a.txt"), {"type": "text", "text": "a.txt\nwords"}),
    "a text in base64": (File("document", "text/csv", data=WORDS), {"type": "text", "text": "a,b"}),
    "its own": (Opaque("openai", "x", b'{"type":"x"}'), {"type": "x"}),
    "another's words": (Opaque("anthropic", "search_result", b"{}", "found"), {"type": "text", "text": "found"}),
}


@pytest.mark.parametrize(("part", "item"), PARTS.values(), ids=PARTS)
def test_parts(part: Part, item: dict[str, Any]) -> None:
    """Each kind of part has its form."""
    assert content(part, Text("?")) == [item, {"type": "text", "text": "?"}]


LINK = File("document", url="https://x.test/a.pdf", name="a.pdf")
LINKS = [
    (target("mistral", "document_links"), "document_url"),
    (target("openrouter"), "file"),
    (target("perplexity"), "file_url"),
]


@pytest.mark.parametrize(("to", "kind"), LINKS)
def test_providers_that_fetch_documents(to: Target, kind: str) -> None:
    """A document's address goes to who can read it there."""
    (item, _) = content(LINK, Text("?"), to=to)
    assert item["type"] == kind
    assert LINK.url in json.dumps(item)


@pytest.mark.parametrize(
    "part",
    [
        LINK,
        File("document", id="file_anthropic"),
        File("image", id="x"),
        File("video", data="AA=="),
        Opaque("anthropic", "container_upload", b"{}"),
    ],
)
def test_what_cannot_be_said(part: Part) -> None:
    """What would be lost is refused, and the client is told where it stands."""
    with pytest.raises(Unsupported) as caught:
        content(part, Text("?"))
    assert caught.value.param == "messages"


def test_a_text_that_is_no_base64() -> None:
    """It is the client's fault."""
    with pytest.raises(BadRequest, match="base64"):
        content(File("document", "text/plain", data="a"))


IDS = st.sampled_from(["", "a", "b", "x" * 50])
ODD = st.lists(
    st.builds(lambda ids: Turn("assistant", tuple(ToolCall(one, "f", "{}") for one in ids)), st.lists(IDS, max_size=3))
    | st.builds(
        lambda ids: Turn("tool", tuple(ToolResult(one, (Text("r"),)) for one in ids)), st.lists(IDS, max_size=3)
    )
    | st.just(HI),
    max_size=8,
)


@given(ODD)
def test_every_call_is_answered(turns: list[Turn]) -> None:
    """Behind each message with calls stand their results and no others, however the history was cut."""
    said = messages(HI, *turns)
    for at, message in enumerate(said):
        ids = [call["id"] for call in message.get("tool_calls", [])]
        assert [after["tool_call_id"] for after in said[at + 1 : at + 1 + len(ids)]] == ids
    results = sum(message["role"] == "tool" for message in said)
    assert results == sum(len(message.get("tool_calls", [])) for message in said)
