"""How the simulated providers speak: the wire formats of OpenAI, Anthropic and Gemini, whole and in events.

Each refuses what the real one would: a missing key, a body without what it must have, roles that it does not know.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Protocol

from xrouter.wire import json, sse

Object = dict[str, Any]


class Refused(Exception):
    """What the provider says to a malformed request."""

    def __init__(self, status: int, body: Object) -> None:
        super().__init__(status)
        self.status, self.body = status, body


class Voice(Protocol):
    """One wire format."""

    base_path: str
    """Where the base URL of its provider ends."""

    def check(self, headers: Mapping[str, str], body: Object) -> None:
        """Raises Refused where the real provider would refuse the request."""

    def asked(self, body: Object) -> str:
        """The words of the last message."""

    def streams(self, path: str, body: Object) -> bool:
        """Whether events are wanted."""

    def begin(self, model: str, prompt: int) -> bytes:
        """The events before the first word; `prompt` counts tokens."""

    def say(self, model: str, piece: str) -> bytes:
        """The event of some words."""

    def end(self, model: str, prompt: int, completion: int) -> bytes:
        """The events behind the last word."""

    def whole(self, model: str, text: str, prompt: int, completion: int) -> bytes:
        """The answer in one piece."""


class OpenAI:
    """Chat completions."""

    base_path = "/v1"

    def check(self, headers: Mapping[str, str], body: Object) -> None:
        """A key, and a list of messages with roles."""
        if not headers.get("authorization", "").startswith("Bearer "):
            self._refuse("You didn't provide an API key.", 401)
        messages = body.get("messages")
        roles = {"system", "developer", "user", "assistant", "tool"}
        if not isinstance(messages, list) or not messages or any(each.get("role") not in roles for each in messages):
            self._refuse("messages must be a list of messages with a role")
        if not body.get("model"):
            self._refuse("you must provide a model parameter")

    def asked(self, body: Object) -> str:
        """The words of the last message."""
        return _words(body["messages"][-1].get("content"))

    def streams(self, _: str, body: Object) -> bool:
        """Whether events are wanted."""
        return bool(body.get("stream"))

    def begin(self, model: str, _: int) -> bytes:
        """The role."""
        return self._chunk(model, [self._choice({"role": "assistant", "content": ""})])

    def say(self, model: str, piece: str) -> bytes:
        """A delta."""
        return self._chunk(model, [self._choice({"content": piece})])

    def end(self, model: str, prompt: int, completion: int) -> bytes:
        """The reason, the usage and [DONE]."""
        usage = self._usage(prompt, completion)
        finish = self._chunk(model, [self._choice({}, "stop")])
        return finish + self._chunk(model, [], usage=usage) + sse.DONE

    def whole(self, model: str, text: str, prompt: int, completion: int) -> bytes:
        """A completion."""
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        lead = self._lead("chat.completion", model)
        return json.encode({**lead, "choices": [choice], "usage": self._usage(prompt, completion)})

    def _refuse(self, message: str, status: int = 400) -> None:
        error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
        raise Refused(status, {"error": error})

    def _chunk(self, model: str, choices: list[Object], **more: Any) -> bytes:
        return sse.event(json.encode({**self._lead("chat.completion.chunk", model), "choices": choices, **more}))

    def _choice(self, delta: Object, finish: str | None = None) -> Object:
        return {"index": 0, "delta": delta, "finish_reason": finish}

    def _lead(self, kind: str, model: str) -> Object:
        return {"id": "chatcmpl-simulated", "object": kind, "created": int(time.time()), "model": model}

    def _usage(self, prompt: int, completion: int) -> Object:
        return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


class Anthropic:
    """Messages."""

    base_path = ""

    def check(self, headers: Mapping[str, str], body: Object) -> None:
        """A key, a version, a limit, and messages of its roles that begin with the user's and are not empty."""
        if not headers.get("x-api-key"):
            self._refuse(401, "authentication_error", "x-api-key header is required")
        if not headers.get("anthropic-version"):
            self._refuse(400, "invalid_request_error", "anthropic-version: header is required")
        for name in ("model", "max_tokens", "messages"):
            if not body.get(name):
                self._refuse(400, "invalid_request_error", f"{name}: Field required")
        roles = [message.get("role") for message in body["messages"]]
        if roles[0] != "user" or not {"user", "assistant", "system"}.issuperset(roles):
            self._refuse(400, "invalid_request_error", 'messages: first message must use the "user" role')
        if not self.asked(body).strip():
            self._refuse(400, "invalid_request_error", "messages: text content blocks must be non-empty")

    def asked(self, body: Object) -> str:
        """The words of the last message."""
        return _words(body["messages"][-1].get("content"))

    def streams(self, _: str, body: Object) -> bool:
        """Whether events are wanted."""
        return bool(body.get("stream"))

    def begin(self, model: str, prompt: int) -> bytes:
        """The message and its first block."""
        message = self._message(model, [], None, {"input_tokens": prompt, "output_tokens": 1})
        start = self._event("message_start", message=message)
        return start + self._event("content_block_start", index=0, content_block={"type": "text", "text": ""})

    def say(self, _: str, piece: str) -> bytes:
        """A delta of the block."""
        return self._event("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})

    def end(self, _: str, prompt: int, completion: int) -> bytes:
        """The end of block and message."""
        usage = {"input_tokens": prompt, "output_tokens": completion}
        delta = {"stop_reason": "end_turn", "stop_sequence": None}
        stop = self._event("content_block_stop", index=0)
        return stop + self._event("message_delta", delta=delta, usage=usage) + self._event("message_stop")

    def whole(self, model: str, text: str, prompt: int, completion: int) -> bytes:
        """A message."""
        usage = {"input_tokens": prompt, "output_tokens": completion}
        return json.encode(self._message(model, [{"type": "text", "text": text}], "end_turn", usage))

    def _refuse(self, status: int, kind: str, message: str) -> None:
        raise Refused(status, {"type": "error", "error": {"type": kind, "message": message}})

    def _event(self, kind: str, **members: Any) -> bytes:
        return sse.event(json.encode({"type": kind, **members}), kind)

    def _message(self, model: str, content: list[Object], reason: str | None, usage: Object) -> Object:
        lead = {"id": "msg_simulated", "type": "message", "role": "assistant", "model": model}
        return {**lead, "content": content, "stop_reason": reason, "stop_sequence": None, "usage": usage}


class Gemini:
    """generateContent."""

    base_path = "/v1beta"

    def check(self, headers: Mapping[str, str], body: Object) -> None:
        """A key, and contents of the two roles with parts in them."""
        if not headers.get("x-goog-api-key"):
            self._refuse(403, "PERMISSION_DENIED", "Method doesn't allow unregistered callers. Please use API Key.")
        contents = body.get("contents")
        if not isinstance(contents, list) or not contents:
            self._refuse(400, "INVALID_ARGUMENT", "* GenerateContentRequest.contents: contents is not specified")
        if any(content.get("role") not in {"user", "model"} for content in body["contents"]):
            self._refuse(400, "INVALID_ARGUMENT", "Please use a valid role: user, model.")
        if any(not content.get("parts") for content in body["contents"]):
            self._refuse(400, "INVALID_ARGUMENT", "* GenerateContentRequest.contents.parts: must not be empty")

    def asked(self, body: Object) -> str:
        """The words of the last content."""
        return _words(body["contents"][-1]["parts"])

    def streams(self, path: str, _: Object) -> bool:
        """Whether events are wanted: that stands in the address."""
        return path.endswith(":streamGenerateContent")

    def begin(self, _: str, __: int) -> bytes:
        """Nothing comes before the first words."""
        return b""

    def say(self, model: str, piece: str) -> bytes:
        """An answer with a part of the words."""
        return sse.event(json.encode(self._answer(model, piece, None)))

    def end(self, model: str, prompt: int, completion: int) -> bytes:
        """The last answer, with the reason and the usage."""
        return sse.event(json.encode(self._answer(model, "", "STOP") | self._usage(prompt, completion)))

    def whole(self, model: str, text: str, prompt: int, completion: int) -> bytes:
        """An answer."""
        return json.encode(self._answer(model, text, "STOP") | self._usage(prompt, completion))

    def _refuse(self, status: int, name: str, message: str) -> None:
        raise Refused(status, {"error": {"code": status, "message": message, "status": name}})

    def _answer(self, model: str, text: str, reason: str | None) -> Object:
        candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}
        ended = {"finishReason": reason} if reason else {}
        return {"candidates": [candidate | ended], "modelVersion": model, "responseId": "simulated"}

    def _usage(self, prompt: int, completion: int) -> Object:
        counts = {"promptTokenCount": prompt, "candidatesTokenCount": completion}
        return {"usageMetadata": counts | {"totalTokenCount": prompt + completion}}


VOICES: dict[str, Voice] = {"openai_compatible": OpenAI(), "anthropic": Anthropic(), "gemini": Gemini()}
"""Provider → how it speaks."""


def _words(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text", "") for part in content or () if isinstance(part, dict))
