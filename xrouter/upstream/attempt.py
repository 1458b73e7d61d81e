"""One try at one target, up to the head of its answer."""

from __future__ import annotations

import re
from collections.abc import Mapping

from xrouter.chat.target import Target
from xrouter.dialects.base import ProviderDialect
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


async def attempt(
    pool: Pool, dialect: ProviderDialect, target: Target, body: bytes, headers: Mapping[str, str]
) -> Answer:
    """An answer that is no error: the caller closes it. Raises UpstreamError with the provider's own words."""
    answer = await pool.open(target, body, headers)
    if 200 <= answer.status < 300:
        return answer
    try:
        page = await answer.read(MAX_ERROR_BYTES)
    finally:
        answer.close()
    raise redact(dialect.read_error(answer.status, page, to_client(answer.headers, ok=False)), target)


async def first_bytes(answer: Answer) -> tuple[bytes, bool]:
    """(the first bytes, up to a whole event with data; whether they are a whole answer in one piece instead).

    A provider that streams under another content type, or answers in one piece under that of a stream, is taken for
    what it does. Raises UpstreamError.
    """
    first = b""
    while not answer.is_stream and len(first) < _TELLING_BYTES and (piece := await answer.read_some()):
        first += piece
    if not answer.is_stream and _EVENTS.match(first) is None:
        return first + await answer.read(), True
    return await _first_event(answer, first)


async def _first_event(answer: Answer, first: bytes) -> tuple[bytes, bool]:
    """All up to a whole event with data: comments may come before it, and it may come in pieces."""
    while len(first) < MAX_FIRST_BYTES and b"data:" not in first[: sse.whole_events(first)]:
        piece = await answer.read_some()
        if not piece and first.lstrip()[:1] in {b"{", b"["}:
            return first, True
        if not piece and b"data:" not in first:
            raise Broken("the provider ended the stream before it said a word")
        if not piece:
            break
        first += piece
    return first, False


def secrets_of(target: Target) -> list[bytes]:
    """The keys that a target is shown, with the scheme before them and without."""
    values = [value for _, value in target.headers]
    secrets = (*values, *(value.rpartition(" ")[2] for value in values))
    return [secret.encode() for secret in secrets if len(secret) >= _SHORTEST_SECRET]


def redact(error: UpstreamError, target: Target) -> UpstreamError:
    """A provider that quotes our key in its error must not give it to the client."""
    for secret in (secret.decode() for secret in secrets_of(target)):
        error.message = error.message.replace(secret, "***")
        error.kind = error.kind.replace(secret, "***")
        error.code = error.code and error.code.replace(secret, "***")
        error.param = error.param and error.param.replace(secret, "***")
    error.args = (error.message,)
    return error
