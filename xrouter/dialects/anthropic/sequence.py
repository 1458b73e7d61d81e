"""The content blocks of a streamed answer: one is open at a time, and their indexes only rise.

Providers that stream several calls at once are put in order: what belongs to another block than the open one waits
until that is over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Raw

from xrouter.chat import events as says
from xrouter.chat.events import Event
from xrouter.chat.request import ToolCall
from xrouter.dialects.anthropic.reply import picture_text, write_citation, write_input
from xrouter.dialects.anthropic.signatures import write_signature
from xrouter.wire import json, sse

_TEXT, _REFUSAL, _THOUGHT, _CALL, _WHOLE = "text", "refusal", "thinking", "tool_use", "whole"
_KINDS: dict[type, str] = {says.Text: _TEXT, says.Refusal: _REFUSAL, says.Reasoning: _THOUGHT}
_BEGINNINGS: dict[str, dict[str, object]] = {
    _TEXT: {"type": "text", "text": ""},
    _REFUSAL: {"type": "text", "text": ""},
    _THOUGHT: {"type": "thinking", "thinking": "", "signature": ""},
}
"""What a block of words is before its first word."""
_PIECES = {
    _TEXT: b'{"type":"text_delta","text":',
    _REFUSAL: b'{"type":"text_delta","text":',
    _THOUGHT: b'{"type":"thinking_delta","thinking":',
    _CALL: b'{"type":"input_json_delta","partial_json":',
}
"""How a piece of each kind of block begins."""
_NO_CALL = says.ToolStart(-1, "", "")


def write_event(name: str, **members: object) -> bytes:
    """An event of the dialect: its name stands outside and inside."""
    return sse.event(json.encode({"type": name, **members}), name)


class BlockSequence:
    """The blocks of one answer as they are written. `said` counts characters; what was said decides the stop reason."""

    def __init__(self) -> None:
        self.said = 0
        self.called = False
        self.refused = False
        self._index = 0
        self._open = ""
        self._lead = b""
        self._call = _NO_CALL
        self._arguments: list[str] = []
        self._waiting: list[list[Event]] = []
        self._waiting_calls: dict[int, list[Event]] = {}

    def write(self, event: Event) -> bytes:
        """A piece of the answer: written at once, or kept while a call is open that is not whole."""
        if self._open is not _CALL:
            return self._say(event)
        if type(event) is says.ToolArgs and event.index == self._call.index:
            self._arguments.append(event.text)
            return b"" if self._call.custom else self._piece(event.text)
        if not self._waiting and self._is_whole():
            return self._say(event)
        self._wait(event)
        return b""

    def flush(self) -> bytes:
        """All that waits, block by block, and the end of the last one."""
        waiting, self._waiting, self._waiting_calls = self._waiting, [], {}
        written: list[bytes] = []
        for group in waiting:
            if self._open is _CALL:
                written.append(self._close())
            written += (self.write(event) for event in group)
        return b"".join(written) + self._close()

    def say_words(self, event: says.Text | says.Refusal | says.Reasoning) -> bytes:
        """Words go on in the open block where they are of its kind."""
        if not event.text:
            return b""
        kind = _KINDS[type(event)]
        return self._piece(event.text) if self._open is kind else self._begin(kind) + self._piece(event.text)

    def say_refusal(self, event: says.Refusal) -> bytes:
        """Words of a refusal stand in a block of their own."""
        self.refused = True
        return self.say_words(event)

    def say_seal(self, event: says.Sealed) -> bytes:
        """A signature ends its thought. Words have no place for one; of a redacted thought it is all there is."""
        value = write_signature(event.seal)
        if event.redacted:
            return self._begin(_WHOLE, {"type": "redacted_thinking", "data": value}) + self._close()
        if self._open in {_TEXT, _REFUSAL}:
            return b""
        opened = b"" if self._open is _THOUGHT else self._begin(_THOUGHT)
        return opened + self._delta({"type": "signature_delta", "signature": value}) + self._close()

    def say_citation(self, event: says.Cited) -> bytes:
        """Where words come from: only what has an address fits."""
        if not event.citation.url:
            return b""
        opened = b"" if self._open is _TEXT else self._begin(_TEXT)
        return opened + self._delta({"type": "citations_delta", "citation": write_citation(event.citation)})

    def say_call(self, event: says.ToolStart) -> bytes:
        """A call begins."""
        begun = self._begin(_CALL, {"type": "tool_use", "id": event.id, "name": event.name, "input": {}})
        self.called, self._call, self._arguments = True, event, []
        return begun

    def say_picture(self, event: says.Picture) -> bytes:
        """A picture that has an address."""
        return self.say_words(says.Text(picture_text(event.url)))

    def say_other(self, event: says.Other) -> bytes:
        """A block of this dialect as it is; those of others are left out."""
        if event.block.dialect != "anthropic":
            return b""
        return self._begin(_WHOLE, Raw(event.block.value)) + self._close()

    def _say(self, event: Event) -> bytes:
        say = _SAYS.get(type(event))
        return say(self, event) if say else b""

    def _piece(self, text: str) -> bytes:
        self.said += len(text)
        return self._lead + json.encode(text) + b"}}\n\n"

    def _delta(self, delta: dict[str, object]) -> bytes:
        return write_event("content_block_delta", index=self._index, delta=delta)

    def _begin(self, kind: str, block: object = None) -> bytes:
        closed = self._close()
        self._open = kind
        lead = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":' % self._index
        self._lead = lead + _PIECES.get(kind, b"")
        return closed + write_event("content_block_start", index=self._index, content_block=block or _BEGINNINGS[kind])

    def _close(self) -> bytes:
        if not self._open:
            return b""
        custom = self._open is _CALL and self._call.custom
        last = self._piece(self._custom_input()) if custom else b""
        stop = write_event("content_block_stop", index=self._index)
        self._open = ""
        self._index += 1
        return last + stop

    def _custom_input(self) -> str:
        """The free text of a custom tool, which this dialect can only give as an object."""
        call = ToolCall(self._call.id, self._call.name, "".join(self._arguments), custom=True)
        return json.encode(write_input(call)).decode()

    def _is_whole(self) -> bool:
        """Whether nothing can be missing of the open call: its arguments are a JSON object."""
        try:
            return not self._call.custom and isinstance(json.decode("".join(self._arguments).encode()), dict)
        except ValueError:
            return False

    def _wait(self, event: Event) -> None:
        if type(event) is says.ToolArgs:
            self._waiting_calls.get(event.index, []).append(event)
            return
        group = [event]
        self._waiting.append(group)
        if type(event) is says.ToolStart:
            self._waiting_calls[event.index] = group


_SAYS: dict[type, Callable[[BlockSequence, Any], bytes]] = {
    says.Text: BlockSequence.say_words,
    says.Refusal: BlockSequence.say_refusal,
    says.Reasoning: BlockSequence.say_words,
    says.Sealed: BlockSequence.say_seal,
    says.Cited: BlockSequence.say_citation,
    says.ToolStart: BlockSequence.say_call,
    says.Picture: BlockSequence.say_picture,
    says.Other: BlockSequence.say_other,
}
