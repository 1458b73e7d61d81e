"""Simulated providers on loopback, for `xrouter demo` and for journeys in tests."""
