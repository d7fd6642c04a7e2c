"""What ONNX operators mean as layers: convolutions, products of matrices, and those that do no such work."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final

from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.layer import Layer

Shape = tuple[int, ...]

_BY_ELEMENT: Final = """
    Abs Acos Acosh Add And Asin Asinh Atan Atanh BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Cast CastLike
    Ceil Celu Clip Cos Cosh Div Dropout Elu Equal Erf Exp Floor Gelu Greater GreaterOrEqual HardSigmoid HardSwish
    IsInf IsNaN LeakyRelu Less LessOrEqual Log Max Mean Min Mish Mod Mul Neg Not Or PRelu Pow Reciprocal Relu Round
    Selu Shrink Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Sub Sum Swish Tan Tanh ThresholdedRelu Where Xor
"""
# With constants and copies.
_SHAPES: Final = """
    CenterCropPad Compress Concat Constant ConstantOfShape DepthToSpace Expand EyeLike Flatten Gather GatherElements
    GatherND Identity NonZero OneHot Pad Range Reshape Resize ReverseSequence ScatterElements ScatterND Shape Size
    Slice SpaceToDepth Split Squeeze Tile Transpose Trilu Unsqueeze Upsample
"""
# With pools, norms and quantisation: a few operations for each element.
_REDUCTIONS: Final = """
    ArgMax ArgMin AveragePool BatchNormalization CumSum DequantizeLinear DynamicQuantizeLinear GlobalAveragePool
    GlobalLpPool GlobalMaxPool GroupNormalization Hardmax InstanceNormalization LRN LayerNormalization LogSoftmax
    LpNormalization LpPool MaxPool MaxUnpool MeanVarianceNormalization QuantizeLinear RMSNormalization ReduceL1
    ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare
    Softmax TopK
"""
HARMLESS: Final = frozenset((_BY_ELEMENT + _SHAPES + _REDUCTIONS).split())
"""Operators that multiply no matrices; others may, and are counted."""


class Unsupported(Exception):
    """The operator multiplies, but is no layer of the model; the text is the name under which it is counted."""


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator of a graph."""

    kind: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    shapes: Mapping[str, Shape]
    """Of every value of the graph whose shape is known."""
    static: Set[str]
    """Values that no input changes."""

    def shape(self, number: int) -> Shape:
        """Of that input; `DataError` if it is missing or not known."""
        if number >= len(self.inputs):
            raise DataError(f"{self.kind} {self.name!r}: expected an input number {number}, got {len(self.inputs)}")
        return self._known(self.inputs[number])

    def output_shape(self) -> Shape:
        """Of the first output; `DataError` if it is not known."""
        return self._known(self.outputs[0])

    def is_static(self, number: int) -> bool:
        return self.inputs[number] in self.static

    def _known(self, value: str) -> Shape:
        if value not in self.shapes:
            raise DataError(
                f"{self.kind} {self.name!r}: the shape of {value!r} cannot be inferred: simplify the model (constant "
                "folding), or export it with fixed shapes"
            )
        return self.shapes[value]

    def wrong(self, expected: str) -> DataError:
        """The error about its shapes, to be raised."""
        got = ", ".join(str(list(self.shapes[name])) for name in self.inputs if name in self.shapes)
        return DataError(f"{self.kind} {self.name!r}: expected {expected}, got {got}")


def _convolution(data: int, weights: int) -> Callable[[Operator], tuple[Layer, bool]]:
    def read(operator: Operator) -> tuple[Layer, bool]:
        inputs, kernel, outputs = operator.shape(data), operator.shape(weights), operator.output_shape()
        axes = len(kernel) - 2
        if axes not in (1, 2):
            raise Unsupported(f"{operator.kind} ({axes}-D)")
        groups = int(operator.attributes.get("group", 1))
        if len(inputs) != len(kernel) or len(outputs) != len(kernel) or inputs[1] != kernel[1] * groups:
            raise operator.wrong(f"an input of {kernel[1] * groups} channels")
        (p, q), (r, s) = _two(outputs[2:]), _two(kernel[2:])
        stride_p, stride_q = _two(operator.attributes.get("strides", ()))
        dilation_p, dilation_q = _two(operator.attributes.get("dilations", ()))
        depthwise = groups > 1 and groups == inputs[1] == kernel[0]
        layer = Layer(
            operator.name, inputs[0], inputs[1], 1 if depthwise else kernel[0], p, q, r, s,
            stride_p, stride_q, dilation_p, dilation_q,
            kind="depthwise" if depthwise else "conv", groups=1 if depthwise else groups,
        )  # fmt: skip
        return layer, not operator.is_static(weights)

    return read


def _two(sizes: Sequence[int]) -> tuple[int, int]:
    """One dimension runs along P and R; what is missing is 1."""
    first, second = (*sizes, 1, 1)[:2]
    return first, second


def _gemm(operator: Operator) -> tuple[Layer, bool]:
    a, b = operator.shape(0), operator.shape(1)
    if len(a) != 2 or len(b) != 2:
        raise operator.wrong("two matrices")
    a = a[::-1] if operator.attributes.get("transA", 0) else a
    b = b[::-1] if operator.attributes.get("transB", 0) else b
    return _product(operator, a, b, operator.is_static(0), operator.is_static(1))


def _matmul(first: int, second: int) -> Callable[[Operator], tuple[Layer, bool]]:
    def read(operator: Operator) -> tuple[Layer, bool]:
        a, b = operator.shape(first), operator.shape(second)
        if not a or not b:
            raise operator.wrong("vectors or matrices")
        a = (1, *a) if len(a) == 1 else a
        b = (*b, 1) if len(b) == 1 else b
        return _product(operator, a, b, operator.is_static(first), operator.is_static(second))

    return read


def _product(operator: Operator, a: Shape, b: Shape, static_a: bool, static_b: bool) -> tuple[Layer, bool]:
    """Products ``(…, m, k)`` by ``(…, k, n)``, of which the second one is the weights where one is."""
    if a[-1] != b[-2]:
        raise operator.wrong("as many columns of the first as rows of the second")
    if static_a and not static_b:  # W x is (x' W')'
        a, b = (*b[:-2], b[-1], b[-2]), (*a[:-2], a[-1], a[-2])
    rows, count = a[-2], 1
    for of_a, of_b in zip_longest(reversed(a[:-2]), reversed(b[:-2]), fillvalue=1):
        if of_b == 1:  # one matrix for all of these: they are more rows
            rows *= of_a
        elif of_a in (1, of_b):
            count *= of_b
        else:
            raise operator.wrong("leading dimensions that are equal or 1")
    if math.prod((rows, count, *b[-2:])) == 0:
        raise operator.wrong("no dimension of 0")
    layer = Layer(operator.name, 1, b[-2], b[-1], rows, 1, 1, 1, kind="gemm", count=count)
    return layer, not (static_a or static_b)


LAYERS: Final[Mapping[str, Callable[[Operator], tuple[Layer, bool]]]] = {
    "Conv": _convolution(0, 1),
    "ConvInteger": _convolution(0, 1),
    "QLinearConv": _convolution(0, 3),
    "Gemm": _gemm,
    "MatMul": _matmul(0, 1),
    "MatMulInteger": _matmul(0, 1),
    "QLinearMatMul": _matmul(0, 3),
}
"""Operator to what makes a layer of it and says whether both factors are activations. They raise `DataError` for
shapes that are not known or do not fit together, and `Unsupported`."""
