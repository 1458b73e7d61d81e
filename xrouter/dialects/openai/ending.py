"""What the last bytes of a stream say.

What is looked for stands at the very end, so the search goes backwards and by plain words: every stream pays for this,
and a pattern run over 16 KB would cost more than relaying 200 events.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from xrouter.chat.reply import Usage
from xrouter.dialects.base import StreamEnd
from xrouter.dialects.openai.usage import read_usage
from xrouter.wire import json

_DONE = b"[DONE]"
_DONE_ENDS = (b"[DONE]\n\n", b"[DONE]\r\n\r\n")
_FINISH, _FINISHED = b'"finish_reason"', re.compile(rb'"finish_reason"\s*:\s*"[^"]')  # "" says nothing: some send it
_USAGE, _USED = b'"usage"', re.compile(rb'"usage"\s*:\s*\{')
_FAULT = re.compile(rb'(?:^|[\r\n])(?:event: ?error|data: ?\{\s*"error"\s*:\s*[{"])')


def is_over(last: bytes) -> bool:
    """Whether the last bytes of a stream say that nothing is to come."""
    return last.endswith(_DONE_ENDS)


def read_end(_: bytes, tail: bytes) -> StreamEnd:
    """The end of a stream, of which `tail` is the last part (it may start in the middle of an event).

    An error may be followed by [DONE] (vLLM does so): that is no whole answer.
    """
    done = any(_line(tail, at) in {b"data:[DONE]", b"data: [DONE]"} for at in _backwards(tail, _DONE))
    said = any(_FINISHED.match(tail, at) for at in _backwards(tail, _FINISH))
    fault = not said and has_fault(tail)
    return StreamEnd(finished=said or (done and not fault), done=done, fault=fault, usage=_last_usage(tail))


def has_fault(chunk: bytes) -> bool:
    """Whether an event says that the provider failed."""
    return b"error" in chunk and _FAULT.search(chunk) is not None


def _last_usage(tail: bytes) -> Usage | None:
    """The last usage that the stream gave; Groq puts it under `x_groq`."""
    for at in _backwards(tail, _USAGE):
        if not _USED.match(tail, at):
            continue
        try:
            said = json.decode(_line(tail, at).removeprefix(b"data:"))
        except ValueError:
            continue
        if isinstance(said, dict) and (usage := read_usage(said.get("usage"), said.get("x_groq"))):
            return usage
    return None


def _backwards(tail: bytes, word: bytes) -> Iterator[int]:
    """Where `word` stands, the last place first."""
    at = tail.rfind(word)
    while at >= 0:
        yield at
        at = tail.rfind(word, 0, at)


def _line(tail: bytes, at: int) -> bytes:
    """The line around a place; lines end in LF, CRLF or CR."""
    start = max(tail.rfind(b"\n", 0, at), tail.rfind(b"\r", 0, at)) + 1
    ends = [end for end in (tail.find(b"\n", at), tail.find(b"\r", at)) if end >= 0]
    return tail[start : min(ends, default=len(tail))]
