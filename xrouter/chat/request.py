"""What a request asks, in no dialect.

`Envelope` is the outside, read on every request; the turns are the inside, read where somebody has to look;
`Conversation` is all of it, read where a provider speaks another dialect than the client.

`bytes` are JSON as it came. What only one dialect can say travels as `Seal` or `Opaque`, tagged with that dialect.
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

    @property
    def has_tools(self) -> bool:
        """Whether the client offers tools."""
        tools = self.members.get("tools")
        return tools is not None and bytes(memoryview(tools)[:2]) not in {b"[]", b"nu"}


class Seal(msgspec.Struct, frozen=True):
    """A proof that only the dialect which made it can read: a thinking signature, an encrypted thought."""

    dialect: str
    value: str


class Citation(msgspec.Struct, frozen=True):
    """Where words of an answer come from; `start` and `end` count characters of the answer, where they are known."""

    url: str = ""
    title: str = ""
    quote: str = ""
    start: int | None = None
    end: int | None = None


class Text(msgspec.Struct, frozen=True, tag="text"):
    """Words. `cache` is a cache_control object."""

    text: str
    cache: bytes | None = None
    citations: tuple[Citation, ...] = ()
    seal: Seal | None = None


class Refusal(msgspec.Struct, frozen=True, tag="refusal"):
    """Words of a model that declines."""

    text: str


class Image(msgspec.Struct, frozen=True, tag="image"):
    """A picture: a data URL or an address."""

    url: str
    detail: str | None = None
    cache: bytes | None = None


class File(msgspec.Struct, frozen=True, tag="file"):
    """A document, sound or film: one of `data` (base64), `url`, `id` (of an upload) and `text` says where it is."""

    kind: Literal["document", "audio", "video", "image"]
    media_type: str = ""
    data: str = ""
    url: str = ""
    id: str = ""
    text: str = ""
    name: str = ""
    cache: bytes | None = None


class ToolCall(msgspec.Struct, frozen=True, tag="tool_call"):
    """The model asked for a tool; `arguments` is the JSON text as it was sent, of a `custom` tool any text."""

    id: str
    name: str
    arguments: str
    custom: bool = False
    seal: Seal | None = None
    cache: bytes | None = None


class ToolResult(msgspec.Struct, frozen=True, tag="tool_result"):
    """What a tool gave back for the call with that id: text, images and files."""

    id: str
    parts: tuple[Text | Image | File | Opaque, ...] = ()
    is_error: bool = False
    cache: bytes | None = None

    @property
    def text(self) -> str:
        """Its words."""
        return "\n".join(part.text for part in self.parts if isinstance(part, Text))


class Reasoning(msgspec.Struct, frozen=True, tag="reasoning"):
    """What the model thought before it answered. `redacted`: the seal is all there is of it."""

    text: str
    seal: Seal | None = None
    redacted: bool = False


class Opaque(msgspec.Struct, frozen=True, tag="opaque"):
    """What only that dialect has; `kind` is its name there, `value` its JSON as it came.

    `text` is what it says, for a dialect that does not have it: the summary, the search results, the page.
    """

    dialect: str
    kind: str
    value: bytes
    text: str = ""


Part = Text | Refusal | Image | File | ToolCall | ToolResult | Reasoning | Opaque


class Turn(msgspec.Struct, frozen=True):
    """One message: who, and in what parts. Results of tools stand in turns of the role `tool` alone."""

    role: Role
    parts: tuple[Part, ...]
    name: str | None = None

    @property
    def text(self) -> str:
        """All words of the turn, without thoughts, calls and results."""
        return "\n".join(part.text for part in self.parts if isinstance(part, Text))


class Tool(msgspec.Struct, frozen=True):
    """A function on offer. `schema` is the JSON schema of its arguments, `grammar` the form of a custom tool's text."""

    name: str
    description: str | None = None
    schema: bytes | None = None
    strict: bool | None = None
    custom: bool = False
    grammar: bytes | None = None
    cache: bytes | None = None


class ToolChoice(msgspec.Struct, frozen=True):
    """Which tools may or must be called: `any` one of them, or that one `tool`.

    `names` is the one tool, or with `auto` and `any` those that alone are allowed (empty: all).
    """

    mode: Literal["auto", "none", "any", "tool"]
    names: tuple[str, ...] = ()


class Format(msgspec.Struct, frozen=True):
    """What the answer's text must be: a JSON object, or one that fits a schema."""

    kind: Literal["json_object", "json_schema"]
    name: str = ""
    schema: bytes | None = None
    strict: bool | None = None
    description: str | None = None


class Thinking(msgspec.Struct, frozen=True):
    """How much to think: `effort` is none, minimal, low, medium, high, xhigh or max; `budget` counts tokens."""

    effort: str | None = None
    budget: int | None = None
    shown: bool = True


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How to answer; None where the client leaves it to the provider. `max_tokens` counts thoughts too."""

    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    n: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    tool_choice: ToolChoice | None = None
    parallel: bool | None = None
    format: Format | None = None
    thinking: Thinking | None = None
    user: str | None = None
    service_tier: str | None = None
    extras: tuple[Opaque, ...] = ()
    """Members that only the client's dialect has."""


class Conversation(msgspec.Struct, frozen=True):
    """A whole request. `wants_usage`: the provider is to tell what a stream used."""

    model: str
    turns: tuple[Turn, ...]
    tools: tuple[Tool | Opaque, ...] = ()
    settings: Settings = Settings()
    stream: bool = False
    wants_usage: bool = True
