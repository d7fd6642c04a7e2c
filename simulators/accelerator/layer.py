"""One layer of a network as a perfect loop nest of seven dimensions over weights, inputs and outputs.

A weight is W[C, M, R, S], an output O[N, M, Q, P] and an input I[N, C, x, y] at x = dilation_p R + stride_p P,
y = dilation_q S + stride_q Q: P goes with R, Q with S. There is no padding: the input is what the kernel touches.
A depthwise convolution has C channels and M = 1, and its outputs are indexed by C. A product of matrices is a
convolution with C = K (reduction), M = N (columns of the result) and P = M (rows).
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import astuple, dataclass, replace
from typing import Final

from archgym.simulators.accelerator.data_error import DataError, check_whole

DIMS: Final = ("N", "C", "M", "P", "Q", "R", "S")
"""The loop dimensions, in the order of every array of loop factors."""
TENSORS: Final = ("W", "I", "O")
"""Weights, inputs and outputs, in the order of every array of accesses."""
KINDS: Final = ("conv", "depthwise", "gemm")
MOST_WORDS: Final = 2**53
"""Above it a float64 would no longer hold every count of accesses exactly."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer; `DataError`, which names it, when its sizes do not fit together."""

    name: str
    N: int
    C: int
    M: int
    P: int
    Q: int
    R: int
    S: int
    stride_p: int = 1
    stride_q: int = 1
    dilation_p: int = 1
    dilation_q: int = 1
    kind: str = "conv"
    """One of `KINDS`."""
    groups: int = 1
    """A grouped convolution is priced as that many of `one_group`, one after another; C and M are of all groups."""
    count: int = 1
    """How often the layer occurs in its network. Prices are of one occurrence."""

    def __post_init__(self) -> None:
        where = f"layer {self.name!r}"
        fields = (*DIMS, "stride_p", "stride_q", "dilation_p", "dilation_q", "groups", "count")
        for field in fields:
            check_whole(f"{where}: {field}", getattr(self, field))
        if self.kind not in KINDS:
            raise DataError(f"{where}: kind: expected one of {', '.join(KINDS)}, got {self.kind!r}")
        if self.kind == "depthwise" and self.M != 1:
            raise DataError(f"{where}: M: expected 1 in a depthwise layer (its channels are C), got {self.M}")
        if self.kind == "gemm" and (self.Q, self.R, self.S) != (1, 1, 1):
            raise DataError(f"{where}: expected Q = R = S = 1 in a gemm, got {self.Q}, {self.R}, {self.S}")
        if self.groups > 1 and self.kind != "conv":
            raise DataError(f"{where}: groups: expected 1 in a {self.kind} layer, got {self.groups}")
        if self.C % self.groups or self.M % self.groups:
            raise DataError(f"{where}: groups: expected a divisor of C = {self.C} and M = {self.M}, got {self.groups}")
        # No level reads more inputs than this: a tile of P and R has at most (stride + dilation) P R words in X.
        most = self.macs * (self.stride_p + self.dilation_p) * (self.stride_q + self.dilation_q)
        if most >= MOST_WORDS:
            raise DataError(f"{where}: expected multiplications x strides of less than 2^53, got {most}")

    @property
    def sizes(self) -> tuple[int, ...]:
        """Loop bounds, in the order of `DIMS`."""
        return (self.N, self.C, self.M, self.P, self.Q, self.R, self.S)

    @property
    def macs(self) -> int:
        """Multiplications of one occurrence, over all groups."""
        return math.prod(self.sizes) // self.groups

    @property
    def one_group(self) -> Layer:
        """The layer that one group is: the layer itself unless it is grouped."""
        if self.groups == 1:
            return self
        return replace(self, C=self.C // self.groups, M=self.M // self.groups, groups=1)

    @property
    def axes(self) -> dict[str, tuple[tuple[tuple[str, int], ...], ...]]:
        """Per tensor its axes; each is a sum of coefficient x dimension, as ``(("R", 1), ("P", 2))``."""
        outputs = "C" if self.kind == "depthwise" else "M"
        weights = ("C", "R", "S") if self.kind == "depthwise" else ("C", "M", "R", "S")
        return {
            "W": tuple(((dim, 1),) for dim in weights),
            "I": (
                (("N", 1),),
                (("C", 1),),
                (("R", self.dilation_p), ("P", self.stride_p)),
                (("S", self.dilation_q), ("Q", self.stride_q)),
            ),
            "O": tuple(((dim, 1),) for dim in ("N", outputs, "Q", "P")),
        }

    def words(self, tensor: str) -> int:
        """Words of the whole *tensor* (``"W"``, ``"I"`` or ``"O"``) of one group."""
        size = dict(zip(DIMS, self.one_group.sizes, strict=True))
        return math.prod(1 + sum(coef * (size[dim] - 1) for dim, coef in axis) for axis in self.axes[tensor])

    @property
    def key(self) -> str:
        """A digest of all that its price depends on: not of the name and the count."""
        return hashlib.sha256(repr(astuple(replace(self, name="", count=1))).encode()).hexdigest()[:16]
