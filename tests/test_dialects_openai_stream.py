"""The reading of chat completion streams, and of whole answers."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.chat.events import (
    Cited,
    End,
    Event,
    Fault,
    Finish,
    Reasoning,
    Refusal,
    Sealed,
    Start,
    Text,
    ToolArgs,
    ToolStart,
    Usage,
)
from xrouter.chat.fold import fold
from xrouter.chat.reply import Usage as Tokens
from xrouter.chat.request import Citation, Seal
from xrouter.dialects.openai.stream import StreamReader, read_reply
from xrouter.errors import UpstreamError
from xrouter.wire import json


def _chunk(**delta: Any) -> bytes:
    return json.encode({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})


def _read(*pieces: bytes) -> list[Event]:
    """What a stream says, but for the empty start that these nameless chunks give."""
    reader = StreamReader()
    events = [event for piece in pieces for event in reader.feed(piece)] + reader.close()
    return [event for event in events if event != Start()]


def _events(*data: bytes) -> bytes:
    return b"".join(b"data: " + one + b"\n\n" for one in data)


PARTS = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "a"}]
USAGE = b'{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2}}'
STOP = b'{"choices":[{"delta":{},"finish_reason":"stop"}]}'
CALL = {"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}}
SEALED = {**CALL, "extra_content": {"google": {"thought_signature": "c2ln"}}}
PIECE = {"index": 0, "function": {"arguments": '{"a":'}}
BLOCKS = [{"type": "thinking", "thinking": "", "signature": "sig"}, {"type": "redacted_thinking", "data": "dark"}]
SOURCE = {"type": "url_citation", "url_citation": {"url": "https://example.org", "title": "E"}}
UNREADABLE = "the provider's stream holds what is no chat completion"
GOLDEN: list[tuple[tuple[bytes, ...], list[Event]]] = [
    ((_chunk(role="assistant", content="hi"),), [Text("hi")]),
    ((_chunk(role="assistant", content=None),), []),
    ((_chunk(role="assistant", content=""),), []),
    ((_chunk(reasoning_content="hm"),), [Reasoning("hm")]),
    ((_chunk(reasoning="hm", content="hi"),), [Reasoning("hm"), Text("hi")]),
    ((_chunk(content=PARTS),), [Reasoning("hm"), Text("a")]),
    ((_chunk(refusal="no"),), [Refusal("no")]),
    ((STOP, b"[DONE]"), [Finish("stop"), End()]),
    ((STOP,), [Finish("stop"), End()]),
    ((b'{"choices":[{"index":1,"delta":{"content":"other"}}]}',), [Text("other", 1)]),
    ((STOP, USAGE, b"[DONE]"), [Finish("stop"), Usage(Tokens(prompt=9, completion=2)), End()]),
    (
        (_chunk(tool_calls=[CALL]), _chunk(tool_calls=[PIECE]), _chunk(tool_calls=[PIECE]), STOP),
        [ToolStart(0, "c1", "f"), ToolArgs(0, '{"a":'), ToolArgs(0, '{"a":'), Finish("tool_calls"), End()],
    ),
    (
        (_chunk(tool_calls=[CALL]), STOP),
        [ToolStart(0, "c1", "f"), ToolArgs(0, "{}"), Finish("tool_calls"), End()],
    ),
    (
        (_chunk(tool_calls=[SEALED]), _chunk(tool_calls=[PIECE])),
        [ToolStart(0, "c1", "f", seal=Seal("gemini", "c2ln")), ToolArgs(0, '{"a":')],
    ),
    (
        (_chunk(reasoning_content="hm"), _chunk(thinking_blocks=BLOCKS)),
        [Reasoning("hm"), Sealed(Seal("anthropic", "sig")), Sealed(Seal("anthropic", "dark"), redacted=True)],
    ),
    ((b"{}",), []),
    ((b'{"error":{"message":"overloaded","code":529}}',), [Fault("overloaded", 529, "overloaded_error", "529")]),
    ((b"<html>",), [Fault(UNREADABLE)]),
    ((b'{"choices":{}}',), [Fault(UNREADABLE)]),
]


@pytest.mark.parametrize(("data", "events"), GOLDEN)
def test_each_kind_of_chunk(data: tuple[bytes, ...], events: list[Event]) -> None:
    """Each kind of data line gives its events."""
    assert _read(_events(*data)) == events


@pytest.mark.parametrize(
    "data",
    [
        b'{"error":"out of memory"}',
        b'{"object":"error","message":"out of memory"}',
        b'{"choices":[{"delta":{"content":"a"},"finish_reason":"error"}],"error":{"message":"out of memory"}}',
    ],
)
def test_errors_in_a_stream(data: bytes) -> None:
    """An error in any of its forms is the last that is heard, and no reason to finish."""
    events = _read(_events(data, b"[DONE]"))
    assert isinstance(events[-1], Fault)
    assert events[-1].message == "out of memory"
    assert not any(isinstance(event, Finish | End) for event in events)


def test_named_error_events() -> None:
    """An event whose name is error is a fault, whatever it holds."""
    for data in (b'{"message":"no"}', b"no"):
        (fault,) = _read(b"event: error\ndata: " + data + b"\n\n")
        assert isinstance(fault, Fault)
        assert fault.message == "no"


def test_sources() -> None:
    """Annotations are told as sources, and those that stand beside the answers too."""
    cited = Cited(Citation("https://example.org", "E"))
    assert cited in _read(_events(_chunk(annotations=[SOURCE])))
    beside = b'{"choices":[{"delta":{},"finish_reason":"stop"}],"citations":["https://example.org"]}'
    assert any(isinstance(event, Cited) for event in _read(_events(beside)))


@pytest.mark.parametrize("cut", [_events(_chunk(content="hi")), b"", b": ping\n\n"])
def test_a_cut_stream_has_no_end(cut: bytes) -> None:
    """Without a reason or [DONE] nothing is whole."""
    assert End() not in _read(cut)


STREAM = (
    b": ping\r\n\r\n"
    + _events(
        *(data for datas, events in GOLDEN for data in datas if Fault(UNREADABLE) not in events and data != b"[DONE]")
    )
    .replace(b'{"error":{"message":"overloaded","code":529}}', b"{}")
    .replace(b"\n", b"\r\n")
    + b"data: "
    + _chunk(content="größe 字")
    + b"\n\ndata:\n\ndata: [DONE]\n\n"
)


@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_any_split_gives_the_same_events(cuts: list[int]) -> None:
    """Where the bytes are cut makes no difference."""
    edges = sorted({0, len(STREAM), *cuts})
    assert _read(*(STREAM[start:end] for start, end in pairwise(edges))) == _read(STREAM)


WHOLE = {
    "id": "c",
    "created": 7,
    "model": "m",
    "choices": [
        {
            "message": {
                "content": "hi",
                "reasoning": "hm",
                "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
            },
            "finish_reason": "tool_calls",
        }
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2},
}
STREAMED = _events(
    *(
        json.encode({"id": "c", "created": 7, "model": "m", **chunk})
        for chunk in (
            {"choices": [{"delta": {"reasoning": "h"}}]},
            {"choices": [{"delta": {"reasoning": "m", "content": "h"}}]},
            {"choices": [{"delta": {"content": "i"}}]},
            {"choices": [{"delta": {"tool_calls": [CALL]}}]},
            {"choices": [{"delta": {}, "finish_reason": "tool_calls"}]},
            {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}},
        )
    ),
    b"[DONE]",
)


def test_whole_and_stream_agree() -> None:
    """A whole answer says what its stream says."""
    reader = StreamReader()
    streamed = fold([*reader.feed(STREAMED), *reader.close()])
    assert streamed.usage == Tokens(prompt=1, completion=2)
    assert [part.__class__.__name__ for part in streamed.answers[0].parts] == ["Reasoning", "Text", "ToolCall"]
    assert streamed == read_reply(json.encode(WHOLE))


@pytest.mark.parametrize("body", [b'{"error":{"message":"no"}}', b"{}", b"<html>", b"", b"[]"])
def test_no_answer(body: bytes) -> None:
    """A 200 that holds no completion is an error."""
    with pytest.raises(UpstreamError):
        read_reply(body)
