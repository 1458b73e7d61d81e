"""OpenAI Chat Completions: https://platform.openai.com/docs/api-reference/chat."""

from xrouter.dialects.openai.asking import write_request
from xrouter.dialects.openai.conversation import read_request
from xrouter.dialects.openai.ending import is_over, read_end
from xrouter.dialects.openai.errors import read_error, write_error
from xrouter.dialects.openai.mending import mend_reply, mender
from xrouter.dialects.openai.raw import dropped, error_event, read_first, rewrite, without_usage
from xrouter.dialects.openai.replay import as_stream, read_used
from xrouter.dialects.openai.reply import write_reply
from xrouter.dialects.openai.request import read_envelope
from xrouter.dialects.openai.stream import read_reply, reader
from xrouter.dialects.openai.turns import read_turns
from xrouter.dialects.openai.writer import writer
from xrouter.wire.sse import DONE

__all__ = [
    "DONE",
    "as_stream",
    "dropped",
    "error_event",
    "is_over",
    "mend_reply",
    "mender",
    "read_end",
    "read_envelope",
    "read_error",
    "read_first",
    "read_reply",
    "read_request",
    "read_turns",
    "read_used",
    "reader",
    "rewrite",
    "without_usage",
    "write_error",
    "write_reply",
    "write_request",
    "writer",
]
