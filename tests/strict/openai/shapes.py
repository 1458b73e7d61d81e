"""The members of a chat request. Source: the published types of POST /v1/chat/completions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from tests.strict.shape import Strict

Name = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
Id = Annotated[str, Meta(min_length=1, max_length=40)]


class Part(Strict, tag_field="type", frozen=True):
    """A piece of a message."""


class Text(Part, tag="text", frozen=True):
    """Words."""

    text: str
    prompt_cache_breakpoint: dict[str, Any] | None = None


class ImageUrl(Strict, frozen=True):
    """A data URL or an address."""

    url: Annotated[str, Meta(pattern=r"^(data:image/[a-z+.-]+;base64,|https?://)")]
    detail: Literal["auto", "low", "high"] = "auto"


class Image(Part, tag="image_url", frozen=True):
    """A picture."""

    image_url: ImageUrl


class InputAudio(Strict, frozen=True):
    """Sound as base64."""

    data: str
    format: Literal["wav", "mp3"]


class Audio(Part, tag="input_audio", frozen=True):
    """Sound."""

    input_audio: InputAudio


class FileData(Strict, frozen=True):
    """A document as a data URL, or the name of an upload."""

    file_data: str | None = None
    file_id: str | None = None
    filename: str | None = None


class File(Part, tag="file", frozen=True):
    """A document."""

    file: FileData


class Declined(Part, tag="refusal", frozen=True):
    """Words of a model that declined."""

    refusal: str


class FunctionCall(Strict, frozen=True):
    """What is called."""

    name: Name
    arguments: str


class CustomCall(Strict, frozen=True):
    """What is called with free text."""

    name: Name
    input: str


class ToolCall(Strict, tag_field="type", tag="function", frozen=True):
    """A call of a function."""

    id: Id
    function: FunctionCall


class CustomToolCall(Strict, tag_field="type", tag="custom", frozen=True):
    """A call of a tool that takes free text."""

    id: Id
    custom: CustomCall


class Message(Strict, tag_field="role", frozen=True):
    """One message."""


class System(Message, tag="system", frozen=True):
    """Who the model is."""

    content: str | list[Text]
    name: str | None = None


class Developer(Message, tag="developer", frozen=True):
    """The same for models that think."""

    content: str | list[Text]
    name: str | None = None


class User(Message, tag="user", frozen=True):
    """What the user says."""

    content: str | Annotated[list[Text | Image | Audio | File], Meta(min_length=1)]
    name: str | None = None


class Assistant(Message, tag="assistant", frozen=True):
    """What the model said."""

    content: str | Annotated[list[Text | Declined], Meta(min_length=1)] | None = None
    refusal: str | None = None
    name: str | None = None
    audio: dict[str, Any] | None = None
    annotations: list[dict[str, Any]] | None = None
    function_call: FunctionCall | None = None
    tool_calls: Annotated[list[ToolCall | CustomToolCall], Meta(min_length=1)] | None = None


class Tool(Message, tag="tool", frozen=True):
    """What a tool gave."""

    content: str | Annotated[list[Text], Meta(min_length=1)]
    tool_call_id: Id
    name: str | None = None


class Function(Strict, frozen=True):
    """A function on offer."""

    name: Name
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class Custom(Strict, frozen=True):
    """A tool that takes free text."""

    name: Name
    description: str | None = None
    format: dict[str, Any] | None = None


class FunctionTool(Strict, tag_field="type", tag="function", frozen=True):
    """A function on offer."""

    function: Function


class CustomTool(Strict, tag_field="type", tag="custom", frozen=True):
    """A tool that takes free text."""

    custom: Custom


class StreamOptions(Strict, frozen=True):
    """What a stream tells beside the answer."""

    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class JsonSchema(Strict, frozen=True):
    """The form of an answer."""

    name: Name
    schema: dict[str, Any] | None = None
    description: str | None = None
    strict: bool | None = None


class AsText(Strict, tag_field="type", tag="text", frozen=True):
    """Any words."""


class AsObject(Strict, tag_field="type", tag="json_object", frozen=True):
    """Some JSON object."""


class AsSchema(Strict, tag_field="type", tag="json_schema", frozen=True):
    """JSON of a form."""

    json_schema: JsonSchema


class Body(Strict, frozen=True):
    """The whole request."""

    model: str
    messages: Annotated[list[System | Developer | User | Assistant | Tool], Meta(min_length=1)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    tools: Annotated[list[FunctionTool | CustomTool], Meta(min_length=1, max_length=128)] | None = None
    tool_choice: Literal["none", "auto", "required"] | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    response_format: AsText | AsObject | AsSchema | None = None
    max_tokens: Annotated[int, Meta(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Meta(ge=1)] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    n: Annotated[int, Meta(ge=1, le=128)] | None = None
    stop: str | Annotated[list[str], Meta(min_length=1, max_length=4)] | None = None
    seed: int | None = None
    presence_penalty: Annotated[float, Meta(ge=-2, le=2)] | None = None
    frequency_penalty: Annotated[float, Meta(ge=-2, le=2)] | None = None
    logit_bias: dict[str, float] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    verbosity: Literal["low", "medium", "high"] | None = None
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None
    service_tier: str | None = None
    store: bool | None = None
    metadata: dict[str, str] | None = None
    modalities: list[str] | None = None
    audio: dict[str, Any] | None = None
    prediction: dict[str, Any] | None = None
    web_search_options: dict[str, Any] | None = None
    moderation: dict[str, Any] | None = None
    prompt_cache_options: dict[str, Any] | None = None
