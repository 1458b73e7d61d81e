"""The hearing of a classifier's answer."""

from __future__ import annotations

import pytest

from xrouter.chat.reply import Usage
from xrouter.dialects import openai
from xrouter.routing.listen import MAX_BYTES, MAX_TOKENS, Listener
from xrouter.wire import json


def _delta(text: str, member: str = "content") -> bytes:
    return b"data: " + json.encode({"choices": [{"delta": {member: text}}]}) + b"\n\n"


def _whole(text: str) -> bytes:
    return json.encode({"choices": [{"message": {"content": text}}], "usage": {"prompt_tokens": 5}})


STOP = b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'
LOADING = b'data: {"error":{"message":"Loading model"}}\n\n'
GOLDEN: list[tuple[bytes, int | None, str]] = [
    (_delta("2") + STOP, 2, ""),
    (_delta("1"), 1, ""),
    (_delta("0 or 1", "reasoning_content") + _delta("2") + STOP, 2, ""),
    (_delta("1") + _delta("0") + STOP, None, "the answer holds no lone 0, 1 or 2"),
    (_delta("I think") + STOP, None, "the answer holds no lone 0, 1 or 2"),
    (_delta("I think"), None, "the answer ended without a lone 0, 1 or 2"),
    (b"", None, "the answer ended without a lone 0, 1 or 2"),
    (LOADING, None, "the model is loading"),
    (b"data: oops\n\n", None, "the provider reported an error"),
    (_whole("1"), 1, ""),
    (b"\n " + _whole('{"tier": 2}'), 2, ""),
    (_whole("0 or 1?</think>2"), 2, ""),
    (_whole("no idea"), None, "the answer holds no lone 0, 1 or 2"),
    (b'{"error":"no"}', None, "the provider reported an error"),
    (b"<html>2</html>", None, "the provider reported an error"),
]


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize(("body", "digit", "failure"), GOLDEN)
def test_streams_and_whole_answers(body: bytes, digit: int | None, failure: str, size: int) -> None:
    """Both forms are heard, in pieces of any size, and say why when there is no digit."""
    listener = Listener(openai)
    for at in range(0, len(body), size):
        if not listener.over:
            listener.feed(body[at : at + size])
    if not listener.over:
        listener.close()
    assert (listener.digit, listener.failure, listener.over) == (digit, failure, True)


def test_it_is_over_as_soon_as_the_digit_is_certain() -> None:
    """Nothing after a certain digit is waited for."""
    listener = Listener(openai)
    listener.feed(_delta("2"))
    assert (listener.over, listener.patience_s is not None) == (False, True)
    listener.feed(_delta(" because"))
    assert (listener.over, listener.digit) == (True, 2)


@pytest.mark.parametrize("body", [_delta("hm " * 10) * (MAX_TOKENS + 1), b": " + b"x" * MAX_BYTES])
def test_endless_answers_are_given_up(body: bytes) -> None:
    """More tokens or bytes than a classification can need end the listening."""
    listener = Listener(openai)
    listener.feed(body)
    assert (listener.over, listener.digit, listener.failure) == (True, None, "the answer is too long")


def test_usage_is_taken_where_it_comes() -> None:
    """A whole answer says what it used; a stream's tokens are counted."""
    whole, stream = Listener(openai), Listener(openai)
    whole.feed(_whole("1"))
    whole.close()
    stream.feed(_delta("hm", "reasoning") + _delta("1 "))
    assert whole.usage == Usage(prompt=5)
    assert (stream.usage, stream.tokens) == (None, 2)
