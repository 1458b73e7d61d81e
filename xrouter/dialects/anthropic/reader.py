"""Anthropic's answers, streamed and whole, as events: https://docs.claude.com/en/api/messages."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from xrouter.chat.events import End, Event, Start
from xrouter.chat.fold import fold
from xrouter.chat.reply import Reply
from xrouter.dialects.anthropic.course import Course
from xrouter.dialects.anthropic.faults import fault_of
from xrouter.dialects.anthropic.pieces import ending
from xrouter.dialects.base import SseReader, StreamReader, first_fault
from xrouter.dialects.values import string
from xrouter.errors import Broken, UpstreamError
from xrouter.wire import json

_NO_ANSWER = "the provider's answer is cut off or not a message"


class _Message(msgspec.Struct):
    type: Any = None
    id: Any = None
    model: Any = None
    content: list[Raw] | None = None
    stop_reason: Any = None
    stop_sequence: Any = None
    stop_details: Any = None
    usage: Any = None


_message = json.Reader(_Message)


def reader() -> StreamReader:
    """For one streamed answer."""
    return SseReader(Course().read)


def read_first(chunk: bytes) -> UpstreamError | None:
    """The error that a stream starts with, before any word."""
    return first_fault(reader(), chunk) if b"error" in chunk else None


def read_reply(body: bytes) -> Reply:
    """A whole answer. Raises UpstreamError where it is none."""
    try:
        message = _message.decode(body)
    except ValueError as error:
        raise Broken(_NO_ANSWER) from error
    if message.content is None:
        found = fault_of(body)
        raise found.error() if found else Broken("the provider answered 200 without a message")
    return fold(_whole(message))


def _whole(message: _Message) -> list[Event]:
    stream = Course()
    events: list[Event] = [Start(string(message.id), string(message.model))]
    for raw in message.content or ():
        events += stream.open(raw)
        events += stream.close_block()
    stream.count(message.usage)
    events += ending(message.stop_reason, message.stop_sequence, message.stop_details)
    return [*events, *stream.used(), End()]
