"""Tools that Anthropic defines and the client runs, spelled out for providers that do not know them by name.

https://docs.claude.com/en/docs/agents-and-tools/tool-use: bash, text editor, computer, memory. The models of the
house were trained on them, so a request names only their type.
"""

from __future__ import annotations

from typing import Any

from xrouter.chat.request import Tool
from xrouter.wire import json

_Schema = dict[str, Any]


def spell_out(kind: str, name: str, offer: _Schema, cache: bytes | None = None) -> Tool | None:
    """The tool of such a type (`bash_20250124`) with its schema; None where it is none that a client runs."""
    family = next((family for family in _FAMILIES if kind.startswith(family)), None)
    if family is None:
        return None
    description, properties, required = _FAMILIES[family]
    if family == "computer_2":
        width, height = offer.get("display_width_px"), offer.get("display_height_px")
        description += f" The screen is {width} pixels wide and {height} high." if width and height else ""
    schema = {"type": "object", "properties": properties, "required": required}
    return Tool(name, description, json.encode(schema), cache=cache)


def _text(description: str) -> _Schema:
    return {"type": "string", "description": description}


def _number(description: str) -> _Schema:
    return {"type": "integer", "description": description}


def _numbers(description: str, count: int) -> _Schema:
    items = {"type": "integer"}
    return {"type": "array", "items": items, "minItems": count, "maxItems": count, "description": description}


def _one_of(*names: str) -> _Schema:
    return {"type": "string", "enum": [*names], "description": "What to do."}


_EDITS = {
    "path": _text("Absolute path of the file or folder."),
    "file_text": _text("For create: the whole text of the new file."),
    "old_str": _text("For str_replace: the text to replace; it must occur exactly once."),
    "new_str": _text("For str_replace: the text to put there. For insert in some versions: the text to insert."),
    "insert_line": _number("For insert: the number of the line after which to insert; 0 is the beginning."),
    "insert_text": _text("For insert: the text to insert."),
    "view_range": _numbers("For view: first and last line to show, counted from 1; -1 is the end.", 2),
}
_ACTIONS = (
    "screenshot",
    "cursor_position",
    "mouse_move",
    "left_click",
    "left_click_drag",
    "right_click",
    "middle_click",
    "double_click",
    "triple_click",
    "left_mouse_down",
    "left_mouse_up",
    "scroll",
    "type",
    "key",
    "hold_key",
    "wait",
    "zoom",
)
_FAMILIES: dict[str, tuple[str, _Schema, list[str]]] = {
    "bash_2": (
        "Runs a command in a bash session that lasts, and gives back what it printed.",
        {
            "command": _text("The command to run; not needed for a restart."),
            "restart": {"type": "boolean", "description": "True to start the session anew."},
        },
        [],
    ),
    "text_editor_2": (
        "Shows, creates and edits text files.",
        {"command": _one_of("view", "create", "str_replace", "insert"), **_EDITS},
        ["command", "path"],
    ),
    "computer_2": (
        "Uses a computer with screen, mouse and keyboard, and gives back screenshots.",
        {
            "action": _one_of(*_ACTIONS),
            "coordinate": _numbers("[x, y] in pixels from the upper left: where to point, click, scroll or drag.", 2),
            "start_coordinate": _numbers("[x, y] where a drag starts.", 2),
            "text": _text("What to type, or the keys to press such as ctrl+s; keys held during a click or scroll."),
            "scroll_direction": {"type": "string", "enum": ["up", "down", "left", "right"]},
            "scroll_amount": _number("How many steps to scroll."),
            "duration": {"type": "number", "description": "Seconds to wait or to hold a key."},
            "region": _numbers("[x1, y1, x2, y2] of the part of the screen to zoom into.", 4),
        },
        ["action"],
    ),
    "memory_2": (
        "Reads and writes files below /memories, which last from one conversation to the next.",
        {
            "command": _one_of("view", "create", "str_replace", "insert", "delete", "rename"),
            **_EDITS,
            "old_path": _text("For rename: the path as it is."),
            "new_path": _text("For rename: the path as it shall be."),
        },
        ["command"],
    ),
}
"""How the types of a family begin, before their date → what it does, its arguments, those that are always there."""
