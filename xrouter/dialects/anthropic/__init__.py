"""Anthropic Messages: https://docs.claude.com/en/api/messages."""

from xrouter.dialects.anthropic.asking import write_request
from xrouter.dialects.anthropic.ending import is_over, read_end
from xrouter.dialects.anthropic.envelope import read_envelope, read_turns
from xrouter.dialects.anthropic.errors import error_event, write_error
from xrouter.dialects.anthropic.faults import read_error
from xrouter.dialects.anthropic.raw import as_stream, dropped, mend_reply, mender, read_used, rewrite, without_usage
from xrouter.dialects.anthropic.reader import read_first, read_reply, reader
from xrouter.dialects.anthropic.reply import write_reply
from xrouter.dialects.anthropic.request import read_request
from xrouter.dialects.anthropic.writer import DONE, writer

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
