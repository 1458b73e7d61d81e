"""Which headers pass through, as tables. All names are lower case.

Nothing passes that is not named here: a client's Authorization, Cookie or X-Api-Key never reaches a provider, and a
provider's Set-Cookie, Server or hop-by-hop headers never reach a client (RFC 9110, section 7.6.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

TO_PROVIDER = (
    "user-agent",
    "traceparent",
    "tracestate",
    "idempotency-key",
    "http-referer",
    "x-title",
    "session_id",
    "x-session-affinity",
    "x-client-request-id",
)
_OPENAIS = frozenset({"openai", "responses"})
TO_DIALECT = {
    "openai-beta": _OPENAIS,
    "anthropic-beta": frozenset({"anthropic"}),
    "anthropic-version": frozenset({"anthropic"}),
}
"""Headers that only providers of these dialects understand."""
TO_CLIENT = ("openai-processing-ms",)
TO_CLIENT_PREFIXES = ("x-ratelimit-", "anthropic-ratelimit-")
TO_CLIENT_WITH_ERRORS = ("retry-after", "retry-after-ms", "x-should-retry")
"""When to try again: some providers say it with answers that are whole, where it must not slow a client down."""

_UNSAFE = re.compile(r"[^\x20-\x7e]")


def to_provider(headers: Mapping[str, str], dialect: str) -> dict[str, str]:
    """Of a client's headers (a case-insensitive mapping) those that a provider of that dialect may see."""
    names = (*TO_PROVIDER, *(name for name, dialects in TO_DIALECT.items() if dialect in dialects))
    return {name: safe(value) for name in names if (value := headers.get(name)) is not None}


def to_client(headers: Iterable[tuple[str, str]], *, ok: bool) -> list[tuple[str, str]]:
    """Of a provider's headers those that a client needs; `ok` is whether they came with an answer or with an error."""
    names = TO_CLIENT if ok else TO_CLIENT + TO_CLIENT_WITH_ERRORS
    return [(name, safe(value)) for name, value in headers if _passes(name.lower(), names)]


def safe(value: str, *, most: int = 1024) -> str:
    """A header value without control characters or anything beyond ASCII: no injection, and never too long."""
    return _UNSAFE.sub("?", value)[:most]


def _passes(name: str, names: tuple[str, ...]) -> bool:
    return name in names or name.startswith(TO_CLIENT_PREFIXES)
