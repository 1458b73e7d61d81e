"""Whole answers in the `openai` dialect: what they used, whether they are answers at all, and as streams."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.chat import ChatCompletionChunk

from xrouter.chat.events import End, Event, Finish, Reasoning, Start, Text
from xrouter.chat.events import Usage as Used
from xrouter.chat.fold import fold
from xrouter.chat.reply import Usage
from xrouter.dialects import openai
from xrouter.dialects.openai.stream import StreamReader
from xrouter.dialects.openai.usage import read_usage
from xrouter.errors import Broken, UpstreamError

USED = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
CALLS = [
    {"id": "call_1", "type": "function", "function": {"name": "a", "arguments": "{}"}},
    {"id": "call_2", "type": "function", "function": {"name": "b", "arguments": '{"n":1.0}'}},
]


def answer(message: Any = None, usage: Any = None, **choice: Any) -> dict[str, Any]:
    """A completion."""
    made = {"index": 0, "message": message or {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}
    return {
        "id": "c-1",
        "object": "chat.completion",
        "created": 7,
        "model": "m",
        "choices": [made | choice],
        "usage": usage,
    }


USAGES: dict[str, tuple[Any, Usage | None]] = {
    "openai": (
        {
            **USED,
            "total_tokens": 11,
            "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 1},
        },
        Usage(prompt=9, completion=2, cached=4, reasoning=1),
    ),
    "deepseek": (
        {**USED, "prompt_cache_hit_tokens": 8, "prompt_cache_miss_tokens": 1},
        Usage(prompt=9, completion=2, cached=8),
    ),
    "openrouter": (
        {**USED, "cost": 0.1, "prompt_tokens_details": {"cached_tokens": 1, "cache_write_tokens": 3}},
        Usage(prompt=9, completion=2, cached=1, cache_write=3),
    ),
    "reasoning beside it": ({**USED, "reasoning_tokens": 2}, Usage(prompt=9, completion=2, reasoning=2)),
    "bare": (USED, Usage(prompt=9, completion=2)),
    "prompt alone": ({"prompt_tokens": 9}, Usage(prompt=9)),
    "details that are null": ({**USED, "prompt_tokens_details": None}, Usage(prompt=9, completion=2)),
    "details that are none": ({**USED, "completion_tokens_details": [1]}, Usage(prompt=9, completion=2)),
    "floats": ({"prompt_tokens": 9.0, "completion_tokens": 2.9}, Usage(prompt=9, completion=2)),
    "less than nothing": ({"prompt_tokens": -9, "completion_tokens": -1}, Usage()),
    "more than there is": (
        {"prompt_tokens": 10**30, "completion_tokens": 1e300},
        Usage(prompt=2**53, completion=2**53),
    ),
    "words": ({**USED, "completion_tokens": "2"}, Usage(prompt=9)),
    "no prompt": ({"completion_tokens": 2, "total_tokens": 2}, None),
    "a prompt in words": ({"prompt_tokens": "9"}, None),
    "nothing": ({}, None),
    "null": (None, None),
    "a list": ([USED], None),
}


@pytest.mark.parametrize(("usage", "expected"), USAGES.values(), ids=USAGES)
def test_read_usage(usage: Any, expected: Usage | None) -> None:
    """What providers call usage is read, and what is none is not guessed from."""
    assert read_usage(usage) == expected


REPLIES: dict[str, tuple[Any, Usage | None, int]] = {
    "words": (answer(usage=USED), Usage(prompt=9, completion=2), 2),
    "no usage": (answer(), None, 2),
    "thoughts": (answer({"content": "hi", "reasoning_content": "hm."}), None, 5),
    "parts": (answer({"content": [{"type": "text", "text": "hi"}]}), None, len('[{"type":"text","text":"hi"}]')),
    "tools": (answer({"content": None, "tool_calls": CALLS}, finish_reason="tool_calls"), None, 0),
    "two choices": ({"choices": [answer()["choices"][0], answer({"content": "hello"})["choices"][0]]}, None, 7),
    "no choices": ({"choices": []}, None, 0),
    "no message": ({"choices": [{"text": "legacy"}]}, None, 0),
    "an error that is null": ({**answer(), "error": None}, None, 2),
}


@pytest.mark.parametrize(("body", "usage", "said"), REPLIES.values(), ids=REPLIES)
def test_read_reply(body: Any, usage: Usage | None, said: int) -> None:
    """What an answer used, and how much it says for where it does not tell."""
    assert openai.read_used(json.dumps(body).encode()) == (usage, said)


def test_read_reply_leaves_odd_things_alone() -> None:
    """What is not read may be anything that is JSON: the answer passes as it came."""
    odd = b'{"created":1e400,"x":123456789012345678901234567890,"choices":[{"message":{"content":"\\ud83d \xff"}}]}'
    assert openai.read_used(odd) == (None, 3)


NO_REPLIES: dict[str, tuple[bytes, int, str]] = {
    "nothing": (b"", 502, "cut off"),
    "cut": (json.dumps(answer()).encode()[:-9], 502, "cut off"),
    "a page": (b"<html>busy</html>", 502, "cut off"),
    "a list": (b"[]", 502, "cut off"),
    "choices that are none": (b'{"choices":{}}', 502, "cut off"),
    "depth": (b'{"choices":[{"message":{"content":"\\ud83d","x":' + b"[" * 99_999, 502, "cut off"),
    "no choices": (b'{"id":"c-1"}', 502, "without a completion"),
    "null": (b'{"choices":null}', 502, "without a completion"),
    "openrouter's error": (b'{"error":{"message":"no credits","code":402}}', 402, "no credits"),
    "an error in words": (b'{"error":"out of memory"}', 502, "out of memory"),
    "an error with an odd code": (b'{"error":{"message":"x","code":"99"}}', 502, "x"),
    "an error with a huge code": (b'{"error":{"message":"x","code":"' + b"4" * 9999 + b'"}}', 502, "x"),
    "an error with a good code": (b'{"error":{"message":"x","code":200}}', 502, "x"),
    "an error that says nothing": (b'{"error":{}}', 502, "without a completion"),
}


@pytest.mark.parametrize(("body", "status", "message"), NO_REPLIES.values(), ids=NO_REPLIES)
@pytest.mark.parametrize("read", [openai.read_used, openai.as_stream])
def test_no_reply(read: Any, body: bytes, status: int, message: str) -> None:
    """A 200 that holds no answer is an error, with the provider's own words and status where it has some."""
    with pytest.raises(UpstreamError, match=message) as caught:
        read(body)
    assert caught.value.status == status
    assert isinstance(caught.value, Broken) == (message in {"cut off", "without a completion"})


def events_of(stream: bytes) -> list[Event]:
    """What a stream says."""
    reader = StreamReader()
    return [event for event in reader.feed(stream) + reader.close() if not isinstance(event, Start)]


def chunks_of(stream: bytes) -> list[Any]:
    """The chunks of a stream, each one line."""
    *events, done, nothing = stream.split(b"\n\n")
    assert (done, nothing) == (b"data: [DONE]", b"")
    assert all(event.startswith(b"data: {") and b"\n" not in event for event in events)
    return [json.loads(event[6:]) for event in events]


STREAMED: dict[str, tuple[dict[str, Any], list[Event]]] = {
    "words": (answer(), [Text("hi"), Finish("stop"), End()]),
    "usage": (answer(usage=USED), [Text("hi"), Finish("stop"), Used(Usage(prompt=9, completion=2)), End()]),
    "thoughts": (answer({"content": "a", "reasoning": "b"}), [Reasoning("b"), Text("a"), Finish("stop"), End()]),
    "no reason": (answer(finish_reason=None), [Text("hi"), Finish("stop"), End()]),
    "an empty reason": (answer(finish_reason=""), [Text("hi"), Finish("stop"), End()]),
    "its own reason": (answer(finish_reason="length"), [Text("hi"), Finish("length"), End()]),
    "no message": (answer(message={"content": None}), [Finish("stop"), End()]),
    "nothing": ({"choices": []}, [End()]),
    "a message that is null": ({"choices": [{"message": None}]}, [Finish("stop"), End()]),
}


@pytest.mark.parametrize(("body", "events"), STREAMED.values(), ids=STREAMED)
@pytest.mark.parametrize("indent", [None, 2])
def test_as_stream(body: dict[str, Any], events: list[Event], indent: int | None) -> None:
    """A whole answer, pretty or not, as a stream says the same, and its end is one."""
    stream = openai.as_stream(json.dumps(body, indent=indent).encode())
    assert events_of(stream) == events
    assert openai.read_end(b"", stream).done
    assert all(chunk["object"] == "chat.completion.chunk" for chunk in chunks_of(stream))


def test_as_stream_is_what_the_whole_says() -> None:
    """Streamed or not, an answer is read as the same events."""
    body = json.dumps(answer({"content": "a", "reasoning_content": "b"}, USED)).encode()
    reader = StreamReader()
    stream = openai.as_stream(body)
    assert fold([*reader.feed(stream), *reader.close()]) == openai.read_reply(body)


def test_as_stream_for_the_sdk() -> None:
    """The official SDK reads the chunks; tool calls are whole and numbered, and each choice keeps its index."""
    both = answer({"role": "assistant", "content": None, "tool_calls": CALLS}, USED, finish_reason="tool_calls")
    both["choices"].append(answer({"role": "assistant", "content": "hi"}, logprobs=None, index=1)["choices"][0])
    chunks = [
        ChatCompletionChunk.model_validate(chunk, strict=True)
        for chunk in chunks_of(openai.as_stream(json.dumps(both).encode()))
    ]
    assert {(chunk.id, chunk.created, chunk.model) for chunk in chunks} == {("c-1", 7, "m")}
    calls = chunks[0].choices[0].delta.tool_calls
    assert calls is not None
    assert [(call.index, call.id, call.function and call.function.arguments) for call in calls] == [
        (0, "call_1", "{}"),
        (1, "call_2", '{"n":1.0}'),
    ]
    assert [choice.index for choice in chunks[1].choices] == [0, 1]
    assert [choice.finish_reason for choice in chunks[1].choices] == ["tool_calls", "stop"]
    assert chunks[2].usage is not None


def test_as_stream_keeps_values() -> None:
    """Numbers that are odd, text that is broken and members that nobody knows come out as they went in."""
    body = (
        b'{"created": 1e400, "choices": [\n{"message": {"content": "\xff \\u00e9", "n": 1.0, "deep": {"a": 10e99}},\n'
        b'"x": [9999999999999999999999999, {"y": -0}]}]}'
    )
    stream = openai.as_stream(body)
    for kept in (b'"created":1e400', b'"n":1.0', b'"deep":{"a":10e99}', b'"x":[9999999999999999999999999,{"y":-0}]'):
        assert kept in stream
    assert b'"content":"\xff \\u00e9"' in stream
