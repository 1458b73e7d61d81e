"""How far an answer has come that is mended on its way, and the parts of it that peculiarities are found in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from xrouter.dialects.values import dicts

_Object = dict[str, Any]


class Course(msgspec.Struct):
    """How far an answer has come. `whole`: it is in one piece, else in chunks."""

    whole: bool
    stamp: _Object = {}
    calls: dict[int, dict[str, int]] = {}
    usage: _Object | None = None
    carried: _Object = {}

    @property
    def kind(self) -> str:
        """What `object` must be."""
        return "chat.completion" if self.whole else "chat.completion.chunk"

    @property
    def said(self) -> str:
        """Where a choice has what the model said."""
        return "message" if self.whole else "delta"

    def usage_chunk(self) -> _Object | None:
        """What was used, in a chunk of its own; None where there is nothing to tell, or it has been told."""
        usage, self.usage = self.usage, None
        if usage is None:
            return None
        return {"id": "", "object": self.kind, "created": 0, "model": "", **self.stamp, "choices": [], "usage": usage}


def sayings(answer: _Object, course: Course) -> Iterator[_Object]:
    """The message or delta of each choice."""
    return (said for choice in dicts(answer.get("choices")) if isinstance(said := choice.get(course.said), dict))
