"""A classifier's answer, in any pieces, heard until it has said its digit.

Streams and plain JSON answers (of servers that ignore `stream`) are told apart by their first character.
"""

from __future__ import annotations

from xrouter.chat.events import End, Event, Fault, Finish, Reasoning, Text, Usage
from xrouter.chat.fold import unfold
from xrouter.chat.reply import Usage as Tokens
from xrouter.chat.target import Decision
from xrouter.dialects.base import ProviderDialect
from xrouter.errors import UpstreamError
from xrouter.routing.digit import DigitReader

MAX_BYTES = 1024 * 1024
MAX_TOKENS = 1024
LOADING = "the model is loading"
"""A failure that passes."""
_WHOLE = b'{["<'
_UNOPENED = "</think>"


class Listener:
    """Bytes in; `over` once there is nothing more to wait for, then `digit` or `failure` says what came of it."""

    def __init__(self, dialect: ProviderDialect) -> None:
        self._dialect = dialect
        self.tokens = 0
        self.usage: Tokens | None = None
        self.failure = ""
        self.over = False
        self._digits = DigitReader()
        self._stream = dialect.reader()
        self._whole: bytearray | None = None
        self._head = b""
        self._bytes = 0

    @property
    def digit(self) -> Decision | None:
        """What was said, once it is certain."""
        return self._digits.digit

    @property
    def heard(self) -> bool:
        """Whether anything came."""
        return self._bytes > 0

    @property
    def patience_s(self) -> float | None:
        """How long the next piece is worth waiting for; None: as long as it takes."""
        return self._digits.patience_s

    def feed(self, piece: bytes) -> None:
        """Read on."""
        self._bytes += len(piece)
        if self._whole is not None:
            self._whole += piece
        elif self._head or piece.strip():
            self._start_or_read(piece)
        if self._bytes > MAX_BYTES or self.tokens > MAX_TOKENS:
            self._end("the answer is too long")

    def settle(self) -> None:
        """No more is waited for: a digit that stands at the end counts."""
        self._digits.settle()
        self.over = True

    def close(self) -> None:
        """The answer has ended."""
        for event in self._stream.close() if self._whole is None else self._read_whole(bytes(self._whole)):
            self._hear(event)
        self._end("the answer ended without a lone 0, 1 or 2")

    def _read_whole(self, body: bytes) -> list[Event]:
        try:
            return _drop_unopened_thought(unfold(self._dialect.read_reply(body)))
        except UpstreamError as error:
            return [Fault(error.message)]

    def _start_or_read(self, piece: bytes) -> None:
        if not self._head:
            self._head = piece.lstrip()[:1]
            if self._head in _WHOLE:
                self._whole = bytearray(piece)
                return
        for event in self._stream.feed(piece):
            self._hear(event)

    def _hear(self, event: Event) -> None:
        match event:
            case Text(text):
                self.tokens += 1
                self._digits.feed(text)
                self.over = self.over or self.digit is not None
            case Reasoning():
                self.tokens += 1
            case Usage(tokens):
                self.usage = tokens
            case Fault():
                self._end(LOADING if is_loading(event.message) else "the provider reported an error")
            case Finish() | End():
                self._end("the answer holds no lone 0, 1 or 2")

    def _end(self, failure: str) -> None:
        self.settle()
        if self.digit is None and not self.failure:
            self.failure = failure


def is_loading(message: str) -> bool:
    """Whether an error says that the model is not ready yet."""
    message = message.lower()
    return "loading" in message and "model" in message


def _drop_unopened_thought(events: list[Event]) -> list[Event]:
    """Templates that open the thought in the prompt leave only its end in the answer."""
    return [Text(event.text.rpartition(_UNOPENED)[2]) if isinstance(event, Text) else event for event in events]
