"""What was decided before."""
