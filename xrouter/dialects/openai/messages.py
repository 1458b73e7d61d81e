"""Turns as the messages of a chat completion: https://platform.openai.com/docs/api-reference/chat/create.

Results stand right behind the message with their calls, one message each. A tool's message is words alone: pictures
and files that a tool gave back go into a message of the user behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from msgspec import Raw

from xrouter.chat.request import Opaque, Part, Reasoning, Refusal, Text, ToolCall, ToolResult, Turn
from xrouter.chat.target import Target
from xrouter.dialects.naming import label
from xrouter.dialects.openai.content import CACHE_MARKS, write_content
from xrouter.dialects.openai.thinkers import OFFICIAL
from xrouter.dialects.pairing import pair
from xrouter.wire import json

Message = dict[str, Any]

_DIALECT, _GEMINI = "openai", "gemini"
REASONING_BACK = "reasoning_back"
"""The quirk of a provider that refuses a call without the thought before it."""
_GOOGLE = "googleapis.com/"
"""Where Gemini speaks OpenAI's format: it wants its signatures back."""
_MOST_ID = 40
"""OpenAI refuses longer ids of calls."""


def write_messages(turns: tuple[Turn, ...], names: Mapping[str, str], target: Target) -> list[Message]:
    """The messages, with nothing lost. Raises Unsupported where the provider cannot read a part."""
    messages: list[Message] = []
    for turn in pair(turns, _fit if target.provider in OFFICIAL else _keep):
        if turn.role == "assistant":
            messages += _assistant(turn, names, target)
        elif turn.role == "tool":
            messages += _results(turn, target)
        else:
            messages += _asked(turn, target)
    if messages and messages[-1]["role"] == "assistant" and target.provider == "mistral":
        messages[-1]["prefix"] = True  # the beginning of the answer, which is refused without this
    return messages


def _keep(call_id: str) -> str:
    return call_id or "call"


def _fit(call_id: str) -> str:
    if len(call_id) <= _MOST_ID:
        return _keep(call_id)
    return f"call_{sha256(call_id.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}"


def lost_blocks(turns: tuple[Turn, ...]) -> list[str]:
    """What other providers' own tools did and were told, as far as it holds no words: it is left out."""
    said = [part for turn in turns if turn.role in {"assistant", "system"} for part in turn.parts]
    return [label(part) for part in said if isinstance(part, Opaque) and _is_lost(part)]


def _is_lost(part: Part) -> bool:
    return isinstance(part, Opaque) and part.dialect != _DIALECT and not part.text


def _asked(turn: Turn, target: Target) -> Iterator[Message]:
    is_system = turn.role == "system"
    parts = tuple(part for part in turn.parts if not (is_system and _is_lost(part)))
    if content := write_content(parts, target, words_alone=is_system):
        yield _named({"role": turn.role, "content": content}, turn)


def _assistant(turn: Turn, names: Mapping[str, str], target: Target) -> Iterator[Message]:
    calls = [part for part in turn.parts if isinstance(part, ToolCall)]
    others = [part for part in turn.parts if not isinstance(part, ToolCall | Reasoning | Refusal)]
    content = write_content(tuple(part for part in others if not _is_lost(part)), target, words_alone=True)
    refusal = "".join(part.text for part in turn.parts if isinstance(part, Refusal))
    if not (content or calls or refusal):
        return
    message: Message = {"role": "assistant", "content": content or None}
    if refusal:
        message["refusal"] = refusal
    if calls:
        message["tool_calls"] = [_call(call, names, target) for call in calls]
    yield _named(message | _thoughts(turn, target), turn)


def _thoughts(turn: Turn, target: Target) -> Message:
    """What the provider wants back of its own thoughts; others refuse them, or ignore them."""
    thoughts = [part for part in turn.parts if isinstance(part, Reasoning)]
    details = [detail for part in thoughts for detail in _details(part)]
    if details and target.provider not in OFFICIAL:
        return {"reasoning_details": details}
    words = "".join(part.text for part in thoughts)
    return {"reasoning_content": words} if words and REASONING_BACK in target.quirks else {}


def _details(thought: Reasoning) -> list[Any]:
    if thought.seal is None or thought.seal.dialect != _DIALECT:
        return []
    try:
        details = json.decode(thought.seal.value.encode("utf-8", "replace"))
    except ValueError:
        return []
    return details if isinstance(details, list) else []


def _call(call: ToolCall, names: Mapping[str, str], target: Target) -> Message:
    name = names.get(call.name, call.name)
    if call.custom and target.provider in OFFICIAL:
        return {"id": call.id, "type": "custom", "custom": {"name": name, "input": call.arguments}}
    arguments = json.encode({"input": call.arguments}).decode() if call.custom else call.arguments or "{}"
    written: Message = {"id": call.id, "type": "function", "function": {"name": name, "arguments": arguments}}
    if call.seal is not None and call.seal.dialect == _GEMINI and _GOOGLE in target.url:
        written["extra_content"] = {"google": {"thought_signature": call.seal.value}}
    return written


def _results(turn: Turn, target: Target) -> Iterator[Message]:
    """One message for each call; what is no words goes into a message of the user behind them."""
    shown: list[Part] = []
    for result in turn.parts:
        if not isinstance(result, ToolResult):
            continue
        others = [part for part in result.parts if not isinstance(part, Text)]
        words = [part.text for part in result.parts if isinstance(part, Text)]
        if others:
            words.append(f"[see the content of call {result.id} below]")
            shown += [Text(f"[content of call {result.id}]"), *others]
        text = "\n".join(words)
        yield _result(result, f"Error: {text}" if result.is_error else text, target)
    if shown:
        yield {"role": "user", "content": write_content(tuple(shown), target)}


def _result(result: ToolResult, words: str, target: Target) -> Message:
    content: Any = words
    if result.cache is not None and CACHE_MARKS in target.quirks:
        content = [{"type": "text", "text": words, "cache_control": Raw(result.cache)}]
    return {"role": "tool", "tool_call_id": result.id, "content": content}


def _named(message: Message, turn: Turn) -> Message:
    return message | {"name": turn.name} if turn.name else message
