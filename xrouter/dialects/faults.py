"""What every dialect makes of a provider's error: its name by its status, and an overflow known as such."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from xrouter.errors import UpstreamError, XrouterError
from xrouter.wire import json

_MOST_TEXT = 2000
_MOST_WORD = 200
OPENAI_PHRASE = "maximum context length"
"""The words by which clients of OpenAI's dialects know that a request is too long."""

_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    504: "timeout",
    529: "overloaded_error",
}


def kind_of(status: int) -> str:
    """What OpenAI and Anthropic call an error of this status, for providers that give no name of their own."""
    return _KINDS.get(status, "invalid_request_error" if status < 500 else "api_error")


_OVERFLOWS = (
    "context length",
    "context window",
    "prompt is too long",
    "prompt too long",
    "exceed context limit",
    "exceeds the maximum number of tokens allowed",
    "too many tokens: size limit exceeded",
    "input tokens exceed the configured limit",
    "maximum input length",
    "available context size",
    "too large for model with",
    "exceed_context_size",
    "too_many_prompt_tokens",
    "too_many_tokens",
    "context_length_exceeded",
    "current length is",
    "`max_new_tokens` must be",
    "request_too_large",
)
OVERFLOW = "context_length_exceeded"
"""The code of an error that says: the request is longer than the model can take."""


def is_overflow(status: int, *words: str | None) -> bool:
    """Whether an error's message, type or code says that the request is longer than the model can take."""
    if status not in {400, 413, 422, 500}:
        return False
    said = " ".join(word for word in words if word).lower()
    return any(sign in said for sign in _OVERFLOWS)


def upstream_error(
    message: str,
    *,
    status: int,
    kind: str | None = None,
    code: str | None = None,
    param: str | None = None,
    headers: Sequence[tuple[str, str]] = (),
) -> UpstreamError:
    """A provider's error, with what every dialect wants of one: a name by its status, overflow known as such.

    A redirect or an odd success is no status for a client: the provider is not where it was said to be.
    """
    status = status if 400 <= status <= 599 else 502
    if is_overflow(status, message, kind, code):
        status, code, param = 400, OVERFLOW, param or "messages"
        kind = "invalid_request_error"
    return UpstreamError(message, status=status, kind=kind or kind_of(status), code=code, param=param, headers=headers)


def worded(error: XrouterError, phrase: str) -> str:
    """The error's text; where it is an overflow, with the words by which the clients of a dialect know one."""
    text = error.text
    return f"{text} ({phrase})" if error.code == OVERFLOW and phrase not in text.lower() else text


class Found(NamedTuple):
    """What a provider that speaks one of OpenAI's dialects says of an error."""

    message: str
    kind: str | None = None
    code: str | None = None
    param: str | None = None


def find_error(said: Any, words: Sequence[str]) -> Found | None:
    """What a JSON value says of an error; None where it does not speak of one.

    `words` are the members that may hold its message: an error is an object with one, a text, or has one beside it.
    """
    if not isinstance(said, dict):
        return None
    inner = said.get("error") or said
    if isinstance(inner, str):
        return Found(inner[:_MOST_TEXT], code=word_of(said.get("code")))
    if not isinstance(inner, dict):
        return None
    message = next((inner[name] for name in words if inner.get(name)), None)
    if not message:
        return None
    text = message if isinstance(message, str) else json.encode(message).decode()
    return Found(text[:_MOST_TEXT], *(word_of(inner.get(name)) for name in ("type", "code", "param")))


def word_of(value: Any) -> str | None:
    """A type, code or parameter, which some providers give as a number."""
    return value[:_MOST_WORD] if isinstance(value, str) else str(value) if isinstance(value, int) else None


def openai_members(error: XrouterError) -> dict[str, Any]:
    """What OpenAI's two dialects tell of an error."""
    return {"message": worded(error, OPENAI_PHRASE), "type": error.kind, "param": error.param, "code": error.code}
