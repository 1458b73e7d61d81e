"""The members of a generateContent request, in camel case. Source: the published types of v1beta."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from tests.strict.shape import Strict

Name = Annotated[str, Meta(pattern=r"^[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}$")]
Mode = Literal["AUTO", "ANY", "NONE", "VALIDATED", "MODE_UNSPECIFIED"]


class Camel(Strict, frozen=True, rename="camel"):
    """An object whose members are in camel case on the wire."""


class Blob(Camel, frozen=True):
    """Media as base64."""

    mime_type: str
    data: Annotated[str, Meta(min_length=1)]
    display_name: str | None = None


class FileData(Camel, frozen=True):
    """Media at an address."""

    file_uri: str
    mime_type: str | None = None


class FunctionCall(Camel, frozen=True):
    """A call."""

    name: Name
    args: dict[str, Any] | None = None
    id: str | None = None


class ResponsePart(Camel, frozen=True):
    """Media that a tool gave."""

    inline_data: Blob | None = None
    file_data: FileData | None = None


class FunctionResponse(Camel, frozen=True):
    """What a tool gave."""

    name: Name
    response: dict[str, Any]
    id: str | None = None
    parts: tuple[ResponsePart, ...] = ()


class Part(Camel, frozen=True):
    """A piece of a content: one of its kinds of data, and what is said about it."""

    text: str | None = None
    inline_data: Blob | None = None
    file_data: FileData | None = None
    function_call: FunctionCall | None = None
    function_response: FunctionResponse | None = None
    executable_code: dict[str, Any] | None = None
    code_execution_result: dict[str, Any] | None = None
    thought: bool = False
    thought_signature: str | None = None
    video_metadata: dict[str, Any] | None = None
    media_resolution: dict[str, Any] | None = None


DATA = (
    "text",
    "inline_data",
    "file_data",
    "function_call",
    "function_response",
    "executable_code",
    "code_execution_result",
)
"""A part has exactly one of these."""


class Content(Camel, frozen=True):
    """A message."""

    parts: tuple[Part, ...] = ()
    role: str | None = None


class FunctionDeclaration(Camel, frozen=True):
    """A function on offer."""

    name: Name
    description: str | None = None
    parameters: dict[str, Any] | None = None
    parameters_json_schema: dict[str, Any] | None = None
    response: dict[str, Any] | None = None
    response_json_schema: dict[str, Any] | None = None
    behavior: str | None = None


class Tool(Camel, frozen=True):
    """Functions, or something that Google runs itself."""

    function_declarations: tuple[FunctionDeclaration, ...] = ()
    google_search: dict[str, Any] | None = None
    code_execution: dict[str, Any] | None = None
    url_context: dict[str, Any] | None = None


class FunctionCallingConfig(Camel, frozen=True):
    """Whether to call a function."""

    mode: Mode = "AUTO"
    allowed_function_names: tuple[str, ...] = ()


class ToolConfig(Camel, frozen=True):
    """The same, and more that is not simulated."""

    function_calling_config: FunctionCallingConfig | None = None
    retrieval_config: dict[str, Any] | None = None


class ThinkingConfig(Camel, frozen=True):
    """How much to think."""

    include_thoughts: bool = False
    thinking_budget: Annotated[int, Meta(ge=-1)] | None = None
    thinking_level: Literal["minimal", "low", "medium", "high", "MINIMAL", "LOW", "MEDIUM", "HIGH"] | None = None


class GenerationConfig(Camel, frozen=True):
    """How to answer."""

    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    top_k: Annotated[int, Meta(ge=1)] | None = None
    candidate_count: Annotated[int, Meta(ge=1, le=8)] | None = None
    max_output_tokens: Annotated[int, Meta(ge=1)] | None = None
    stop_sequences: Annotated[tuple[Annotated[str, Meta(min_length=1)], ...], Meta(max_length=5)] = ()
    seed: Annotated[int, Meta(ge=-(2**31), lt=2**31)] | None = None
    presence_penalty: Annotated[float, Meta(ge=-2, lt=2)] | None = None
    frequency_penalty: Annotated[float, Meta(ge=-2, lt=2)] | None = None
    response_logprobs: bool | None = None
    logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    response_mime_type: str | None = None
    response_schema: dict[str, Any] | None = None
    response_json_schema: dict[str, Any] | None = None
    response_modalities: list[str] | None = None
    thinking_config: ThinkingConfig | None = None
    media_resolution: str | None = None
    image_config: dict[str, Any] | None = None
    speech_config: dict[str, Any] | None = None


class SafetySetting(Camel, frozen=True):
    """How much harm is let through."""

    category: str
    threshold: str


class Body(Camel, frozen=True):
    """The whole request."""

    contents: Annotated[list[Content], Meta(min_length=1)]
    system_instruction: Content | None = None
    tools: tuple[Tool, ...] = ()
    tool_config: ToolConfig | None = None
    safety_settings: tuple[SafetySetting, ...] = ()
    generation_config: GenerationConfig | None = None
    cached_content: str | None = None
    labels: dict[str, str] | None = None
