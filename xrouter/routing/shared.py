"""The same ask at the same time: one question, one verdict for all who wait for it."""

from __future__ import annotations

import asyncio

import msgspec

from xrouter.routing.base import Classifier, Verdict
from xrouter.routing.lens.ask import Ask, excerpt


class _Question:
    """A judgement under way, how many wait for it, and whether somebody has taken its bill."""

    def __init__(self, task: asyncio.Task[Verdict]) -> None:
        self.task = task
        self.waiting = 0
        self.is_billed = False


class SharedClassifier:
    """Puts asks together that look the same to `inner`; the question ends with the last who waits for it."""

    def __init__(self, inner: Classifier) -> None:
        self._inner = inner
        self._questions: dict[str, _Question] = {}

    async def judge(self, ask: Ask) -> Verdict:
        """The verdict; what it used is in one of the verdicts only, so that it is booked once."""
        shown = excerpt(ask)
        question = self._questions.get(shown)
        if question is None:
            question = _Question(asyncio.create_task(self._inner.judge(ask), name="xrouter: classify"))
            self._questions[shown] = question
        question.waiting += 1
        try:
            verdict = await asyncio.shield(question.task)
        finally:
            question.waiting -= 1
            if question.waiting == 0 or question.task.done():
                question.task.cancel()
                if self._questions.get(shown) is question:
                    del self._questions[shown]
        if question.is_billed:
            return msgspec.structs.replace(verdict, usage=None)
        question.is_billed = True
        return verdict
