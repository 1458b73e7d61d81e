"""Cohere's chat, version 2: https://docs.cohere.com/reference/chat. Providers alone speak it."""

from xrouter.dialects.cohere.asking import write_request
from xrouter.dialects.cohere.faults import read_error
from xrouter.dialects.cohere.reader import read_reply, reader

__all__ = ["read_error", "read_reply", "reader", "write_request"]
