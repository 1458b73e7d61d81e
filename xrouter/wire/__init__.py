"""Bytes, with no opinion: JSON, server-sent events, header names."""
