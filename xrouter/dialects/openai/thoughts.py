"""What a model thought, in the forms in which clients send it back and providers tell it.

`reasoning_content` (DeepSeek, vLLM) and `reasoning` (Groq, OpenRouter) are words; `thinking_blocks` are Anthropic's
blocks with their signatures; `reasoning_details` are OpenRouter's, whose `format` says who signed them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from xrouter.chat.request import Reasoning, Seal
from xrouter.dialects.values import dicts, string

ANTHROPIC, GEMINI = "anthropic", "gemini"


class Piece(NamedTuple):
    """Words of a thought, the signature that ends it, or a thought that nobody may read."""

    text: str = ""
    signature: str = ""
    redacted: str = ""


def read_thoughts(words: Any, blocks: Any, details: Any) -> list[Reasoning]:
    """The thoughts of an assistant's message. `words` count where the others have none."""
    text = string(words)
    pieces = [*read_blocks(blocks)] or [*_read_details(details)]
    if not pieces:
        return [Reasoning(text)] if text else []
    thoughts = list(_assembled(pieces))
    if not text or any(thought.text for thought in thoughts):
        return thoughts
    open_ones = [at for at, thought in enumerate(thoughts) if not thought.redacted]
    if len(open_ones) == 1:
        at = open_ones[0]
        return [*thoughts[:at], Reasoning(text, thoughts[at].seal), *thoughts[at + 1 :]]
    return [Reasoning(text)]  # nobody knows which of the words each of the seals belongs to


def read_blocks(blocks: Any) -> Iterator[Piece]:
    """The pieces of `thinking_blocks`."""
    for block in dicts(blocks):
        if block.get("type") == "redacted_thinking":
            yield Piece(redacted=string(block.get("data")))
        else:
            yield Piece(string(block.get("thinking")), string(block.get("signature")))


def google_seal(extra: Any) -> Seal | None:
    """The thought signature in an `extra_content`, as Gemini's own OpenAI endpoint has it."""
    google = extra.get("google") if isinstance(extra, dict) else None
    signature = google.get("thought_signature") if isinstance(google, dict) else None
    return Seal(GEMINI, signature) if isinstance(signature, str) and signature else None


def _read_details(details: Any) -> Iterator[Piece]:
    for detail in dicts(details):
        signed = string(detail.get("format")).startswith(ANTHROPIC)
        text = string(detail.get("text")) or string(detail.get("summary"))
        signature, data = string(detail.get("signature")), string(detail.get("data"))
        yield Piece(text, signature * signed, data * signed)


def _assembled(pieces: list[Piece]) -> Iterator[Reasoning]:
    """A signature ends the thought before it: clients keep the pieces of a stream as they came."""
    text = ""
    for piece in pieces:
        if piece.redacted:
            yield Reasoning("", Seal(ANTHROPIC, piece.redacted), redacted=True)
            continue
        text += piece.text
        if piece.signature:
            yield Reasoning(text, Seal(ANTHROPIC, piece.signature))
            text = ""
    if text:
        yield Reasoning(text)
