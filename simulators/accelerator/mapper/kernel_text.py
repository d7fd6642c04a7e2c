"""A digest of the compiled parts that searches are built of.

Numba keeps machine code on disk until the file of a function changes, but not that of the functions it calls. So what
is compiled with the kernels inside closes over this digest, and is compiled again when one of them changes.
"""

from __future__ import annotations

import hashlib
import inspect
from functools import cache

from archgym.simulators.accelerator import kernel as engine_kernel
from archgym.simulators.accelerator.mapper import kernel as mapper_kernel


@cache
def kernel_text() -> str:
    """The digest of both kernels' source text."""
    text = inspect.getsource(engine_kernel) + inspect.getsource(mapper_kernel)
    return hashlib.sha256(text.encode()).hexdigest()
