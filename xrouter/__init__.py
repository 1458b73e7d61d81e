"""xrouter: an inference router between an agent and its LLM providers."""

__version__ = "0.1.0"
