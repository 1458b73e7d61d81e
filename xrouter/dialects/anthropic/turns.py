"""The messages of a request as turns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Raw

from xrouter.chat.request import Role, Text, ToolResult, Turn
from xrouter.dialects.anthropic.content import read_content
from xrouter.wire import json

_ROLES: dict[object, Role] = {"user": "user", "assistant": "assistant", "system": "system"}
_VOLATILE = "x-anthropic-billing-header"
"""How Claude Code begins a system block that changes with each request: other providers' prompt caches would miss."""


class Message(msgspec.Struct):
    """One message, its content unread."""

    role: Any = None
    content: Raw = Raw(b"null")


_pieces = json.Reader(list[Raw])
_messages = json.Reader(list[Message])
_message = json.Reader(Message)


def read_messages(raw: Raw) -> Sequence[Message]:
    """The `messages` member, a JSON list. One that is no object is without a role."""
    try:
        return _messages.decode(raw)
    except ValueError:
        return [_read_or_empty(piece) for piece in _pieces.decode(raw)]


def _read_or_empty(raw: Raw) -> Message:
    try:
        return _message.decode(raw)
    except ValueError:
        return Message()


def read_system(raw: Raw) -> list[Turn]:
    """The `system` member, a text or a list of text blocks, as at most one turn. Raises ValueError."""
    parts = [part for part in read_content(raw) if not (isinstance(part, Text) and part.text.startswith(_VOLATILE))]
    return [Turn("system", tuple(parts))] if parts else []


def read_message(message: Message) -> list[Turn]:
    """One message. Results of tools stand before all else of a user's message, in a turn of their own.

    Raises ValueError, which says what cannot be understood.
    """
    role = _ROLES.get(message.role) if isinstance(message.role, str) else None
    if role is None:
        raise ValueError("a message must have a role: user, assistant or system")
    parts = read_content(message.content)
    results = tuple(part for part in parts if isinstance(part, ToolResult))
    if not results:
        return [Turn(role, tuple(parts))]
    rest = tuple(part for part in parts if not isinstance(part, ToolResult))
    return [Turn("tool", results), *([Turn(role, rest)] if rest else [])]
