"""`xrouter demo`."""

from __future__ import annotations


def demo() -> None:
    """Show the router at work with simulated providers."""
