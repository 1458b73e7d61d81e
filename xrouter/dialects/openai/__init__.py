"""OpenAI Chat Completions: https://platform.openai.com/docs/api-reference/chat."""

from xrouter.dialects.openai.ending import read_end
from xrouter.dialects.openai.errors import read_error, write_error
from xrouter.dialects.openai.raw import dropped, empty_delta, error_event, read_first, rewrite, without_usage
from xrouter.dialects.openai.reply import as_stream, read_reply
from xrouter.dialects.openai.request import read_envelope, read_request
from xrouter.wire.sse import DONE

__all__ = [
    "DONE",
    "as_stream",
    "dropped",
    "empty_delta",
    "error_event",
    "read_end",
    "read_envelope",
    "read_error",
    "read_first",
    "read_reply",
    "read_request",
    "rewrite",
    "without_usage",
    "write_error",
]
