"""Search algorithms, one a file."""
