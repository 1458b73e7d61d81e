"""Settings: one model, one loader, the origin of every value."""
