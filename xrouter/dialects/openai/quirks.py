"""What some providers that speak OpenAI answer otherwise than OpenAI: one small function for each peculiarity.

Each is given a decoded answer, whole or one chunk of a stream, and the course of that answer so far; it brings the one
thing that it knows into the official shape, in place, and says whether it changed any. What nobody knows stays. An
answer that is emptied says nothing by itself: what it held comes with the next one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from xrouter.dialects.openai.calls import mend_calls
from xrouter.dialects.openai.course import Course, sayings
from xrouter.dialects.openai.values import words
from xrouter.dialects.values import dicts

_Object = dict[str, Any]
_STAMPS = ("id", "created", "model")
_TIERS = frozenset({"auto", "default", "flex", "scale", "priority", "fast"})
_FINISHES = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})
_OTHER_FINISHES = {"model_length": "length", "max_tokens": "length", "tool_use": "tool_calls", "": None}
"""What providers call a finish besides; whatever else it is called (`eos`, `end_turn`) is an ordinary one."""
_BARE = frozenset({*_STAMPS, "object", "choices", "usage"})
_MARKER = re.compile(r"\[(\d{1,3})\]")


Quirk = Callable[[_Object, Course], bool]


def mend_members(answer: _Object, course: Course) -> bool:
    """Members that are missing or empty: Azure's first chunk has neither id nor object, a blocked answer no message."""
    changed = answer.get("object") != course.kind
    answer["object"] = course.kind
    for name, empty in zip(_STAMPS, ("", 0, ""), strict=True):
        if answer.get(name):
            course.stamp[name] = answer[name]
        elif name in course.stamp or answer.get(name) is None:
            answer[name] = course.stamp.get(name, empty)
            changed = True
    if not isinstance(answer.get("choices"), list):
        answer["choices"] = []
        changed = True
    for at, choice in enumerate(answer["choices"]):
        changed |= isinstance(choice, dict) and _mend_choice(choice, at, course)
    return changed


def _mend_choice(choice: _Object, at: int, course: Course) -> bool:
    changed = not isinstance(choice.get("index"), int)
    choice["index"] = at if changed else choice["index"]
    said = choice.get(course.said)
    if not isinstance(said, dict):
        choice[course.said] = {"role": "assistant", "content": None} if course.whole else {}
        return True
    if course.whole and said.get("role") != "assistant":
        said["role"] = "assistant"
        return True
    return changed


def mend_finish(answer: _Object, course: Course) -> bool:
    """Reasons with other names. `error` is none: the whole answer becomes one."""
    changed = False
    for choice in dicts(answer.get("choices")):
        reason = choice.get("finish_reason")
        if reason == "error":
            return _fail(answer, "the provider stopped with an error")
        if (reason is None and not course.whole) or (isinstance(reason, str) and reason in _FINISHES):
            continue
        choice["finish_reason"] = _finish(reason, choice, course)
        changed = True
    return changed


def _finish(reason: Any, choice: _Object, course: Course) -> str | None:
    if course.whole and not reason:
        message = choice.get("message")
        return "tool_calls" if isinstance(message, dict) and message.get("tool_calls") else "stop"
    return _OTHER_FINISHES.get(reason, "stop") if isinstance(reason, str) else None


def mend_failure(answer: _Object, _: Course) -> bool:
    """Groq says under `x_groq` why it stopped early."""
    inner = answer.get("x_groq")
    reason = inner.get("error") if isinstance(inner, dict) else None
    return isinstance(reason, str) and bool(reason) and _fail(answer, reason)


def _fail(answer: _Object, message: str) -> bool:
    answer.clear()
    answer["error"] = {"message": message, "type": "api_error", "param": None, "code": None}
    return True


def mend_tier(answer: _Object, _: Course) -> bool:
    """`service_tier` has a closed set of values; Groq answers `on_demand`."""
    tier = answer.get("service_tier")
    if tier is None or (isinstance(tier, str) and tier in _TIERS):
        return False
    answer["service_tier"] = "default"
    return True


def mend_reasoning(answer: _Object, course: Course) -> bool:
    """Thoughts under `reasoning` (Groq, Together) go where most clients look for them."""
    changed = False
    for said in sayings(answer, course):
        if isinstance(said.get("reasoning"), str):
            thought = said.pop("reasoning")
            said.setdefault("reasoning_content", thought)
            changed = True
    return changed


def mend_parts(answer: _Object, course: Course) -> bool:
    """Content as a list of parts (Mistral): thoughts and text are told apart."""
    changed = False
    for said in sayings(answer, course):
        parts = said.get("content")
        if not isinstance(parts, list):
            continue
        thought = "".join(words(part.get("thinking")) for part in dicts(parts))
        said["content"] = "".join(words(part.get("text")) for part in dicts(parts)) or None
        if thought:
            said["reasoning_content"] = thought
        if said["content"] is None and not course.whole:
            del said["content"]
        changed = True
    return changed


def mend_tool_calls(answer: _Object, course: Course) -> bool:
    """Calls that lack type, index or id, or repeat their name as "" (Mistral)."""
    changed = False
    for choice in dicts(answer.get("choices")):
        said, at = choice.get(course.said), choice.get("index")
        calls = said.get("tool_calls") if isinstance(said, dict) else None
        if isinstance(calls, list):
            known = course.calls.setdefault(at if isinstance(at, int) else 0, {})
            changed |= mend_calls(dicts(calls), known, whole=course.whole, name=str(answer.get("id") or "call"))
    return changed


def mend_cached(answer: _Object, _: Course) -> bool:
    """Cached tokens beside the others (Together) instead of among the details."""
    usage = answer.get("usage")
    if not isinstance(usage, dict) or not usage.get("cached_tokens") or usage.get("prompt_tokens_details"):
        return False
    usage["prompt_tokens_details"] = {"cached_tokens": usage["cached_tokens"]}
    return True


def mend_usage(answer: _Object, course: Course) -> bool:
    """Usage in chunks that say something too, or under `x_groq`: it is kept for a last chunk of its own."""
    if course.whole:
        return False
    inner = answer.get("x_groq")
    hidden = inner.pop("usage", None) if isinstance(inner, dict) else None
    usage = answer.get("usage")
    if answer.get("choices") == [] and isinstance(usage, dict):
        course.usage = None
        return hidden is not None
    if isinstance(usage, dict):
        del answer["usage"]
    elif isinstance(hidden, dict):
        usage = hidden
    if isinstance(usage, dict):
        course.usage = usage
    return usage is not None or hidden is not None


def mend_empty(answer: _Object, course: Course) -> bool:
    """A chunk without choices that does not tell the usage (Azure's first): what it holds comes with the next one."""
    if course.whole or "error" in answer:
        return False
    if answer.get("choices") == [] and not answer.get("usage"):
        course.carried |= {name: value for name, value in answer.items() if name not in _BARE}
        answer.clear()
        return True
    carried, course.carried = course.carried, {}
    answer |= {name: value for name, value in carried.items() if name not in answer}
    return bool(carried)


def mend_sources(answer: _Object, course: Course) -> bool:
    """Sources at the top (Perplexity), also as annotations of the words whose markers `[1]` name them."""
    urls = answer.get("citations")
    if not isinstance(urls, list):
        return False
    titles = {words(found.get("url")): words(found.get("title")) for found in dicts(answer.get("search_results"))}
    sources = [(url, titles.get(url) or url) for url in urls if isinstance(url, str)]
    changed = False
    for choice in dicts(answer.get("choices")):
        said, message = choice.get(course.said), choice.get("message")
        if isinstance(said, dict) and choice.get("finish_reason") and "annotations" not in said:
            text = words(message.get("content")) if isinstance(message, dict) else ""
            said["annotations"] = _annotations(text, sources)
            changed = True
    return changed


def _annotations(text: str, sources: list[tuple[str, str]]) -> list[_Object]:
    """One for each marker; where there is none at all, one for each source and all the text."""
    marked = [(int(mark[1]) - 1, mark.start(), mark.end()) for mark in _MARKER.finditer(text)]
    places = [place for place in marked if 0 <= place[0] < len(sources)]
    return [
        {
            "type": "url_citation",
            "url_citation": {"url": sources[at][0], "title": sources[at][1], "start_index": start, "end_index": end},
        }
        for at, start, end in places or [(at, 0, len(text)) for at in range(len(sources))]
    ]


def mend_repeats(answer: _Object, course: Course) -> bool:
    """All that was said so far beside what is said now (Perplexity), in every chunk."""
    said = [choice.pop("message", None) for choice in dicts(answer.get("choices")) if not course.whole]
    return any(message is not None for message in said)


QUIRKS: dict[str, Quirk] = {
    "hidden_errors": mend_failure,
    "missing_members": mend_members,
    "service_tier": mend_tier,
    "reasoning": mend_reasoning,
    "content_parts": mend_parts,
    "loose_tool_calls": mend_tool_calls,
    "cached_tokens": mend_cached,
    "usage_in_chunks": mend_usage,
    "sources": mend_sources,
    "repeated_message": mend_repeats,
    "finish_reasons": mend_finish,
    "empty_chunks": mend_empty,
}
"""A quirk's name in the catalogue → what mends it, in the order in which they are applied."""
