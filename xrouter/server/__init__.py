"""The HTTP side: handlers, limits, logs, and the only place where all is put together."""
