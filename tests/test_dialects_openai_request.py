"""The reading of chat completion requests."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.chat.request import File, Image, Opaque, Reasoning, Text, ToolCall, ToolResult, Turn
from xrouter.dialects.openai.request import read_envelope
from xrouter.dialects.openai.turns import read_turns
from xrouter.errors import BadRequest
from xrouter.wire import json

SECRET = "my-private-prompt"


def _body(**members: Any) -> bytes:
    return json.encode({"model": "auto", "messages": []} | members)


def _turns(*messages: Any) -> tuple[Turn, ...]:
    return read_turns(read_envelope(_body(messages=messages)))


def test_envelope_reads_the_outside() -> None:
    """Model, stream and the wish for usage are read; the body stays as it came."""
    body = b'{"model":"m","messages": [ {} ],"stream":true,"stream_options":{"include_usage":true},"x":1.0}'
    envelope = read_envelope(body)
    assert envelope.body is body
    assert (envelope.model, envelope.stream, envelope.wants_usage) == ("m", True, True)
    assert bytes(envelope.members["messages"]) == b"[ {} ]"
    assert bytes(envelope.members["x"]) == b"1.0"


@pytest.mark.parametrize("body", [b'{"messages":[]}', b'{"model":null,"messages":[]}', b'{"model":"","messages":[]}'])
def test_a_request_without_model_asks_for_auto(body: bytes) -> None:
    """A missing, null or empty model leaves the choice to the router."""
    envelope = read_envelope(body)
    assert (envelope.model, envelope.stream, envelope.wants_usage) == ("auto", False, False)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b'{"model":7,"messages":[]}', "model"),
        (b'{"messages":[],"stream":"yes"}', "stream"),
        (b'{"messages":[],"stream":1}', "stream"),
        (b'{"model":"any"}', "messages"),
        (b'{"messages":"my-private-prompt"}', "messages"),
        (b'{"messages":null}', "messages"),
        (b'{"messages":{"a":"my-private-prompt"}}', "messages"),
    ],
)
def test_what_the_router_depends_on_is_checked(body: bytes, param: str) -> None:
    """A member of the wrong kind is refused by name, without a word of the body."""
    with pytest.raises(BadRequest) as caught:
        read_envelope(body)
    assert caught.value.param == param
    assert SECRET not in caught.value.text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"my-private-prompt"',
        b'{"messages":["my-private-prompt"',
        b'{"messages":["my-private-prompt \xff"]}',
        b"[" * 100_000,
        b'{"messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=["empty", "cut", "list", "null", "string", "cut-list", "not-utf8", "deep", "deep-messages"],
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    """A body that is no JSON object in UTF-8 is a BadRequest that quotes nothing of it."""
    with pytest.raises(BadRequest) as caught:
        read_envelope(body)
    assert SECRET not in caught.value.text


@pytest.mark.parametrize("options", [None, 7, [], {}, {"include_usage": "yes"}, {"include_usage": False}])
def test_only_true_asks_for_usage(options: object) -> None:
    """Odd stream options ask for nothing."""
    assert not read_envelope(_body(stream_options=options)).wants_usage


CONTENTS: list[tuple[Any, tuple[Any, ...]]] = [
    ("hi", (Text("hi"),)),
    (None, ()),
    ({"a": 1}, ()),
    (["hi", 7, None], (Text("hi"),)),
    ([{"type": "text", "text": "hi", "cache_control": {}}], (Text("hi", cache=b"{}"),)),
    ([{"type": "text", "text": 7}], (Text(""),)),
    ([{"type": "image_url", "image_url": {"url": "data:x"}}], (Image("data:x"),)),
    ([{"type": "image_url", "image_url": "http://x"}], (Image("http://x"),)),
    ([{"type": "input_audio", "input_audio": {}}, {"type": "file"}], (File("audio", "audio/wav"), File("document"))),
    ([{}], (Opaque("openai", "", b"{}"),)),
]


@pytest.mark.parametrize(("content", "parts"), CONTENTS)
def test_content_in_all_its_forms(content: Any, parts: tuple[Any, ...]) -> None:
    """Content is read as a string or as parts; what is neither is left out."""
    assert _turns({"role": "user", "content": content}) == (Turn("user", parts),)


def test_roles_tools_and_thoughts() -> None:
    """Developer is system; tool calls, results and reasoning become parts."""
    call = {"id": "c1", "type": "function", "function": {"name": "read", "arguments": "{}"}}
    assert _turns(
        {"role": "developer", "content": "be kind"},
        {"role": "assistant", "content": None, "reasoning_content": "hm", "tool_calls": [call, 7, {}]},
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "done"}]},
    ) == (
        Turn("system", (Text("be kind"),)),
        Turn("assistant", (Reasoning("hm"), ToolCall("c1", "read", "{}"))),
        Turn("tool", (ToolResult("c1", (Text("done"),)),)),
    )


def test_messages_that_cannot_be_read_are_left_out() -> None:
    """What is no message, or has no role that is known, does not keep the others from being read."""
    assert _turns(1, None, "x", [], {}, {"role": 7}, {"role": "robot"}, {"role": "user", "content": "hi"}) == (
        Turn("user", (Text("hi"),)),
    )


@pytest.mark.parametrize(
    ("tools", "offers"),
    [
        ([{"type": "function", "function": {"name": "a", "parameters": {}}}], True),
        ([7], True),
        ([], False),
        (None, False),
    ],
)
def test_tools_on_offer(tools: object, *, offers: bool) -> None:
    """Whether there are any is all that the judge wants to know; odd ones are the provider's to refuse."""
    assert read_envelope(_body(tools=tools)).has_tools == offers


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "tool", "system"])},
    optional={"content": JSON, "tool_calls": JSON, "tool_call_id": JSON, "reasoning_content": JSON, "reasoning": JSON},
)


@given(messages=st.lists(MESSAGE | JSON, max_size=5), tools=JSON)
def test_reading_never_raises(messages: list[Any], tools: object) -> None:
    """Whatever stands in the messages, reading them does not fail."""
    read_turns(read_envelope(_body(messages=messages, tools=tools)))
