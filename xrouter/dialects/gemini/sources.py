"""What stands beside an answer's words: where they come from, and how likely they were.

Sources: https://ai.google.dev/gemini-api/docs/google-search, https://ai.google.dev/api/generate-content#LogprobsResult.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Raw, UnsetType

from xrouter.chat.request import Citation
from xrouter.wire import json


def read_grounding(metadata: Raw | UnsetType, words: str) -> list[Citation]:
    """Addresses that a search gave, each with the passage of the answer that rests on it, or with none."""
    said = _object(metadata)
    pages = [_object_in(chunk, "web") for chunk in _list(said, "groundingChunks")]
    cited: list[Citation] = []
    used: set[int] = set()
    for support in _list(said, "groundingSupports"):
        quote, start, end = _passage(_object_in(support, "segment"), words)
        for at in _list(support, "groundingChunkIndices"):
            if isinstance(at, int) and 0 <= at < len(pages) and _text(pages[at], "uri"):
                used.add(at)
                cited.append(Citation(_text(pages[at], "uri"), _text(pages[at], "title"), quote, start, end))
    bare = (page for at, page in enumerate(pages) if at not in used and _text(page, "uri"))
    return cited + [Citation(_text(page, "uri"), _text(page, "title")) for page in bare]


def read_citations(metadata: Raw | UnsetType) -> list[Citation]:
    """Addresses of texts that the answer repeats."""
    said = _object(metadata)
    entries = _list(said, "citations") or _list(said, "citationSources")
    return [Citation(_text(entry, "uri"), _text(entry, "title")) for entry in entries if _text(entry, "uri")]


def read_logprobs(result: Raw) -> bytes | None:
    """Likelihoods in OpenAI's form; None where there are none."""
    said = _object(result)
    chosen, others = _list(said, "chosenCandidates"), _list(said, "topCandidates")
    items = [
        {**_token(token), "top_logprobs": [_token(other) for other in _list(top, "candidates")]}
        for token, top in zip(chosen, [*others, *({} for _ in chosen)], strict=False)
    ]
    return json.encode(items) if items else None


def _token(token: Any) -> dict[str, Any]:
    text = _text(token, "token")
    value = token.get("logProbability") if isinstance(token, dict) else None
    likelihood = value if isinstance(value, int | float) else 0.0
    return {"token": text, "logprob": likelihood, "bytes": list(text.encode())}


def _passage(segment: dict[str, Any], words: str) -> tuple[str, int | None, int | None]:
    """(the passage, where it starts and ends in characters). Google counts bytes: kept where the words agree."""
    quote = _text(segment, "text")
    start, end = segment.get("startIndex", 0), segment.get("endIndex")
    if not quote or not isinstance(start, int) or not isinstance(end, int) or start < 0:
        return quote, None, None
    at = len(words.encode()[:start].decode(errors="ignore"))
    return (quote, at, at + len(quote)) if words.startswith(quote, at) else (quote, None, None)


def _object(raw: Raw | UnsetType) -> dict[str, Any]:
    if raw is UNSET:
        return {}
    value = json.decode(raw)
    return value if isinstance(value, dict) else {}


def _object_in(holder: Any, name: str) -> dict[str, Any]:
    value = holder.get(name) if isinstance(holder, dict) else None
    return value if isinstance(value, dict) else {}


def _list(holder: Any, name: str) -> list[Any]:
    value = holder.get(name) if isinstance(holder, dict) else None
    return value if isinstance(value, list) else []


def _text(holder: Any, name: str) -> str:
    value = holder.get(name) if isinstance(holder, dict) else None
    return value if isinstance(value, str) else ""
