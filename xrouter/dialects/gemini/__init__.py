"""Gemini's generateContent, as Google's API for developers and Vertex AI speak it: https://ai.google.dev/api."""

from xrouter.dialects.gemini.asking import write_request
from xrouter.dialects.gemini.faults import read_error
from xrouter.dialects.gemini.reader import read_reply, reader

__all__ = ["read_error", "read_reply", "reader", "write_request"]
