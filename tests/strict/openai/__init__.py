"""OpenAI's Chat Completions, simulated."""

from tests.strict.openai.answer import stream, whole
from tests.strict.openai.errors import fault, refuse
from tests.strict.openai.request import read

__all__ = ["fault", "read", "refuse", "stream", "whole"]
