"""A GenerateContentResponse as it comes: https://ai.google.dev/api/generate-content#GenerateContentResponse.

What decides where a value goes is typed; values are `Any`, for what they are is looked at where they are used.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from xrouter.chat.reply import Usage
from xrouter.dialects.values import count
from xrouter.wire import json


class Blob(msgspec.Struct, rename="camel"):
    """Bytes in base64."""

    mime_type: Any = None
    data: Any = None


class FunctionCall(msgspec.Struct, rename="camel"):
    """A call, whole (`args`) or in pieces (`partial_args`, of which more come where it `will_continue`)."""

    id: Any = None
    name: Any = None
    args: Raw | UnsetType = UNSET
    partial_args: Any = None
    will_continue: Any = None


class Part(msgspec.Struct, rename="camel"):
    """One thing that is said; the members after `inline_data` are what only Gemini has."""

    text: Any = None
    thought: Any = None
    thought_signature: Any = None
    function_call: FunctionCall | None = None
    inline_data: Blob | None = None
    executable_code: Raw | UnsetType = UNSET
    code_execution_result: Raw | UnsetType = UNSET
    tool_call: Raw | UnsetType = UNSET
    tool_response: Raw | UnsetType = UNSET
    file_data: Raw | UnsetType = UNSET


class Content(msgspec.Struct):
    """What is said."""

    parts: list[Part] | None = None


class Candidate(msgspec.Struct, rename="camel"):
    """One answer, or a piece of it."""

    content: Content | None = None
    index: Any = None
    finish_reason: Any = None
    finish_message: Any = None
    grounding_metadata: Raw | UnsetType = UNSET
    citation_metadata: Raw | UnsetType = UNSET
    logprobs_result: Raw | UnsetType = UNSET


class UsageMetadata(msgspec.Struct, rename="camel"):
    """Counts of tokens, of all that came so far."""

    prompt_token_count: Any = None
    tool_use_prompt_token_count: Any = None
    candidates_token_count: Any = None
    thoughts_token_count: Any = None
    cached_content_token_count: Any = None

    def tokens(self) -> Usage:
        """What was used: thoughts and the results of Google's own tools are counted beside the rest."""
        thoughts = count(self.thoughts_token_count)
        return Usage(
            prompt=count(self.prompt_token_count) + count(self.tool_use_prompt_token_count),
            completion=count(self.candidates_token_count) + thoughts,
            cached=count(self.cached_content_token_count),
            reasoning=thoughts,
        )


class Chunk(msgspec.Struct, rename="camel"):
    """An answer, or a piece of it."""

    candidates: list[Candidate] | None = None
    usage_metadata: UsageMetadata | None = None
    prompt_feedback: Any = None
    model_version: Any = None
    response_id: Any = None
    create_time: Any = None
    error: Any = None


_chunk = json.Reader(Chunk)
_chunks = json.Reader(list[Chunk])


def read_chunk(data: bytes) -> Chunk:
    """One object. Raises ValueError where it is none."""
    return _chunk.decode(data)


def read_chunks(body: bytes) -> list[Chunk]:
    """A whole body: one object, or a list of them where it was not asked for as events. Raises ValueError."""
    return _chunks.decode(body) if body.lstrip()[:1] == b"[" else [_chunk.decode(body)]
