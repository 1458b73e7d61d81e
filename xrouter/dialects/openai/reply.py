"""A whole chat completion: is it one, and what did it use."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from xrouter.chat.reply import Usage
from xrouter.dialects.openai.errors import error_of, find_error
from xrouter.errors import Broken, UpstreamError
from xrouter.wire import json, sse


class _Message(msgspec.Struct):
    content: Any = None
    reasoning_content: Any = None


class _Choice(msgspec.Struct):
    message: _Message | None = None


class _Whole(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: Any = None
    error: Any = None


_MOST_TOKENS = 2**53
"""No count is more: what a provider makes up must still fit into a database."""

_whole = json.Reader(_Whole)
_object_of_raws = json.Reader(json.Members)
_objects_of_raws = json.Reader(list[json.Members])
_raws = json.Reader(list[Raw])


def read_reply(body: bytes) -> tuple[Usage | None, int]:
    """(usage or None, characters of the answer) of a completion. Raises UpstreamError where it is none."""
    try:
        whole = _whole.decode(body)
    except ValueError as error:
        raise Broken("the provider's answer is cut off or not a chat completion") from error
    if whole.choices is None:
        raise _not_a_completion(whole.error)
    said = sum(len(_said(choice.message)) for choice in whole.choices if choice.message)
    return read_usage(whole.usage), said


def as_stream(body: bytes) -> bytes:
    """The completion as the chunks of a stream, for a provider that answers a stream request in one piece."""
    read_reply(body)
    whole = _object_of_raws.decode(json.compact(body))
    choices = _objects_of_raws.decode(whole["choices"])
    shared: dict[str, Any] = {"object": "chat.completion.chunk"}
    shared |= {key: whole[key] for key in ("id", "created", "model", "system_fingerprint") if key in whole}
    said = [_choice(choice, delta=_delta(choice.get("message")), finish_reason=None) for choice in choices]
    ended = [_choice(choice, delta={}, finish_reason=_reason(choice.get("finish_reason"))) for choice in choices]
    chunks = [shared | {"choices": said}, shared | {"choices": ended}]
    if _starts(whole.get("usage"), b"{"):
        chunks.append(shared | {"choices": [], "usage": whole["usage"]})
    return b"".join(sse.event(json.encode(chunk)) for chunk in chunks) + sse.DONE


def _choice(choice: json.Members, **members: Any) -> dict[str, Any]:
    return {"index": 0} | {key: value for key, value in choice.items() if key != "message"} | members


def _delta(message: Raw | None) -> dict[str, Any]:
    """A message as one delta, its values as they came; in a stream each tool call has its index."""
    if message is None or not _starts(message, b"{"):
        return {}
    known = _object_of_raws.decode(message)
    calls = known.get("tool_calls")
    if calls is None or not _starts(calls, b"["):
        return {**known}
    objects = [_object_of_raws.decode(call) if _starts(call, b"{") else {} for call in _raws.decode(calls)]
    return known | {"tool_calls": [{"index": at, **call} for at, call in enumerate(objects)]}


def _reason(given: Raw | None) -> Raw | str:
    return "stop" if given is None or bytes(given) in {b"null", b'""'} else given


def _starts(value: Raw | None, mark: bytes) -> bool:
    return value is not None and bytes(memoryview(value)[:1]) == mark


def read_usage(usage: Any) -> Usage | None:
    """The `usage` object of an answer or of a stream's last chunk; None where there is none.

    Cached tokens: `prompt_tokens_details.cached_tokens` (OpenAI and most others), `prompt_cache_hit_tokens` (DeepSeek).
    """
    if not isinstance(usage, dict) or not isinstance(usage.get("prompt_tokens"), int | float):
        return None
    prompt_details = _object(usage.get("prompt_tokens_details"))
    completion_details = _object(usage.get("completion_tokens_details"))
    return Usage(
        prompt=_count(usage["prompt_tokens"]),
        completion=_count(usage.get("completion_tokens")),
        cached=_count(prompt_details.get("cached_tokens")) or _count(usage.get("prompt_cache_hit_tokens")),
        cache_write=_count(prompt_details.get("cache_write_tokens")),
        reasoning=_count(completion_details.get("reasoning_tokens")) or _count(usage.get("reasoning_tokens")),
    )


def _not_a_completion(error: Any) -> UpstreamError:
    """A 200 whose body is an error (OpenRouter does so), or nothing that has choices."""
    found = find_error({"error": error}) if error else None
    if found is None:
        return Broken("the provider answered 200 without a completion")
    return error_of(found)


def _said(message: _Message) -> str:
    parts = (message.content, message.reasoning_content)
    return "".join(part if isinstance(part, str) else json.encode(part).decode() for part in parts if part)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(value: Any) -> int:
    return min(max(int(value), 0), _MOST_TOKENS) if isinstance(value, int | float) else 0
