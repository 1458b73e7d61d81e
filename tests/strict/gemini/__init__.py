"""Gemini's generateContent, simulated."""

from tests.strict.gemini.answer import stream, whole
from tests.strict.gemini.errors import fault, refuse
from tests.strict.gemini.request import read

__all__ = ["fault", "read", "refuse", "stream", "whole"]
