"""Which target: given facts, returns decisions."""
