"""One of the answers to a request, as events: what it says, what it calls, and why it ended."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from msgspec import UNSET, Raw, UnsetType

from xrouter.chat.events import (
    Cited,
    Event,
    Finish,
    Logprobs,
    Other,
    Picture,
    Reasoning,
    Refusal,
    Sealed,
    Text,
    ToolArgs,
    ToolStart,
)
from xrouter.chat.media import data_url
from xrouter.chat.request import Opaque, Seal
from xrouter.dialects.gemini.arguments import Pieces
from xrouter.dialects.gemini.chunks import Blob, Candidate, FunctionCall, Part
from xrouter.dialects.gemini.endings import fault_of, read_ending, reason_of
from xrouter.dialects.gemini.parts import DIALECT
from xrouter.dialects.gemini.sources import read_citations, read_grounding, read_logprobs
from xrouter.wire import json

_OWN = {
    "executableCode": "executable_code",
    "codeExecutionResult": "code_execution_result",
    "toolCall": "tool_call",
    "toolResponse": "tool_response",
    "fileData": "file_data",
}
"""What a part may hold that only Gemini has, and where `Part` keeps it."""
_ID_CHARS = 24


class Answer:
    """What was said so far. `answer_id` is the provider's for all answers to the request, empty where it gave none."""

    def __init__(self, choice: int, answer_id: str) -> None:
        self._choice, self._answer_id = choice, answer_id
        self.failed = False
        self._said: list[str] = []
        self._spoke = False
        self._calls = 0
        self._open: Pieces | None = None
        self._ending = ""
        self._grounding: Raw | UnsetType = UNSET
        self._citations: Raw | UnsetType = UNSET

    @property
    def ended(self) -> bool:
        """Whether it has said why it ends; more may come all the same."""
        return self._ending != ""

    def read(self, candidate: Candidate) -> list[Event]:
        """What is new. The last of it is a Fault where the model failed."""
        events: list[Event] = []
        content = candidate.content
        if content is not None and content.parts:
            for part in content.parts:
                self._read_part(part, events)
        if (result := candidate.logprobs_result) is not UNSET and (items := read_logprobs(result)):
            events.append(Logprobs(items, self._choice))
        if (grounding := candidate.grounding_metadata) is not UNSET and bytes(grounding) != b"{}":
            self._grounding = grounding
        if (citations := candidate.citation_metadata) is not UNSET:
            self._citations = citations
        if ending := read_ending(candidate.finish_reason):
            self._ending = ending
            if not self._calls and (fault := fault_of(ending, candidate.finish_message)):
                self.failed = True
                events.append(fault)
        return events

    def block(self, reason: str, message: Any) -> list[Event]:
        """The request was refused before the model saw it."""
        self._ending = "SAFETY"
        more = f": {message}" if isinstance(message, str) and message else ""
        return [Refusal(f"Prompt blocked: {reason}{more}", self._choice)]

    def close(self) -> list[Event]:
        """Nothing more comes: the sources of what was said, and the end."""
        events: list[Event] = []
        self._end_call(events)
        cited = [*read_grounding(self._grounding, "".join(self._said)), *read_citations(self._citations)]
        events += [Cited(citation, self._choice) for citation in cited]
        reason = reason_of(self._ending, called=self._calls > 0, spoke=self._spoke)
        return [*events, Finish(reason, choice=self._choice)]

    def _read_part(self, part: Part, events: list[Event]) -> None:
        if isinstance(part.text, str):
            self._read_text(part.text, part, events)
        elif (call := part.function_call) is not None:
            self._read_call(call, _seal(part), events)
            return
        elif (blob := part.inline_data) is not None:
            self._read_blob(blob, part, events)
        elif (own := _own(part)) is not None:
            events.append(Other(own, self._choice))
            return
        if part.thought_signature is not None and (seal := _seal(part)) is not None:
            events.append(Sealed(seal, choice=self._choice))

    def _read_text(self, text: str, part: Part, events: list[Event]) -> None:
        if not text:
            return
        if part.thought is True:
            events.append(Reasoning(text, self._choice))
        else:
            self._spoke = True
            self._said.append(text)
            events.append(Text(text, self._choice))

    def _read_blob(self, blob: Blob, part: Part, events: list[Event]) -> None:
        if not isinstance(blob.data, str) or not isinstance(blob.mime_type, str):
            return
        if blob.mime_type.startswith("image/") and part.thought is not True:
            self._spoke = True
            events.append(Picture(data_url(blob.mime_type, blob.data), self._choice))
        else:
            value = json.encode({"inlineData": {"mimeType": blob.mime_type, "data": blob.data}})
            events.append(Other(Opaque(DIALECT, "inlineData", value), self._choice))

    def _read_call(self, call: FunctionCall, seal: Seal | None, events: list[Event]) -> None:
        """A call comes whole, or its name first and then pieces without one until no more are announced."""
        args = b"" if call.args is UNSET else bytes(call.args)
        if isinstance(call.name, str) and call.name:
            self._end_call(events)
            words = json.compact(args).decode() if args[:1] == b"{" else "{}"
            call_id = call.id if isinstance(call.id, str) and call.id else self._make_id(call.name, words, seal)
            events.append(ToolStart(self._calls, call_id, call.name, seal=seal, choice=self._choice))
            self._calls += 1
            if call.will_continue is not True and call.partial_args is None:
                events.append(ToolArgs(self._calls - 1, words, self._choice))
                return
            self._open = Pieces()
        if self._open is not None:
            self._open.add(call.partial_args)
            if call.will_continue is not True:
                self._end_call(events)

    def _end_call(self, events: list[Event]) -> None:
        if self._open is not None:
            events.append(ToolArgs(self._calls - 1, self._open.text(), self._choice))
            self._open = None

    def _make_id(self, name: str, words: str, seal: Seal | None) -> str:
        """The same for the same call however its answer was cut, another one in the next answer."""
        mark = self._answer_id or f"{name} {words} {seal and seal.value}"
        made = f"{mark} {self._choice} {self._calls}"
        return f"call_{sha256(made.encode('utf-8', 'surrogatepass')).hexdigest()[:_ID_CHARS]}"


def _seal(part: Part) -> Seal | None:
    signature = part.thought_signature
    return Seal(DIALECT, signature) if isinstance(signature, str) and signature else None


def _own(part: Part) -> Opaque | None:
    """The part as it came, less what nobody knows, where it holds what only Gemini has."""
    for kind, name in _OWN.items():
        value = getattr(part, name)
        if value is not UNSET:
            signature = part.thought_signature
            written = {kind: value} | ({"thoughtSignature": signature} if signature else {})
            return Opaque(DIALECT, kind, json.encode(written))
    return None
