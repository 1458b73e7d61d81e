"""The forms in which a client knows calls: of functions, of custom tools, and the one `function_call` of old.

https://platform.openai.com/docs/api-reference/chat/object. A provider that knows functions alone puts a custom tool's
text into JSON arguments.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from xrouter.chat.request import Envelope, Tool
from xrouter.dialects.openai.offers import read_tools
from xrouter.errors import BadRequest
from xrouter.wire import json

_CUSTOM = b'"custom"'

Kind = Literal["function", "custom", "packed"]
"""`packed`: a custom tool's call that comes as a function's."""


class Forms(msgspec.Struct, frozen=True):
    """`legacy`: the client asked with `functions`; `customs` are the names of its custom tools."""

    legacy: bool = False
    customs: frozenset[str] = frozenset()

    def kind(self, name: str, *, custom: bool) -> Kind:
        """In what form a call is written."""
        if custom:
            return "custom"
        return "packed" if name in self.customs else "function"


def forms_of(envelope: Envelope) -> Forms:
    """The forms that this client knows."""
    members = envelope.members
    legacy = "functions" in members and "tools" not in members
    if _CUSTOM not in bytes(members.get("tools", b"")):
        return Forms(legacy)
    try:
        tools = read_tools(members)
    except BadRequest:
        return Forms(legacy)
    return Forms(legacy, frozenset(tool.name for tool in tools if isinstance(tool, Tool) and tool.custom))


def unpack(arguments: str) -> str:
    """The text of a custom tool out of `{"input": text}`; as it is where it is something else."""
    try:
        value: Any = json.decode(arguments.encode("utf-8", "replace"))
    except ValueError:
        return arguments
    text = value.get("input") if isinstance(value, dict) else value
    return text if isinstance(text, str) else arguments
