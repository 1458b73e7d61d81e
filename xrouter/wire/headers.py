"""Which headers pass through, as tables. All names are lower case.

Nothing passes that is not named here: a client's Authorization, Cookie or X-Api-Key never reaches a provider, and a
provider's Set-Cookie, Server or hop-by-hop headers never reach a client (RFC 9110, section 7.6.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

TO_PROVIDER = (
    "user-agent",
    "openai-beta",
    "anthropic-beta",
    "anthropic-version",
    "traceparent",
    "tracestate",
    "idempotency-key",
    "http-referer",
    "x-title",
    "session_id",
    "x-session-affinity",
    "x-client-request-id",
)
TO_CLIENT = ("retry-after", "retry-after-ms", "x-should-retry", "openai-processing-ms")
TO_CLIENT_PREFIXES = ("x-ratelimit-", "anthropic-ratelimit-")

_UNSAFE = re.compile(r"[^\x20-\x7e]")


def to_provider(headers: Mapping[str, str]) -> dict[str, str]:
    """Of a client's headers (a case-insensitive mapping) those that a provider may see."""
    return {name: safe(value) for name in TO_PROVIDER if (value := headers.get(name)) is not None}


def to_client(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Of a provider's headers those that a client needs."""
    return [(name, safe(value)) for name, value in headers if _passes(name.lower())]


def safe(value: str, *, most: int = 1024) -> str:
    """A header value without control characters or anything beyond ASCII: no injection, and never too long."""
    return _UNSAFE.sub("?", value)[:most]


def _passes(name: str) -> bool:
    return name in TO_CLIENT or name.startswith(TO_CLIENT_PREFIXES)
