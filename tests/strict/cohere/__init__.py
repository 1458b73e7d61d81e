"""Cohere's v2 chat."""

from tests.strict.cohere.answer import stream, whole
from tests.strict.cohere.errors import fault, refuse
from tests.strict.cohere.request import read

__all__ = ["fault", "read", "refuse", "stream", "whole"]
