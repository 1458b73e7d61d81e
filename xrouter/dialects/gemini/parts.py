"""The parts of a turn as Gemini's `Part` objects: https://ai.google.dev/api/caching#Part.

Signatures go back on the part that they came with; a signature of another provider never does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Raw

from xrouter.chat.request import File, Image, Opaque, Part, Reasoning, Refusal, Seal, Text, ToolCall, ToolResult
from xrouter.dialects.gemini.media import write_file, write_image
from xrouter.dialects.gemini.names import Names
from xrouter.dialects.gemini.profiles import Model
from xrouter.dialects.naming import label
from xrouter.wire import json

DIALECT = "gemini"
_IN_RESULTS = ("image/", "application/pdf", "text/plain")
"""What a tool's result may hold beside its words, for models that take anything there at all."""
Written = dict[str, Any]


class Parts:
    """Writes parts for one model; `dropped` collects the kinds of those that no other dialect has."""

    def __init__(self, model: Model, names: Names) -> None:
        self._model = model
        self._names = names
        self.dropped: list[str] = []

    def write(self, parts: Iterable[Part]) -> list[Written]:
        """All but results of tools. Raises Unsupported where the model cannot take one of them."""
        return [written for part in parts if (written := _PARTS[type(part)](self, part)) is not None]

    def answer(self, call: ToolCall, result: ToolResult | None) -> tuple[Written, list[Written]]:
        """What a tool gave back for a call, and what of it has to stand beside it."""
        response: Written = {"name": self._names.of(call.name), "response": _response(result)}
        if call.id:
            response = {"id": call.id, **response}
        media = self.write(part for part in result.parts if not isinstance(part, Text)) if result else []
        inside = [part for part in media if self._model.profile.newest and _fits_in(part)]
        if inside:
            response["parts"] = inside
        return {"functionResponse": response}, [part for part in media if part not in inside]

    def _text(self, part: Text | Refusal) -> Written | None:
        seal = _sealed(part.seal) if isinstance(part, Text) else {}
        return {"text": part.text, **seal} if part.text or seal else None

    def _reasoning(self, part: Reasoning) -> Written | None:
        seal = _sealed(part.seal)
        return {"text": part.text, "thought": True, **seal} if part.text or seal else None

    def _tool_call(self, part: ToolCall) -> Written:
        call = {"name": self._names.of(part.name), "args": _arguments(part)}
        return {"functionCall": {"id": part.id, **call} if part.id else call, **_sealed(part.seal)}

    def _image(self, part: Image) -> Written:
        return write_image(part, self._model)

    def _file(self, part: File) -> Written:
        return write_file(part, self._model)

    def _opaque(self, part: Opaque) -> Any:
        if part.dialect == DIALECT:
            return Raw(part.value)
        if part.text:
            return {"text": part.text}
        self.dropped.append(label(part))
        return None


_PARTS: dict[type, Callable[[Parts, Any], Written | None]] = {
    Text: Parts._text,  # noqa: SLF001  # this table is the rest of the class
    Refusal: Parts._text,  # noqa: SLF001
    Reasoning: Parts._reasoning,  # noqa: SLF001
    Image: Parts._image,  # noqa: SLF001
    File: Parts._file,  # noqa: SLF001
    ToolCall: Parts._tool_call,  # noqa: SLF001
    Opaque: Parts._opaque,  # noqa: SLF001
    ToolResult: lambda _, __: None,  # it is no part of its own: see turns.py
}


def _sealed(seal: Seal | None) -> Written:
    return {"thoughtSignature": seal.value} if seal is not None and seal.dialect == DIALECT else {}


def _arguments(call: ToolCall) -> Written:
    """An object, its values as they came; what is none is kept as the value of a member."""
    if call.custom:
        return {"input": call.arguments}
    given = call.arguments.encode()
    try:
        return {**json.members(given)}
    except ValueError:
        pass
    try:
        value = json.decode(given)
    except ValueError:
        return {"_raw": call.arguments} if call.arguments.strip() else {}
    return {} if value is None else {"value": value}


def _response(result: ToolResult | None) -> Written:
    if result is None:
        return {"error": "No result was recorded."}
    if result.is_error:
        return {"error": result.text}
    try:
        return {**json.members(result.text.encode())}
    except ValueError:
        return {"result": result.text}


def _fits_in(part: Any) -> bool:
    data = part.get("inlineData") if isinstance(part, dict) else None
    return data is not None and data["mimeType"].startswith(_IN_RESULTS)
