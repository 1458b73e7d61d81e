"""What a request asks, in no dialect.

`Envelope` is the outside, read on every request; `Conversation` is the inside, read only where somebody has to look.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from xrouter.wire.json import Members

ANY_MODEL = "auto"
"""What a request asks for that leaves the model to the router."""
Role = Literal["system", "user", "assistant", "tool"]


class Envelope(msgspec.Struct, frozen=True):
    """The outside of a request: what routing always needs. `body` and `members` stay as the client sent them."""

    body: bytes
    members: Members
    model: str
    stream: bool = False
    wants_usage: bool = True


class Text(msgspec.Struct, frozen=True, tag="text"):
    """Words."""

    text: str


class Image(msgspec.Struct, frozen=True, tag="image"):
    """A picture: a data URL or an address."""

    url: str


class Attachment(msgspec.Struct, frozen=True, tag="attachment"):
    """A file, a sound, anything else that is not words; `kind` is the dialect's own name for it."""

    kind: str


class ToolCall(msgspec.Struct, frozen=True, tag="tool_call"):
    """The model asked for a tool; `arguments` is the JSON text as it was sent."""

    id: str
    name: str
    arguments: str


class ToolResult(msgspec.Struct, frozen=True, tag="tool_result"):
    """What a tool gave back for the call with that id."""

    id: str
    text: str


class Reasoning(msgspec.Struct, frozen=True, tag="reasoning"):
    """What the model thought before it answered."""

    text: str


Part = Text | Image | Attachment | ToolCall | ToolResult | Reasoning


class Turn(msgspec.Struct, frozen=True):
    """One message: who, and in what parts."""

    role: Role
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """All words of the turn, without thoughts, calls and results."""
        return "\n".join(part.text for part in self.parts if isinstance(part, Text))


class Conversation(msgspec.Struct, frozen=True):
    """The inside of a request: the turns in order and the names of the tools on offer."""

    turns: tuple[Turn, ...]
    tools: tuple[str, ...] = ()

    @property
    def has_images(self) -> bool:
        """Whether any turn shows a picture."""
        return any(isinstance(part, Image) for turn in self.turns for part in turn.parts)
