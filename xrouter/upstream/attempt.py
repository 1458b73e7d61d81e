"""One try at one target, up to the head of its answer."""

from __future__ import annotations

from collections.abc import Mapping

from xrouter.chat.target import Target
from xrouter.dialects.base import Dialect
from xrouter.errors import Broken, UpstreamError
from xrouter.upstream.client import Answer, Pool
from xrouter.wire.headers import to_client

MAX_ERROR_BYTES = 1024 * 1024


async def attempt(pool: Pool, dialect: Dialect, target: Target, body: bytes, headers: Mapping[str, str]) -> Answer:
    """An answer that is no error: the caller closes it. Raises UpstreamError with the provider's own words."""
    answer = await pool.open(target, body, headers)
    if 200 <= answer.status < 300:
        return answer
    try:
        page = await answer.read(MAX_ERROR_BYTES)
        passed = [*to_client(answer.headers)]
    finally:
        answer.close()
    raise redact(dialect.read_error(answer.status, page, passed), target)


async def first_bytes(answer: Answer, dialect: Dialect) -> bytes:
    """The first bytes of a stream: an error that comes before any word is still a proper status.

    A provider that answers a stream request in one piece is made to stream. Raises UpstreamError.
    """
    if not answer.is_stream:
        return dialect.as_stream(await answer.read())
    first = await answer.read_some()
    if not first:
        raise Broken("the provider ended the stream before it said a word")
    fault = dialect.read_first(first)
    if fault is not None:
        raise fault
    return first


def redact(error: UpstreamError, target: Target) -> UpstreamError:
    """A provider that quotes our key in its error must not give it to the client."""
    for _, value in target.headers:
        for secret in {value, value.rpartition(" ")[2]}:
            if len(secret) >= 8 and secret in error.message:
                error.message = error.message.replace(secret, "***")
    return error
