"""A layer as a data file describes it, in a mapping or in a row of a table.

    {name: conv1, C: 3, M: 64, P: 112, R: 7, stride: 2}          # Q and S are P and R where they are not given
    {name: conv1, C: 3, M: 64, H: 224, R: 7, stride: 2, pad: 3}  # or the input's extents H, W instead of P, Q
    {name: dw1, kind: depthwise, C: 32, P: 112, R: 3}
    {name: fc, kind: gemm, C: 512, M: 1000}                      # P rows (1), C summed up, M columns of the result
    {name: scores, kind: gemm, C: 64, M: 128, P: 128, count: 12, product: true}   # of two activations

P, Q are extents of the output, R and H go with P, S and W with Q. The model knows no padding: `pad` only counts here,
for the extents of the output.
"""

from __future__ import annotations

from typing import Final

from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.data_file import Fields, unknown
from archgym.simulators.accelerator.layer import KINDS, Layer

_COMMON: Final = ("name", "kind", "N", "C", "M", "P", "count", "product")
_SPATIAL: Final = ("stride", "stride_p", "stride_q", "dilation", "dilation_p", "dilation_q", "H", "W", "pad")
KEYS: Final = (*_COMMON, "Q", "R", "S", *_SPATIAL, "groups")


def read_layer(entry: Fields) -> tuple[Layer, bool]:
    """The layer, and whether it multiplies two activations. Raises `DataError` that begins with the entry's place."""
    entry.keys_are(*KEYS)
    name, kind = entry.text("name"), entry.text("kind", "conv")
    if kind not in KINDS:
        raise unknown(f"{entry.where}: kind", kind, KINDS)
    try:
        layer = _gemm(name, entry) if kind == "gemm" else _convolution(name, kind, entry)
    except DataError as error:
        text = str(error)
        raise DataError(text if text.startswith(entry.where) else f"{entry.where}: {text}") from None
    return layer, entry.flag("product", default=False)


def _gemm(name: str, entry: Fields) -> Layer:
    for key in entry.values:
        if key not in _COMMON:
            raise DataError(f"{entry.where}: {key}: a gemm has none, its sizes are P rows, C summed up and M columns")
    return Layer(
        name, entry.whole("N", 1), entry.whole("C"), entry.whole("M"), entry.whole("P", 1), 1, 1, 1,
        kind="gemm", count=entry.whole("count", 1),
    )  # fmt: skip


def _convolution(name: str, kind: str, entry: Fields) -> Layer:
    r = entry.whole("R")
    s = entry.whole("S", r)
    strides, dilations = _pair(entry, "stride"), _pair(entry, "dilation")
    p, q = _output(entry, (r, s), strides, dilations)
    return Layer(
        name, entry.whole("N", 1), entry.whole("C"), _output_channels(kind, entry), p, q, r, s, *strides, *dilations,
        kind=kind, groups=entry.whole("groups", 1), count=entry.whole("count", 1),
    )  # fmt: skip


def _output_channels(kind: str, entry: Fields) -> int:
    return entry.whole("M", 1) if kind == "depthwise" else entry.whole("M")


def _pair(entry: Fields, key: str) -> tuple[int, int]:
    """``stride: 2``, or ``stride_p`` and ``stride_q``."""
    both = entry.whole(key, 1)
    if key in entry.values and (f"{key}_p" in entry.values or f"{key}_q" in entry.values):
        raise DataError(f"{entry.where}: {key}: given twice, as {key} and as {key}_p or {key}_q")
    return entry.whole(f"{key}_p", both), entry.whole(f"{key}_q", both)


def _output(
    entry: Fields, kernel: tuple[int, int], strides: tuple[int, int], dilations: tuple[int, int]
) -> tuple[int, int]:
    """P and Q, given or from H, W and the padding."""
    if "H" not in entry.values:
        for key in ("W", "pad"):
            if key in entry.values:
                raise DataError(f"{entry.where}: {key}: goes with H, the input's extent; P and Q need none")
        p = entry.whole("P")
        return p, entry.whole("Q", p)
    for key in ("P", "Q"):
        if key in entry.values:
            raise DataError(f"{entry.where}: {key}: given twice, as {key} and by way of H: leave one out")
    pad = entry.values.get("pad", 0)
    if isinstance(pad, bool) or not isinstance(pad, int) or pad < 0:
        raise entry.wrong("pad", "a whole number from 0 on")
    height = entry.whole("H")
    inputs = height, entry.whole("W", height)
    sizes = [
        output_extent(extent + 2 * pad, k, stride, dilation)
        for extent, k, stride, dilation in zip(inputs, kernel, strides, dilations, strict=True)
    ]
    if min(sizes) < 1:
        raise DataError(
            f"{entry.where}: the output is empty: the kernel of {kernel[0]} x {kernel[1]} is larger than the input of "
            f"{inputs[0]} x {inputs[1]} with its padding of {pad}"
        )
    return sizes[0], sizes[1]


def output_extent(extent: int, kernel: int, stride: int, dilation: int) -> int:
    """Outputs along one axis of a padded input; 0 or less if the kernel does not fit in."""
    return (extent - dilation * (kernel - 1) - 1) // stride + 1
