"""xrouter/wire/sse.py: events as the specification has them, in whatever pieces they come."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.wire import sse
from xrouter.wire.sse import EventReader, ServerEvent

READ: dict[str, tuple[bytes, list[tuple[str, bytes]]]] = {
    "one": (b"data: a\n\n", [("", b"a")]),
    "two": (b"data: a\n\ndata: b\n\n", [("", b"a"), ("", b"b")]),
    "several lines": (b"data: YHOO\ndata: +2\ndata: 10\n\n", [("", b"YHOO\n+2\n10")]),
    "a name": (b"event: add\ndata: 73857293\n\n", [("add", b"73857293")]),
    "the last name": (b"event: a\nevent: b\ndata: 1\n\n", [("b", b"1")]),
    "a name behind the data": (b"data: 1\nevent: a\n\n", [("a", b"1")]),
    "a name without data": (b"event: a\n\ndata: 1\n\n", [("", b"1")]),
    "a comment": (b": test stream\n\ndata: first event\nid: 1\n\n", [("", b"first event")]),
    "a comment within": (b"data: a\n: b\ndata: c\n\n", [("", b"a\nc")]),
    "no data": (b"id\n\nretry: 10\n\n\n\n", []),
    "empty data": (b"data\n\ndata\ndata\n\ndata:\n\n", [("", b""), ("", b"\n"), ("", b"")]),
    "no space": (b"data:test\n\n", [("", b"test")]),
    "one space is taken": (b"data:  test \n\n", [("", b" test ")]),
    "a tab is kept": (b"data:\ttest\n\n", [("", b"\ttest")]),
    "colons": (b"data: a: b\n\n", [("", b"a: b")]),
    "unknown fields": (b"foo: x\ndata: a\nDATA: b\n data: c\n\n", [("", b"a")]),
    "crlf": (b"data: a\r\nevent: b\r\n\r\ndata: c\r\n\r\n", [("b", b"a"), ("", b"c")]),
    "cr": (b"data: a\revent: b\r\rdata: c\r\r", [("b", b"a"), ("", b"c")]),
    "mixed": (b"data: a\r\n\ndata: b\n\r\ndata: c\r\rdata: d\n\r", [("", b"a"), ("", b"b"), ("", b"c"), ("", b"d")]),
    "a mark first": (b"\xef\xbb\xbfdata: a\n\n", [("", b"a")]),
    "a mark and a line end first": (b"\xef\xbb\xbf\ndata: a\n\n", [("", b"a")]),
    "a mark later": (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [("", b"a")]),
    "a mark twice": (b"\xef\xbb\xbf\xef\xbb\xbfdata: b\n\n", []),
    "unicode": ("event: é\ndata: 漢\u2028\n\n".encode(), [("é", "漢\u2028".encode())]),
    "no utf-8": (b"event: \xff\ndata: \xff\n\n", [("\ufffd", b"\xff")]),
    "cut": (b"data: a\n\ndata: b\n", [("", b"a")]),
    "cut in a line": (b"data: a\n\ndata: b", [("", b"a")]),
    "cut in a line end": (b"data: a\r\n\r", [("", b"a")]),
    "blank lines first": (b"\n\r\n\rdata: a\n\n", [("", b"a")]),
    "nothing": (b"", []),
}


def read(pieces: list[bytes]) -> list[ServerEvent]:
    """All events that come out of these pieces."""
    reader = EventReader()
    return [*(event for piece in pieces for event in reader.feed(piece)), *reader.close()]


@pytest.mark.parametrize(("stream", "expected"), READ.values(), ids=READ)
def test_events(stream: bytes, expected: list[tuple[str, bytes]]) -> None:
    """What the specification says, whole, byte by byte, and cut at any one place."""
    assert read([stream]) == expected
    assert read([stream[at : at + 1] for at in range(len(stream))]) == expected
    for at in range(len(stream)):
        assert read([stream[:at], b"", stream[at:]]) == expected


def test_events_come_early() -> None:
    """An event is given with its blank line, not with the one after it; a CR waits for the LF that may follow."""
    reader = EventReader()
    assert reader.feed(b"data: a\n") == []
    assert reader.feed(b"\n") == [ServerEvent("", b"a")]
    assert reader.feed(b"data: b\r\n\r") == []
    assert reader.feed(b"\n") == [ServerEvent("", b"b")]
    assert reader.close() == []


def test_endless_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """One event takes so much memory and no more, in one line or in many, with words or without."""
    monkeypatch.setattr(sse, "MAX_EVENT_BYTES", 1000)
    for line in (b"a" * 100, b"data: " + b"a" * 90 + b"\n", b"data\n"):
        reader = EventReader()
        with pytest.raises(ValueError, match="larger than"):
            read_on(reader, line, 2000)
    reader = EventReader()
    assert read_on(reader, b"data: " + b"a" * 90 + b"\n\n", 100) == 100


def read_on(reader: EventReader, piece: bytes, times: int) -> int:
    """Feed the same again and again; how many events came."""
    return sum(len(reader.feed(piece)) for _ in range(times))


LINE = st.sampled_from(
    [b"data: a", b"data", b"data:  b:c", b"event: n", b": x", b"id: 1", b"", b"", b"zz", b"\xef\xbb\xbf"]
)
STREAM = st.lists(st.tuples(LINE, st.sampled_from([b"\n", b"\r\n", b"\r"])), max_size=12).map(
    lambda lines: b"".join(line + end for line, end in lines)
)


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    """The stream in pieces."""
    edges = sorted({0, len(stream), *(place % (len(stream) + 1) for place in places)})
    return [stream[start:end] for start, end in itertools.pairwise(edges)]


@given(st.sampled_from([b"", b"\xef\xbb\xbf"]), STREAM, st.lists(st.integers(0), max_size=6))
def test_any_split(mark: bytes, stream: bytes, places: list[int]) -> None:
    """Any split of the bytes gives the same events."""
    assert read(cut(mark + stream, places)) == read([mark + stream])


WHOLE: dict[str, tuple[bytes, bytes]] = {
    "nothing": (b"", b""),
    "a part": (b"data: a\n", b"data: a\n"),
    "one": (b"data: a\n\n", b""),
    "one and a part": (b"data: a\n\ndata: b\n", b"data: b\n"),
    "two": (b"data: a\n\ndata: b\n\n", b""),
    "blank lines": (b"data: a\n\n\n", b""),
    "crlf": (b"data: a\r\n\r\ndata: b\r\n", b"data: b\r\n"),
    "half a crlf": (b"data: a\r\n\r\ndata: b\r\n\r", b"data: b\r\n\r"),
    "half a crlf or a cr": (b"data: a\r\r", b"data: a\r\r"),
    "one crlf": (b"data: a\r\n", b"data: a\r\n"),
    "cr": (b"data: a\r\rdata: b\r", b"data: b\r"),
    "lf and crlf": (b"data: a\n\r\ndata: b", b"data: b"),
    "crlf and lf": (b"data: a\r\n\ndata: b", b"data: b"),
    "a lone cr in lf": (b"data: a\n\ndata: b\rdata: c", b"data: b\rdata: c"),
}


@pytest.mark.parametrize(("buffer", "rest"), WHOLE.values(), ids=WHOLE)
def test_whole_events(buffer: bytes, rest: bytes) -> None:
    """Whole events go up to the last blank line, whatever its line ends."""
    assert buffer[sse.whole_events(buffer) :] == rest


@given(STREAM, st.lists(st.integers(0), max_size=6))
def test_whole_events_are_never_cut(stream: bytes, places: list[int]) -> None:
    """Each part that is handed on as whole events gives by itself the events that it gives within the stream."""
    events, held = [], b""
    for piece in cut(stream, places):
        held += piece
        end = sse.whole_events(held)
        events += read([held[:end]])
        held = held[end:]
    assert events + read([held]) == read([stream])


@given(STREAM)
def test_first_event(stream: bytes) -> None:
    """Cut event by event, a stream gives the same events, at most one from each part, and no byte is lost."""
    parts, rest = [], stream
    while rest:
        size = sse.first_event(rest)
        assert size > 0
        parts.append(rest[:size])
        rest = rest[size:]
    assert b"".join(parts) == stream
    assert [event for part in parts for event in read([part])] == read([stream])
    assert all(len(read([part])) <= 1 for part in parts)


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b"\r\r", b"\n\r\n", b"\r\n\n"])
def test_first_event_of_two(end: bytes) -> None:
    """The first event ends with its blank line."""
    assert sse.first_event(b"data: a" + end + b"data: b" + end) == len(b"data: a" + end)
    assert sse.first_event(b"data: a" + end[:1]) == len(b"data: a" + end[:1])


@given(st.binary().filter(lambda data: not {10, 13} & set(data)), st.sampled_from(["", "error"]))
def test_written_event(data: bytes, name: str) -> None:
    """What is written is read as the same."""
    assert read([sse.event(data, name)]) == [(name, data)]


def test_done() -> None:
    """The end of a stream of OpenAI's kind."""
    assert read([sse.DONE]) == [("", b"[DONE]")]
