"""One try at one target, up to the head of its answer."""

from __future__ import annotations

import re
from collections.abc import Mapping

from xrouter.chat.target import Target
from xrouter.dialects.base import Dialect
from xrouter.errors import Broken, UpstreamError
from xrouter.upstream.client import Answer, Pool
from xrouter.wire import sse
from xrouter.wire.headers import to_client

MAX_ERROR_BYTES = 1024 * 1024
MAX_FIRST_BYTES = 1024 * 1024
_TELLING_BYTES = 16
"""So much has to be seen of a body to tell a stream of events from an answer in one piece."""
_SHORTEST_SECRET = 8

_EVENTS = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:data|event|id|retry)?:")


async def attempt(pool: Pool, dialect: Dialect, target: Target, body: bytes, headers: Mapping[str, str]) -> Answer:
    """An answer that is no error: the caller closes it. Raises UpstreamError with the provider's own words."""
    answer = await pool.open(target, body, headers)
    if 200 <= answer.status < 300:
        return answer
    try:
        page = await answer.read(MAX_ERROR_BYTES)
    finally:
        answer.close()
    raise redact(dialect.read_error(answer.status, page, to_client(answer.headers)), target)


async def first_bytes(answer: Answer, dialect: Dialect) -> bytes:
    """The first bytes of a stream: an error that comes before any word is still a proper status.

    A provider that answers a stream request in one piece is made to stream; one that streams under another content type
    is taken for what it does. Raises UpstreamError.
    """
    first = b""
    while not answer.is_stream and len(first) < _TELLING_BYTES and (piece := await answer.read_some()):
        first += piece
    if not answer.is_stream and _EVENTS.match(first) is None:
        return dialect.as_stream(first + await answer.read())
    first = await _first_event(answer, first)
    fault = dialect.read_first(first)
    if fault is not None:
        raise fault
    return first


async def _first_event(answer: Answer, first: bytes) -> bytes:
    """All up to a whole event with data: comments may come before it, and it may come in pieces."""
    while len(first) < MAX_FIRST_BYTES and b"data:" not in first[: sse.whole_events(first)]:
        piece = await answer.read_some()
        if not piece and b"data:" not in first:
            raise Broken("the provider ended the stream before it said a word")
        if not piece:
            break
        first += piece
    return first


def redact(error: UpstreamError, target: Target) -> UpstreamError:
    """A provider that quotes our key in its error must not give it to the client."""
    values = [value for _, value in target.headers]
    for secret in (*values, *(value.rpartition(" ")[2] for value in values)):
        if len(secret) < _SHORTEST_SECRET:
            continue
        error.message = error.message.replace(secret, "***")
        error.kind = error.kind.replace(secret, "***")
        error.code = error.code and error.code.replace(secret, "***")
        error.param = error.param and error.param.replace(secret, "***")
    error.args = (error.message,)
    return error
