"""Answers of providers that deviate, as bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.chat.target import Target
from xrouter.dialects.openai.mending import mend_reply, mender
from xrouter.providers.catalog import rows
from xrouter.wire import sse

STAMP = b'"id":"c1","object":"chat.completion.chunk","created":5,"model":"m"'
TEXT = b'{%b,"choices":[{"index":0,"delta":{"content":"h\xc3\xa9"},"finish_reason":null}], "p":"abc"}' % STAMP
DONE = b"data: [DONE]\n\n"


def target(provider: str) -> Target:
    """A provider with its quirks."""
    return Target("cheap", provider, "openai", "http://127.0.0.1", quirks=rows()[provider].quirks)


def lines(*chunks: bytes) -> bytes:
    """Events."""
    return b"".join(b"data: " + chunk + b"\n\n" for chunk in chunks)


def mend(provider: str, data: bytes, size: int = 1 << 20) -> bytes:
    """A stream of a provider, which comes in pieces."""
    stream = mender(target(provider))
    assert stream is not None
    pieces = [stream.feed(data[at : at + size]) for at in range(0, len(data), size)]
    return b"".join([*pieces, stream.close()])


def data_of(stream: bytes) -> list[Any]:
    """What the events hold."""
    return [json.loads(event.data) for event in sse.EventReader().feed(stream) if event.data != b"[DONE]"]


@pytest.mark.parametrize("provider", ["openai", "openrouter", "xai", "vllm", "openai_compatible"])
def test_nothing_to_mend(provider: str) -> None:
    """Most providers leave nothing to mend in an answer."""
    assert mender(target(provider)) is None
    assert mend_reply(b'{"choices":[{}]}', target(provider)) == b'{"choices":[{}]}'


@pytest.mark.parametrize("provider", ["groq", "mistral", "azure_openai", "together", "perplexity"])
def test_what_is_well_keeps_its_bytes(provider: str) -> None:
    """An event in the official shape passes as it came: white space, unknown members, comments, long numbers."""
    huge = TEXT.replace(b'"abc"', b"123456789012345678901234567890")
    stream = b": hello\n\n" + lines(TEXT, huge) + DONE
    assert stream == mend(provider, stream)
    body = (b'{"choices": [{"index":0,"message":{"role":"assistant","content":"a"},"finish_reason":"stop"}], %b}') % (
        STAMP.replace(b".chunk", b"")
    )
    assert body == mend_reply(body, target(provider))


def test_azure() -> None:
    """The first chunk, which only tells of filters, is no event of its own; a chunk without delta gets one."""
    first = b'{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"a":1}]}'
    bare = b'{"choices":[{"filters":{},"finish_reason":null,"index":0}],%b}' % STAMP
    stream = mend("azure_openai", lines(first, bare, TEXT) + DONE)
    assert stream.endswith(lines(TEXT) + DONE)
    (held, _) = data_of(stream)
    assert held["prompt_filter_results"] == [{"a": 1}]
    assert held["choices"] == [{"filters": {}, "finish_reason": None, "index": 0, "delta": {}}]
    blocked = mend_reply(b'{"id":"c","choices":[{"finish_reason":"content_filter"}]}', target("azure_openai"))
    assert json.loads(blocked)["choices"][0]["message"] == {"role": "assistant", "content": None}


def test_groq() -> None:
    """Thoughts are where clients look, usage comes once and last."""
    thought = b'{%b,"choices":[{"index":0,"delta":{"reasoning":"t"},"finish_reason":null}]}' % STAMP
    last = b'{%b,"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x_groq":{"id":"r","usage":{"a":1}}}' % STAMP
    thoughts, end, usage = data_of(mend("groq", lines(thought, last) + b"data: [DONE] \n\n"))
    assert thoughts["choices"][0]["delta"] == {"reasoning_content": "t"}
    assert "usage" not in end["x_groq"]
    assert (usage["choices"], usage["usage"], usage["id"]) == ([], {"a": 1}, "c1")


def test_usage_without_the_mark_at_the_end() -> None:
    """Usage is told too where a stream ends without [DONE], behind an event without its blank line."""
    last = b'{%b,"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"a":1}}' % STAMP
    (end, usage) = data_of(mend("mistral", b"data: " + last))
    assert (end.get("usage"), usage["usage"]) == (None, {"a": 1})


ERRORS: dict[str, tuple[bytes, dict[str, Any]]] = {
    "by name": (
        b'event: error\ndata: {"error":{"message":"no tool","code":"x","more":1}}\n\n',
        {"message": "no tool", "code": "x", "more": 1},
    ),
    "a text": (lines(b'{"error":"busy"}'), {"message": "busy", "type": None, "param": None, "code": None}),
    "Mistral's": (
        lines(b'{"object":"error","message":"bad","type":"t","code":"3"}'),
        {"message": "bad", "type": "t", "param": None, "code": "3"},
    ),
    "as a reason": (
        lines(b'{%b,"choices":[{"index":0,"delta":{},"finish_reason":"error"}]}' % STAMP),
        {"message": "the provider stopped with an error", "type": "api_error", "param": None, "code": None},
    ),
}


@pytest.mark.parametrize(("event", "expected"), ERRORS.values(), ids=ERRORS)
def test_errors(event: bytes, expected: dict[str, Any]) -> None:
    """An error in the middle of a stream is an event without a name, whose `error` is an object."""
    mended = mend("groq", event)
    assert mended.startswith(b'data: {"error":')
    assert data_of(mended) == [{"error": expected}]


def test_whole() -> None:
    """A whole answer is brought into shape; members that nobody knows and their order stay."""
    choice = b'{"finish_reason":"eos","index":0,"message":{"content":"a","role":"assistant"},"seed":1}'
    body = b'{"z":18446744073709551617,"choices":[%b],"usage":{"cached_tokens":1},"a":1.0}' % choice
    mended = mend_reply(body, target("together"))
    assert mended.startswith(b'{"z":18446744073709551617,"choices":[{"finish_reason":"stop","index":0,')
    assert b'"seed":1}]' in mended
    assert b'"prompt_tokens_details":{"cached_tokens":1}},"a":1.0' in mended


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"error":"x"}', b'{"choices":null}', b"7"])
def test_no_answer(body: bytes) -> None:
    """What is no answer is left to whoever reads it."""
    assert body == mend_reply(body, target("groq"))


@pytest.mark.parametrize("body", [b"7", b"[]", b"{oops", b'""'])
def test_no_chunk(body: bytes) -> None:
    """So is an event that is no chunk."""
    assert lines(body) == mend("groq", lines(body))


EVENTS = (
    lines(TEXT),
    lines(b'{"choices":[],"id":"","object":"","filters":1}'),
    lines(b'{"choices":[{"delta":{"reasoning":"t"}}],"usage":{"a":1}}'),
    lines(b'{"choices":[{"delta":{"tool_calls":[{"id":"a","function":{"name":"f"}}]}}]}'),
    b": comment\n\n",
    b"event: error\ndata: {}\n\n",
    b"\n",
    b"data: {\ndata: }\n\n",
    DONE,
)


@given(
    events=st.lists(st.sampled_from(EVENTS), max_size=6),
    provider=st.sampled_from(["groq", "mistral", "azure_openai", "together", "perplexity"]),
    size=st.integers(1, 50),
    crlf=st.booleans(),
)
def test_any_split(events: Iterable[bytes], provider: str, size: int, *, crlf: bool) -> None:
    """Any split of the bytes gives the same bytes."""
    data = b"".join(events)
    data = data.replace(b"\n", b"\r\n") if crlf else data
    assert mend(provider, data) == mend(provider, data, size)
