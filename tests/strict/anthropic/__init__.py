"""Anthropic's Messages, simulated."""

from tests.strict.anthropic.answer import stream, whole
from tests.strict.anthropic.errors import fault, refuse
from tests.strict.anthropic.request import read

__all__ = ["fault", "read", "refuse", "stream", "whole"]
