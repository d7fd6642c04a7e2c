"""Cost models learned from logs."""
