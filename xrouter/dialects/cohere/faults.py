"""Cohere's errors: `{"id", "message"}`, sometimes with `error_type`; its gateway and its checks have other shapes.

https://docs.cohere.com/reference/errors
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xrouter.dialects.faults import upstream_error
from xrouter.errors import UpstreamError
from xrouter.wire import json

_MOST_TEXT = 2000
_WORDS = ("message", "detail", "error", "msg")
"""Where the words of an error stand, in the order in which they are looked for."""


def read_error(status: int, body: bytes, headers: Sequence[tuple[str, str]] = ()) -> UpstreamError:
    """An answer with an error status. A page that is no JSON is named, not passed on."""
    try:
        said = json.decode(body)
    except ValueError:
        said = None
        message = f"the provider answered HTTP {status} with a page that is no JSON"
    else:
        message = find_words(said) or f"the provider answered HTTP {status}"
    return upstream_error(message, status=status, code=error_type(said), headers=headers)


def error_type(said: Any) -> str | None:
    """Cohere's own name of an error, such as TOO_MANY_TOKENS."""
    kind = said.get("error_type") if isinstance(said, dict) else None
    return kind if isinstance(kind, str) and kind else None


def find_words(said: Any) -> str | None:
    """What an error says; None where a JSON value does not speak of one."""
    if isinstance(said, str):
        return said[:_MOST_TEXT] or None
    if isinstance(said, list):
        return "; ".join(words for item in said if (words := _finding(item)))[:_MOST_TEXT] or None
    if not isinstance(said, dict):
        return None
    return next((words for name in _WORDS if (words := find_words(said.get(name)))), None)


def _finding(item: Any) -> str | None:
    """One of several things that are wrong, with its place: `{"loc": ["body", "model"], "msg"}`."""
    words = find_words(item)
    place = item.get("loc") if isinstance(item, dict) else None
    return f"{'.'.join(map(str, place))}: {words}" if words and isinstance(place, list) else words
