"""The members of a v2 chat request. Source: the published types of POST /v2/chat."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from tests.strict.shape import Strict

Words = Annotated[str, Meta(min_length=1)]


class Part(Strict, tag_field="type", frozen=True):
    """A piece of a message."""


class Text(Part, tag="text", frozen=True):
    """Words."""

    text: str


class Thinking(Part, tag="thinking", frozen=True):
    """A thought."""

    thinking: str


class ImageUrl(Strict, frozen=True):
    """A data URL or an address."""

    url: Annotated[str, Meta(pattern=r"^(data:image/[a-z+.-]+;base64,|https?://)")]
    detail: Literal["auto", "low", "high"] = "auto"


class Image(Part, tag="image_url", frozen=True):
    """A picture."""

    image_url: ImageUrl


class DocumentData(Strict, frozen=True):
    """What a tool found."""

    data: dict[str, Any] | str
    id: str | None = None


class Document(Part, tag="document", frozen=True):
    """What a tool found."""

    document: DocumentData


class FunctionCall(Strict, frozen=True):
    """What is called; the arguments are the text of a JSON object."""

    name: Words
    arguments: str


class ToolCall(Strict, frozen=True):
    """A call."""

    id: Words
    type: Literal["function"]
    function: FunctionCall


class Message(Strict, tag_field="role", frozen=True):
    """One message."""


class System(Message, tag="system", frozen=True):
    """Who the model is."""

    content: str | list[Text]


class User(Message, tag="user", frozen=True):
    """What the user says."""

    content: str | list[Text | Image]


class Assistant(Message, tag="assistant", frozen=True):
    """What the model said."""

    content: str | list[Text | Thinking] | None = None
    tool_calls: list[ToolCall] | None = None
    tool_plan: str | None = None
    citations: list[dict[str, Any]] | None = None


class Tool(Message, tag="tool", frozen=True):
    """What a tool gave."""

    tool_call_id: Words
    content: str | list[Text | Document]


class Function(Strict, frozen=True):
    """A function on offer."""

    name: Words
    parameters: dict[str, Any]
    description: str | None = None


class FunctionTool(Strict, frozen=True):
    """A function on offer."""

    type: Literal["function"]
    function: Function


class AsText(Strict, tag_field="type", tag="text", frozen=True):
    """Any words."""


class AsObject(Strict, tag_field="type", tag="json_object", frozen=True):
    """JSON, of a form where one is given."""

    json_schema: dict[str, Any] | None = None
    schema: dict[str, Any] | None = None


class Thinks(Strict, frozen=True):
    """How much to think."""

    type: Literal["enabled", "disabled"]
    token_budget: Annotated[int, Meta(ge=1)] | None = None


class Body(Strict, frozen=True):
    """The whole request."""

    model: Words
    messages: Annotated[list[System | User | Assistant | Tool], Meta(min_length=1)]
    stream: bool = False
    tools: list[FunctionTool] | None = None
    tool_choice: Literal["REQUIRED", "NONE"] | None = None
    strict_tools: bool | None = None
    documents: list[str | dict[str, Any]] | None = None
    citation_options: dict[str, Any] | None = None
    response_format: AsText | AsObject | None = None
    safety_mode: Literal["CONTEXTUAL", "STRICT", "OFF"] | None = None
    max_tokens: Annotated[int, Meta(ge=1)] | None = None
    stop_sequences: Annotated[list[str], Meta(max_length=5)] | None = None
    temperature: Annotated[float, Meta(ge=0, le=1)] | None = None
    seed: Annotated[int, Meta(ge=0)] | None = None
    frequency_penalty: Annotated[float, Meta(ge=0, le=1)] | None = None
    presence_penalty: Annotated[float, Meta(ge=0, le=1)] | None = None
    k: Annotated[int, Meta(ge=0, le=500)] | None = None
    p: Annotated[float, Meta(ge=0.01, le=0.99)] | None = None
    logprobs: bool | None = None
    thinking: Thinks | None = None
    priority: Annotated[int, Meta(ge=0, le=999)] | None = None
    raw_prompting: bool | None = None
