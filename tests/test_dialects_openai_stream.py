"""The reading of chat completion streams."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.chat.events import End, Event, Fault, Finish, Reasoning, Text, Usage
from xrouter.chat.reply import Usage as Tokens
from xrouter.dialects.openai.stream import StreamReader, read_whole
from xrouter.wire import json


def _chunk(**delta: Any) -> bytes:
    return json.encode({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})


def _read(*pieces: bytes) -> list[Event]:
    reader = StreamReader()
    return [event for piece in pieces for event in reader.feed(piece)] + reader.close()


def _events(*data: bytes) -> bytes:
    return b"".join(b"data: " + one + b"\n\n" for one in data)


PARTS = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "a"}]
USAGE = b'{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2}}'
GOLDEN: list[tuple[bytes, list[Event]]] = [
    (_chunk(role="assistant", content="hi"), [Text("hi")]),
    (_chunk(role="assistant", content=None), []),
    (_chunk(role="assistant", content=""), []),
    (_chunk(reasoning_content="hm"), [Reasoning("hm")]),
    (_chunk(reasoning="hm", content="hi"), [Reasoning("hm"), Text("hi")]),
    (_chunk(content=PARTS), [Reasoning("hm"), Text("a")]),
    (b'{"choices":[{"delta":{},"finish_reason":"stop"}]}', [Finish("stop")]),
    (b'{"choices":[{"index":1,"delta":{"content":"other"}}]}', []),
    (USAGE, [Usage(Tokens(prompt=9, completion=2))]),
    (b"[DONE]", [End()]),
    (b"{}", []),
    (b'{"error":{"message":"overloaded","code":529}}', [Fault("overloaded")]),
    (b'{"error":"out of memory"}', [Fault("out of memory")]),
    (b'{"object":"error","message":"no such model"}', [Fault("no such model")]),
    (
        b'{"choices":[{"delta":{"content":"a"},"finish_reason":"error"}],"error":{"message":"cut"}}',
        [Text("a"), Finish("error"), Fault("cut")],
    ),
    (b"<html>", [Fault("the provider's stream holds what is no chat completion")]),
    (b'{"choices":{}}', [Fault("the provider's stream holds what is no chat completion")]),
]


@pytest.mark.parametrize(("data", "events"), GOLDEN)
def test_each_kind_of_chunk(data: bytes, events: list[Event]) -> None:
    """Each kind of data line gives its events."""
    assert _read(_events(data)) == events


def test_named_error_events() -> None:
    """An event whose name is error is a fault, whatever it holds."""
    assert _read(b'event: error\ndata: {"message":"no"}\n\nevent: error\ndata: sorry\n\n') == [
        Fault("no"),
        Fault("sorry"),
    ]


STREAM = (
    b": ping\r\n\r\n"
    + _events(*(data for data, _ in GOLDEN)).replace(b"\n", b"\r\n")
    + b"data: "
    + _chunk(content="größe 字")
    + b"\n\ndata:\n\ndata: [DONE]\n\n"
)


@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_any_split_gives_the_same_events(cuts: list[int]) -> None:
    """Where the bytes are cut makes no difference."""
    ends = [*sorted(cuts), len(STREAM)]
    starts = [0, *ends]
    assert _read(*(STREAM[start:end] for start, end in zip(starts, ends, strict=False))) == _read(STREAM)


@pytest.mark.parametrize(
    ("body", "events"),
    [
        (
            json.encode(
                {
                    "choices": [{"message": {"content": "hi", "reasoning": "hm"}, "finish_reason": "stop"}],
                    "usage": {"prompt_tokens": 1, "completion_tokens": 2},
                }
            ),
            [Reasoning("hm"), Text("hi"), Finish("stop"), Usage(Tokens(prompt=1, completion=2)), End()],
        ),
        (b'{"error":{"message":"no"}}', [Fault("no")]),
        (b"{}", [Fault("the provider's answer is no chat completion")]),
        (b"<html>", [Fault("the provider's answer is no chat completion")]),
    ],
)
def test_a_whole_answer_as_events(body: bytes, events: list[Event]) -> None:
    """A whole answer gives the events that a stream of it would; a broken one never a clean end."""
    assert read_whole(body) == events
