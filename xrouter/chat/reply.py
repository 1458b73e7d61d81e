"""What an answer says and what it used, in no dialect."""

from __future__ import annotations

import msgspec

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


def estimate(prompt_bytes: int, said_chars: int) -> Usage:
    """Tokens guessed from sizes, for an answer without figures: four a token, which fits Latin and CJK text alike."""
    return Usage(prompt=_tokens(prompt_bytes), completion=_tokens(said_chars), estimated=True)


def _tokens(size: int) -> int:
    return -(-max(size, 0) // _SIZE_OF_A_TOKEN)
