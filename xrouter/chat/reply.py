"""What an answer says and what it used, in no dialect."""

from __future__ import annotations

import msgspec

from xrouter.chat.request import Image, Opaque, Reasoning, Refusal, Text, ToolCall

_SIZE_OF_A_TOKEN = 4


class Usage(msgspec.Struct, frozen=True):
    """Tokens of one answer.

    `prompt` counts all input, cached and cache-written tokens included; `completion` all output, reasoning included.
    `estimated` is set where the provider gave no figures and these were guessed from the sizes.
    """

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0
    estimated: bool = False


Said = Text | Refusal | Reasoning | ToolCall | Image | Opaque


class Answer(msgspec.Struct, frozen=True):
    """One answer; `finish` is stop, length, tool_calls or content_filter, `logprobs` a JSON list."""

    parts: tuple[Said, ...] = ()
    finish: str = "stop"
    stop_sequence: str | None = None
    logprobs: bytes | None = None


class Reply(msgspec.Struct, frozen=True):
    """A whole answer to a request; several where several were asked for."""

    id: str = ""
    model: str = ""
    created: int = 0
    answers: tuple[Answer, ...] = (Answer(),)
    usage: Usage | None = None

    @property
    def chars(self) -> int:
        """How much was said, for an estimate of the tokens."""
        sizes = {Text: "text", Refusal: "text", Reasoning: "text", ToolCall: "arguments"}
        parts = (part for answer in self.answers for part in answer.parts)
        return sum(len(getattr(part, sizes[type(part)])) for part in parts if type(part) in sizes)


def estimate(prompt_bytes: int, said_chars: int) -> Usage:
    """Tokens guessed from sizes, for an answer without figures: four a token, which fits Latin and CJK text alike."""
    return Usage(prompt=_tokens(prompt_bytes), completion=_tokens(said_chars), estimated=True)


def _tokens(size: int) -> int:
    return -(-max(size, 0) // _SIZE_OF_A_TOKEN)
