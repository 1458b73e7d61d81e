"""A language model as the judge: its first lone 0, 1 or 2 decides, and the connection is closed at once."""

from __future__ import annotations

import asyncio
import time

import msgspec

from xrouter.chat.reply import Usage, estimate
from xrouter.chat.target import Target
from xrouter.config.model import Classifier as Settings
from xrouter.dialects.base import Written, speak
from xrouter.errors import UpstreamError
from xrouter.routing.base import Answer, Classifier, Opener, Verdict
from xrouter.routing.lens.ask import Ask, excerpt
from xrouter.routing.listen import LOADING, Listener, is_loading
from xrouter.routing.prompt import write_question

FAILED = "classifier-failed"
_THINKS = "the model takes no max_tokens or no temperature"
_MOST_REFUSAL = 64 * 1024


class LLMClassifier:
    """Asks `target` over `open_`. Whatever goes wrong, the verdict is the frontier, with the reason in its detail."""

    def __init__(self, settings: Settings, target: Target, open_: Opener) -> None:
        self._settings = settings
        self._target = target
        self._open = open_
        self._thinks = False

    async def judge(self, ask: Ask) -> Verdict:
        """The verdict. A caller that is cancelled closes the call to the model at once."""
        started = time.perf_counter()
        verdict = await self._ask(excerpt(ask))
        return msgspec.structs.replace(verdict, took_ms=(time.perf_counter() - started) * 1000)

    async def _ask(self, shown: str) -> Verdict:
        settings = self._settings
        thinks = self._thinks
        retries = settings.loading_max_retries
        until = self._deadline()
        while True:
            heard = Listener(speak(self._target.dialect))
            question = self._write(shown, thinks=thinks)
            failure = await self._try(question, heard, until)
            if failure == _THINKS and not thinks:
                thinks = True
            elif failure == LOADING and retries > 0:
                retries -= 1
                await asyncio.sleep(settings.loading_retry_ms / 1000)
                until = self._deadline()
            else:
                break
        if heard.digit is None:
            return Verdict(2, FAILED, failure, usage=_usage(heard, question.body))
        self._thinks = thinks
        return Verdict(heard.digit, "classifier", usage=_usage(heard, question.body))

    def _deadline(self) -> float:
        """The time-out is over the whole, but for the time in which the model was loading."""
        return asyncio.get_running_loop().time() + self._settings.timeout_ms / 1000

    def _write(self, shown: str, *, thinks: bool) -> Written:
        settings = self._settings
        return write_question(
            self._target, shown, system_prompt=settings.system_prompt, stream=settings.force_stream, thinks=thinks
        )

    async def _try(self, question: Written, heard: Listener, until: float) -> str:
        """Ask once; what went wrong, or nothing."""
        there = msgspec.structs.replace(self._target, url=question.url)
        try:
            async with asyncio.timeout_at(until), self._open(there, question.body) as answer:
                if answer.status != 200:
                    return await _read_refusal(answer)
                await _listen(answer, heard)
        except TimeoutError:
            heard.settle()
            return f"timeout after {self._settings.timeout_ms} ms"
        except UpstreamError as error:
            heard.settle()
            return error.message
        return heard.failure


class HybridClassifier:
    """The LLM while its budget lasts; when it is late or fails, the embedded judge's verdict stands."""

    def __init__(self, llm: Classifier, embedded: Classifier, budget_ms: int) -> None:
        self._llm = llm
        self._embedded = embedded
        self._budget_ms = budget_ms

    async def judge(self, ask: Ask) -> Verdict:
        """The verdict, within the budget."""
        try:
            async with asyncio.timeout(self._budget_ms / 1000):
                verdict = await self._llm.judge(ask)
        except TimeoutError:
            used = estimate(len(excerpt(ask).encode("utf-8", "replace")), 0)
            verdict = Verdict(2, FAILED, "reader late", took_ms=float(self._budget_ms), usage=used)
        if verdict.reason != FAILED:
            return verdict
        own = await self._embedded.judge(ask)
        return msgspec.structs.replace(verdict, tier=own.tier, reason=own.reason)


async def _listen(answer: Answer, heard: Listener) -> None:
    pieces = aiter(answer)
    while not heard.over:
        try:
            async with asyncio.timeout(heard.patience_s):
                piece = await anext(pieces, None)
        except TimeoutError:
            heard.settle()
            return
        if piece is None:
            heard.close()
            return
        heard.feed(piece)


async def _read_refusal(answer: Answer) -> str:
    """Why there is no answer. Its text is not passed on: providers quote keys and prompts in their errors."""
    body = b""
    async for piece in answer:
        body += piece
        if len(body) > _MOST_REFUSAL:
            break
    if answer.status == 503 or is_loading(body.decode("utf-8", "replace")):
        return LOADING
    if answer.status == 400 and (b"max_tokens" in body or b"temperature" in body):
        return _THINKS
    return f"HTTP {answer.status}"


def _usage(heard: Listener, body: bytes) -> Usage | None:
    """What it used: as the provider says, else guessed, since an answer that is cut off has no figures."""
    if heard.usage is not None or not heard.heard:
        return heard.usage
    return estimate(len(body), 4 * heard.tokens)
