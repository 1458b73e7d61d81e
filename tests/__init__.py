"""What xrouter promises, checked on real parts."""
