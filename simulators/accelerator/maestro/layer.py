"""A layer in MAESTRO's terms: extents per dimension, which tensor has which dimension, and what slides over what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import prod

from archgym.simulators.accelerator.data_error import DataError


class Kind(StrEnum):
    """What a layer computes."""

    CONV = "CONV"
    DSCONV = "DSCONV"
    """Depthwise: one filter per channel, K is ignored."""
    GEMM = "GEMM"
    """O[M, N] = I[M, K] W[K, N]."""


TENSORS = ("I", "W", "O")
# The order of dimensions matters: it decides which of two spatial maps tells whether the last unit is partial.
_DIMS: Mapping[Kind, Mapping[str, tuple[str, ...]]] = {
    Kind.CONV: {"I": ("C", "Y", "X"), "W": ("K", "C", "R", "S"), "O": ("K", "Y", "X")},
    Kind.DSCONV: {"I": ("C", "Y", "X"), "W": ("C", "R", "S"), "O": ("C", "Y", "X")},
    Kind.GEMM: {"I": ("M", "K"), "W": ("K", "N"), "O": ("M", "N")},
}
_REDUCED = {Kind.CONV: ("C", "R", "S"), Kind.DSCONV: ("R", "S"), Kind.GEMM: ("K",)}
_EXTENTS = {Kind.CONV: "NKCYXRS", Kind.DSCONV: "KCYXRS", Kind.GEMM: "MNK"}


@dataclass(frozen=True, slots=True)
class MaestroLayer:
    """Extents of one layer in elements; Y and X are those of the *input*, padding included.

    ``N`` is the batch of a CONV, or the columns of a GEMM. DataError where an extent is not positive or a kernel is
    larger than its input.
    """

    name: str
    kind: Kind = Kind.CONV
    K: int = 1
    C: int = 1
    Y: int = 1
    X: int = 1
    R: int = 1
    S: int = 1
    stride_y: int = 1
    stride_x: int = 1
    N: int = 1
    M: int = 1

    def __post_init__(self) -> None:
        for name in ("K", "C", "Y", "X", "R", "S", "stride_y", "stride_x", "N", "M"):
            value = getattr(self, name)
            if type(value) is not int or value < 1:
                raise DataError(f"layer {self.name!r}: {name} = {value!r}: expected a positive integer")
        for extent, kernel in (("Y", "R"), ("X", "S")):
            if getattr(self, kernel) > getattr(self, extent):
                raise DataError(
                    f"layer {self.name!r}: {kernel} = {getattr(self, kernel)} is larger than the input extent "
                    f"{extent} = {getattr(self, extent)}: give {extent} with its padding added"
                )

    @property
    def extents(self) -> Mapping[str, int]:
        """Elements per dimension; a batch of 1 is no dimension."""
        names = _EXTENTS[self.kind].removeprefix("N" if self.kind is Kind.CONV and self.N == 1 else "")
        return {name: getattr(self, name) for name in names}

    def dims(self, tensor: str) -> tuple[str, ...]:
        """Dimensions of I, W or O."""
        dims = _DIMS[self.kind][tensor]
        return ("N", *dims) if self.kind is Kind.CONV and self.N > 1 and tensor != "W" else dims

    @property
    def reduced(self) -> tuple[str, ...]:
        """Dimensions that are summed over."""
        return _REDUCED[self.kind]

    @property
    def slides(self) -> Mapping[str, str]:
        """Input dimension -> the kernel dimension that it slides over."""
        return {} if self.kind is Kind.GEMM else {"Y": "R", "X": "S"}

    def stride(self, dim: str) -> int:
        return {"Y": self.stride_y, "X": self.stride_x}.get(dim, 1)

    def outputs(self, dim: str, *, strided: bool = True) -> int:
        """Extent of an output dimension; with *strided* off, as if every stride were 1."""
        if dim not in self.slides:
            return self.extents[dim]
        stride = self.stride(dim) if strided else 1
        return (self.extents[dim] - self.extents[self.slides[dim]]) // stride + 1

    def size(self, tensor: str, *, strided: bool = True) -> int:
        """Elements of a tensor."""
        if tensor == "O":
            return prod(self.outputs(dim, strided=strided) for dim in self.dims("O"))
        return prod(self.extents[dim] for dim in self.dims(tensor))

    @property
    def macs(self) -> int:
        """Multiply-accumulates that the layer takes."""
        return self.size("O") * prod(self.extents[dim] for dim in self.reduced)
