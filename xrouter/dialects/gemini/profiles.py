"""What Gemini's models can and cannot do, as a table, and the one that a request goes to.

Sources: https://ai.google.dev/gemini-api/docs/thinking, /thought-signatures, /function-calling, /structured-output.
"""

from __future__ import annotations

from typing import Literal
from urllib.parse import quote, urlsplit

import msgspec

from xrouter.chat.request import Conversation
from xrouter.chat.target import Target
from xrouter.errors import Unsupported

LEVELS = ("minimal", "low", "medium", "high")


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A family of models.

    `thinks` by a budget (2.5), by a level (3 and later) or not at all; `least` and `most` are budgets in tokens, `off`
    says that a budget of 0 is one; `levels` are those it knows, in their order. `seals`: each step's first call must
    carry a signature. `newest`: it takes a response format beside tools, and pictures in a tool's result.
    """

    thinks: Literal["budget", "level", "no"] = "level"
    least: int = 0
    most: int = 24_576
    off: bool = True
    levels: tuple[str, ...] = LEVELS
    seals: bool = True
    newest: bool = True


_OLD = Profile(thinks="no", seals=False, newest=False)
_BUDGET = Profile(thinks="budget", seals=False, newest=False)
_PROFILES: tuple[tuple[str, Profile], ...] = (
    ("gemini-1", _OLD),
    ("gemini-2.0", _OLD),
    ("gemini-2.5-flash-image", _OLD),
    ("gemini-2.5-flash-preview-tts", _OLD),
    ("gemini-2.5-pro-preview-tts", _OLD),
    ("gemini-2.5-flash-lite", msgspec.structs.replace(_BUDGET, least=512)),
    ("gemini-2.5-flash", _BUDGET),
    ("gemini-2.5", msgspec.structs.replace(_BUDGET, least=128, most=32_768, off=False)),
    ("gemma", _OLD),
    ("learnlm", _OLD),
    ("gemini-3-pro", Profile(levels=("low", "high"))),
)
"""How a name begins → its family; the first that fits."""
_FLASH = Profile()
_NEWEST = Profile(levels=LEVELS[1:])
"""Who has no row is newer than this table: a `flash` can all but not think, others cannot."""


class Model(msgspec.Struct, frozen=True):
    """The model that a request goes to, its family, and whether Vertex AI serves it, which fetches public addresses."""

    name: str
    provider: str
    profile: Profile
    on_vertex: bool = False

    @property
    def is_known(self) -> bool:
        """Whether its name says that it is one of Gemini's."""
        return self.name.lower().startswith("gemini-")

    def refusal(self, what: str, hint: str, param: str = "messages") -> Unsupported:
        """The error that says what it cannot take, and what to do about it."""
        return Unsupported(f"{self.provider} ({self.name}) does not take {what}.", hint=hint, param=param)


def model_of(talk: Conversation, target: Target) -> Model:
    """The target's model, else the one that the client named."""
    name = (target.model or talk.model).rpartition("models/")[2]
    return Model(name, target.provider, profile_of(name), "aiplatform" in (urlsplit(target.url).hostname or ""))


def profile_of(name: str) -> Profile:
    """The family of a model."""
    name = name.lower()
    row = next((profile for start, profile in _PROFILES if name.startswith(start)), None)
    return row or (_FLASH if "flash" in name else _NEWEST)


def address_of(model: Model, url: str, *, stream: bool) -> str:
    """Where its requests go: the target's address with its name and the method."""
    path, _, query = url.replace("{model}", quote(model.name, safe="@")).partition("?")
    method, queries = ("streamGenerateContent", ["alt=sse", query]) if stream else ("generateContent", [query])
    asked = "&".join(filter(None, queries))
    return f"{path}:{method}" + (f"?{asked}" if asked else "")
