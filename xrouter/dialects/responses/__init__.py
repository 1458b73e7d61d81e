"""OpenAI Responses: https://platform.openai.com/docs/api-reference/responses.

Clients speak it (Codex, OpenAI's SDKs), and so do targets whose address ends in `/responses`.
"""

from xrouter.dialects.responses.asking import write_request
from xrouter.dialects.responses.ending import is_over, read_end
from xrouter.dialects.responses.envelope import read_envelope
from xrouter.dialects.responses.errors import error_event, read_error, write_error
from xrouter.dialects.responses.raw import (
    DONE,
    dropped,
    mend_reply,
    mender,
    read_used,
    rewrite,
    without_usage,
)
from xrouter.dialects.responses.reader import read_first, read_reply, reader
from xrouter.dialects.responses.replay import as_stream
from xrouter.dialects.responses.request import read_request, read_turns
from xrouter.dialects.responses.writer import write_reply, writer

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
