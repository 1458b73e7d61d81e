"""xrouter/upstream/relay.py: transcripts of what a provider says (`<`) and of what the client gets (`>`)."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import chunk, chunks, completion, tokens
from tests.hearing import Client
from xrouter.chat.reply import Usage
from xrouter.dialects import openai
from xrouter.errors import Broken, TimedOut, UpstreamError
from xrouter.upstream.relay import MOST_HELD, RawRelay


def say(*events: Any) -> bytes:
    """Events with these values."""
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)


def crlf(stream: bytes) -> bytes:
    """The same with other line ends."""
    return stream.replace(b"\n", b"\r\n")


LATE = TimedOut("too late")
DONE = b"data: [DONE]\n\n"
WORDS = say(*chunks("one two")[:-1])
STOP = say(chunk({}, finish="stop"))
USAGE = say({"choices": [], "usage": tokens(9, 2)})
FAULT = say({"error": {"message": "overloaded"}})
LATE_EVENT = (
    b'\n\ndata: {"error":{"message":"too late","type":"upstream_error","param":null,"code":"upstream_timeout"}}\n\n'
)


def relayed(pieces: list[bytes], *, hide: bool, fault: TimedOut | None = None) -> tuple[Client, RawRelay]:
    """What the client got of these pieces; a stream that the provider ended too early fails with what that raises."""
    client = Client()
    relay = RawRelay(client, openai, None, hide_usage=hide)
    for piece in pieces:
        relay.feed(piece)
    relay.usage()  # the ledger looks before the end is told
    if fault is not None:
        relay.fail(fault)
        return client, relay
    try:
        relay.finish()
    except Broken as broken:
        relay.fail(broken)
    return client, relay


WHOLE: dict[str, tuple[list[bytes], bytes, bytes]] = {
    "whole": ([WORDS, STOP, DONE], WORDS + STOP + DONE, WORDS + STOP + DONE),
    "with usage": ([WORDS + STOP, USAGE + DONE], WORDS + STOP + USAGE + DONE, WORDS + STOP + DONE),
    "usage in pieces": (
        [WORDS + STOP + USAGE[:9], USAGE[9:-1], USAGE[-1:] + DONE],
        WORDS + STOP + USAGE + DONE,
        WORDS + STOP + DONE,
    ),
    "no [DONE]": ([WORDS, STOP], WORDS + STOP + b"\n\n" + DONE, WORDS + STOP + b"\n\n" + DONE),
    "usage and no [DONE]": ([WORDS, STOP, USAGE], WORDS + STOP + USAGE + b"\n\n" + DONE, WORDS + STOP + b"\n\n" + DONE),
    "no last line end": ([WORDS, STOP, DONE[:-2]], WORDS + STOP + DONE[:-2], WORDS + STOP + DONE[:-2]),
    "[DONE] in pieces": ([WORDS, STOP, b"data: [DO", b"NE]\n", b"\n"], WORDS + STOP + DONE, WORDS + STOP + DONE),
    "an error behind it": ([WORDS, STOP, FAULT, DONE], WORDS + STOP + FAULT + DONE, WORDS + STOP + FAULT + DONE),
    "crlf": ([crlf(WORDS + STOP + USAGE + DONE)], crlf(WORDS + STOP + USAGE + DONE), crlf(WORDS + STOP + DONE)),
}


@pytest.mark.parametrize(("said", "kept", "hidden"), WHOLE.values(), ids=WHOLE)
def test_whole_stream(said: list[bytes], kept: bytes, hidden: bytes) -> None:
    """A whole stream passes as it comes and ends cleanly, with [DONE], and without the usage that nobody asked for."""
    for hide, expected in ((False, kept), (True, hidden)):
        client, relay = relayed(said, hide=hide)
        assert (client.got, client.ended) == (expected, "end")
        assert relay.usage() == (
            Usage(prompt=9, completion=2) if USAGE[:-2] in b"".join(said).replace(b"\r", b"") else None
        )


@pytest.mark.parametrize("hide", [False, True])
@pytest.mark.parametrize("end", [b"", USAGE, b": late comment\n\n"])
def test_connection_that_dies_after_done(end: bytes, *, hide: bool) -> None:
    """What was whole when the connection died stays whole."""
    client, _ = relayed([WORDS, STOP, DONE, end], hide=hide, fault=LATE)
    assert (client.got, client.ended) == (WORDS + STOP + DONE + (b"" if hide and end == USAGE else end), "end")


BROKEN: dict[str, tuple[list[bytes], bytes]] = {
    "after a word": ([WORDS], WORDS),
    "after the reason, without [DONE]": ([WORDS, STOP], WORDS + STOP),
    "in an event": ([WORDS, STOP[:20]], WORDS + STOP[:20]),
    "in [DONE]": ([WORDS, DONE[:9]], WORDS + DONE[:9]),
    "at once": ([], b""),
}


@pytest.mark.parametrize(("said", "got"), BROKEN.values(), ids=BROKEN)
def test_broken_stream(said: list[bytes], got: bytes) -> None:
    """A broken stream ends in an error event behind a blank line, and is cut: never a clean end."""
    client, _ = relayed(said, hide=False, fault=LATE)
    assert (client.got, client.ended) == (got + LATE_EVENT, "abort")


@pytest.mark.parametrize("said", [[WORDS], [WORDS + STOP[:20]], [WORDS, DONE[:9]]])
def test_broken_stream_with_hidden_usage(said: list[bytes]) -> None:
    """Where whole events are waited for, half of one is not passed on."""
    client, _ = relayed(said, hide=True, fault=LATE)
    assert (client.got, client.ended) == (WORDS + LATE_EVENT, "abort")


@pytest.mark.parametrize("hide", [False, True])
def test_stream_that_ends_too_early(*, hide: bool) -> None:
    """An HTTP body that ends well is not enough: without a reason or [DONE] the stream was broken."""
    client, _ = relayed([WORDS], hide=hide)
    assert client.got.startswith(WORDS + b'\n\ndata: {"error":{"message":"the provider ended the stream before')
    assert client.ended == "abort"


@pytest.mark.parametrize("hide", [False, True])
@pytest.mark.parametrize("fault", [None, LATE])
@pytest.mark.parametrize("said", [FAULT, FAULT[:-1], FAULT[:-2], b"event: error\n" + FAULT, FAULT + DONE])
def test_error_of_the_provider(said: bytes, fault: TimedOut | None, *, hide: bool) -> None:
    """The provider's own error is the last that the client hears: not doubled, made whole, and no clean end."""
    client, _ = relayed([WORDS, said], hide=hide, fault=fault)
    assert (client.got, client.ended) == (WORDS + said + b"\n\n", "abort")


def test_events_are_counted() -> None:
    """The number of events is known, for where the usage is not."""
    client, relay = relayed([WORDS, STOP, USAGE, DONE], hide=True)
    assert relay.said == 24
    assert client.got.count(b"data:") == 5


@pytest.mark.parametrize("end", [DONE, crlf(DONE)])
def test_complete(end: bytes) -> None:
    """A stream is complete with the last byte of [DONE], in however many pieces it comes, until more comes."""
    for size in range(1, len(end) + 1):
        relay = RawRelay(Client(), openai, None, hide_usage=False)
        relay.feed(WORDS)
        pieces = [end[at : at + size] for at in range(0, len(end), size)]
        for piece in pieces:
            assert not relay.complete
            relay.feed(piece)
        assert relay.complete
        relay.feed(b": more\n\n")
        assert not relay.complete


def test_word_done_is_no_end() -> None:
    """A model that says [DONE] is not done."""
    relay = RawRelay(Client(), openai, None, hide_usage=False)
    relay.feed(say(chunk({"content": "[DONE]\n\n"})))
    assert not relay.complete
    with pytest.raises(Broken):
        relay.finish()


def test_endless_event() -> None:
    """An event that never ends is passed on in portions, not held for ever."""
    client = Client()
    relay = RawRelay(client, openai, None, hide_usage=True)
    piece = b"x" * 100_000
    for count in range(1, 40):
        relay.feed(piece)
        assert count * len(piece) - len(client.got) <= MOST_HELD + len(piece)
    relay.feed(b"\n\n" + STOP + USAGE + DONE)
    relay.finish()
    assert client.got == 39 * piece + b"\n\n" + STOP + DONE


def test_tail_is_short() -> None:
    """Of a long stream only the last part is kept, and that is enough."""
    client = Client()
    relay = RawRelay(client, openai, None, hide_usage=False)
    for _ in range(5000):
        relay.feed(say(chunk({"content": "word "})))
    relay.feed(STOP + USAGE + DONE)
    assert relay.usage() == Usage(prompt=9, completion=2)
    assert sum(map(len, relay._tail)) < 20_000


@given(st.lists(st.integers(0), max_size=8), st.booleans(), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_any_split(places: list[int], hide: bool, end: bytes) -> None:  # noqa: FBT001  # hypothesis gives it
    """In whatever pieces a stream comes, the client gets the same bytes, and the ledger the same usage."""
    stream = (WORDS + STOP + b": ping\n\n" + USAGE + DONE).replace(b"\n", end)
    edges = sorted({0, len(stream), *(place % len(stream) for place in places)})
    client, relay = relayed([stream[a:b] for a, b in itertools.pairwise(edges)], hide=hide)
    kept = stream.replace(USAGE.replace(b"\n", end), b"") if hide else stream
    assert client.got == kept
    assert (client.ended, relay.usage()) == ("end", Usage(prompt=9, completion=2))


@pytest.mark.parametrize("said", [FAULT, FAULT[:-1], b": hm\n\n" + FAULT])
def test_error_first(said: bytes) -> None:
    """An error before any word is raised while the status is open."""
    relay = RawRelay(Client(), openai, None, hide_usage=False)
    with pytest.raises(UpstreamError, match="overloaded"):
        relay.open(said, whole=False)


def test_whole_answer() -> None:
    """An answer in one piece becomes a stream that is complete."""
    client = Client()
    relay = RawRelay(client, openai, None, hide_usage=False)
    client.write(relay.open(json.dumps(completion("one two")).encode(), whole=True))
    assert relay.complete
    relay.finish()
    assert b"one two" in client.got
    assert (client.got.count(DONE), client.ended) == (1, "end")


@pytest.mark.parametrize(
    ("body", "status"), [(b'{"error": {"message": "no", "code": 402}}', 402), (b"<html>", 502), (b"", 502)]
)
def test_no_answer_in_one_piece(body: bytes, status: int) -> None:
    """What is no answer in one piece either is an error."""
    with pytest.raises(UpstreamError) as caught:
        RawRelay(Client(), openai, None, hide_usage=False).open(body, whole=True)
    assert caught.value.status == status


@pytest.mark.parametrize("first", [True, False])
def test_key_in_an_error_is_masked(first: bool) -> None:  # noqa: FBT001 - pytest gives it
    """A provider that quotes our key in the middle of a stream does not give it to the client."""
    client = Client()
    relay = RawRelay(client, openai, None, hide_usage=False, secrets=[b"sk-0123456789"])
    fault = say({"error": {"message": "no credit for sk-0123456789"}})
    if first:
        client.write(relay.open(WORDS + fault, whole=False))
    else:
        client.write(relay.open(WORDS, whole=False))
        relay.feed(fault)
    assert client.got == WORDS + fault.replace(b"sk-0123456789", b"***")
    assert relay.idle() == b""
