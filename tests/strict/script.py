"""What a model here says: a marker in the user's last text decides, such as `Warm? @@tool`.

    @@tool       calls the first tool on offer; with its result there, quotes it
    @@parallel   calls the first tool on offer twice at once; with the results there, quotes both
    @@think      thinks before it answers, asked to or not
    @@length     runs into the limit of its answer       @@refuse     declines
    @@key        says that the key is wrong              @@model      that there is no such model
    @@limit      that these are too many requests        @@overflow   that the request is too long
    @@overloaded that it is overloaded                   @@failed     that something broke
    @@fault      says some words, then that it failed    @@cut        says some words, then is gone
    @@bytes      sends its stream byte by byte           @@thirteen   in pieces of thirteen bytes

Without one it says hello. Where it is asked to think it does. Several can stand together.
"""

from __future__ import annotations

import re
from typing import Any, Literal

from tests.strict.exchange import Answer, Asked, Call, Kind, Offer, Refused, Tokens

HELLO = "Grüße aus Köln: «fine» ☂."
THOUGHT = "Let me see: 天気 first."
PLAN = "I look it up."
CITIES = ("Köln", "Rome")
USED = Tokens(prompt=110, completion=25, cached=40, reasoning=0)
USED_THINKING = Tokens(prompt=110, completion=25, cached=40, reasoning=9)

_MARKER = re.compile(r"@@(\w+)")
_REFUSALS: tuple[Kind, ...] = ("key", "model", "limit", "overloaded", "failed", "overflow")
_SAMPLES: dict[str, Any] = {"integer": 3, "number": 2.5, "boolean": True, "array": [], "object": {}}
_SPLITS = {"bytes": 1, "thirteen": 13}


def answer(asked: Asked) -> Answer:
    """The answer to a well-formed request. Raises Refused."""
    markers = _MARKER.findall(asked.prompt)
    for kind in _REFUSALS:
        if kind in markers:
            raise Refused(kind, f"model: {asked.model}" if kind == "model" else "")
    thinks = asked.thinks or "think" in markers
    split = next((_SPLITS[marker] for marker in markers if marker in _SPLITS), 0)
    ends: Literal["whole", "fault", "cut"] = "fault" if "fault" in markers else "cut" if "cut" in markers else "whole"
    says: dict[str, Any] = _said(asked, markers)
    thought = THOUGHT if thinks else ""
    return Answer(thought=thought, tokens=USED_THINKING if thinks else USED, split=split, ends=ends, **says)


def quoted(*results: str) -> str:
    """What it says when it has the results of its calls."""
    return f"The tools say: {' and '.join(results)}."


def _said(asked: Asked, markers: list[str]) -> dict[str, Any]:
    if asked.results:
        return {"text": quoted(*asked.results)}
    count = 2 if "parallel" in markers else 1 if "tool" in markers or asked.forced else 0
    if count and asked.offers:
        calls = tuple(Call(asked.offers[0].name, _arguments(asked.offers[0], at)) for at in range(count))
        return {"text": PLAN, "calls": calls, "finish": "tool_calls"}
    if "refuse" in markers:
        return {"text": "I will not do that.", "finish": "refusal"}
    return {"text": HELLO, "finish": "length" if "length" in markers else "stop"}


def _arguments(offer: Offer, at: int) -> dict[str, Any]:
    """What the tool's schema demands, and nothing else."""
    properties = offer.schema.get("properties", {})
    required = offer.schema.get("required", ())
    return {name: _sample(properties.get(name, {}), at) for name in required}


def _sample(schema: Any, at: int) -> Any:
    kind = schema.get("type", "string") if isinstance(schema, dict) else "string"
    if isinstance(schema, dict) and schema.get("enum"):
        return schema["enum"][0]
    return _SAMPLES.get(kind, CITIES[at]) if isinstance(kind, str) else CITIES[at]
