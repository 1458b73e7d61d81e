"""A whole chat completion on the raw path: what it used, and the same as a stream."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from xrouter.chat.reply import Usage
from xrouter.dialects.openai.errors import error_inside
from xrouter.dialects.openai.usage import read_usage
from xrouter.errors import Broken
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


_whole = json.Reader(_Whole)
_object_of_raws = json.Reader(json.Members)
_objects_of_raws = json.Reader(list[json.Members])
_raws = json.Reader(list[Raw])


def read_used(body: bytes) -> tuple[Usage | None, int]:
    """(usage or None, characters of the answer) of a completion. Raises UpstreamError where it is none."""
    try:
        whole = _whole.decode(body)
    except ValueError as error:
        raise Broken("the provider's answer is cut off or not a chat completion") from error
    if whole.choices is None:
        told = error_inside({"error": whole.error}) if whole.error else None
        raise told or Broken("the provider answered 200 without a completion")
    said = sum(len(_said(choice.message)) for choice in whole.choices if choice.message)
    return read_usage(whole.usage), said


def as_stream(body: bytes) -> bytes:
    """The completion as the chunks of a stream, for a provider that answers a stream request in one piece."""
    read_used(body)
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


def _said(message: _Message) -> str:
    parts = (message.content, message.reasoning_content)
    return "".join(part if isinstance(part, str) else json.encode(part).decode() for part in parts if part)
