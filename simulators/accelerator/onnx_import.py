"""Networks in ONNX files: every operator that multiplies matrices becomes a layer, and none is lost without a word.

Convolutions of one and two dimensions and products of matrices become layers, those of one shape as one with a count.
Operators in `onnx_operators.HARMLESS` do no such work; every other one is counted in ``Network.dropped``. Only shapes
are read: weights may be in other files, which need not be there. A symbolic first dimension of an input is the batch,
and 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from archgym.simulators.accelerator.data_error import DataError, check_whole
from archgym.simulators.accelerator.layer import Layer
from archgym.simulators.accelerator.networks.network import Network, merged
from archgym.simulators.accelerator.onnx_operators import HARMLESS, LAYERS, Operator, Unsupported

if TYPE_CHECKING:
    import onnx

_OWN_DOMAINS = ("", "ai.onnx")
_NO_DIMS: Mapping[str, int] = {}


class OnnxMissing(DataError):
    """The package that reads ONNX files is not installed."""


def read_onnx(path: str | Path, dims: Mapping[str, int] = _NO_DIMS) -> Network:
    """The network in an ONNX file, of one sample (or of as many as the file fixes).

    *dims* gives the symbolic dimensions of its inputs a size, as ``{"sequence": 128}``. Raises `DataError`, one line
    that begins with the file: it cannot be read, has a symbolic dimension that is not given, an operator whose shapes
    cannot be inferred, or nothing that multiplies; `OnnxMissing` without the package.
    """
    model = _with_shapes(_read(Path(path)), str(path), dims)
    graph = model.graph
    shapes, static = _shapes(graph), _static(graph)
    layers: list[Layer] = []
    products: list[str] = []
    dropped: Counter[str] = Counter()
    for operator in _operators(graph, shapes, static, str(path)):
        if operator.kind in HARMLESS:
            continue
        if operator.kind not in LAYERS:
            dropped[operator.kind] += 1
            continue
        try:
            layer, product = LAYERS[operator.kind](operator)
        except Unsupported as error:
            dropped[str(error)] += 1
            continue
        except DataError as error:
            raise DataError(f"{path}: {error}") from None
        layers.append(layer)
        products.extend([layer.name] if product else [])
    if not layers:
        rest = f" (left out: {', '.join(dropped)})" if dropped else ""
        raise DataError(f"{path}: expected at least one convolution or product of matrices, got none{rest}")
    unique, names = merged(layers, products)
    return Network(Path(path).stem, unique, names, dict(dropped))


def _read(path: Path) -> onnx.ModelProto:
    """The model without the weights that are in other files, its own functions replaced by what they do."""
    try:
        import onnx
        import onnx.inliner
        from google.protobuf.message import DecodeError
    except ImportError:
        raise OnnxMissing(f'{path}: ONNX files need the package onnx: pip install "archgym[onnx]"') from None
    try:
        model = onnx.load_model_from_string(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    except (DecodeError, ValueError):
        raise DataError(f"{path}: not an ONNX file, or one that was cut off: export it again") from None
    if not model.graph.node:
        raise DataError(f"{path}: not an ONNX file, or one without operators")
    return onnx.inliner.inline_local_functions(model) if model.functions else model


def _with_shapes(model: onnx.ModelProto, where: str, dims: Mapping[str, int]) -> onnx.ModelProto:
    """The model with its symbolic dimensions fixed and the shapes of all values that can be inferred."""
    import onnx

    for name, size in dims.items():
        check_whole(f"{where}: dims: {name}", size)
    graph = model.graph
    own = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in own]
    sizes = {**_batch(inputs), **dims}
    for value in inputs:
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            if not dim.HasField("dim_value") and dim.dim_param not in sizes and (axis or dim.dim_param):
                raise DataError(
                    f"{where}: input {value.name!r}: dimension {axis} is symbolic "
                    f"({dim.dim_param or 'without a name'}): export it with a fixed size, or give its size in 'dims'"
                )
            if not dim.HasField("dim_value") and not dim.dim_param:
                dim.dim_value = 1
    unused = set(dims) - {
        dim.dim_param for value in inputs for dim in value.type.tensor_type.shape.dim if dim.dim_param
    }  # fmt: skip
    if unused:
        raise DataError(f"{where}: dims: no input has a symbolic dimension {', '.join(sorted(unused))}")
    for value in (*graph.input, *graph.output, *graph.value_info):
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param in sizes:
                dim.dim_value = sizes[dim.dim_param]
    try:
        return onnx.shape_inference.infer_shapes(model, data_prop=True)
    except (onnx.shape_inference.InferenceError, RuntimeError, ValueError) as error:
        raise DataError(f"{where}: its shapes contradict each other: {' '.join(str(error).split())[:120]}") from None


def _batch(inputs: list[onnx.ValueInfoProto]) -> dict[str, int]:
    """The symbols that stand first in an input's shape."""
    first = [value.type.tensor_type.shape.dim[0] for value in inputs if value.type.tensor_type.shape.dim]
    return {dim.dim_param: 1 for dim in first if dim.dim_param}


def _shapes(graph: onnx.GraphProto) -> dict[str, tuple[int, ...]]:
    """Of every value whose shape is known throughout."""
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for value in (*graph.input, *graph.value_info, *graph.output):
        tensor = value.type.tensor_type
        if tensor.HasField("shape") and all(dim.HasField("dim_value") for dim in tensor.shape.dim):
            shapes[value.name] = tuple(dim.dim_value for dim in tensor.shape.dim)
    return shapes


def _static(graph: onnx.GraphProto) -> set[str]:
    """Values that no input changes: weights, also transposed or dequantised ones."""
    static = {tensor.name for tensor in graph.initializer} | {""}
    for node in graph.node:
        if all(name in static for name in node.input):
            static.update(node.output)
    return static


def _operators(
    graph: onnx.GraphProto, shapes: Mapping[str, tuple[int, ...]], static: set[str], where: str
) -> Iterator[Operator]:
    """All of the graph, in its order, with names that differ. Those within others are counted by the outer one."""
    import onnx

    taken: Counter[str] = Counter()
    for node in graph.node:
        name = node.name or next(iter(node.output), node.op_type)
        taken[name] += 1
        yield Operator(
            kind=node.op_type if node.domain in _OWN_DOMAINS else f"{node.domain}::{node.op_type}",
            name=name if taken[name] == 1 else f"{name}#{taken[name]}",
            inputs=tuple(node.input),
            outputs=tuple(node.output),
            attributes={attr.name: onnx.helper.get_attribute_value(attr) for attr in node.attribute},
            shapes=shapes,
            static=static,
        )
