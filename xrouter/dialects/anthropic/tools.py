"""Tools and which of them may or must be called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Raw

from xrouter.chat.request import Opaque, Settings, Tool, ToolChoice
from xrouter.dialects.anthropic.schemas import binding, can_bind, fit_together, input_schema, read_json
from xrouter.errors import Unsupported

Block = dict[str, Any]

_DIALECT = "anthropic"
_TEXT_INPUT = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}


def write_tools(
    offered: Sequence[Tool | Opaque], settings: Settings, names: Mapping[str, str]
) -> tuple[list[Block], list[str]]:
    """(the tools that may be called, what of them is left out): `strict` goes where the schemas cannot be compiled."""
    choice = settings.tool_choice
    allowed = set(choice.names) if choice is not None and choice.mode in {"auto", "any"} else set()
    written: list[Block] = []
    for tool in offered:
        if isinstance(tool, Tool) and (not allowed or tool.name in allowed):
            written.append(_tool(tool, names))
        elif isinstance(tool, Opaque) and tool.dialect == _DIALECT:
            written.append(read_json(tool.value, "tools"))
    return written, _bind(written)


def _bind(tools: Sequence[Block]) -> list[str]:
    """Make the schemas of strict tools such that they can be compiled, in place; where they cannot, `strict` goes."""
    strict = [tool for tool in tools if tool.get("strict") is True and "input_schema" in tool]
    bound = [tool for tool in strict if can_bind(tool["input_schema"])]
    if not fit_together([tool["input_schema"] for tool in bound]):
        bound = []
    for tool in strict:
        if tool in bound:
            tool["input_schema"] = binding(tool["input_schema"])
        else:
            del tool["strict"]
    return ["tools.strict"] if len(bound) < len(strict) else []


def write_choice(settings: Settings, tools: Sequence[Block], names: Mapping[str, str]) -> Block | None:
    """`tool_choice`. Raises Unsupported where a tool is forced that is not on offer."""
    choice = settings.tool_choice
    if not tools:
        if choice is not None and choice.mode in {"any", "tool"}:
            raise Unsupported(
                "tool_choice forces a tool, and there is none that this target can call", param="tool_choice"
            )
        return None
    written = _choice(choice, names) if choice is not None else None
    if written is not None and "name" in written and written["name"] not in {tool.get("name") for tool in tools}:
        raise Unsupported(
            "tool_choice forces a tool that this target cannot call; offer it as a function", param="tool_choice"
        )
    if settings.parallel is False and (written is None or written["type"] != "none"):
        return {**(written or {"type": "auto"}), "disable_parallel_tool_use": True}
    return written


def _choice(choice: ToolChoice, names: Mapping[str, str]) -> Block:
    if choice.mode == "tool":
        name = choice.names[0] if choice.names else ""
        return {"type": "tool", "name": names.get(name, name)}
    return {"type": choice.mode}


def _tool(tool: Tool, names: Mapping[str, str]) -> Block:
    description = tool.description
    if tool.custom and tool.grammar is not None:
        description = f"{description or ''}\n\nThe input must follow this format: {tool.grammar.decode()}".strip()
    block: Block = {"name": names.get(tool.name, tool.name)}
    if description:
        block["description"] = description
    block["input_schema"] = _TEXT_INPUT if tool.custom else input_schema(read_json(tool.schema, "tools"))
    if tool.strict:
        block["strict"] = True
    if tool.cache is not None:
        block["cache_control"] = Raw(tool.cache)
    return block
