"""What an answer repeats of its request: https://platform.openai.com/docs/api-reference/responses/object.

The official SDK's types are strict about it, so only what has the right form is repeated; of hosted tools the kind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Raw

from xrouter.dialects.values import listed, mapped, string
from xrouter.wire import json
from xrouter.wire.json import Members

_EFFORTS = frozenset({"none", "minimal", "low", "medium", "high", "xhigh", "max"})
_SUMMARIES = frozenset({"auto", "concise", "detailed"})
_VERBOSITIES = frozenset({"low", "medium", "high"})
_CHOICES = frozenset({"auto", "none", "required"})
_HOSTED = frozenset(
    {"web_search", "web_search_preview", "local_shell", "shell", "apply_patch", "image_generation", "tool_search"}
)
_PLAIN: dict[str, Any] = {"type": "text"}


def echo(members: Members) -> dict[str, Any]:
    """The members of an answer that its request sets, each in its official form or with its default."""
    return {name: keep(_value(members, name)) for name, keep in _ECHOED.items()}


def _value(members: Members, name: str) -> Any:
    try:
        return json.decode(members.get(name, Raw(b"null")))
    except ValueError:
        return None


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _one_of(value: Any, known: frozenset[str]) -> str | None:
    return value if isinstance(value, str) and value in known else None


def _metadata(value: Any) -> dict[str, str]:
    return {key: text for key, text in mapped(value).items() if isinstance(text, str)}


def _reasoning(value: Any) -> dict[str, Any]:
    said = mapped(value)
    return {"effort": _one_of(said.get("effort"), _EFFORTS), "summary": _one_of(said.get("summary"), _SUMMARIES)}


def _text(value: Any) -> dict[str, Any]:
    said = mapped(value)
    kept = {"format": _format(mapped(said.get("format")))}
    verbosity = _one_of(said.get("verbosity"), _VERBOSITIES)
    return {**kept, "verbosity": verbosity} if verbosity else kept


def _format(said: dict[str, Any]) -> dict[str, Any]:
    kind, name, schema = said.get("type"), said.get("name"), said.get("schema")
    if kind == "json_object":
        return {"type": kind}
    if kind != "json_schema" or not isinstance(name, str) or not isinstance(schema, dict):
        return _PLAIN
    described = {"description": _string(said.get("description")), "strict": _boolean(said.get("strict"))}
    return {"type": kind, "name": name, "schema": schema, **described}


def _choice(value: Any) -> Any:
    if not isinstance(value, dict):
        return _one_of(value, _CHOICES) or "auto"
    kind, mode = string(value.get("type")), string(value.get("mode"))
    if kind == "allowed_tools" and mode in {"auto", "required"}:
        allowed = [tool for tool in listed(value.get("tools")) if isinstance(tool, dict)]
        return {"type": kind, "mode": mode, "tools": allowed}
    named = kind in {"function", "custom"} and isinstance(value.get("name"), str)
    return {"type": kind, "name": value["name"]} if named else "auto"


def _tools(value: Any) -> list[dict[str, Any]]:
    return [kept for tool in listed(value) if isinstance(tool, dict) and (kept := _tool(tool))]


def _tool(tool: dict[str, Any]) -> dict[str, Any] | None:
    kind = string(tool.get("type"))
    if kind in _HOSTED:
        return {"type": kind}
    keep = _NAMED.get(kind) if isinstance(tool.get("name"), str) else None
    return {"type": kind, "name": tool["name"], **keep(tool)} if keep else None


def _function(tool: dict[str, Any]) -> dict[str, Any]:
    parameters = tool.get("parameters")
    return {
        "description": _string(tool.get("description")),
        "parameters": parameters if isinstance(parameters, dict) else None,
        "strict": _boolean(tool.get("strict")),
    }


def _custom(tool: dict[str, Any]) -> dict[str, Any]:
    said = mapped(tool.get("format"))
    written = isinstance(said.get("definition"), str) and string(said.get("syntax")) in {"lark", "regex"}
    keep = said if written and said.get("type") == "grammar" else _PLAIN
    return {"description": _string(tool.get("description")), "format": keep}


def _namespace(tool: dict[str, Any]) -> dict[str, Any]:
    inner = [kept for kept in _tools(tool.get("tools")) if kept["type"] in {"function", "custom"}]
    return {"description": _string(tool.get("description")) or "", "tools": inner}


_NAMED: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "function": _function,
    "custom": _custom,
    "namespace": _namespace,
}
_ECHOED: dict[str, Callable[[Any], Any]] = {
    "instructions": _string,
    "max_output_tokens": _integer,
    "max_tool_calls": _integer,
    "metadata": _metadata,
    "parallel_tool_calls": lambda value: value is not False,
    "prompt_cache_key": _string,
    "reasoning": _reasoning,
    "safety_identifier": _string,
    "temperature": _number,
    "text": _text,
    "tool_choice": _choice,
    "tools": _tools,
    "top_logprobs": _integer,
    "top_p": _number,
    "user": _string,
}
