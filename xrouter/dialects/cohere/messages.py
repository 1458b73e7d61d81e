"""The turns of a conversation as the messages of a Cohere request.

Seen in its own traffic: any number of user messages may follow each other; a turn that calls tools has its thoughts as
`tool_plan`; the results stand right behind it, one message each, and hold text alone.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterator, Sequence
from typing import Any

from xrouter.chat.media import data_url
from xrouter.chat.request import File, Image, Opaque, Part, Reasoning, Refusal, Text, ToolCall, ToolResult, Turn
from xrouter.dialects.naming import label
from xrouter.errors import Unsupported
from xrouter.wire import json

_Message = dict[str, Any]
_NO_RESULT = "No result was recorded."
_DETAILS = frozenset({"auto", "low", "high"})
_READABLE = ("text/", "application/json")


class Script:
    """The messages, as they are written turn by turn. `model` is named where something cannot be taken.

    `dropped` are the kinds of blocks that only another dialect has.
    """

    def __init__(self, model: str) -> None:
        self._model = model
        self.messages: list[_Message] = []
        self.dropped: list[str] = []

    def write(self, turns: Sequence[Turn]) -> None:
        """Add all turns. Raises Unsupported where one holds what Cohere cannot read."""
        writes = {"system": self._system, "user": self._user, "assistant": self._assistant, "tool": self._results}
        for turn in _paired(turns):
            writes[turn.role](turn)
        if len(self.messages) > 1 and self.messages[-1]["role"] == "system":
            self.messages[-1]["role"] = "user"  # the last message must be the user's, or a tool's

    def _system(self, turn: Turn) -> None:
        pieces = self._pieces(turn.parts)
        if any(piece["type"] != "text" for piece in pieces):
            raise self._cannot("a picture in a system message")
        if pieces:
            self.messages.append({"role": "system", "content": _content(pieces)})

    def _user(self, turn: Turn) -> None:
        self.messages.append({"role": "user", "content": _content(self._pieces(turn.parts))})

    def _assistant(self, turn: Turn) -> None:
        """Thoughts go back as the plan before the calls; of a turn without calls they are over and done with."""
        message: _Message = {"role": "assistant"}
        pieces = [piece for piece in self._pieces(turn.parts) if piece.get("text") != ""]
        if any(piece["type"] != "text" for piece in pieces):
            raise self._cannot("a picture in a turn of the model")
        if pieces:
            message["content"] = _content(pieces)
        calls = [_call(part) for part in turn.parts if isinstance(part, ToolCall)]
        if calls:
            message["tool_calls"] = calls
        thoughts = [part for part in turn.parts if isinstance(part, Reasoning)]
        plan = "".join(part.text for part in thoughts if part.seal is None)
        if calls and plan:
            message["tool_plan"] = plan
        lost = [part for part in thoughts if part.seal or not calls]
        self.dropped += ["reasoning.text" if part.text else "reasoning.data" for part in lost]
        if pieces or calls:
            self.messages.append(message)

    def _results(self, turn: Turn) -> None:
        """One message a result; pictures follow from the user, for a result holds none."""
        pictures: list[_Message] = []
        for result in turn.parts:
            if not isinstance(result, ToolResult):
                continue
            pieces = self._pieces(result.parts)
            words = "\n".join(piece["text"] for piece in pieces if piece["type"] == "text")
            shown = [piece for piece in pieces if piece["type"] != "text"]
            words = f"Error: {words}" if result.is_error else words or "[see the picture below]" * bool(shown)
            self.messages.append({"role": "tool", "tool_call_id": result.id, "content": words})
            pictures += [_text(f"[picture from tool call {result.id}]"), *shown] if shown else []
        if pictures:
            self.messages.append({"role": "user", "content": pictures})

    def _pieces(self, parts: Sequence[Part]) -> list[_Message]:
        """What of the parts is content: text and pictures."""
        pieces: list[_Message] = []
        for part in parts:
            match part:
                case Text(text) | Refusal(text):
                    pieces.append(_text(text))
                case Image(url, detail):
                    pieces.append(_picture(url, detail))
                case File():
                    pieces.append(self._file(part))
                case Opaque() if part.text:
                    pieces.append(_text(part.text))
                case Opaque():
                    self.dropped.append(label(part))
                case _:
                    pass  # calls, results and thoughts are no content
        return pieces

    def _file(self, file: File) -> _Message:
        if file.kind == "image" and file.data:
            return _picture(data_url(file.media_type, file.data))
        if file.kind == "image" and file.url:
            return _picture(file.url)
        words = file.text or _decoded(file)
        if words is None:
            raise self._cannot(f"a file of the kind {file.media_type or file.kind}")
        return _text(f"{file.name}\n{words}" if file.name else words)

    def _cannot(self, what: str) -> Unsupported:
        return Unsupported(
            f"messages hold {what}, which {self._model} cannot read.",
            hint="Leave it out, or ask a tier whose model can.",
            param="messages",
        )


def _paired(turns: Sequence[Turn]) -> Iterator[Turn]:
    """The turns with the results of all calls right behind them, in the calls' order; a missing one says so.

    A result of no call becomes words of the user: Cohere refuses what answers nothing.
    """
    for segment in _segments(turns):
        calls = [part.id for part in segment[0].parts if isinstance(part, ToolCall)]
        results = {part.id: part for turn in segment for part in turn.parts if isinstance(part, ToolResult)}
        if segment[0].role == "assistant":
            yield segment.pop(0)
        if calls:
            yield Turn("tool", tuple(results.get(call) or ToolResult(call, (Text(_NO_RESULT),)) for call in calls))
        for turn in segment:
            if turn.role != "tool":
                yield turn
                continue
            lost = [part for part in turn.parts if isinstance(part, ToolResult) and part.id not in calls]
            if lost:
                yield Turn("user", tuple(piece for result in lost for piece in _as_words(result)))


def _segments(turns: Sequence[Turn]) -> list[list[Turn]]:
    """The turns, cut before each of the model's: results belong to the calls of the turn before them."""
    segments: list[list[Turn]] = []
    for turn in turns:
        if turn.role == "assistant" or not segments:
            segments.append([])
        segments[-1].append(turn)
    return segments


def _as_words(result: ToolResult) -> tuple[Part, ...]:
    return (Text(f"[result of tool call {result.id}]"), *result.parts)


def _call(call: ToolCall) -> _Message:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": _arguments(call)}}


def _arguments(call: ToolCall) -> str:
    """The JSON object of a call as it came; what is none, such as one that was cut, is put into one."""
    text = call.arguments
    if call.custom:
        return json.encode({"input": text}).decode()
    try:
        value = json.decode(text.encode("utf-8", "replace")) if text.strip() else None
    except ValueError:
        return json.encode({"_raw": text}).decode()
    if isinstance(value, dict):
        return text
    return "{}" if value is None else json.encode({"value": value}).decode()


def _decoded(file: File) -> str | None:
    """The words of a text file."""
    if not file.data or not file.media_type.startswith(_READABLE):
        return None
    try:
        return b64decode(file.data).decode("utf-8", "replace")
    except binascii.Error:
        return None


def _content(pieces: list[_Message]) -> str | list[_Message]:
    """A string where that says it all."""
    if not pieces:
        return ""
    return pieces[0]["text"] if len(pieces) == 1 and pieces[0]["type"] == "text" else pieces


def _text(text: str) -> _Message:
    return {"type": "text", "text": text}


def _picture(url: str, detail: str | None = None) -> _Message:
    return {"type": "image_url", "image_url": {"url": url} | ({"detail": detail} if detail in _DETAILS else {})}
