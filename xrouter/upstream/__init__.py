"""The only place that opens client connections."""
