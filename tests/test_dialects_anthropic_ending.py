"""What the first and last bytes of a stream say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.chat.reply import Usage
from xrouter.dialects.anthropic.ending import is_over, read_end
from xrouter.dialects.base import StreamEnd
from xrouter.wire import sse

HEAD = sse.event(
    b'{"type":"message_start","message":{"usage":{"input_tokens":5,"cache_read_input_tokens":7,'
    b'"cache_creation_input_tokens":3,"output_tokens":1}}}',
    "message_start",
)
WORDS = sse.event(
    b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\\"message_stop\\" error"}}',
    "content_block_delta",
)
LAST = sse.event(
    b'{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}}', "message_delta"
)
STOP = b'event: message_stop\ndata: {"type":"message_stop"           }\n\n'
ERROR = sse.event(b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', "error")
TOTAL = Usage(15, 9, cached=7, cache_write=3)

LAST_IN_OTHER_ORDER = (
    b'data: {"usage":{"input_tokens":0,"cache_read_input_tokens":null,"output_tokens":4,'
    b'"output_tokens_details":{"thinking_tokens":2}},"delta":{"stop_reason":null},"type":"message_delta"}\n\n'
)

GOLDEN: list[tuple[bytes, bytes, StreamEnd]] = [
    (HEAD, WORDS + LAST + STOP, StreamEnd(finished=True, done=True, fault=False, usage=TOTAL)),
    (HEAD, WORDS + LAST, StreamEnd(finished=True, done=False, fault=False, usage=TOTAL)),
    (HEAD, WORDS, StreamEnd(finished=False, done=False, fault=False, usage=Usage(15, 1, cached=7, cache_write=3))),
    (HEAD, WORDS + ERROR, StreamEnd(False, False, True, Usage(15, 1, cached=7, cache_write=3))),
    (HEAD, WORDS + LAST + ERROR, StreamEnd(finished=False, done=False, fault=True, usage=TOTAL)),
    (b"", WORDS + LAST + STOP, StreamEnd(finished=True, done=True, fault=False, usage=Usage(0, 9))),
    (b"", WORDS, StreamEnd(finished=False, done=False, fault=False, usage=None)),
    (b"", b"", StreamEnd(finished=False, done=False, fault=False, usage=None)),
    (HEAD + LAST + STOP, HEAD + LAST + STOP, StreamEnd(finished=True, done=True, fault=False, usage=TOTAL)),
    (HEAD, LAST + STOP + b"event: data\ndata: [DONE]\n\n", StreamEnd(True, True, False, TOTAL)),
    (b'event: ping\ndata: {"type":"ping"}\n\n' + HEAD, LAST + STOP, StreamEnd(True, True, False, TOTAL)),
    (b": hello\n\n" + HEAD, LAST[:-1], StreamEnd(finished=True, done=False, fault=False, usage=TOTAL)),
    (
        HEAD,
        LAST_IN_OTHER_ORDER,
        StreamEnd(False, False, False, Usage(10, 4, cached=7, cache_write=3, reasoning=2)),
    ),
    (HEAD, b'data: {"type":[]}\n\ndata: {"type":"message_delta","usage":7,"delta":7}\n\n' + STOP,
     StreamEnd(True, True, False, Usage(15, 1, cached=7, cache_write=3))),
]  # fmt: skip


@pytest.mark.parametrize(("head", "tail", "end"), GOLDEN)
def test_the_end_is_read(head: bytes, tail: bytes, end: StreamEnd) -> None:
    """Whole or not, and what was used: field by field the later figure counts."""
    assert read_end(head, tail) == end
    assert read_end(head.replace(b"\n", b"\r\n"), tail.replace(b"\n", b"\r\n")) == end


@given(st.integers(0, len(WORDS)))
def test_the_tail_may_start_inside_an_event(at: int) -> None:
    """A stream's end is kept from any byte on."""
    assert read_end(HEAD, (WORDS + LAST + STOP)[at:]).usage == TOTAL


@given(st.binary(max_size=60))
def test_any_bytes_have_an_end(tail: bytes) -> None:
    """What is no stream is not finished."""
    assert not read_end(tail, tail).finished


@pytest.mark.parametrize(
    ("last", "over"),
    [
        (LAST + STOP, True),
        (STOP[10:], True),
        (STOP.replace(b"\n", b"\r\n"), True),
        (STOP + b"data: [DONE]\n\n", True),
        (STOP[:-1], False),
        (STOP[:-2], False),
        (STOP[30:], False),
        (WORDS, False),
        (LAST, False),
        (ERROR, False),
        (b"", False),
    ],
)
def test_over_is_said_by_the_last_event(last: bytes, over: bool) -> None:  # noqa: FBT001  # a column of the table
    """A whole message_stop is the end; the words of an answer are not."""
    assert is_over(last) is over
