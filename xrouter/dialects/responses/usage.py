"""What an answer used, as `{"input_tokens", "output_tokens", …}`, both ways."""

from __future__ import annotations

from typing import Any

from xrouter.chat.reply import Usage
from xrouter.dialects.values import count, mapped


def read_usage(said: Any) -> Usage | None:
    """The `usage` object of an answer; None where there is none."""
    if not isinstance(said, dict) or not isinstance(said.get("input_tokens"), int | float):
        return None
    into, out = mapped(said.get("input_tokens_details")), mapped(said.get("output_tokens_details"))
    return Usage(
        prompt=count(said["input_tokens"]),
        completion=count(said.get("output_tokens")),
        cached=count(into.get("cached_tokens")),
        cache_write=count(into.get("cache_write_tokens")),
        reasoning=count(out.get("reasoning_tokens")),
    )


def write_usage(usage: Usage | None) -> dict[str, Any] | None:
    """The same for a client. The official SDK wants all details, in each answer."""
    if usage is None:
        return None
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": usage.cache_write},
        "output_tokens": usage.completion,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.prompt + usage.completion,
    }
