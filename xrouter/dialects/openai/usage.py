"""The `usage` object, both ways."""

from __future__ import annotations

from typing import Any

from xrouter.chat.reply import Usage
from xrouter.dialects.values import count, mapped


def read_usage(usage: Any, groq: Any = None) -> Usage | None:
    """The usage of an answer or of a stream's last chunk, else that of its `x_groq`; None where there is none.

    Cached tokens: `prompt_tokens_details.cached_tokens` (OpenAI and most others), `prompt_cache_hit_tokens` (DeepSeek),
    `cached_tokens` (Together).
    """
    if usage is None and isinstance(groq, dict):
        usage = groq.get("usage")
    if not isinstance(usage, dict) or not isinstance(usage.get("prompt_tokens"), int | float):
        return None
    prompt_details = mapped(usage.get("prompt_tokens_details"))
    completion_details = mapped(usage.get("completion_tokens_details"))
    cached = (prompt_details.get("cached_tokens"), usage.get("prompt_cache_hit_tokens"), usage.get("cached_tokens"))
    return Usage(
        prompt=count(usage["prompt_tokens"]),
        completion=count(usage.get("completion_tokens")),
        cached=next((known for given in cached if (known := count(given))), 0),
        cache_write=count(prompt_details.get("cache_write_tokens")),
        reasoning=count(completion_details.get("reasoning_tokens")) or count(usage.get("reasoning_tokens")),
    )


def write_usage(tokens: Usage) -> dict[str, Any]:
    """The same for a client."""
    return {
        "prompt_tokens": tokens.prompt,
        "completion_tokens": tokens.completion,
        "total_tokens": tokens.prompt + tokens.completion,
        "prompt_tokens_details": {"cached_tokens": tokens.cached, "cache_write_tokens": tokens.cache_write},
        "completion_tokens_details": {"reasoning_tokens": tokens.reasoning},
    }
