"""Which paths speak which dialect, for answers and for errors alike."""

from __future__ import annotations

from xrouter.dialects.base import ClientDialect, speak

DIALECTS = {"/v1/chat/completions": "openai", "/v1/messages": "anthropic", "/v1/responses": "responses"}
"""Path → the dialect of what is posted there."""


def dialect_of(path: str) -> ClientDialect:
    """In which dialect a path's errors are told: below /v1/messages Anthropic's, below /v1/responses its own."""
    owner = next((known for known in DIALECTS if path == known or path.startswith(f"{known}/")), "")
    dialect: ClientDialect = speak(DIALECTS.get(owner, "openai"))
    return dialect
