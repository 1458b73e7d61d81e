"""Turns as the input of a Responses request.

Each call is followed at once by its result, as providers want it: results are put in the calls' order, a call whose
result the client has lost gets one that says so, and a result whose call is lost becomes words of the user.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from xrouter.chat.media import data_url
from xrouter.chat.request import File, Image, Opaque, Part, Reasoning, Refusal, Seal, Text, ToolCall, ToolResult, Turn
from xrouter.dialects.naming import fit_name
from xrouter.dialects.responses.tools import DIALECT
from xrouter.errors import Unsupported
from xrouter.wire import json

Item = dict[str, Any]
_MOST_ID = 64
_LOST = "No result was recorded."
_NAMES = {"application/pdf": "file.pdf", "text/plain": "file.txt"}
"""A file needs a name whose ending fits."""


class History:
    """Writes turns as items; `target` is how the target is called in an error, `dropped` names what was left out."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._results: defaultdict[str, deque[ToolResult]] = defaultdict(deque)
        self.dropped: list[str] = []

    def write(self, turns: Sequence[Turn]) -> list[Item]:
        """All items, in the order in which they were said. Raises Unsupported."""
        called = {part.id for turn in turns for part in turn.parts if isinstance(part, ToolCall)}
        for turn in turns:
            for part in turn.parts:
                if isinstance(part, ToolResult) and part.id in called:
                    self._results[part.id].append(part)
        return [item for turn in turns for item in self._turn(turn, called)]

    def _turn(self, turn: Turn, called: set[str]) -> Iterator[Item]:
        if turn.role == "assistant":
            yield from self._assistant(turn.parts)
        elif turn.role == "tool":
            orphans = [part for part in turn.parts if isinstance(part, ToolResult) and part.id not in called]
            rest = [part for part in turn.parts if not isinstance(part, ToolResult)]
            words: list[Part] = [piece for orphan in orphans for piece in orphan.parts]
            yield from self._message("user", [*words, *rest])
        else:
            yield from self._message(turn.role, turn.parts)

    def _message(self, role: str, parts: Sequence[Part]) -> Iterator[Item]:
        content = list(self._pieces(parts))
        if content:
            yield {"type": "message", "role": role, "content": content}

    def _assistant(self, parts: Sequence[Part]) -> Iterator[Item]:
        """What the model said, in one piece between its thoughts and calls; then what the tools gave back."""
        said: list[str] = []
        calls: list[ToolCall] = []
        for part in parts:
            match part:
                case Text(text) | Refusal(text):
                    said.append(text)
                    continue
                case Reasoning(seal=seal) if seal is None or seal.dialect != DIALECT:
                    continue
            yield from _words(said)
            match part:
                case Reasoning(seal=seal) if seal is not None:
                    yield from _thought(seal)
                case ToolCall():
                    calls.append(part)
                    yield _call(part)
                case Image():
                    yield from self._message("user", [part])
                case Opaque(text=text) if text:
                    yield from _words([text])
                case Opaque():
                    self._leave_out(part)
        yield from _words(said)
        for call in calls:
            yield self._result(call)

    def _result(self, call: ToolCall) -> Item:
        kind = "custom_tool_call_output" if call.custom else "function_call_output"
        waiting = self._results[call.id]
        output = self._output(waiting.popleft()) if waiting else _LOST
        return {"type": kind, "call_id": known_id(call.id), "output": output}

    def _output(self, result: ToolResult) -> str | list[dict[str, Any]]:
        if all(isinstance(part, Text) for part in result.parts):
            return f"Error: {result.text}" if result.is_error else result.text
        failed: list[Part] = [Text("Error:")] if result.is_error else []
        return list(self._pieces([*failed, *result.parts]))

    def _pieces(self, parts: Sequence[Part]) -> Iterator[dict[str, Any]]:
        for part in parts:
            if (write := _PIECES.get(type(part))) is not None:
                yield write(part)
            elif isinstance(part, File):
                yield self._file(part)
            elif isinstance(part, Opaque) and part.text:
                yield {"type": "input_text", "text": part.text}
            elif isinstance(part, Opaque):
                self._leave_out(part)

    def _file(self, file: File) -> dict[str, Any]:
        if file.kind == "image":
            where = {"file_id": file.id} if file.id else {"image_url": file.url or data_url(file.media_type, file.data)}
            return {"type": "input_image", **where, "detail": "auto"}
        if file.kind != "document":
            message = f"{self._target} cannot take {file.kind} in the input of Responses."
            raise Unsupported(
                message, hint="Send text, images and documents only, or ask another model.", param="messages"
            )
        if file.text:
            return {"type": "input_text", "text": f"{file.name}\n{file.text}" if file.name else file.text}
        if file.id or file.url:
            return {"type": "input_file", **({"file_id": file.id} if file.id else {"file_url": file.url})}
        name = file.name or _NAMES.get(file.media_type, "file")
        return {"type": "input_file", "filename": name, "file_data": data_url(file.media_type, file.data)}

    def _leave_out(self, part: Opaque) -> None:
        if part.kind not in self.dropped:
            self.dropped.append(part.kind)


def known_id(call_id: str) -> str:
    """A call's id as OpenAI takes it: at most 64 characters; the same one always gives the same."""
    return call_id if len(call_id) <= _MOST_ID else f"call_{sha256(call_id.encode()).hexdigest()[:32]}"


def _words(said: list[str]) -> Iterator[Item]:
    text = "".join(said)
    said.clear()
    if text:
        yield {"type": "message", "role": "assistant", "content": text}


def _thought(seal: Seal) -> Iterator[Item]:
    """The item as the provider gave it. It comes through a client, so it is read first: it must be one item."""
    try:
        item = json.decode(seal.value.encode())
    except ValueError:
        return
    if isinstance(item, dict) and item.get("type") == "reasoning":
        yield item


def _call(call: ToolCall) -> Item:
    known = {"call_id": known_id(call.id), "name": fit_name(call.name)}
    if call.custom:
        return {"type": "custom_tool_call", **known, "input": call.arguments}
    return {"type": "function_call", **known, "arguments": call.arguments or "{}"}


def _image(image: Image) -> dict[str, Any]:
    return {"type": "input_image", "image_url": image.url, "detail": image.detail or "auto"}


_PIECES: Mapping[type, Callable[[Any], dict[str, Any]]] = {
    Text: lambda part: {"type": "input_text", "text": part.text},
    Refusal: lambda part: {"type": "input_text", "text": part.text},
    Image: _image,
}
