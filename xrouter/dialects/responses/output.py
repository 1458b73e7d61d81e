"""The items of an answer while they grow: a message, a thought, a call. Each writes its own events."""

from __future__ import annotations

from typing import Any, Literal, Protocol

from xrouter.chat.events import ToolStart
from xrouter.dialects.responses.pen import Pen, lead_of
from xrouter.dialects.responses.tools import Form
from xrouter.wire import json

Status = Literal["completed", "incomplete"]
_DELTAS = {"output_text": "response.output_text.delta", "refusal": "response.refusal.delta"}


class Item(Protocol):
    """An item that is open."""

    def open(self) -> bytes:
        """The events that begin it."""

    def close(self, status: Status) -> bytes:
        """The events that end it."""

    @property
    def whole(self) -> dict[str, Any]:
        """The item as it stands when it is over."""


class Message:
    """Words of the answer and of a refusal, part by part."""

    def __init__(self, pen: Pen, index: int, item_id: str) -> None:
        self._pen, self._index, self._id = pen, index, item_id
        self._parts: list[dict[str, Any]] = []
        self._kind = ""
        self._pieces: list[str] = []
        self._lead = b""
        self._status: str = "in_progress"

    @property
    def whole(self) -> dict[str, Any]:
        """The item as it stands."""
        known = {"id": self._id, "type": "message", "status": self._status, "role": "assistant"}
        return {**known, "content": self._parts}

    @property
    def text(self) -> dict[str, Any]:
        """The last part."""
        return self._parts[-1]

    def open(self) -> bytes:
        """The item without a part."""
        return self._pen.write("response.output_item.added", output_index=self._index, item=self.whole)

    def say(self, kind: Literal["output_text", "refusal"], text: str) -> bytes:
        """A piece of a part; another kind is another part."""
        start = b"" if kind == self._kind else self._turn_to(kind)
        if not text:
            return start
        self._pieces.append(text)
        return start + self._pen.delta(self._lead, text)

    def cite(self, title: str, url: str, start: int | None, end: int | None) -> bytes:
        """Where words of the part come from."""
        opened = b"" if self._kind == "output_text" else self._turn_to("output_text")
        length = sum(map(len, self._pieces))
        places = {"start_index": start or 0, "end_index": length if end is None else end}
        annotation = {"type": "url_citation", "url": url, "title": title, **places}
        cited = self.text["annotations"]
        cited.append(annotation)
        at = {**self._place(), "annotation_index": len(cited) - 1}
        return opened + self._pen.write("response.output_text.annotation.added", **at, annotation=annotation)

    def close(self, status: Status) -> bytes:
        """The last part and the item are over."""
        ended = self._end_part()
        self._status = status
        return ended + self._pen.write("response.output_item.done", output_index=self._index, item=self.whole)

    def _turn_to(self, kind: str) -> bytes:
        ended = self._end_part()
        self._kind = kind
        is_text = kind == "output_text"
        part = {"type": kind, "annotations": [], "logprobs": [], "text": ""} if is_text else {"type": kind, kind: ""}
        self._parts.append(part)
        more: dict[str, Any] = {"logprobs": []} if is_text else {}
        self._lead = lead_of(_DELTAS[kind], **self._place(), **more)
        return ended + self._pen.write("response.content_part.added", **self._place(), part=part)

    def _end_part(self) -> bytes:
        if not self._kind:
            return b""
        part, text = self.text, "".join(self._pieces)
        self._pieces.clear()
        place = self._place()
        if self._kind == "output_text":
            part["text"] = text
            done = self._pen.write("response.output_text.done", **place, text=text, logprobs=part["logprobs"])
        else:
            part["refusal"] = text
            done = self._pen.write("response.refusal.done", **place, refusal=text)
        return done + self._pen.write("response.content_part.done", **place, part=part)

    def _place(self) -> dict[str, Any]:
        return {"item_id": self._id, "output_index": self._index, "content_index": len(self._parts) - 1}


class Thought:
    """What the model thinks, as a summary: that is what clients show."""

    def __init__(self, pen: Pen, index: int, item_id: str) -> None:
        self._pen, self._index, self._id = pen, index, item_id
        self._pieces: list[str] = []
        self._lead = b""
        self.encrypted: str | None = None

    @property
    def whole(self) -> dict[str, Any]:
        """The item as it stands."""
        text = "".join(self._pieces)
        summary = [{"type": "summary_text", "text": text}] if text else []
        sealed = {"encrypted_content": self.encrypted} if self.encrypted else {}
        return {"id": self._id, "type": "reasoning", "summary": summary, **sealed}

    def open(self) -> bytes:
        """The item without words."""
        return self._pen.write("response.output_item.added", output_index=self._index, item=self.whole)

    def say(self, text: str) -> bytes:
        """A piece of the summary."""
        begun = b""
        if not self._pieces:
            place = self._place()
            self._lead = lead_of("response.reasoning_summary_text.delta", **place)
            part = {"type": "summary_text", "text": ""}
            begun = self._pen.write("response.reasoning_summary_part.added", **place, part=part)
        self._pieces.append(text)
        return begun + self._pen.delta(self._lead, text)

    def close(self, _: Status) -> bytes:
        """The summary and the item are over."""
        ended = b""
        whole = self.whole
        for part in whole["summary"]:
            place = self._place()
            ended = self._pen.write("response.reasoning_summary_text.done", **place, text=part["text"])
            ended += self._pen.write("response.reasoning_summary_part.done", **place, part=part)
        return ended + self._pen.write("response.output_item.done", output_index=self._index, item=whole)

    def _place(self) -> dict[str, Any]:
        return {"item_id": self._id, "output_index": self._index, "summary_index": 0}


class Call:
    """A call, in the form in which the client offers the tool.

    A custom tool's text may come inside of JSON arguments, from a provider that knows functions only: then it is
    written when it is whole. So is a search for tools, whose arguments are an object.
    """

    def __init__(self, pen: Pen, index: int, tail: str, start: ToolStart, form: Form | None) -> None:
        self._pen, self._index = pen, index
        self._form = form or Form("custom" if start.custom else "function", start.name)
        kind = self._form.kind
        prefix, self._type, self._key, self._stem = _CALLS[kind]
        self._id = f"{prefix}_{tail}{index}"
        self._call_id = start.id or f"call_{tail}{index}"
        self._held = kind == "tool_search" or (kind == "custom" and not start.custom)
        self._pieces: list[str] = []
        self._lead = lead_of(f"response.{self._stem}.delta", **self._place())
        self._status = "in_progress"

    @property
    def whole(self) -> dict[str, Any]:
        """The item as it stands."""
        form = self._form
        known: dict[str, Any] = {"id": self._id, "type": self._type, "status": self._status, "call_id": self._call_id}
        if form.kind == "tool_search":
            return {**known, "execution": "client", "arguments": _object(self._text())}
        named = {"name": form.name, **({"namespace": form.namespace} if form.namespace else {})}
        return {**known, **named, self._key: self._text()}

    def open(self) -> bytes:
        """The item without arguments."""
        return self._pen.write("response.output_item.added", output_index=self._index, item=self.whole)

    def say(self, text: str) -> bytes:
        """A piece of the arguments."""
        self._pieces.append(text)
        return b"" if self._held or not text else self._pen.delta(self._lead, text)

    def close(self, status: Status) -> bytes:
        """The arguments and the item are over. No arguments at all are an empty object."""
        rest = b""
        if self._form.kind == "function" and not any(self._pieces):
            rest = self.say("{}")
        self._status = status
        if self._form.kind != "tool_search":
            text = self._text()
            rest += self._pen.delta(self._lead, text) if self._held else b""
            name = {"name": self._form.name} if self._form.kind == "function" else {}
            rest += self._pen.write(f"response.{self._stem}.done", **self._place(), **name, **{self._key: text})
        return rest + self._pen.write("response.output_item.done", output_index=self._index, item=self.whole)

    def _text(self) -> str:
        text = "".join(self._pieces)
        return _unpacked(text) if self._held and self._form.kind == "custom" else text

    def _place(self) -> dict[str, Any]:
        return {"item_id": self._id, "output_index": self._index}


_CALLS = {
    "function": ("fc", "function_call", "arguments", "function_call_arguments"),
    "custom": ("ctc", "custom_tool_call", "input", "custom_tool_call_input"),
    "tool_search": ("tsc", "tool_search_call", "arguments", "function_call_arguments"),
}
"""By form: the prefix of an id, the item's type, which member holds the arguments, the stem of its events."""


def _unpacked(arguments: str) -> str:
    """The text of a custom tool out of `{"input": text}`; as it is where it is something else."""
    value = _decoded(arguments)
    text = value.get("input") if isinstance(value, dict) else value
    return text if isinstance(text, str) else arguments


def _object(arguments: str) -> Any:
    value = _decoded(arguments)
    return value if isinstance(value, dict) else {}


def _decoded(text: str) -> Any:
    try:
        return json.decode(text.encode())
    except ValueError:
        return None
