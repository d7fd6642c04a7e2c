"""A system on chip, priced early: a task graph on processors, memories and buses, with FARSI's answers."""
