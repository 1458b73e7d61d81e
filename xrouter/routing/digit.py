"""The first lone 0, 1 or 2 in words that are still coming.

Lone: no part of a word or number (`10`, `0.5`, `2nd`, `-1`, `1/2`, `gpt-2` are not), and not inside a thought. CJK
text has no spaces, so a digit may follow such a character.

A digit at the very end of what has come may be the start of more ("1", "0"), so it is *pending* until a character
follows. Who waits for that, and how long, is said by `patience_s`: at the start of an answer hardly at all, for one
digit was asked for; after words longer, for there "10" is likely, and models put it into two tokens.
"""

from __future__ import annotations

import re

from xrouter.chat.target import DECISIONS, Decision

_THOUGHTS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<reasoning>": "</reasoning>",
    "[think]": "[/think]",
    "<|channel|>analysis": "<|channel|>final",
    "<|channel|>commentary": "<|channel|>final",
}
_OPENING = re.compile("|".join(map(re.escape, _THOUGHTS)))
_LONGEST_OPENING = max(map(len, _THOUGHTS))
_LONE = re.compile(
    r"(?<![^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])(?<![-+./\\$€£#~^<])(?<!\d[,:\u2013])"
    r"([012])"
    r"(?![\w%°/\\+=-])(?![.,:\u2013]\d)"
)
_DIGITS: dict[str, Decision] = {str(tier): tier for tier in DECISIONS}
_UNDECIDED = frozenset(".,:\u2013")
_AT_START_S = 0.02
_AFTER_WORDS_S = 0.25


class DigitReader:
    """Words in, in any pieces; `digit` is set as soon as one is certain."""

    def __init__(self) -> None:
        self.digit: Decision | None = None
        self._pending: Decision | None = None
        self._text = ""
        self._from = 0
        self._closing = ""
        self._has_words = False

    @property
    def patience_s(self) -> float | None:
        """How long the next piece is worth waiting for: None, as long as it takes, where nothing is pending."""
        if self._pending is None:
            return None
        return _AFTER_WORDS_S if self._has_words else _AT_START_S

    def feed(self, piece: str) -> None:
        """Read on."""
        self._text += piece.lower()
        while self.digit is None and self._step():
            pass

    def settle(self) -> None:
        """Nothing more comes, or it is not waited for: what is pending stands."""
        if self.digit is None:
            self.digit = self._pending

    def _step(self) -> bool:
        """Read one stretch, of words or of a thought; whether there is another."""
        return self._skip_thought() if self._closing else self._read_words()

    def _skip_thought(self) -> bool:
        at = self._text.find(self._closing)
        if at < 0:
            self._text = self._text[-len(self._closing) :]
            return False
        self._text = self._text[at + len(self._closing) :]
        self._from, self._closing = 0, ""
        return True

    def _read_words(self) -> bool:
        opening = _OPENING.search(self._text, self._from)
        words = self._text[: opening.start()] if opening else self._text
        self._pending = None
        found = _LONE.search(words, self._from)
        if found:
            self._has_words = self._has_words or any(map(str.isalnum, words[: found.start()]))
            after = words[found.end() :]
            if opening or len(after) > 1 or (after and after not in _UNDECIDED):
                self.digit = _DIGITS[found[1]]
            else:
                self._pending, self._from = _DIGITS[found[1]], found.start()
            return False
        if opening:
            self._text, self._closing = self._text[opening.end() :], _THOUGHTS[opening.group()]
            return True
        self._trim()
        return False

    def _trim(self) -> None:
        """Keep what an opening may have begun with, and two characters in front of it to look back at."""
        done = max(self._from, len(self._text) - _LONGEST_OPENING)
        self._has_words = self._has_words or any(map(str.isalnum, self._text[:done]))
        keep = max(done - 2, 0)
        self._text, self._from = self._text[keep:], done - keep
