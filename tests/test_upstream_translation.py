"""xrouter/upstream/translation.py: transcripts of what a provider says and of what a client of another hears."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hearing import Client
from xrouter.chat.reply import Usage
from xrouter.dialects import anthropic, cohere, gemini, openai, responses
from xrouter.dialects.base import ClientDialect, ProviderDialect, Stamp
from xrouter.errors import Broken, TimedOut, UpstreamError
from xrouter.upstream.translation import Translation

CLIENTS: dict[str, ClientDialect] = {"openai": openai, "anthropic": anthropic, "responses": responses}
ASKED = b'{"model": "auto", "stream": true, "input": "hi", "messages": []}'
STAMP = Stamp("xr-1", "there-1", 1_700_000_000, openai.read_envelope(ASKED))


def named(name: str, **members: Any) -> bytes:
    """An event that bears its kind."""
    return b"event: " + name.encode() + b"\ndata: " + json.dumps({"type": name, **members}).encode() + b"\n\n"


def piece(text: str, **members: Any) -> bytes:
    """An event of Gemini's."""
    candidate = {"content": {"parts": [{"text": text}]}, **members}
    usage = {"promptTokenCount": 9, "candidatesTokenCount": 2}
    return (
        b"data: "
        + json.dumps({"candidates": [candidate], "responseId": "r", "usageMetadata": usage}).encode()
        + b"\n\n"
    )


HEADS = {
    "anthropic": named("message_start", message={"id": "msg_1", "usage": {"input_tokens": 9}}) + named("ping"),
    "cohere": named("message-start", id="c1"),
    "gemini": b'data: {"responseId": "r"}\n\n',
}
WORDS = {
    "anthropic": [named("content_block_delta", index=0, delta={"type": "text_delta", "text": t}) for t in ("one", "2")],
    "cohere": [named("content-delta", index=0, delta={"message": {"content": {"text": t}}}) for t in ("one", "2")],
    "gemini": [piece("one"), piece("2", finishReason="STOP")],
}
ENDS = {
    "anthropic": named("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 2})
    + named("message_stop"),
    "cohere": named(
        "message-end",
        delta={"finish_reason": "COMPLETE", "usage": {"tokens": {"input_tokens": 9, "output_tokens": 2}}},
    ),
    "gemini": b"",
}
FAULTS = {
    "anthropic": named("error", error={"type": "overloaded_error", "message": "full"}),
    "cohere": b'data: {"message": "full"}\n\n',
    "gemini": b'data: {"error": {"code": 503, "message": "full", "status": "UNAVAILABLE"}}\n\n',
}
PROVIDERS: dict[str, ProviderDialect] = {"anthropic": anthropic, "cohere": cohere, "gemini": gemini}
PAIRS = [(client, provider) for client in CLIENTS for provider in PROVIDERS if client != provider]
pairs = pytest.mark.parametrize(("client", "provider"), PAIRS)


def relayed(client: str, provider: str, pieces: list[bytes]) -> tuple[Client, Translation]:
    """What the client hears of these pieces, as the router feeds them; a fault of the end is told in the stream."""
    hearing = Client()
    relay = Translation(hearing, PROVIDERS[provider], CLIENTS[client].writer(STAMP), {})
    rest = iter(pieces)
    while not relay.speaks:
        hearing.write(relay.open(next(rest, b""), whole=False))
    for data in rest:
        relay.feed(data)
    try:
        relay.finish()
    except UpstreamError as fault:
        relay.fail(fault)
    return hearing, relay


def whole(provider: str) -> bytes:
    """A whole stream."""
    return HEADS[provider] + b"".join(WORDS[provider]) + ENDS[provider]


ERRORS = {"openai": b'data: {"error":', "anthropic": b"event: error\n", "responses": b"event: response.failed\n"}
LAST = {"openai": b"[DONE]", "anthropic": b"message_stop", "responses": b"response.completed"}


@pairs
def test_whole_stream(client: str, provider: str) -> None:
    """A whole answer is told to its end, with the usage."""
    hearing, relay = relayed(client, provider, [whole(provider)])
    assert LAST[client] in hearing.got
    assert ERRORS[client] not in hearing.got
    assert (hearing.ended, relay.usage()) == ("end", Usage(prompt=9, completion=2))


@pairs
@given(data=st.data())
def test_any_split(client: str, provider: str, data: st.DataObject) -> None:
    """However the bytes are cut on their way, the client gets the same."""
    said = whole(provider)
    cuts = sorted({0, *data.draw(st.lists(st.integers(1, len(said) - 1), max_size=8)), len(said)})
    pieces = [said[start:end] for start, end in itertools.pairwise(cuts)]
    assert relayed(client, provider, pieces)[0].got == relayed(client, provider, [said])[0].got


@pairs
@pytest.mark.parametrize("end", ["", "fault", "garbage"])
def test_broken_stream(client: str, provider: str, end: str) -> None:
    """What was said is delivered, then the client's own error event, and no sign of a whole answer."""
    last = {"": b"", "fault": FAULTS[provider], "garbage": b"data: {oops\n\n"}[end]
    for pieces in ([HEADS[provider] + WORDS[provider][0] + last], [HEADS[provider], WORDS[provider][0], last or b"\n"]):
        hearing, relay = relayed(client, provider, pieces)
        assert b'"one"' in hearing.got
        assert ERRORS[client] in hearing.got
        assert LAST[client] not in hearing.got
        assert (b'"full' in hearing.got) == (end == "fault")
        used = relay.usage()
        assert used is None or used.estimated


@pairs
def test_nothing_counts_behind_the_end(client: str, provider: str) -> None:
    """What a provider sends behind a fault, or behind the end of its answer, is not passed on."""
    broken = [HEADS[provider] + WORDS[provider][0], FAULTS[provider]]
    assert relayed(client, provider, [*broken, *WORDS[provider]])[0].got == relayed(client, provider, broken)[0].got
    if ENDS[provider]:
        more = [whole(provider), *WORDS[provider], ENDS[provider], FAULTS[provider]]
        assert relayed(client, provider, more)[0].got == relayed(client, provider, more[:1])[0].got


@pairs
@pytest.mark.parametrize("end", ["", "fault"])
def test_nothing_is_written_before_a_word(client: str, provider: str, end: str) -> None:
    """A head and pings leave the status open: an error behind them is raised."""
    hearing = Client()
    relay = Translation(hearing, PROVIDERS[provider], CLIENTS[client].writer(STAMP), {})
    assert relay.open(HEADS[provider], whole=False) == b""
    assert not relay.speaks
    with pytest.raises(UpstreamError, match="full" if end else "before it said a word") as caught:
        relay.open(FAULTS[provider] if end else b"", whole=False)
    assert isinstance(caught.value, Broken) is not bool(end)
    assert hearing.got == b""


@pairs
def test_signs_of_life(client: str, provider: str) -> None:
    """One is given where nothing was said since the last time, none behind the end."""
    hearing = Client()
    relay = Translation(hearing, PROVIDERS[provider], CLIENTS[client].writer(STAMP), {})
    relay.open(HEADS[provider] + WORDS[provider][0], whole=False)
    assert relay.idle() == b""
    assert relay.idle() != b""
    relay.feed(WORDS[provider][1])
    assert relay.idle() == b""
    relay.feed(ENDS[provider] or FAULTS[provider])
    assert [relay.idle(), relay.idle()] == [b"", b""]


def test_fault_behind_a_complete_answer() -> None:
    """An answer that is complete stays so, whatever becomes of the connection."""
    hearing = Client()
    relay = Translation(hearing, anthropic, openai.writer(STAMP), {})
    hearing.write(relay.open(whole("anthropic"), whole=False))
    relay.fail(TimedOut("too late"))
    assert hearing.ended == "end"
    assert hearing.got.endswith(b"data: [DONE]\n\n")
    assert relay.usage() == Usage(prompt=9, completion=2)


def test_answer_in_one_piece() -> None:
    """A provider that does not stream is told as a stream; an error in one piece is raised."""
    body = {"id": "c", "message": {"content": [{"type": "text", "text": "one"}]}, "finish_reason": "COMPLETE"}
    relay = Translation(Client(), cohere, openai.writer(STAMP), {})
    assert b'"one"' in relay.open(json.dumps(body).encode(), whole=True)
    assert relay.complete
    with pytest.raises(UpstreamError, match="full"):
        Translation(Client(), cohere, openai.writer(STAMP), {}).open(b'{"message": "full"}', whole=True)
