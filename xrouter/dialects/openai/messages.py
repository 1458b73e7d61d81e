"""Turns as the messages of a chat completion: https://platform.openai.com/docs/api-reference/chat/create.

Results stand right behind the message with their calls, one message each. A tool's message is words alone: pictures
and files that a tool gave back go into a message of the user behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Raw

from xrouter.chat.request import Opaque, Part, Reasoning, Refusal, Text, ToolCall, ToolResult, Turn
from xrouter.chat.target import Target
from xrouter.dialects.naming import label
from xrouter.dialects.openai.content import write_content
from xrouter.wire import json

Message = dict[str, Any]

_DIALECT = "openai"
_NO_RESULT = ToolResult("", (Text("No result was recorded."),))
REASONING_BACK = "reasoning_back"
"""The quirk of a provider that refuses a call without the thought before it."""
_CUSTOM = frozenset({"openai", "azure_openai"})
"""Providers that know tools whose input is any text."""


def write_messages(turns: tuple[Turn, ...], names: Mapping[str, str], target: Target) -> list[Message]:
    """The messages, with nothing lost. Raises Unsupported where the provider cannot read a part."""
    results = {part.id: part for turn in turns for part in turn.parts if isinstance(part, ToolResult)}
    told: set[str] = set()
    messages: list[Message] = []
    for turn in turns:
        if turn.role == "assistant":
            calls = [part for part in turn.parts if isinstance(part, ToolCall)]
            messages += _assistant(turn, calls, names, target)
            messages += _results([(call.id, results.get(call.id, _NO_RESULT)) for call in calls], target)
            told |= {call.id for call in calls}
        elif turn.role == "tool":
            messages += _orphans(turn, told, target)
        else:
            content = write_content(turn.parts, target, words_alone=turn.role == "system")
            messages += [_named({"role": turn.role, "content": content}, turn)] if content else []
    return messages


def lost_blocks(turns: tuple[Turn, ...]) -> list[str]:
    """What other providers' own tools did, as far as it holds no words: it is history, and left out."""
    said = [part for turn in turns if turn.role == "assistant" for part in turn.parts]
    return [label(part) for part in said if isinstance(part, Opaque) and _is_lost(part)]


def _is_lost(part: Part) -> bool:
    return isinstance(part, Opaque) and part.dialect != _DIALECT and not part.text


def _assistant(turn: Turn, calls: list[ToolCall], names: Mapping[str, str], target: Target) -> Iterator[Message]:
    others = [part for part in turn.parts if not isinstance(part, ToolCall | Reasoning | Refusal)]
    said = tuple(part for part in others if not _is_lost(part))
    content = write_content(said, target, words_alone=True)
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
    sealed = next((part.seal for part in thoughts if part.seal and part.seal.dialect == _DIALECT), None)
    if sealed is not None:
        return {"reasoning_details": Raw(sealed.value.encode())}
    words = "".join(part.text for part in thoughts)
    return {"reasoning_content": words} if words and REASONING_BACK in target.quirks else {}


def _call(call: ToolCall, names: Mapping[str, str], target: Target) -> Message:
    name = names.get(call.name, call.name)
    if call.custom and target.provider in _CUSTOM:
        return {"id": call.id, "type": "custom", "custom": {"name": name, "input": call.arguments}}
    arguments = json.encode({"input": call.arguments}).decode() if call.custom else call.arguments or "{}"
    written: Message = {"id": call.id, "type": "function", "function": {"name": name, "arguments": arguments}}
    return written


def _results(answered: list[tuple[str, ToolResult]], target: Target) -> Iterator[Message]:
    """One message for each call; what is no words goes into a message of the user behind them."""
    shown: list[Part] = []
    for call_id, result in answered:
        others = [part for part in result.parts if not isinstance(part, Text)]
        words = [part.text for part in result.parts if isinstance(part, Text)]
        if others:
            words.append(f"[see the content of call {call_id} below]")
            shown += [Text(f"[content of call {call_id}]"), *others]
        text = "\n".join(words)
        yield {"role": "tool", "tool_call_id": call_id, "content": f"Error: {text}" if result.is_error else text}
    if shown:
        yield {"role": "user", "content": write_content(tuple(shown), target)}


def _orphans(turn: Turn, told: set[str], target: Target) -> Iterator[Message]:
    """Results of no call: words of the user, for a tool's message would be refused."""
    lost = [part for part in turn.parts if not (isinstance(part, ToolResult) and part.id in told)]
    parts = tuple(piece for part in lost for piece in (part.parts if isinstance(part, ToolResult) else (part,)))
    if content := write_content(parts, target):
        yield {"role": "user", "content": content}


def _named(message: Message, turn: Turn) -> Message:
    return message | {"name": turn.name} if turn.name else message
