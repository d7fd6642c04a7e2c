"""The built-in simulators: one folder each, an engine that knows nothing of archgym and a `plugin.py` that does."""
