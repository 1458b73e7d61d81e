"""The members of a Messages request. Source: the published types of POST /v1/messages.

Server tools (a `type` that ends in a date) and their blocks are taken as they come: nothing here runs them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from tests.strict.shape import Strict

Media = Literal["image/jpeg", "image/png", "image/gif", "image/webp"]
ToolId = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_-]+$")]
ToolName = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_-]{1,128}$")]


class CacheControl(Strict, frozen=True):
    """Up to here the prompt is to be cached."""

    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] = "5m"


class Source(Strict, tag_field="type", frozen=True):
    """Where a picture or a document is."""


class Base64(Source, tag="base64", frozen=True):
    """Here."""

    media_type: str
    data: Annotated[str, Meta(min_length=1)]


class Url(Source, tag="url", frozen=True):
    """At an address."""

    url: Annotated[str, Meta(pattern="^https?://")]


class Upload(Source, tag="file", frozen=True):
    """Among the uploads."""

    file_id: str


class PlainText(Source, tag="text", frozen=True):
    """Here, as text."""

    data: str
    media_type: Literal["text/plain"]


class Blocks(Source, tag="content", frozen=True):
    """Here, as blocks."""

    content: str | list[dict[str, Any]]


class Block(Strict, tag_field="type", frozen=True):
    """A piece of a message."""


class Text(Block, tag="text", frozen=True):
    """Words."""

    text: str
    cache_control: CacheControl | None = None
    citations: list[dict[str, Any]] | None = None


class Image(Block, tag="image", frozen=True):
    """A picture."""

    source: Base64 | Url | Upload
    cache_control: CacheControl | None = None


class Document(Block, tag="document", frozen=True):
    """A PDF or a text."""

    source: Base64 | Url | Upload | PlainText | Blocks
    title: str | None = None
    context: str | None = None
    citations: dict[str, bool] | None = None
    cache_control: CacheControl | None = None


class SearchResult(Block, tag="search_result", frozen=True):
    """What a search of the client's own found."""

    source: str
    title: str
    content: list[Text]
    citations: dict[str, bool] | None = None
    cache_control: CacheControl | None = None


class ToolReference(Block, tag="tool_reference", frozen=True):
    """A tool that a search for tools found."""

    tool_name: str
    cache_control: CacheControl | None = None


class ToolUse(Block, tag="tool_use", frozen=True):
    """A call."""

    id: ToolId
    name: ToolName
    input: dict[str, Any]
    caller: dict[str, Any] | None = None
    cache_control: CacheControl | None = None


class ToolResult(Block, tag="tool_result", frozen=True):
    """What a tool gave."""

    tool_use_id: ToolId
    content: str | list[Text | Image | Document | SearchResult | ToolReference] = ""
    is_error: bool = False
    cache_control: CacheControl | None = None


class Thinking(Block, tag="thinking", frozen=True):
    """A thought and its signature."""

    thinking: str
    signature: str


class Redacted(Block, tag="redacted_thinking", frozen=True):
    """A thought that only its signature is left of."""

    data: str


Said = Text | Image | Document | SearchResult | ToolUse | ToolResult | Thinking | Redacted
SERVER_BLOCKS = ("_tool_result", "server_tool_use", "mcp_tool_use", "compaction", "container_upload", "tool_addition")
"""How the types of the blocks end that only its own server tools make."""


class Message(Strict, frozen=True):
    """One message; its blocks are read one by one."""

    role: Literal["user", "assistant", "system"]
    content: str | list[dict[str, Any]]


class CustomTool(Strict, frozen=True):
    """A tool of the client."""

    name: ToolName
    input_schema: dict[str, Any]
    description: str | None = None
    type: Literal["custom"] | None = None
    strict: bool | None = None
    cache_control: CacheControl | None = None
    defer_loading: bool | None = None
    eager_input_streaming: bool | None = None
    allowed_callers: list[str] | None = None
    input_examples: list[dict[str, Any]] | None = None


class Choice(Strict, tag_field="type", frozen=True):
    """Whether to call a tool."""


class Auto(Choice, tag="auto", frozen=True):
    """As the model likes."""

    disable_parallel_tool_use: bool = False


class Any_(Choice, tag="any", frozen=True):  # noqa: N801  # `Any` is taken
    """One of them."""

    disable_parallel_tool_use: bool = False


class One(Choice, tag="tool", frozen=True):
    """This one."""

    name: str
    disable_parallel_tool_use: bool = False


class No(Choice, tag="none", frozen=True):
    """None."""


class Thinks(Strict, tag_field="type", frozen=True):
    """How much to think."""


class Enabled(Thinks, tag="enabled", frozen=True):
    """Up to so many tokens."""

    budget_tokens: Annotated[int, Meta(ge=1024)]
    display: Literal["summarized", "omitted"] | None = None


class Adaptive(Thinks, tag="adaptive", frozen=True):
    """As the model likes."""

    display: Literal["summarized", "omitted"] | None = None


class Disabled(Thinks, tag="disabled", frozen=True):
    """Not at all."""


class Format(Strict, frozen=True):
    """The form of the answer."""

    type: Literal["json_schema"]
    schema: dict[str, Any]


class OutputConfig(Strict, frozen=True):
    """How much work to put in, and the form of the answer."""

    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: Format | None = None
    task_budget: dict[str, Any] | None = None


class Metadata(Strict, frozen=True):
    """Who asks."""

    user_id: Annotated[str, Meta(max_length=256)] | None = None


class Body(Strict, frozen=True):
    """The whole request."""

    model: Annotated[str, Meta(min_length=1, max_length=256)]
    max_tokens: Annotated[int, Meta(ge=1)]
    messages: Annotated[list[Message], Meta(min_length=1)]
    system: str | list[Text] | None = None
    stream: bool = False
    temperature: Annotated[float, Meta(ge=0, le=1)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    top_k: Annotated[int, Meta(ge=0)] | None = None
    stop_sequences: tuple[str, ...] = ()
    tools: tuple[dict[str, Any], ...] = ()
    tool_choice: Auto | Any_ | One | No | None = None
    thinking: Enabled | Adaptive | Disabled | None = None
    output_config: OutputConfig | None = None
    metadata: Metadata | None = None
    cache_control: CacheControl | None = None
    service_tier: Literal["auto", "standard_only"] | None = None
    context_management: dict[str, Any] | None = None
    container: str | dict[str, Any] | None = None
    mcp_servers: list[dict[str, Any]] | None = None
    inference_geo: str | None = None
    diagnostics: dict[str, Any] | None = None
