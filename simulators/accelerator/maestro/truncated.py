"""Integer quotients as MAESTRO takes them: truncated toward zero."""


def quotient(a: int, b: int) -> int:
    """a / b truncated toward zero; b is not 0."""
    size = abs(a) // abs(b)
    return size if (a < 0) == (b < 0) else -size


def quotient_up(a: int, b: int) -> int:
    """a / b rounded up; b is positive."""
    return -(-a // b)
