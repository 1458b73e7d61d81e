"""The tools of a request for a provider, and which of them may or must be called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Raw

from xrouter.chat.request import Conversation, Opaque, Settings, Tool, ToolChoice
from xrouter.chat.target import Target
from xrouter.dialects.openai.content import CACHE_MARKS
from xrouter.dialects.openai.thinkers import OFFICIAL
from xrouter.errors import Unsupported
from xrouter.wire import json

Object = dict[str, Any]

_DIALECT = "openai"
_TEXT_INPUT = b'{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}'
_NOT_OFFERED = "tool_choice forces a tool that {} cannot call; offer it as a function"


def write_tools(talk: Conversation, names: Mapping[str, str], target: Target) -> list[Object | Raw]:
    """The tools that may be called: all, where the provider takes a list of the allowed ones."""
    choice = talk.settings.tool_choice
    filters = choice is not None and choice.mode in {"auto", "any"} and target.provider not in OFFICIAL
    allowed = set(choice.names) if choice is not None and filters else set()
    written: list[Object | Raw] = []
    for tool in talk.tools:
        if isinstance(tool, Tool) and (not allowed or tool.name in allowed):
            written.append(_tool(tool, names, target))
        elif isinstance(tool, Opaque) and tool.dialect == _DIALECT:
            written.append(Raw(tool.value))
    return written


def write_choice(settings: Settings, tools: Sequence[Object | Raw], names: Mapping[str, str], target: Target) -> Object:
    """`tool_choice` and `parallel_tool_calls`, which mean nothing without tools.

    Raises Unsupported where a tool is forced that is not on offer.
    """
    choice = settings.tool_choice
    if not tools:
        if choice is not None and choice.mode in {"any", "tool"}:
            raise Unsupported(_NOT_OFFERED.format(target.provider), param="tool_choice")
        return {}
    parallel = {} if settings.parallel is None else {"parallel_tool_calls": settings.parallel}
    return {**({} if choice is None else {"tool_choice": _chosen(choice, tools, names, target)}), **parallel}


def _tool(tool: Tool, names: Mapping[str, str], target: Target) -> Object:
    function: Object = {"name": names.get(tool.name, tool.name)}
    description = tool.description
    if tool.custom and target.provider in OFFICIAL:
        grammar = {"format": Raw(_nested(tool.grammar))} if tool.grammar is not None else {}
        custom = function | ({"description": description} if description else {}) | grammar
        return {"type": "custom", "custom": custom}
    if tool.custom and tool.grammar is not None:
        description = f"{description or ''}\n\nThe input must follow this format: {tool.grammar.decode()}".strip()
    if description:
        function["description"] = description
    schema = _TEXT_INPUT if tool.custom else tool.schema
    if schema is not None:
        function["parameters"] = Raw(schema)
    if tool.strict is not None and not tool.custom:
        function["strict"] = tool.strict
    marked = tool.cache is not None and CACHE_MARKS in target.quirks
    return {"type": "function", "function": function} | ({"cache_control": Raw(tool.cache or b"")} if marked else {})


def _nested(grammar: bytes) -> bytes:
    """Responses has a grammar on one level, Chat below a name of its own."""
    known = json.decode(grammar)
    if not isinstance(known, dict) or known.get("type") != "grammar" or "grammar" in known:
        return grammar
    inner = {name: value for name, value in known.items() if name != "type"}
    return json.encode({"type": "grammar", "grammar": inner})


def _chosen(choice: ToolChoice, tools: Sequence[Object | Raw], names: Mapping[str, str], target: Target) -> Any:
    kinds: dict[str, str] = {tool[tool["type"]]["name"]: tool["type"] for tool in tools if isinstance(tool, dict)}
    wanted = [names.get(name, name) for name in choice.names]
    if choice.mode == "tool":
        if not wanted or wanted[0] not in kinds:
            raise Unsupported(_NOT_OFFERED.format(target.provider), param="tool_choice")
        return _named(wanted[0], kinds)
    mode = {"any": "required"}.get(choice.mode, choice.mode)
    if target.provider not in OFFICIAL or not wanted or set(wanted) >= kinds.keys():
        return mode
    allowed = [_named(name, kinds) for name in wanted if name in kinds]
    if not allowed and choice.mode == "any":
        raise Unsupported(_NOT_OFFERED.format(target.provider), param="tool_choice")
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": allowed}} if allowed else "none"


def _named(name: str, kinds: Mapping[str, str]) -> Object:
    kind = kinds[name]
    return {"type": kind, kind: {"name": name}}
