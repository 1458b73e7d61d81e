"""What Anthropic's models can take, by the version in their names.

Facts: the models list (`GET /v1/models`, `capabilities`), and refusals that were recorded in 2026.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

_NEW = re.compile(r"claude-(?P<family>[a-z]+)-(?P<major>\d)(?:[-.](?P<minor>\d{1,2})(?!\d))?")
_OLD = re.compile(r"claude-(?P<major>\d)(?:[-.](?P<minor>\d{1,2})(?!\d))?-(?P<family>[a-z]+)")


class Profile(msgspec.Struct, frozen=True):
    """What one model can take; `usual_tokens` are asked for where the client names no limit of the answer.

    `adaptive`: it measures its thinking by an effort; `budget`: by a number of tokens. `sampling`: it takes
    temperature, top_p and top_k. `late_system`: system messages may stand between the others. `prefill`: the last
    message may be the beginning of its answer. `most_tokens`: a higher limit is refused.
    """

    adaptive: bool
    budget: bool
    sampling: bool
    xhigh: bool
    schemas: bool
    late_system: bool
    prefill: bool
    usual_tokens: int
    most_tokens: int


UNKNOWN = Profile(
    adaptive=False,
    budget=True,
    sampling=True,
    xhigh=False,
    schemas=True,
    late_system=False,
    prefill=True,
    usual_tokens=8_192,
    most_tokens=1_000_000,
)
"""Somebody else's model behind Anthropic's format."""


@lru_cache(64)
def profile_of(model: str) -> Profile:
    """The profile of a model, under whatever prefix a gateway puts before its name."""
    model = model.lower()
    match = _NEW.search(model) or _OLD.search(model)
    if match is None:
        return UNKNOWN
    family, version = match["family"], (int(match["major"]), int(match["minor"] or 0))
    most_tokens = _most_tokens(family, version)
    return Profile(
        adaptive=version >= (4, 6),
        budget=(3, 7) <= version <= (4, 6),
        sampling=version < (4, 7),
        xhigh=version >= (4, 7),
        schemas=version >= (4, 5) or (family == "opus" and version >= (4, 1)),
        late_system=version >= (4, 8),
        prefill=version < (4, 6),
        usual_tokens=min(most_tokens, _USUAL_TOKENS),
        most_tokens=most_tokens,
    )


_USUAL_TOKENS = 32_000
_MOST_TOKENS = (((4, 6), 128_000), ((3, 7), 64_000), ((3, 5), 8_192), ((0, 0), 4_096))
"""From which version on → the highest limit of an answer; Opus had half as much up to 4.1."""


def _most_tokens(family: str, version: tuple[int, int]) -> int:
    if family == "opus" and (4, 0) <= version <= (4, 1):
        return 32_000
    return next(most for since, most in _MOST_TOKENS if version >= since)
