"""The tools of a Responses request, and in which form the client wants a call to each.

A function of a namespace is offered to other dialects as `namespace__name`; a call to it comes back with both apart.
Tools may stand in the middle of the input too: in `additional_tools`, and in what a search for tools found.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from xrouter.chat.request import Envelope, Opaque, Tool, ToolChoice
from xrouter.dialects.responses.envelope import value_of
from xrouter.dialects.values import listed, string
from xrouter.errors import BadRequest
from xrouter.wire import json
from xrouter.wire.json import Members

DIALECT = "responses"
SEARCH = "tool_search"
_LATER = (b"additional_tools", b"tool_search_output")
_MODES: dict[str, Literal["auto", "none", "any"]] = {"auto": "auto", "none": "none", "required": "any"}


class Form(msgspec.Struct, frozen=True):
    """How a call to a tool is written for the client."""

    kind: Literal["function", "custom", "tool_search"]
    name: str
    namespace: str | None = None


def joined(namespace: Any, name: str) -> str:
    """The one name of a tool; a tool that was loaded on its own is its own namespace."""
    return f"{namespace}__{name}" if isinstance(namespace, str) and namespace not in {"", name} else name


def read_tools(members: Members) -> tuple[Tool | Opaque, ...]:
    """All tools on offer, each name once. Raises BadRequest where one has no name."""
    tools: list[Tool | Opaque] = []
    names: set[str] = set()
    for tool, namespace in _offered(members):
        read = _tool(tool, namespace)
        if isinstance(read, Tool):
            if read.name in names:
                continue
            names.add(read.name)
        tools.append(read)
    return tuple(tools)


def forms(envelope: Envelope) -> dict[str, Form]:
    """By the tools' names: how calls are written, where it is not as a plain function."""
    found: dict[str, Form] = {}
    try:
        for tool, namespace in _offered(envelope.members):
            kind, name = tool.get("type"), tool.get("name")
            if _is_search(tool):
                found[SEARCH] = Form("tool_search", SEARCH)
            elif isinstance(name, str) and (kind == "custom" or namespace):
                space = namespace.get("name") if namespace else None
                found[joined(space, name)] = Form("custom" if kind == "custom" else "function", name, space)
    except BadRequest:
        return found  # the request goes on as it is, and its provider says what is wrong
    return found


def read_choice(choice: Any) -> ToolChoice | None:
    """`tool_choice`; None where it is none that other dialects know, such as a hosted tool."""
    if isinstance(choice, str):
        return ToolChoice(_MODES[choice]) if choice in _MODES else None
    if not isinstance(choice, dict):
        return None
    if choice.get("type") == "allowed_tools":
        names = [_chosen(tool) for tool in listed(choice.get("tools")) if isinstance(tool, dict)]
        return ToolChoice("any" if choice.get("mode") == "required" else "auto", tuple(name for name in names if name))
    name = _chosen(choice)
    return ToolChoice("tool", (name,)) if name else None


def _chosen(tool: dict[str, Any]) -> str | None:
    name = tool.get("name")
    if isinstance(name, str) and string(tool.get("type")) in {"function", "custom"}:
        return joined(tool.get("namespace"), name)
    return None


def _offered(members: Members) -> Iterator[tuple[dict[str, Any], dict[str, Any] | None]]:
    """(tool, its namespace) wherever they stand."""
    for tool in _listed(members):
        if not isinstance(tool, dict):
            raise BadRequest("tools must be a list of objects", param="tools")
        if tool.get("type") == "namespace":
            yield from ((inner, tool) for inner in listed(tool.get("tools")) if isinstance(inner, dict))
        else:
            yield tool, None


def _listed(members: Members) -> Iterator[Any]:
    tools = value_of(members, "tools")
    if tools is not None and not isinstance(tools, list):
        raise BadRequest("tools must be a list", param="tools")
    yield from tools or ()
    raw = bytes(members["input"])
    if any(word in raw for word in _LATER):
        for item in value_of(members, "input"):
            if isinstance(item, dict) and string(item.get("type")) in {"additional_tools", "tool_search_output"}:
                yield from listed(item.get("tools"))


def _tool(tool: dict[str, Any], namespace: dict[str, Any] | None) -> Tool | Opaque:
    kind = string(tool.get("type"))
    if _is_search(tool):
        return Tool(SEARCH, _string(tool.get("description")), _json(tool.get("parameters")))
    if kind not in {"function", "custom"}:
        return Opaque(DIALECT, kind or "tool", json.encode(tool))
    name = tool.get("name")
    if not isinstance(name, str) or not name:
        raise BadRequest("each function in tools needs a name", param="tools")
    strict = tool.get("strict")
    return Tool(
        joined(namespace and namespace.get("name"), name),
        _described(tool, namespace),
        _json(tool.get("parameters")),
        strict if isinstance(strict, bool) else None,
        kind == "custom",
        _json(tool.get("format")),
    )


def _described(tool: dict[str, Any], namespace: dict[str, Any] | None) -> str | None:
    """A tool's description; the first of a namespace carries the namespace's own."""
    own = _string(tool.get("description"))
    first = namespace is not None and next(iter(listed(namespace.get("tools"))), None) is tool
    shared = _string(namespace.get("description")) if first and namespace else None
    return "\n\n".join(text for text in (shared, own) if text) or None


def _is_search(tool: dict[str, Any]) -> bool:
    """Whether it is a search for tools that the client itself makes."""
    return tool.get("type") == SEARCH and tool.get("execution") == "client"


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _json(value: Any) -> bytes | None:
    return json.encode(value) if isinstance(value, dict) else None
