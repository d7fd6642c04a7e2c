"""What an ONNX file's operators become: layers, nothing, or a line in the list of what was left out."""

from __future__ import annotations

import builtins
from pathlib import Path

import numpy as np
import pytest

from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.networks.registry import load_network
from archgym.simulators.accelerator.onnx_import import OnnxMissing, read_onnx

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402


class Model:
    """A small model under construction; every operator's output is called after its name."""

    def __init__(self, **inputs: list[int | str | None]) -> None:
        self.inputs = [helper.make_tensor_value_info(k, TensorProto.FLOAT, shape) for k, shape in inputs.items()]
        self.weights: list[onnx.TensorProto] = []
        self.nodes: list[onnx.NodeProto] = []

    def weight(self, name: str, *shape: int) -> str:
        self.weights.append(numpy_helper.from_array(np.zeros(shape, np.float32), name))
        return name

    def constant(self, name: str, values: list[int]) -> str:
        self.weights.append(numpy_helper.from_array(np.array(values, np.int64), name))
        return name

    def add(self, kind: str, name: str, *inputs: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def save(self, path, functions=(), domains=()):
        output = helper.make_empty_tensor_value_info(self.nodes[-1].output[0])
        graph = helper.make_graph(self.nodes, "g", self.inputs, [output], self.weights)
        opsets = [helper.make_opsetid("", 17), *(helper.make_opsetid(domain, 1) for domain in domains)]
        onnx.save(helper.make_model(graph, opset_imports=opsets, functions=functions), path)
        return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "mine.onnx"


def test_a_small_network_has_the_layers_that_one_counts_by_hand(path):
    model = Model(image=["batch", 3, 224, 224])
    x = model.add("Conv", "stem", "image", model.weight("w0", 32, 3, 3, 3), pads=[1] * 4, strides=[2, 2])
    x = model.add("Relu", "relu", x)
    x = model.add("Conv", "dw", x, model.weight("w1", 32, 1, 3, 3), pads=[1] * 4, group=32)
    x = model.add("Conv", "grouped", x, model.weight("w2", 64, 8, 5, 1), group=4, dilations=[2, 1])
    x = model.add("GlobalAveragePool", "pool", x)
    x = model.add("Flatten", "flat", x)
    model.add("Gemm", "fc", x, model.weight("w3", 10, 64), transB=1)
    network = read_onnx(model.save(path))
    stem, dw, grouped, fc = network.layers
    assert (stem.N, stem.C, stem.M, stem.P, stem.Q, stem.R, stem.stride_p) == (1, 3, 32, 112, 112, 3, 2)
    assert (dw.kind, dw.C, dw.M, dw.groups) == ("depthwise", 32, 1, 1)
    assert (grouped.kind, grouped.C, grouped.M, grouped.groups) == ("conv", 32, 64, 4)
    assert (grouped.P, grouped.Q, grouped.R, grouped.S, grouped.dilation_p) == (104, 112, 5, 1, 2)  # 112 - 2 * 4
    assert (fc.kind, fc.C, fc.M, fc.P) == ("gemm", 64, 10, 1)
    assert network.weights == 32 * 27 + 32 * 9 + 64 * 8 * 5 + 640
    assert network.dropped == {}
    assert network.products == set()
    assert load_network(path, batch=4).macs == 4 * network.macs


def test_padding_given_as_same_and_strides_of_two_axes(path):
    model = Model(x=[1, 3, 15, 20])
    model.add("Conv", "c", "x", model.weight("w", 4, 3, 3, 5), auto_pad="SAME_UPPER", strides=[2, 3])
    (layer,) = read_onnx(model.save(path)).layers
    assert (layer.P, layer.Q, layer.stride_p, layer.stride_q) == (8, 7, 2, 3)  # 15 / 2 and 20 / 3, rounded up


def test_a_convolution_of_one_axis_runs_along_p_and_one_of_three_is_counted(path):
    model = Model(x=[1, 4, 100], y=[1, 4, 8, 8, 8])
    model.add("Conv", "c1", "x", model.weight("w1", 8, 4, 5), strides=[3])
    model.add("Conv", "c3", "y", model.weight("w3", 8, 4, 3, 3, 3))
    network = read_onnx(model.save(path))
    (layer,) = network.layers
    assert (layer.P, layer.Q, layer.R, layer.S, layer.stride_p, layer.stride_q) == (32, 1, 5, 1, 3, 1)
    assert network.dropped == {"Conv (3-D)": 1}


def test_attention_is_a_product_for_each_head_and_linear_layers_have_rows(path):
    model = Model(x=["batch", 128, 768])
    heads = model.constant("heads", [0, 0, 12, 64])
    parts = []
    for name in "qkv":
        y = model.add("MatMul", name, "x", model.weight(f"w{name}", 768, 768))
        y = model.add("Reshape", f"{name}_heads", y, heads)
        parts.append(model.add("Transpose", f"{name}_t", y, perm=[0, 2, 3, 1] if name == "k" else [0, 2, 1, 3]))
    scores = model.add("MatMul", "scores", parts[0], parts[1])
    model.add("MatMul", "context", model.add("Softmax", "soft", scores), parts[2])
    network = read_onnx(model.save(path))
    by_name = {layer.name: layer for layer in network.layers}
    assert set(by_name) == {"q", "scores", "context"}
    assert (by_name["q"].C, by_name["q"].M, by_name["q"].P, by_name["q"].count) == (768, 768, 128, 3)
    assert (by_name["scores"].C, by_name["scores"].M, by_name["scores"].P, by_name["scores"].count) == (
        64,
        128,
        128,
        12,
    )
    assert (by_name["context"].C, by_name["context"].M) == (128, 64)
    assert network.products == {"scores", "context"}
    assert network.weights == 3 * 768 * 768


def test_one_matrix_for_many_is_more_rows_and_weights_may_stand_on_the_left(path):
    model = Model(x=[2, 5, 7, 16], y=[16, 9])
    model.add("MatMul", "rows", "x", model.weight("w", 16, 4))
    model.add("MatMul", "left", model.weight("v", 3, 16), "y")
    model.add("MatMul", "vector", "y", model.weight("u", 9))
    rows, left, vector = read_onnx(model.save(path)).layers
    assert (rows.P, rows.C, rows.M, rows.count) == (2 * 5 * 7, 16, 4, 1)
    assert (left.P, left.C, left.M) == (9, 16, 3)
    assert (vector.P, vector.C, vector.M) == (16, 9, 1)


def test_weights_stay_weights_when_they_are_transposed(path):
    model = Model(x=[1, 16])
    model.add("MatMul", "m", "x", model.add("Transpose", "t", model.weight("w", 4, 16)))
    assert read_onnx(model.save(path)).weights == 64


def test_operators_that_multiply_and_are_no_layers_are_counted(path):
    model = Model(x=[1, 4, 8, 8])
    x = model.add("Conv", "c", "x", model.weight("w", 4, 4, 1, 1))
    for i in range(2):
        x = model.add("ConvTranspose", f"up{i}", x, model.weight(f"u{i}", 4, 4, 2, 2), strides=[2, 2])
    model.add("FusedThing", "f", "x", domain="my.own")
    network = read_onnx(model.save(path, domains=["my.own"]))
    assert [layer.name for layer in network.layers] == ["c"]
    assert network.dropped == {"ConvTranspose": 2, "my.own::FusedThing": 1}


def test_a_models_own_functions_are_looked_into(path):
    body = [helper.make_node("MatMul", ["a", "b"], ["y"]), helper.make_node("Relu", ["y"], ["z"])]
    block = helper.make_function("my.own", "Block", ["a", "b"], ["z"], body, [helper.make_opsetid("", 17)])
    model = Model(x=[3, 16])
    model.add("Block", "block", "x", model.weight("w", 16, 4), domain="my.own")
    network = read_onnx(model.save(path, functions=[block], domains=["my.own"]))
    assert [(layer.P, layer.C, layer.M) for layer in network.layers] == [(3, 16, 4)]
    assert network.dropped == {}


def test_a_symbolic_sequence_needs_a_size(path):
    model = Model(x=["batch", "sequence", 16])
    model.add("MatMul", "m", "x", model.weight("w", 16, 4))
    model.save(path)
    assert "input 'x': dimension 1 is symbolic (sequence): export it with a fixed size, or give" in refused(path)
    assert load_network(path, dims={"sequence": 12}).layers[0].P == 12
    assert load_network(path, dims={"sequence": 12, "batch": 2}).layers[0].P == 24
    with pytest.raises(DataError, match="dims: no input has a symbolic dimension length"):
        load_network(path, dims={"sequence": 12, "length": 12})
    with pytest.raises(DataError, match="dims: sequence: expected a whole number from 1"):
        load_network(path, dims={"sequence": 0})


def test_dimensions_without_a_name_are_the_batch_only_in_front(path):
    model = Model(x=[None, 16])
    model.add("MatMul", "m", "x", model.weight("w", 16, 4))
    assert read_onnx(model.save(path)).layers[0].P == 1
    model = Model(x=[1, 3, None, 16])
    model.add("Conv", "c", "x", model.weight("w", 4, 3, 3, 3))
    assert "dimension 2 is symbolic (without a name)" in refused(model.save(path))


def test_a_shape_that_cannot_be_inferred_is_named(path):
    model = Model(x=[1, 16], n=[2])
    model.add("Cast", "shape", "n", to=TensorProto.INT64)
    y = model.add("Reshape", "y", "x", "shape")
    model.add("MatMul", "m", y, model.weight("w", 16, 4))
    assert "MatMul 'm': the shape of 'y' cannot be inferred" in refused(model.save(path))


def test_shapes_that_do_not_fit_together_are_one_line(path):
    model = Model(x=[1, 3, 8, 8])
    model.add("Conv", "c", "x", model.weight("w", 4, 5, 3, 3))
    error = refused(model.save(path))
    assert "Conv 'c': expected an input of 5 channels, got [1, 3, 8, 8], [4, 5, 3, 3]" in error


@pytest.mark.parametrize("content", [b"", b"no model", b"\x08\x07\x12\x04abc"])
def test_a_broken_file_is_one_line(path, content):
    path.write_bytes(content)
    assert "not an ONNX file" in refused(path)


def test_a_file_that_was_cut_off_is_one_line(path):
    model = Model(x=[1, 16])
    model.add("MatMul", "m", "x", model.weight("w", 16, 4))
    model.save(path)
    path.write_bytes(path.read_bytes()[:-30])
    assert "not an ONNX file, or one that was cut off" in refused(path)


def test_a_file_that_is_not_there_is_one_line(path):
    assert refused(path).endswith("cannot be read (No such file or directory)")


def test_a_model_without_layers_is_one_line_that_says_what_was_left_out(path):
    model = Model(x=[1, 4, 8, 8])
    model.add("ConvTranspose", "up", "x", model.weight("u", 4, 4, 2, 2))
    assert refused(model.save(path)).endswith("got none (left out: ConvTranspose)")


def sample(name: str):
    """A network's graph without weights, as the package has some for its own tests."""
    path = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light" / f"light_{name}.onnx"
    return path if path.exists() else pytest.skip(f"this version of onnx has no {path.name}")


def test_an_exported_resnet50_has_the_layers_of_the_one_in_the_package():
    ours, theirs = load_network("resnet50"), read_onnx(sample("resnet50"))
    shapes = [{(layer.key, layer.count) for layer in network.layers} for network in (ours, theirs)]
    assert shapes[0] == shapes[1]
    assert theirs.macs == ours.macs
    assert theirs.dropped == {}


@pytest.mark.parametrize(
    ("name", "gmacs", "millions", "biases"),
    [
        ("vgg19", 19.63, 143.667240, 2 * 64 + 2 * 128 + 4 * 256 + 8 * 512 + 2 * 4096 + 1000),  # torchvision's page
        ("squeezenet", 0.349, 1.235496, 64 + 2 * 9 * (16 + 32 + 48 + 64) + 1000),  # version 1.1, likewise
    ],
)
def test_exported_networks_have_the_published_sizes(name, gmacs, millions, biases):
    network = read_onnx(sample(name))
    assert network.macs / 1e9 == pytest.approx(gmacs, rel=0.002)
    assert network.weights + biases == round(millions * 1e6)


def test_a_missing_package_names_the_extra(path, monkeypatch):
    original = builtins.__import__

    def without_onnx(name, *args, **kwargs):
        if name == "onnx":
            raise ImportError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_onnx)
    with pytest.raises(OnnxMissing) as error:
        read_onnx(path)
    assert 'pip install "archgym[onnx]"' in str(error.value)


def refused(path) -> str:
    """The one line, beginning with the file, with which it is refused."""
    with pytest.raises(DataError) as error:
        load_network(path)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(str(path))
    return str(error.value)
