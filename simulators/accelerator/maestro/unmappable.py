"""A mapping that has no result: raised inside the model, reported as a status by `model.evaluate`."""


class Unmappable(ValueError):
    """The message says which level and what is wrong with it."""
