"""The input of a Responses request: a list of items, read into turns.

What the model said stands in several items (a thought, a message, each call): those in a row become one assistant
turn. Hosted tools' items are for the provider that wrote them and travel as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw

from xrouter.chat.request import Opaque, Part, Reasoning, Role, Seal, Text, ToolCall, ToolResult, Turn
from xrouter.dialects.responses.content import read_content, read_output, read_thought, words_of
from xrouter.dialects.responses.envelope import WHOLE, refuse_reference
from xrouter.dialects.responses.seals import Carried, uncarry
from xrouter.dialects.responses.tools import DIALECT, SEARCH, joined
from xrouter.dialects.values import listed, string
from xrouter.errors import BadRequest
from xrouter.wire import json

_ROLES: dict[str, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}


class _Item(msgspec.Struct):
    type: Any = None
    role: Any = None
    content: Any = None
    id: Any = None
    call_id: Any = None
    name: Any = None
    namespace: Any = None
    arguments: Any = None
    input: Any = None
    action: Any = None
    operation: Any = None
    output: Any = None
    status: Any = None
    summary: Any = None
    encrypted_content: Any = None
    tools: Any = None


_items = json.Reader(list[Raw])
_text = json.Reader(str)
_item = json.Reader(_Item)


def read_items(given: Raw, *, strict: bool) -> list[Turn]:
    """The turns of `input`. Raises BadRequest at what cannot be understood; where not `strict`, that is left out."""
    if bytes(memoryview(given)[:1]) == b'"':
        return [Turn("user", (Text(_text.decode(given)),))]
    growing = _Turns()
    for at, raw in enumerate(_items.decode(given)):
        try:
            growing.take(at, raw)
        except BadRequest:
            if strict:
                raise
    return growing.close()


class _Turns:
    """The turns so far, and the parts of the assistant's that is not over."""

    def __init__(self) -> None:
        self._turns: list[Turn] = []
        self._parts: list[Part] = []
        self._seal: Seal | None = None
        self._calls: dict[str, str] = {}

    def take(self, at: int, raw: Raw) -> None:
        try:
            item = _item.decode(raw)
        except ValueError:
            raise BadRequest(f"input[{at}] is no item", param="input") from None
        kind = string(item.type) or ("message" if item.role else "item_reference")
        if kind == "message":
            self._message(at, item)
        elif kind in _REFUSED:
            refusal = _REFUSED[kind]()
            raise refusal
        elif (take := _TAKES.get(kind)) is not None:
            take(self, item, raw)
        elif kind not in _ELSEWHERE:
            self._keep(kind, raw)

    def close(self) -> list[Turn]:
        if self._parts:
            self._turns.append(Turn("assistant", tuple(self._parts)))
            self._parts = []
        self._seal = None
        return self._turns

    def say(self, part: Part) -> None:
        self._parts.append(part)

    def think(self, item: _Item, raw: Raw) -> None:
        words = read_thought(item.summary, item.content)
        carried = uncarry(item.encrypted_content)
        if carried is not None:
            self._unseal(carried, words)
        elif item.encrypted_content or words:
            seal = Seal(DIALECT, bytes(raw).decode()) if item.encrypted_content else None
            self.say(Reasoning(words, seal, redacted=not words))

    def call(self, item: _Item, _: Raw) -> None:
        custom = item.type == "custom_tool_call"
        arguments = item.input if custom else item.arguments
        self._call(item, joined(item.namespace, string(item.name)), _json_text(arguments), custom=custom)

    def call_hosted(self, item: _Item, raw: Raw) -> None:
        if item.call_id is None:
            self._keep(item.type, raw)
            return
        name, member = _HOSTED[item.type]
        self._call(item, name, _json_text(getattr(item, member)))

    def answer(self, item: _Item, _: Raw) -> None:
        self._answer(item, read_output(item.output))

    def answer_search(self, item: _Item, _: Raw) -> None:
        names = [tool.get("name") for tool in listed(item.tools) if isinstance(tool, dict)]
        if item.call_id is not None:
            self._answer(item, (Text(json.encode({"tools": names}).decode()),))

    def _keep(self, kind: str, raw: Raw) -> None:
        self.say(Opaque(DIALECT, kind, bytes(raw), words_of(json.decode(raw))))

    def _message(self, at: int, item: _Item) -> None:
        role = _ROLES.get(string(item.role))
        if role is None:
            raise BadRequest(f"input[{at}].role must be user, assistant, system or developer", param="input")
        parts = read_content(item.content)
        if role == "assistant":
            self._parts += parts
        else:
            self.close().append(Turn(role, parts))

    def _call(self, item: _Item, name: str, arguments: str, *, custom: bool = False) -> None:
        name_of_call = string(item.call_id) or string(item.id)
        self._calls[string(item.id)] = name_of_call
        self.say(ToolCall(name_of_call, name, arguments, custom, self._seal))
        self._seal = None

    def _answer(self, item: _Item, parts: tuple[Any, ...]) -> None:
        given = string(item.id)
        call = string(item.call_id) or self._calls.get(given, given)
        self.close().append(Turn("tool", (ToolResult(call, parts, is_error=item.status == "failed"),)))

    def _unseal(self, carried: Carried, words: str) -> None:
        """Ours: put what it seals back in its place."""
        last = self._parts[-1] if self._parts else None
        if carried.of == "call":
            self._seal = carried.seal
        elif carried.of == "words" and isinstance(last, Text):
            self._parts[-1] = msgspec.structs.replace(last, seal=carried.seal)
        else:
            self.say(Reasoning(carried.text or words, carried.seal, carried.redacted))


def _json_text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else json.encode(value).decode()


def _refuse_compaction() -> BadRequest:
    message = "input holds compacted items, which only the provider that wrote them can read."
    return BadRequest(message, hint=WHOLE, param="input", code="unsupported_parameter")


_HOSTED = {
    "local_shell_call": ("local_shell", "action"),
    "shell_call": ("shell", "action"),
    "apply_patch_call": ("apply_patch", "operation"),
    "tool_search_call": (SEARCH, "arguments"),
}
"""Calls that the client carries out itself: the tool's name, and which member holds what is to be done."""
_REFUSED: dict[str, Callable[[], BadRequest]] = {
    "item_reference": refuse_reference,
    "compaction": _refuse_compaction,
    "compaction_trigger": _refuse_compaction,
}
_ELSEWHERE = frozenset({"additional_tools", "configuration_update"})
"""Items that say how to answer, not what was said."""
_TAKES: dict[str, Callable[[_Turns, _Item, Raw], None]] = {
    "reasoning": _Turns.think,
    "function_call": _Turns.call,
    "custom_tool_call": _Turns.call,
    **dict.fromkeys(_HOSTED, _Turns.call_hosted),
    "function_call_output": _Turns.answer,
    "custom_tool_call_output": _Turns.answer,
    "local_shell_call_output": _Turns.answer,
    "shell_call_output": _Turns.answer,
    "apply_patch_call_output": _Turns.answer,
    "tool_search_output": _Turns.answer_search,
}
