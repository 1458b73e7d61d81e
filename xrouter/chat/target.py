"""What one attempt talks to: provider, model, address and key, resolved."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

Decision = Literal[0, 1, 2]
"""0 cheap, 1 medium, 2 frontier."""
DECISIONS: tuple[Decision, ...] = get_args(Decision)

TierName = Literal["cheap", "medium", "frontier"]
TIERS: tuple[TierName, ...] = get_args(TierName)
"""In the order of the decisions."""

Purpose = Literal["cheap", "medium", "frontier", "classifier"]
"""What a target is asked for: to answer, or to judge."""
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)


class Target(msgspec.Struct, frozen=True):
    """A model behind an address.

    `url` is where chat requests go, for `gemini` with `{model}` in it and without the method. `model` is None where the
    client's own model name is sent on. `headers` carry the key: they are never logged and never shown;
    `default_headers` give way to a client's own. `body` are members that are merged into the request, as JSON bytes.
    `effort` and `max_output_tokens` are put in where the client asks for none, the latter under the name
    `output_limit` where the dialect is OpenAI's. `renames` are members that the provider has another name for,
    `unknown` those that it would refuse the request for and that it can do without. `quirks` name what else is peculiar
    to it; a dialect knows what to do about each. `proxy` is an HTTP proxy's URL.
    """

    tier: Purpose
    provider: str
    dialect: str
    url: str
    model: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    default_headers: tuple[tuple[str, str], ...] = ()
    body: tuple[tuple[str, bytes], ...] = ()
    effort: str | None = None
    max_output_tokens: int | None = None
    output_limit: str = "max_tokens"
    renames: tuple[tuple[str, str], ...] = ()
    unknown: frozenset[str] = frozenset()
    quirks: frozenset[str] = frozenset()
    proxy: str | None = None
    first_byte_timeout_ms: int | None = None

    def __repr__(self) -> str:
        return f"Target({self.tier}, {self.provider}, {self.model}, {self.url})"
