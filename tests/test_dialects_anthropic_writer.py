"""Streamed answers as this dialect's events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.chat.events import (
    Cited,
    End,
    Event,
    Finish,
    Logprobs,
    Other,
    Picture,
    Reasoning,
    Refusal,
    Sealed,
    Start,
    Text,
    ToolArgs,
    ToolStart,
    Usage,
)
from xrouter.chat.fold import fold, unfold
from xrouter.chat.reply import Answer, Reply
from xrouter.chat.reply import Usage as Tokens
from xrouter.chat.request import Citation, Envelope, Opaque, Seal, ToolCall
from xrouter.chat.request import Reasoning as Thought
from xrouter.chat.request import Text as Words
from xrouter.dialects.anthropic.reply import write_reply
from xrouter.dialects.anthropic.writer import DONE, writer
from xrouter.dialects.base import Stamp
from xrouter.errors import Broken
from xrouter.wire import json, sse

STAMP = Stamp("msg_stamp", "stamped", 7, Envelope(b"x" * 40, {}, "auto"))
SEAL = Seal("anthropic", "S")


def _write(events: Iterable[Event]) -> bytes:
    write = writer(STAMP)
    return b"".join(write.send(event) for event in events)


def _read(stream: bytes) -> list[dict[str, Any]]:
    """The events of a stream; each is named as its type says."""
    found = []
    for name, data in sse.EventReader().feed(stream):
        said = json.decode(data)
        assert said["type"] == name
        found.append(said)
    return found


def _short(event: dict[str, Any]) -> str:
    """A line of a transcript."""
    match event["type"]:
        case "content_block_start":
            block = event["content_block"]
            return f"{event['index']} {block['type']} {block.get('name') or block.get('data') or ''}".rstrip()
        case "content_block_delta":
            delta = event["delta"]
            said = next(value for key, value in delta.items() if key != "type")
            return f"{event['index']} + {said['url'] if isinstance(said, dict) else said}"
        case "content_block_stop":
            return f"{event['index']} ."
        case "message_delta":
            return str(event["delta"]["stop_reason"])
    return str(event["type"])


def _transcript(*events: Event) -> list[str]:
    """What stands between the first event and the last one."""
    lines = [_short(event) for event in _read(_write([Start(), *events, End()]))]
    assert (lines[0], lines[-1]) == ("message_start", "message_stop")
    return lines[1:-1]


def _assemble(stream: bytes) -> dict[str, Any]:
    """The message that a client makes of a stream; checks that one block is open at a time and indexes only rise."""
    message: dict[str, Any] = {}
    pieces: list[str] = []
    is_open = False
    for event in _read(stream):
        match event["type"]:
            case "message_start":
                message = event["message"]
            case "content_block_start":
                assert not is_open
                assert event["index"] == len(message["content"])
                is_open, pieces = True, []
                message["content"].append(event["content_block"])
            case "content_block_delta":
                assert is_open
                assert event["index"] == len(message["content"]) - 1
                _add(message["content"][-1], event["delta"], pieces)
            case "content_block_stop":
                assert is_open
                is_open = False
                if pieces:
                    message["content"][-1]["input"] = json.decode("".join(pieces).encode())
            case "message_delta":
                assert not is_open
                message |= event["delta"]
                message["usage"] |= event["usage"]
    return message


def _add(block: dict[str, Any], delta: dict[str, Any], pieces: list[str]) -> None:
    match delta["type"]:
        case "text_delta":
            block["text"] += delta["text"]
        case "thinking_delta":
            block["thinking"] += delta["thinking"]
        case "signature_delta":
            block["signature"] += delta["signature"]
        case "citations_delta":
            block.setdefault("citations", []).append(delta["citation"])
        case "input_json_delta":
            pieces.append(delta["partial_json"])


TRANSCRIPTS: list[tuple[list[Event], list[str]]] = [
    ([], ["end_turn"]),
    ([Text("a"), Text(""), Text("b"), Finish("stop")], ["0 text", "0 + a", "0 + b", "0 .", "end_turn"]),
    (
        [Reasoning("hm"), Sealed(SEAL), Text("a")],
        ["0 thinking", "0 + hm", "0 + S", "0 .", "1 text", "1 + a", "1 .", "end_turn"],
    ),
    ([Reasoning("hm"), Text("a")], ["0 thinking", "0 + hm", "0 .", "1 text", "1 + a", "1 .", "end_turn"]),
    (
        [Reasoning("a"), Sealed(SEAL), Reasoning("b"), Sealed(SEAL)],
        ["0 thinking", "0 + a", "0 + S", "0 .", "1 thinking", "1 + b", "1 + S", "1 .", "end_turn"],
    ),
    ([Sealed(SEAL)], ["0 thinking", "0 + S", "0 .", "end_turn"]),
    ([Sealed(SEAL, redacted=True)], ["0 redacted_thinking S", "0 .", "end_turn"]),
    ([Text("a"), Sealed(SEAL), Text("b")], ["0 text", "0 + a", "0 + b", "0 .", "end_turn"]),
    ([Refusal("no"), Finish("stop")], ["0 text", "0 + no", "0 .", "refusal"]),
    ([Text("a"), Refusal("no")], ["0 text", "0 + a", "0 .", "1 text", "1 + no", "1 .", "refusal"]),
    (
        [Text("a"), Cited(Citation("U")), Cited(Citation(title="a file")), Text("b")],
        ["0 text", "0 + a", "0 + U", "0 + b", "0 .", "end_turn"],
    ),
    ([Cited(Citation("U"))], ["0 text", "0 + U", "0 .", "end_turn"]),
    ([Picture("data:image/png;base64,iVBO")], ["end_turn"]),
    ([Picture("https://a.test/b")], ["0 text", "0 + ![image](https://a.test/b)", "0 .", "end_turn"]),
    (
        [Text("a"), Other(Opaque("anthropic", "x", b'{"type":"x"}')), Other(Opaque("gemini", "x", b"{}"))],
        ["0 text", "0 + a", "0 .", "1 x", "1 .", "end_turn"],
    ),
    ([Text("a"), Logprobs(b"[]"), Text("b")], ["0 text", "0 + a", "0 + b", "0 .", "end_turn"]),
    ([Text("a"), Text("x", choice=1), Finish("length", choice=1)], ["0 text", "0 + a", "0 .", "end_turn"]),
    ([Finish("length")], ["max_tokens"]),
    ([Finish("content_filter")], ["refusal"]),
    ([Finish("stop", "END")], ["stop_sequence"]),
    (
        [Text("a"), ToolStart(0, "t", "f"), ToolArgs(0, "{"), ToolArgs(0, "}"), Finish("stop")],
        ["0 text", "0 + a", "0 .", "1 tool_use f", "1 + {", "1 + }", "1 .", "tool_use"],
    ),
    (
        [ToolStart(0, "t", "f"), ToolArgs(0, "{}"), ToolStart(1, "u", "g"), ToolArgs(1, "{}")],
        ["0 tool_use f", "0 + {}", "0 .", "1 tool_use g", "1 + {}", "1 .", "tool_use"],
    ),
    (
        [ToolStart(0, "t", "f"), ToolStart(1, "u", "g"), ToolArgs(1, "["), ToolArgs(0, "{}"), ToolArgs(1, "]")],
        ["0 tool_use f", "0 + {}", "0 .", "1 tool_use g", "1 + [", "1 + ]", "1 .", "tool_use"],
    ),
    (
        [ToolStart(0, "t", "f"), ToolArgs(0, "{"), Text("a"), Text("b"), ToolArgs(0, "}"), ToolArgs(7, "x")],
        ["0 tool_use f", "0 + {", "0 + }", "0 .", "1 text", "1 + a", "1 + b", "1 .", "tool_use"],
    ),
    (
        [ToolStart(0, "t", "f"), ToolArgs(0, "{}"), Text("a"), ToolArgs(0, " ")],
        ["0 tool_use f", "0 + {}", "0 .", "1 text", "1 + a", "1 .", "tool_use"],
    ),
    (
        [ToolStart(0, "t", "f", custom=True), ToolArgs(0, "fr"), ToolArgs(0, "ee")],
        ["0 tool_use f", '0 + {"input":"free"}', "0 .", "tool_use"],
    ),
]


@pytest.mark.parametrize(("events", "lines"), TRANSCRIPTS)
def test_events_become_blocks_one_after_another(events: list[Event], lines: list[str]) -> None:
    """One block is open at a time, and what belongs to a later one waits for its turn."""
    assert _transcript(*events) == lines


def test_a_call_that_is_whole_makes_room_at_once() -> None:
    """Calls that come one after another reach the client as they come."""
    write = writer(STAMP)
    for event in (Start(), ToolStart(0, "t", "f"), ToolArgs(0, '{"a":1}')):
        write.send(event)
    assert b'"name":"g"' in write.send(ToolStart(1, "u", "g"))
    assert b'"partial_json":"{"' in write.send(ToolArgs(1, "{"))


def test_the_first_event_marks_the_message() -> None:
    """Identity and model are the provider's, else the stamp's; a second start says nothing new."""
    (first,) = _read(_write([Start("msg_1", "m", 3), Start("msg_2", "n", 3)]))
    assert (first["message"]["id"], first["message"]["model"]) == ("msg_1", "m")
    assert first["message"]["usage"] == {
        "input_tokens": 0,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": 1,
    }
    unmarked = _read(_write([Text("a"), End()]))
    assert (unmarked[0]["message"]["id"], unmarked[0]["message"]["model"]) == ("msg_stamp", "stamped")


def test_usage_is_said_once_and_last() -> None:
    """The figures are held until the end, however often and early they come."""
    early = _read(_write([Usage(Tokens(1, 1)), Text("a"), Finish("stop"), Usage(Tokens(10, 2, cached=4)), End()]))
    assert [event["type"] for event in early].count("message_delta") == 1
    assert early[-2]["usage"] == {
        "input_tokens": 6,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 4,
        "output_tokens": 2,
    }


def test_usage_is_estimated_where_there_is_none() -> None:
    """A client counts its context by it."""
    last = _read(_write([Text("12345678"), End()]))[-2]
    assert (last["usage"]["input_tokens"], last["usage"]["output_tokens"]) == (10, 2)


def test_a_whole_stream_ends_with_done() -> None:
    """The last event is the one that is missing where a stream ended without it."""
    assert _write([Start(), End()]).endswith(DONE)


def test_waiting_is_a_ping() -> None:
    """It may come before the first event too."""
    assert writer(STAMP).idle() == b'event: ping\ndata: {"type":"ping"}\n\n'


def test_a_failure_ends_the_stream() -> None:
    """It is an error event, and no message_stop follows."""
    assert _read(writer(STAMP).fail(Broken("gone"))) == [
        {"type": "error", "error": {"type": "api_error", "message": "gone"}}
    ]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
OBJECTS = st.dictionaries(TEXT, TEXT | st.integers(-(2**60), 2**60), max_size=3).map(
    lambda value: json.encode(value).decode()
)
CITATIONS = st.lists(st.builds(Citation, url=TEXT, title=TEXT, quote=TEXT), max_size=2).map(tuple)
PARTS = st.one_of(
    st.builds(Words, TEXT, citations=CITATIONS),
    st.builds(Thought, TEXT, st.none() | st.builds(Seal, TEXT, TEXT)),
    st.builds(lambda seal: Thought("", seal, redacted=True), st.builds(Seal, TEXT, TEXT)),
    st.builds(ToolCall, TEXT, TEXT, OBJECTS),
)
FINISHES = st.sampled_from(["stop", "length", "tool_calls", "content_filter"])
REPLIES = st.builds(
    lambda parts, finish: fold(unfold(Reply("i", "m", 1, (Answer(tuple(parts), finish),), Tokens(9, 2)))),
    st.lists(PARTS, max_size=6),
    FINISHES,
)


@given(REPLIES)
def test_stream_and_whole_agree(reply: Reply) -> None:
    """What a client assembles from the stream is the message that it would have got in one piece."""
    assert _assemble(_write(unfold(reply))) == json.decode(write_reply(reply, STAMP))


@st.composite
def _interleaved(draw: st.DrawFn, calls: list[str]) -> list[Event]:
    """The pieces of all calls, those of each in their order."""
    left: dict[int, list[Event]] = {}
    for index, text in enumerate(calls):
        left[index] = [ToolStart(index, f"t{index}", "f"), *(ToolArgs(index, char) for char in text)]
    mixed: list[Event] = []
    while left:
        index = draw(st.sampled_from(sorted(left)))
        mixed.append(left[index].pop(0))
        left = {index: events for index, events in left.items() if events}
    return mixed


@given(st.data(), st.lists(OBJECTS, min_size=1, max_size=3))
def test_interleaved_calls_are_put_in_order(data: st.DataObject, calls: list[str]) -> None:
    """However the pieces of parallel calls are mixed, each call arrives whole and on its own."""
    message = _assemble(_write([Start(), *data.draw(_interleaved(calls)), Finish("tool_calls"), End()]))
    assert {block["id"]: block["input"] for block in message["content"]} == {
        f"t{index}": json.decode(text.encode()) for index, text in enumerate(calls)
    }
