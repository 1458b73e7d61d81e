"""The official SDKs as clients that hold a conversation with tools, each in its own API.

    talk = Chat(url, key)
    heard = await talk.ask("Warm? @@tool", stream=True)      # what was said, and the calls
    heard = await talk.give("18 C", stream=True)             # the results of these calls, and what was said to them

A talk with `keeps=False` sends back words and calls alone, as most programs do: no thought, no signature.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from typing import Any, Literal, NamedTuple

from anthropic import AsyncAnthropic
from openai import AsyncOpenAI

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
SYSTEM = "Be brief."
Thinks = Literal["no", "budget", "adaptive"]
"""Whether to ask for thoughts, and in which of Anthropic's two ways: the others have one."""
_THINKING = {"budget": {"type": "enabled", "budget_tokens": 2048}, "adaptive": {"type": "adaptive"}}


class Broken(Exception):
    """A stream of responses, whose failures the SDK does not raise, did not end well."""


class Called(NamedTuple):
    """A call of a tool."""

    id: str
    name: str
    arguments: Any


class Heard(NamedTuple):
    """An answer; `used` is (prompt, cached, completion) in tokens, as OpenAI counts them."""

    text: str
    thought: str
    calls: tuple[Called, ...]
    finish: str | None
    used: tuple[int, int, int]


class Chat:
    """`openai`, chat completions."""

    def __init__(self, url: str, key: str, *, thinks: Thinks = "no", keeps: bool = True) -> None:
        self._url, self._key, self._thinks, self._keeps = url, key, thinks, keeps
        self._messages: list[Any] = [{"role": "system", "content": SYSTEM}]
        self._calls: tuple[Called, ...] = ()

    async def ask(self, text: str, *, stream: bool) -> Heard:
        """A message of the user."""
        self._messages.append({"role": "user", "content": text})
        return await self._turn(stream=stream)

    async def give(self, *results: str, stream: bool) -> Heard:
        """The results of the last calls."""
        for call, result in zip(self._calls, results, strict=True):
            self._messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
        return await self._turn(stream=stream)

    async def _turn(self, *, stream: bool) -> Heard:
        tool = {"type": "function", "function": {"name": "weather", "description": "How warm?", "parameters": SCHEMA}}
        asked: dict[str, Any] = {"model": "auto", "messages": self._messages, "tools": [tool], "stream": stream}
        asked |= {"reasoning_effort": "medium"} if self._thinks != "no" else {}
        asked |= {"stream_options": {"include_usage": True}} if stream else {}
        async with AsyncOpenAI(base_url=f"{self._url}/v1", api_key=self._key, max_retries=0, timeout=20) as sdk:
            said = await sdk.chat.completions.create(**asked)
            message, finish, usage = await _joined(said) if stream else _whole(said)
        calls = message.get("tool_calls") or []
        self._calls = tuple(
            Called(call["id"], call["function"]["name"], json.loads(call["function"]["arguments"])) for call in calls
        )
        kept = message.keys() if self._keeps else {"role", "content", "tool_calls"}
        self._messages.append({name: value for name, value in message.items() if name in kept})
        used = (usage.prompt_tokens, usage.prompt_tokens_details.cached_tokens, usage.completion_tokens)
        return Heard(message.get("content") or "", message.get("reasoning_content") or "", self._calls, finish, used)


def _whole(said: Any) -> tuple[dict[str, Any], str | None, Any]:
    choice = said.choices[0]
    return choice.message.model_dump(exclude_none=True), choice.finish_reason, said.usage


async def _joined(chunks: AsyncIterator[Any]) -> tuple[dict[str, Any], str | None, Any]:
    """A message from its deltas."""
    message: dict[str, Any] = {"role": "assistant", "content": ""}
    calls: dict[int, dict[str, Any]] = {}
    finish, usage = None, None
    async for chunk in chunks:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            delta = choice.delta.model_dump(exclude_none=True)
            for name in ("content", "reasoning_content"):
                if delta.get(name):
                    message[name] = message.get(name, "") + delta[name]
            for piece in delta.get("tool_calls", ()):
                _add(calls.setdefault(piece.pop("index"), {}), piece)
            finish = choice.finish_reason or finish
    if calls:
        message |= {"content": message["content"] or None, "tool_calls": [calls[index] for index in sorted(calls)]}
    return message, finish, usage


def _add(call: dict[str, Any], piece: dict[str, Any]) -> None:
    arguments = call.get("function", {}).get("arguments", "") + piece["function"].get("arguments", "")
    function = {**call.get("function", {}), **piece["function"], "arguments": arguments}
    call |= {**piece, "function": function}


class Responses:
    """`openai`, responses, without state at the other end."""

    def __init__(self, url: str, key: str, *, thinks: Thinks = "no", keeps: bool = True) -> None:
        self._url, self._key, self._thinks, self._keeps = url, key, thinks, keeps
        self._items: list[Any] = []
        self._calls: tuple[Called, ...] = ()

    async def ask(self, text: str, *, stream: bool) -> Heard:
        """A message of the user."""
        self._items.append({"role": "user", "content": [{"type": "input_text", "text": text}]})
        return await self._turn(stream=stream)

    async def give(self, *results: str, stream: bool) -> Heard:
        """The results of the last calls."""
        for call, result in zip(self._calls, results, strict=True):
            self._items.append({"type": "function_call_output", "call_id": call.id, "output": result})
        return await self._turn(stream=stream)

    async def _turn(self, *, stream: bool) -> Heard:
        tool = {
            "type": "function",
            "name": "weather",
            "description": "How warm?",
            "parameters": SCHEMA,
            "strict": False,
        }
        asked: dict[str, Any] = {"model": "auto", "input": self._items, "instructions": SYSTEM, "tools": [tool]}
        asked |= {"store": False, "include": ["reasoning.encrypted_content"]}
        asked |= {"reasoning": {"effort": "medium", "summary": "auto"}} if self._thinks != "no" else {}
        async with AsyncOpenAI(base_url=f"{self._url}/v1", api_key=self._key, max_retries=0, timeout=20) as sdk:
            said: Any = await sdk.responses.create(**asked, stream=stream)
            whole = await _last(said) if stream else said
        calls = [item for item in whole.output if item.type == "function_call"]
        self._calls = tuple(Called(item.call_id, item.name, json.loads(item.arguments)) for item in calls)
        kept = [item for item in whole.output if self._keeps or item.type != "reasoning"]
        self._items += [item.model_dump(exclude_none=True) for item in kept]
        thoughts = [part.text for item in whole.output if item.type == "reasoning" for part in item.summary]
        usage = whole.usage
        used = (usage.input_tokens, usage.input_tokens_details.cached_tokens, usage.output_tokens)
        return Heard(whole.output_text, "".join(thoughts), self._calls, whole.status, used)


async def _last(events: AsyncIterator[Any]) -> Any:
    """The response that the last event has. Raises Broken."""
    last = [event async for event in events][-1]
    if last.type not in {"response.completed", "response.incomplete"}:
        raise Broken(last.type)
    return last.response


class Messages:
    """`anthropic`, messages."""

    def __init__(self, url: str, key: str, *, thinks: Thinks = "no", keeps: bool = True) -> None:
        self._url, self._key, self._thinks, self._keeps = url, key, thinks, keeps
        self._messages: list[Any] = []
        self._calls: tuple[Called, ...] = ()

    async def ask(self, text: str, *, stream: bool) -> Heard:
        """A message of the user."""
        self._messages.append({"role": "user", "content": text})
        return await self._turn(stream=stream)

    async def give(self, *results: str, stream: bool) -> Heard:
        """The results of the last calls."""
        pairs = zip(self._calls, results, strict=True)
        blocks = [{"type": "tool_result", "tool_use_id": call.id, "content": result} for call, result in pairs]
        self._messages.append({"role": "user", "content": blocks})
        return await self._turn(stream=stream)

    async def _turn(self, *, stream: bool) -> Heard:
        tool: Any = {"name": "weather", "description": "How warm?", "input_schema": SCHEMA}
        asked: dict[str, Any] = {"model": "auto", "max_tokens": 4096, "messages": self._messages, "tools": [tool]}
        asked |= {"system": SYSTEM}
        asked |= {"thinking": _THINKING[self._thinks]} if self._thinks != "no" else {}
        async with AsyncAnthropic(base_url=self._url, api_key=self._key, max_retries=0, timeout=20) as sdk:
            if stream:
                async with sdk.messages.stream(**asked) as events:
                    said: Any = await events.get_final_message()
            else:
                said = await sdk.messages.create(**asked)
        self._calls = tuple(
            Called(block.id, block.name, block.input) for block in said.content if block.type == "tool_use"
        )
        kept = [block for block in said.content if self._keeps or "thinking" not in block.type]
        self._messages.append({"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in kept]})
        text, thought = _joined_of(said.content, "text"), _joined_of(said.content, "thinking")
        cached, written = said.usage.cache_read_input_tokens or 0, said.usage.cache_creation_input_tokens or 0
        used = (said.usage.input_tokens + cached + written, cached, said.usage.output_tokens)
        return Heard(text, thought, self._calls, said.stop_reason, used)


def _joined_of(blocks: Iterable[Any], kind: str) -> str:
    return "".join(getattr(block, kind) for block in blocks if block.type == kind)


Talk = Chat | Responses | Messages
