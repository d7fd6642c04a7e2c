"""A closed-form simulator with a known optimum, for tests and the tutorial."""
