"""The judge that needs no server: provisional rules, length first."""
