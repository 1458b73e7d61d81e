"""Whole answers as messages."""

from __future__ import annotations

from typing import Any

import pytest

from xrouter.chat.reply import Answer, Reply, Said, Usage
from xrouter.chat.request import Citation, Envelope, Image, Opaque, Reasoning, Refusal, Seal, Text, ToolCall
from xrouter.dialects.anthropic.reply import write_reply, write_usage
from xrouter.dialects.base import Stamp
from xrouter.wire import json

STAMP = Stamp("msg_stamp", "stamped", 7, Envelope(b"x" * 40, {}, "auto"))
CITED = {
    "type": "web_search_result_location",
    "url": "U",
    "title": None,
    "encrypted_index": "",
    "cited_text": "q",
}


def _write(*parts: Said, finish: str = "stop", **answer: Any) -> dict[str, Any]:
    reply = Reply("msg_1", "m", 1, (Answer(parts, finish, **answer),), Usage(9, 2))
    message = json.decode(write_reply(reply, STAMP))
    assert isinstance(message, dict)
    return message


BLOCKS: list[tuple[Said, list[dict[str, Any]]]] = [
    (Text("a"), [{"type": "text", "text": "a"}]),
    (Text(""), []),
    (
        Text("a", citations=(Citation("U", quote="q"), Citation(title="a file"))),
        [{"type": "text", "text": "a", "citations": [CITED]}],
    ),
    (Refusal("no"), [{"type": "text", "text": "no"}]),
    (Reasoning("hm"), [{"type": "thinking", "thinking": "hm", "signature": ""}]),
    (Reasoning("hm", Seal("anthropic", "S")), [{"type": "thinking", "thinking": "hm", "signature": "S"}]),
    (Reasoning("", Seal("anthropic", "S"), redacted=True), [{"type": "redacted_thinking", "data": "S"}]),
    (
        Reasoning("", Seal("gemini", "S")),
        [{"type": "thinking", "thinking": "", "signature": "xr1:eyJkaWFsZWN0IjoiZ2VtaW5pIiwidmFsdWUiOiJTIn0="}],
    ),
    (ToolCall("t", "f", '{"a": 1}'), [{"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}]),
    (ToolCall("t", "f", ""), [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]),
    (ToolCall("t", "f", "null"), [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]),
    (ToolCall("t", "f", '{"a": "x'), [{"type": "tool_use", "id": "t", "name": "f", "input": {"_raw": '{"a": "x'}}]),
    (ToolCall("t", "f", "[1]"), [{"type": "tool_use", "id": "t", "name": "f", "input": {"value": [1]}}]),
    (
        ToolCall("t", "f", "free", custom=True),
        [{"type": "tool_use", "id": "t", "name": "f", "input": {"input": "free"}}],
    ),
    (Image("https://a.test/b"), [{"type": "text", "text": "![image](https://a.test/b)"}]),
    (Image("data:image/png;base64,iVBO"), []),
    (Opaque("anthropic", "x", b'{"type":"x"}'), [{"type": "x"}]),
    (Opaque("gemini", "x", b"{}"), []),
]


@pytest.mark.parametrize(("part", "blocks"), BLOCKS)
def test_each_part_becomes_a_block(part: Said, blocks: list[dict[str, Any]]) -> None:
    """What the dialect can say becomes a block of its own, in order."""
    assert _write(part)["content"] == blocks


def test_the_input_of_a_call_keeps_its_bytes() -> None:
    """Key order and numbers are those of the provider."""
    reply = Reply(answers=(Answer((ToolCall("t", "f", ' {"b": 1.0, "a": 1e400} '),)),))
    assert b'"input":{"b":1.0,"a":1e400}' in write_reply(reply, STAMP)


@pytest.mark.parametrize(
    ("finish", "parts", "reason"),
    [
        ("stop", (Text("a"),), "end_turn"),
        ("stop", (Refusal("a"),), "refusal"),
        ("stop", (ToolCall("t", "f", "{}"),), "tool_use"),
        ("tool_calls", (ToolCall("t", "f", "{}"),), "tool_use"),
        ("length", (ToolCall("t", "f", "{"),), "max_tokens"),
        ("content_filter", (), "refusal"),
        ("new", (), "end_turn"),
    ],
)
def test_the_reason_is_translated(finish: str, parts: tuple[Said, ...], reason: str) -> None:
    """A call is a reason of its own: clients run tools only where the answer says so."""
    message = _write(*parts, finish=finish)
    assert (message["stop_reason"], message["stop_sequence"]) == (reason, None)


def test_a_stop_sequence_that_was_met_is_named() -> None:
    """It is the reason, and which one it was stands beside it."""
    message = _write(Text("a"), stop_sequence="END")
    assert (message["stop_reason"], message["stop_sequence"]) == ("stop_sequence", "END")


@pytest.mark.parametrize(
    ("tokens", "counts"),
    [
        (Usage(10, 2), (10, 0, 0, 2)),
        (Usage(10, 2, cached=4, cache_write=3), (3, 3, 4, 2)),
        (Usage(10, 2, cached=40, cache_write=3), (0, 0, 10, 2)),
    ],
)
def test_input_is_counted_without_what_was_cached(tokens: Usage, counts: tuple[int, ...]) -> None:
    """Input, cache writes and cache reads add up to the prompt; both cache counters are always there."""
    names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")
    assert write_usage(tokens) == dict(zip(names, counts, strict=True))


def test_thoughts_are_counted_where_they_were() -> None:
    """Reasoning tokens are part of the output, and named."""
    assert write_usage(Usage(1, 9, reasoning=7))["output_tokens_details"] == {"thinking_tokens": 7}


def test_the_message_is_marked() -> None:
    """With the provider's identity and model, else with the stamp's; without figures the usage is estimated."""
    assert (_write()["id"], _write()["model"]) == ("msg_1", "m")
    bare = json.decode(write_reply(Reply(answers=(Answer((Text("12345678"),)),)), STAMP))
    assert bare == {
        "id": "msg_stamp",
        "type": "message",
        "role": "assistant",
        "model": "stamped",
        "content": [{"type": "text", "text": "12345678"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 10,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": 2,
        },
    }


def test_of_several_answers_the_first_is_written() -> None:
    """The dialect knows one answer only."""
    reply = Reply(answers=(Answer((Text("a"),)), Answer((Text("b"),))))
    assert json.decode(write_reply(reply, STAMP))["content"] == [{"type": "text", "text": "a"}]
