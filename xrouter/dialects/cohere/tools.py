"""Tools on offer and which of them may or must be called, as Cohere takes them.

It knows no single tool that must be called: that one alone is offered and a call required. `strict_tools` holds for
all of them or none, and wants each to have an argument that is required. Of a tool that takes free text the text
becomes the one argument, `input`.
"""

from __future__ import annotations

from typing import Any

from msgspec import Raw

from xrouter.chat.request import Conversation, Tool, ToolChoice
from xrouter.dialects.naming import foreign_tools
from xrouter.errors import Unsupported
from xrouter.wire import json

_NO_ARGUMENTS = b'{"type":"object","properties":{}}'
_FREE_TEXT = b'{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}'
_LITERALS = {"none": "NONE", "any": "REQUIRED", "tool": "REQUIRED"}


def write_tools(talk: Conversation, model: str) -> tuple[dict[str, Any], list[str]]:
    """(the members that say it, what was left out). Raises Unsupported where a wish cannot be met."""
    dropped = foreign_tools(talk.tools, "cohere")
    choice = talk.settings.tool_choice or ToolChoice("auto")
    offered = [tool for tool in talk.tools if isinstance(tool, Tool)]
    tools = [tool for tool in offered if not choice.names or tool.name in choice.names]
    if not tools and choice.mode in {"any", "tool"}:
        raise Unsupported(
            f"tool_choice asks for a tool that {model} is not offered.",
            hint="Offer it as a function in tools, or ask a tier that has it.",
            param="tool_choice",
        )
    if not tools:
        return {}, dropped
    members: dict[str, Any] = {"tools": [_tool(tool) for tool in tools]}
    if choice.mode in _LITERALS:
        members["tool_choice"] = _LITERALS[choice.mode]
    if all(tool.strict and _needs_arguments(tool) for tool in tools):
        members["strict_tools"] = True
    elif any(tool.strict for tool in tools):
        dropped.append("strict")
    if talk.settings.parallel is False:
        dropped.append("parallel_tool_calls")
    return members, dropped


def _tool(tool: Tool) -> dict[str, Any]:
    grammar = f"The input follows this grammar: {tool.grammar.decode()}" if tool.custom and tool.grammar else ""
    words = "\n\n".join(filter(None, (tool.description, grammar)))
    function = {"name": tool.name, **({"description": words} if words else {}), "parameters": Raw(_schema(tool))}
    return {"type": "function", "function": function}


def _schema(tool: Tool) -> bytes:
    if tool.custom:
        return _FREE_TEXT
    return tool.schema if tool.schema is not None and tool.schema.startswith(b"{") else _NO_ARGUMENTS


def _needs_arguments(tool: Tool) -> bool:
    return bool(json.decode(_schema(tool)).get("required"))
