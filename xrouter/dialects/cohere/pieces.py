"""The smallest things that a Cohere answer says, as events; whatever has another shape than expected says nothing."""

from __future__ import annotations

import math
from typing import Any

from xrouter.chat.events import Cited, Event, Logprobs, Reasoning, Text
from xrouter.chat.reply import Usage as Tokens
from xrouter.chat.request import Citation
from xrouter.dialects.values import dicts, string
from xrouter.wire import json


def read_words(part: dict[str, Any]) -> list[Event]:
    """A part of the content: text or a thought."""
    text = part.get("text")
    if isinstance(text, str) and text:
        return [Text(text)]
    return read_thought(part.get("thinking"))


def read_thought(text: Any) -> list[Event]:
    """A thought, or the plan before a call."""
    return [Reasoning(text)] if isinstance(text, str) and text else []


def read_citation(citation: Any) -> list[Event]:
    """Those sources of a citation of the text that have an address: in the document, or as their id."""
    if not isinstance(citation, dict) or citation.get("type") not in (None, "TEXT_CONTENT"):
        return []
    start, end = citation.get("start"), citation.get("end")
    if not isinstance(start, int) or not isinstance(end, int):
        start = end = None
    events: list[Event] = []
    for source in dicts(citation.get("sources")):
        about = source.get("document") or source.get("tool_output")
        about = about if isinstance(about, dict) else {}
        url = next((url for url in (about.get("url"), source.get("id")) if _is_address(url)), None)
        if url:
            events.append(Cited(Citation(url=url, title=string(about.get("title")), start=start, end=end)))
    return events


def _is_address(url: Any) -> bool:
    return isinstance(url, str) and url.startswith(("http://", "https://"))


def read_logprobs(item: Any) -> list[Event]:
    """`{"text", "token_ids", "logprobs"}`: the text of one or more tokens, whose chances are multiplied."""
    if not isinstance(item, dict) or not isinstance(item.get("text"), str):
        return []
    given = item.get("logprobs")
    logprob = math.fsum(each for each in given if isinstance(each, int | float)) if isinstance(given, list) else 0.0
    text = item["text"]
    read = {"token": text, "logprob": logprob, "bytes": [*text.encode()], "top_logprobs": []}
    return [Logprobs(json.encode([read]))]


def read_tokens(usage: Any) -> Tokens | None:
    """`tokens` are all that were processed, `billed_units` fewer; both are floats."""
    if not isinstance(usage, dict):
        return None
    counts = usage.get("tokens") or usage.get("billed_units")
    if not isinstance(counts, dict):
        return None
    return Tokens(
        prompt=_count(counts.get("input_tokens")),
        completion=_count(counts.get("output_tokens")),
        cached=_count(usage.get("cached_tokens")),
        reasoning=_count(counts.get("reasoning_tokens")),
    )


def _count(value: Any) -> int:
    return max(round(value), 0) if isinstance(value, int | float) and math.isfinite(value) else 0
