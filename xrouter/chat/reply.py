"""What an answer says and what it used, in no dialect."""

from __future__ import annotations

import msgspec


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
