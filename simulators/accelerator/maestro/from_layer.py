"""A layer of Timeloop's model as one of MAESTRO's: the same multiply-accumulates, named otherwise.

P goes with R and becomes Y, Q with S and becomes X; M becomes K. Y and X are input extents, just what the kernel
touches. A product of matrices stays the convolution that it is written as.
"""

from __future__ import annotations

from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.layer import Layer
from archgym.simulators.accelerator.maestro.layer import Kind, MaestroLayer


def from_layer(layer: Layer) -> MaestroLayer:
    """One group of *layer*: price it ``layer.groups`` times. DataError where MAESTRO has no word for it: dilation."""
    layer = layer.one_group
    for dim, dilation in (("P", layer.dilation_p), ("Q", layer.dilation_q)):
        if dilation != 1:
            raise DataError(
                f"layer {layer.name!r}: a dilation of {dilation} along {dim}: MAESTRO knows dilation 1 only"
            )
    depthwise = layer.kind == "depthwise"
    if depthwise and layer.N > 1:
        raise DataError(f"layer {layer.name!r}: a depthwise layer has no batch in MAESTRO: give N = 1, not {layer.N}")
    return MaestroLayer(
        layer.name,
        Kind.DSCONV if depthwise else Kind.CONV,
        K=layer.M,
        C=layer.C,
        Y=(layer.P - 1) * layer.stride_p + layer.R,
        X=(layer.Q - 1) * layer.stride_q + layer.S,
        R=layer.R,
        S=layer.S,
        stride_y=layer.stride_p,
        stride_x=layer.stride_q,
        N=layer.N,
    )
