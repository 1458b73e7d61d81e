"""Names: of tools that a provider would refuse, and of what a client sent and a provider is not sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256

from xrouter.chat.request import Opaque, Reasoning, Tool, ToolCall, Turn
from xrouter.wire import json

_UNFIT = re.compile(r"[^a-zA-Z0-9_-]")
_MOST_NAME = 64
HINTS = frozenset(
    {
        "cache_control",
        "include",
        "metadata",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "safety_identifier",
        "service_tier",
        "store",
        "stream_options",
        "user",
        "verbosity",
    }
)
"""Members of a request that change nothing of what is answered: nobody needs to be told that they are gone."""


def fit_names(tools: Sequence[Tool | Opaque], turns: Iterable[Turn] = ()) -> dict[str, str]:
    """Name of a tool → another one of at most 64 letters, digits, `_` and `-`, for those that need it.

    Tools that were called in the `turns` count too, though they may be on offer no more. The same name always becomes
    the same one, and a few signs of its hash keep it apart from others.
    """
    called = [part.name for turn in turns for part in turn.parts if isinstance(part, ToolCall)]
    names = [*called, *(tool.name for tool in tools if isinstance(tool, Tool))]
    return {name: fitted for name in names if (fitted := fit_name(name)) != name}


def fit_name(name: str) -> str:
    """The name itself where it is one of at most 64 letters, digits, `_` and `-`, else one that is."""
    if name and len(name) <= _MOST_NAME and not _UNFIT.search(name):
        return name
    digest = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{_UNFIT.sub('_', name)[: _MOST_NAME - 9]}_{digest}"


def foreign_tools(tools: Iterable[Tool | Opaque], dialect: str) -> list[str]:
    """The hosted tools of other dialects, which nobody behind this one can run."""
    return [label(tool, "tools") for tool in tools if isinstance(tool, Opaque) and tool.dialect != dialect]


def label(block: Opaque, lead: str = "") -> str:
    """How X-Xrouter-Dropped names a block: where it stands, else its kind, with the name of the tool in it."""
    try:
        said = json.decode(block.value)
    except ValueError:
        said = None
    name = said.get("name") if isinstance(said, dict) else None
    if isinstance(name, str):
        return f"{lead or block.kind}[name={name}]"
    return f"{lead}[type={block.kind}]" if lead else block.kind


def lost_thoughts(turns: Iterable[Turn], dialect: str) -> list[str]:
    """What other dialects' models thought, which is not sent to this one."""
    thoughts = [part for turn in turns for part in turn.parts if isinstance(part, Reasoning)]
    foreign = [thought for thought in thoughts if thought.seal is None or thought.seal.dialect != dialect]
    return list(dict.fromkeys("reasoning.text" if thought.text else "reasoning.data" for thought in foreign))
