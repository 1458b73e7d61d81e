"""The raw path of the `openai` dialect: what is changed of a request, and what is read from a stream's two ends."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionChunk

from xrouter.chat.reply import Usage
from xrouter.chat.target import Target
from xrouter.dialects import openai
from xrouter.dialects.base import Stamp, StreamEnd
from xrouter.errors import Broken, UpstreamError

WITH_USAGE = b'"stream_options":{"include_usage":true}'


def target(**members: Any) -> Target:
    """Where a request goes."""
    return Target("frontier", "fake", "openai", "http://127.0.0.1/", **members)


REWRITTEN: dict[str, tuple[bytes, Target, bytes]] = {
    "model": (b'{"model":"auto","messages":[ ]}', target(model="m-1"), b'{"model":"m-1","messages":[ ]}'),
    "another name": (
        b'{"model":"m","seed":7 ,"messages":[ ]}',
        target(renames=(("seed", "random_seed"),)),
        b'{"model":"m" ,"messages":[ ],"random_seed":7}',
    ),
    "another name that is there already": (
        b'{"max_tokens":5,"max_completion_tokens":9,"messages":[]}',
        target(renames=(("max_completion_tokens", "max_tokens"),)),
        b'{"max_tokens":5,"messages":[]}',
    ),
    "another name for a default": (
        b'{"max_completion_tokens":9,"messages":[]}',
        target(renames=(("max_completion_tokens", "max_tokens"),), max_output_tokens=100),
        b'{"messages":[],"max_tokens":9}',
    ),
    "unknown": (
        b'{"store":false, "messages":[ ] ,"x":1.0}',
        target(unknown=frozenset({"store", "user"})),
        b'{"messages":[ ] ,"x":1.0}',
    ),
    "no model": (b'{"messages":[],"n":1.0}', target(model="m-1"), b'{"messages":[],"n":1.0,"model":"m-1"}'),
    "its own model": (b'{ "model":"m-1","messages":[]}', target(model="m-1"), b'{ "model":"m-1","messages":[]}'),
    "the client's model": (b'{"model":"gpt","messages":[]}', target(), b'{"model":"gpt","messages":[]}'),
    "a model to escape": (b'{"model":"a","messages":[]}', target(model='a"b'), b'{"model":"a\\"b","messages":[]}'),
    "body": (
        b'{"messages":[],"top_p":1,"model":"m"}',
        target(model="m", body=(("top_p", b"0.5"), ("min_p", b"0.1"))),
        b'{"messages":[],"top_p":0.5,"model":"m","min_p":0.1}',
    ),
    "body goes over model": (
        b'{"messages":[]}',
        target(model="m", body=(("model", b'"x"'),)),
        b'{"messages":[],"model":"x"}',
    ),
    "a default": (
        b'{"messages":[]}',
        target(effort="low"),
        b'{"messages":[],"reasoning_effort":"low"}',
    ),
    "a default that was given": (
        b'{"messages":[],"reasoning_effort":null}',
        target(effort="low"),
        b'{"messages":[],"reasoning_effort":null}',
    ),
    "a limit by its other name": (
        b'{"messages":[],"max_completion_tokens":9}',
        target(max_output_tokens=100),
        b'{"messages":[],"max_completion_tokens":9}',
    ),
}


@pytest.mark.parametrize(("body", "to", "expected"), REWRITTEN.values(), ids=REWRITTEN)
def test_rewrite(body: bytes, to: Target, expected: bytes) -> None:
    """Only what has to be changed is changed."""
    assert openai.rewrite(openai.read_envelope(body), to, add_usage=False) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (b"", b"," + WITH_USAGE),
        (b',"stream_options":null', b"," + WITH_USAGE),
        (b',"stream_options":{}', b"," + WITH_USAGE),
        (b',"stream_options":7', b"," + WITH_USAGE),
        (b',"stream_options":{"a":1,"include_usage":false}', b',"stream_options":{"a":1,"include_usage":true}'),
    ],
)
def test_usage_is_asked_for(options: bytes, expected: bytes) -> None:
    """The wish for usage is added to what the client wishes, and else nothing is touched."""
    envelope = openai.read_envelope(b'{"messages":[],"x":1.0,"stream":true' + options + b"}")
    assert (
        openai.rewrite(envelope, target(), add_usage=True) == b'{"messages":[],"x":1.0,"stream":true' + expected + b"}"
    )


def say(*data: Any, end: bytes = b"\n\n") -> bytes:
    """Events with these values, or with these very words."""
    return b"".join(b"data: " + (one if isinstance(one, bytes) else json.dumps(one).encode()) + end for one in data)


def piece(content: str = "", finish: str | None = None, **members: Any) -> dict[str, Any]:
    """A chunk."""
    return {"id": "c", "choices": [{"index": 0, "delta": {"content": content}, "finish_reason": finish}], **members}


USED = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
USAGE = Usage(prompt=9, completion=2)
ONLY_USAGE = {"id": "c", "object": "chat.completion.chunk", "choices": [], "usage": USED}
TIMINGS = {"prompt_n": 9, "predicted_n": 2, "predicted_per_second": 31.5}
MENTIONS = 'data: [DONE]\n\n "finish_reason": "stop", "usage": {"prompt_tokens": 1}, data: {"error": {"message": "x"}}'
FAULT = {"error": {"message": "overloaded", "code": 529}}


def ends(flags: str = "", usage: Usage | None = None) -> StreamEnd:
    """What the end of a stream says."""
    said = flags.split()
    return StreamEnd(finished="finished" in said, done="done" in said, fault="fault" in said, usage=usage)


ENDS: dict[str, tuple[bytes, StreamEnd]] = {
    "openai": (
        say(piece("a", usage=None), piece(finish="stop", usage=None), ONLY_USAGE, b"[DONE]"),
        ends("finished done", USAGE),
    ),
    "openai, usage not asked for": (say(piece("a"), piece(finish="length"), b"[DONE]"), ends("finished done")),
    "groq": (
        say(piece("a"), piece(finish="stop", x_groq={"id": "req_1", "usage": {**USED, "queue_time": 0.1}}), b"[DONE]"),
        ends("finished done", USAGE),
    ),
    "mistral": (say(piece("a"), piece(finish="stop", usage=USED), b"[DONE]"), ends("finished done", USAGE)),
    "llama.cpp": (
        say(piece(finish="stop", timings=TIMINGS), {**ONLY_USAGE, "timings": TIMINGS}, b"[DONE]"),
        ends("finished done", USAGE),
    ),
    "openrouter": (
        b": OPENROUTER PROCESSING\n\n"
        + say(piece("a"), piece(finish="stop"))
        + b": OPENROUTER PROCESSING\n\n"
        + say(ONLY_USAGE, b"[DONE]"),
        ends("finished done", USAGE),
    ),
    "crlf": (say(piece(finish="stop"), ONLY_USAGE, b"[DONE]", end=b"\r\n\r\n"), ends("finished done", USAGE)),
    "cr": (say(piece(finish="stop"), ONLY_USAGE, b"[DONE]", end=b"\r\r"), ends("finished done", USAGE)),
    "no spaces": (say(piece(finish="stop"), ONLY_USAGE, b"[DONE]").replace(b": ", b":"), ends("finished done", USAGE)),
    "no end": (say(piece("a"), piece(finish="stop")), ends("finished")),
    "no last blank line": (say(piece(finish="tool_calls")) + b"data: [DONE]", ends("finished done")),
    "cut": (say(piece("a"), piece("b")), ends()),
    "cut in the last event": (say(piece("a")) + b'data: {"choices":[{"delta":{},"finish_reas', ends()),
    "cut in [DONE]": (say(piece("a")) + b"data: [DON", ends()),
    "a running usage": (
        say(piece("a", usage={**USED, "completion_tokens": 1}), piece("b", usage=USED)),
        ends(usage=USAGE),
    ),
    "a first event without its start": (
        b'_tokens": 1}}\n\n' + say(piece("a"), piece(finish="stop", usage=USED), b"[DONE]"),
        ends("finished done", USAGE),
    ),
    "usage without its start": (b'"usage": {"prompt_tokens": 9}}\n\n' + say(b"[DONE]"), ends("finished done")),
    "words that look like an end": (say(piece(MENTIONS), piece(f"[DONE]{MENTIONS}")), ends()),
    "a tool's arguments that look like an end": (
        say({"choices": [{"delta": {"tool_calls": [{"function": {"arguments": json.dumps(ONLY_USAGE)}}]}}]}),
        ends(),
    ),
    "empty reasons": (say(piece("a", finish=""), piece("b", finish="")), ends()),
    "an error": (say(piece("a"), FAULT), ends("fault")),
    "an error that is a text": (say(piece("a"), {"error": "out of memory"}), ends("fault")),
    "an error by its name": (say(piece("a")) + b"event: error\ndata: {}\n\n", ends("fault")),
    "vllm: an error and [DONE]": (say(piece("a"), FAULT, b"[DONE]"), ends("done fault")),
    "no error": (say(piece("a", error=None), {"error": None}), ends()),
    "usage that is none": (
        say(piece(finish="stop", usage={}), {"usage": {"prompt_tokens": "9"}}, b"[DONE]"),
        ends("finished done"),
    ),
    "nothing": (b"", ends()),
}


@pytest.mark.parametrize(("tail", "end"), ENDS.values(), ids=ENDS)
def test_read_end(tail: bytes, end: StreamEnd) -> None:
    """Whether a stream was whole, and what it used, as real providers end theirs."""
    assert openai.read_end(b"", tail) == end


@given(st.lists(st.text() | st.sampled_from([MENTIONS, "[DONE]", '"finish_reason":"stop"', "\ndata: [DONE]\n"])))
def test_words_never_end_a_stream(words: list[str]) -> None:
    """Whatever a model says, wherever the tail begins, its words are not taken for an end, a fault or a usage."""
    stream = say(*(piece(word) for word in words))
    for at in range(0, len(stream), 1 + len(stream) // 50):
        assert openai.read_end(b"", stream[at:]) == ends()


@given(st.integers(0, 300), st.text(max_size=20))
def test_end_is_found_wherever_the_tail_begins(at: int, text: str) -> None:
    """The end is read from whole events; what comes before may be cut anywhere."""
    tail = say(piece(text * 20))[at:] + say(piece(finish="stop"), ONLY_USAGE, b"[DONE]")
    assert openai.read_end(b"", tail) == ends("finished done", USAGE)


KEPT: dict[str, tuple[bytes, bytes]] = {
    "the usage": (say(piece("a"), ONLY_USAGE, b"[DONE]"), say(piece("a"), b"[DONE]")),
    "the usage alone": (say(ONLY_USAGE), b""),
    "crlf": (say(piece("a"), ONLY_USAGE, b"[DONE]", end=b"\r\n\r\n"), say(piece("a"), b"[DONE]", end=b"\r\n\r\n")),
    "half a line end": (say(ONLY_USAGE, end=b"\r\n\r"), b""),
    "mistral": (say(piece(finish="stop", usage=USED)), say(piece(finish="stop", usage=USED))),
    "azure": (
        say({"choices": [], "prompt_filter_results": []}, piece("a")),
        say({"choices": [], "prompt_filter_results": []}, piece("a")),
    ),
    "no usage yet": (say({"choices": [], "usage": None}), say({"choices": [], "usage": None})),
    "comments": (b": ping\n\n" + say(ONLY_USAGE) + b": ping\n\n", b": ping\n\n: ping\n\n"),
    "words": (say(piece('"choices":[], "usage":{}')), say(piece('"choices":[], "usage":{}'))),
    "no json": (say(b'{"choices":[],"usage":{}'), say(b'{"choices":[],"usage":{}')),
    "depth": (say(b'{"choices":[],"\\ud83d":' + b"[" * 9999), say(b'{"choices":[],"\\ud83d":' + b"[" * 9999)),
    "nothing": (b"", b""),
}


@pytest.mark.parametrize(("events", "expected"), KEPT.values(), ids=KEPT)
def test_without_usage(events: bytes, expected: bytes) -> None:
    """The chunk that carries the usage alone goes, all else stays as it came."""
    assert openai.without_usage(events) == expected


FIRST: dict[str, tuple[bytes, int | None, str]] = {
    "a word": (say(piece("a")), None, ""),
    "a word about errors": (say(piece("error"), FAULT), None, ""),
    "an error": (say(FAULT), 529, "overloaded"),
    "an error with a status": (say({"error": {"message": "no such model", "code": 404}}), 404, "no such model"),
    "an error with a word for a code": (say({"error": {"message": "slow", "code": "rate"}}), 502, "slow"),
    "an error that is a text": (say({"error": "out of memory"}), 502, "out of memory"),
    "an error behind a comment": (b": ping\n\n" + say(FAULT), 529, "overloaded"),
    "an error behind an empty event": (say({"choices": []}, FAULT), 529, "overloaded"),
    "an error by its name": (b'event: error\ndata: {"message": "gone"}\n\n', 502, "gone"),
    "an error in crlf": (say(FAULT, end=b"\r\n\r\n"), 529, "overloaded"),
    "an error without its end": (say(FAULT, end=b""), 529, "overloaded"),
    "an error in half a line": (say(FAULT, end=b"\n"), 529, "overloaded"),
    "half an error": (say(FAULT)[:-12], None, ""),
    "no json": (b"event: error\ndata: oops\n\n", None, ""),
    "no error": (say({"error": None, "choices": []}), None, ""),
}


@pytest.mark.parametrize(("chunk", "status", "message"), FIRST.values(), ids=FIRST)
def test_read_first(chunk: bytes, status: int | None, message: str) -> None:
    """An error that comes before any word has a status of its own; nothing else is taken for one."""
    error = openai.read_first(chunk)
    assert (error and error.status, error.message if error else "") == (status, message)


def test_empty_delta() -> None:
    """A sign of life is an event that the official SDK takes for a chunk, and says nothing."""
    envelope = openai.read_envelope(b'{"model":"auto","messages":[]}')
    event = openai.writer(Stamp("xr-1", "m-1", 1_700_000_000, envelope)).idle()
    assert event.startswith(b"data: ")
    assert event.endswith(b"\n\n")
    chunk = ChatCompletionChunk.model_validate_json(event[6:], strict=True)
    assert (chunk.id, chunk.model, chunk.created, chunk.usage) == ("xr-1", "m-1", 1_700_000_000, None)
    assert chunk.choices[0].delta.model_dump(exclude_none=True) == {}
    assert openai.read_end(b"", event) == ends()


@pytest.mark.parametrize("error", [Broken("cut\noff"), UpstreamError('"quoted" é', status=429, code="slow")])
def test_error_event(error: UpstreamError) -> None:
    """An error in a stream ends what was cut with a blank line, and is one event that is read as an error again."""
    event = openai.error_event(error)
    blank, _, data = event.partition(b"data: ")
    assert blank == b"\n\n"
    assert data.endswith(b"\n\n")
    assert json.loads(data) == {
        "error": {"message": error.message, "type": "upstream_error", "param": None, "code": error.code}
    }
    read = openai.read_first(event)
    assert read is not None
    assert read.message == error.message
    assert openai.read_end(b"", b'data: {"cho' + event).fault
