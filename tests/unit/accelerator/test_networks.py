"""The networks have the sizes that their papers state, and a user's file is read or refused in one line."""

from __future__ import annotations

import pytest

from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.networks.network import Network, merged
from archgym.simulators.accelerator.networks.registry import load_network, network_names

# Multiplications of one sample as published: AlexNet and VGG-16 in Sze et al., Efficient processing of deep neural
# networks, Proc. IEEE 2017; the others in their own papers or, where those round more, torchvision's model pages.
PUBLISHED_GMACS = {
    "alexnet": 0.724,
    "vgg16": 15.47,
    "resnet18": 1.814,
    "resnet50": 4.089,
    "mobilenet_v2": 0.301,
    "efficientnet_b0": 0.386,
    "bert_base_128": 22.5 / 2,  # FLOPs, in Sun et al., MobileBERT, ACL 2020, table 1
}

# Network -> all parameters as published, and those that no multiplication of a matrix uses.
PARAMETERS = {
    "alexnet": (60_965_224, {"biases": 96 + 256 + 384 + 384 + 256 + 4096 + 4096 + 1000}),
    "vgg16": (138_357_544, {"biases": 2 * 64 + 2 * 128 + 3 * 256 + 6 * 512 + 2 * 4096 + 1000}),
    "resnet18": (11_689_512, {"batch norms": 2 * 4800, "bias": 1000}),
    "resnet50": (25_557_032, {"batch norms": 2 * 26_560, "bias": 1000}),
    "mobilenet_v2": (3_504_872, {"batch norms": 2 * 17_056, "bias": 1000}),
    "efficientnet_b0": (5_288_548, {"batch norms": 2 * 21_008, "biases": 9340 + 1000}),
    "bert_base": (
        109_482_240,
        {
            "embeddings": (30_522 + 512 + 2) * 768,
            "layer norms": (12 * 2 + 1) * 2 * 768,
            "biases": 12 * (5 * 768 + 3072) + 768,
        },
    ),
    "gpt2": (  # the embedding of tokens is the matrix of the logits
        124_439_808,
        {"positions": 1024 * 768, "layer norms": (12 * 2 + 1) * 2 * 768, "biases": 12 * (5 * 768 + 3072)},
    ),
}


@pytest.mark.parametrize("name", PUBLISHED_GMACS)
def test_multiplications_are_those_published(name):
    assert load_network(name).macs / 1e9 == pytest.approx(PUBLISHED_GMACS[name], rel=0.01)


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_are_those_published(name):
    published, unused = PARAMETERS[name]
    assert load_network(name).weights + sum(unused.values()) == published


@pytest.mark.parametrize(("name", "layers"), [("alexnet_archgym", 5), ("resnet50", 54), ("mobilenet_v2", 53)])
def test_layers_are_as_many_as_in_archgym(name, layers):
    assert sum(layer.count for layer in load_network(name).layers) == layers


def test_archgyms_alexnet_ignores_the_groups():
    true, archgym = load_network("alexnet"), load_network("alexnet_archgym")
    by_name = {layer.name: layer for layer in true.layers}
    for layer in archgym.layers:
        assert layer.macs == by_name[layer.name].macs * by_name[layer.name].groups


def test_attention_multiplies_activations_and_so_grows_with_the_square_of_the_sequence():
    short, long = load_network("bert_base_128"), load_network("bert_base")
    assert short.products == {"scores", "context"}
    for name in short.products:
        of_short, of_long = (next(x for x in net.layers if x.name == name) for net in (short, long))
        assert of_long.macs == 16 * of_short.macs
    assert long.weights == short.weights


def test_a_batch_multiplies_the_work_but_not_the_weights():
    one, eight = load_network("bert_base_128"), load_network("bert_base_128", batch=8)
    assert eight.macs == 8 * one.macs
    assert eight.weights == one.weights
    assert {layer.N for layer in eight.layers if layer.name not in eight.products} == {8}
    # Every sample has its own keys: its scores share no "weights" with another's.
    assert {layer.N for layer in eight.layers if layer.name in eight.products} == {1}


@pytest.mark.parametrize("name", network_names())
def test_every_shipped_network_loads_and_names_its_layers_well(name):
    network = load_network(name)
    assert network.name == name
    assert network.dropped == {}
    assert all(layer.name.replace("_", "").isalnum() for layer in network.layers)


def test_layers_of_one_shape_are_merged_with_the_first_ones_name():
    layers = load_network("resnet18").layers
    again, names = merged([*layers, *layers], [])
    assert [layer.name for layer in again] == [layer.name for layer in layers]
    assert [layer.count for layer in again] == [2 * layer.count for layer in layers]
    assert names == set()


def test_yaml_and_csv_say_the_same(tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "origin: my own\nlayers:\n"
        "  - {name: stem, C: 3, M: 16, H: 224, R: 7, stride: 2, pad: 3}\n"
        "  - {name: wide, C: 16, M: 32, P: 33, Q: 82, R: 8, S: 20, dilation_q: 2, groups: 4}\n"
        "  - {name: dw, kind: depthwise, C: 32, P: 56, R: 3}\n"
        "  - {name: scores, kind: gemm, C: 64, M: 128, P: 128, count: 12, product: true}\n"
    )
    (tmp_path / "mine.csv").write_text(
        "# my own\nname,kind,C,M,H,P,Q,R,S,stride,pad,dilation_q,groups,count,product\n"
        "stem,,3,16,224,,,7,,2,3,,,,\nwide,conv,16,32,,33,82,8,20,,,2,4,,\n\n"
        "dw,depthwise,32,,,56,,3,,,,,,,\nscores,gemm,64,128,,128,,,,,,,,12,TRUE\n"
    )
    from_yaml, from_csv = (load_network(tmp_path / f"mine.{suffix}") for suffix in ("yaml", "csv"))
    assert from_yaml == from_csv
    stem, wide, dw, scores = from_yaml.layers
    assert (stem.P, stem.Q, stem.S, stem.stride_q) == (112, 112, 7, 2)  # (224 + 6 - 7) // 2 + 1
    assert (wide.P, wide.Q, wide.dilation_p, wide.dilation_q, wide.groups) == (33, 82, 1, 2, 4)
    assert (dw.C, dw.M, dw.Q) == (32, 1, 56)
    assert (scores.P, scores.count) == (128, 12)
    assert from_yaml.products == {"scores"}


LAYER = "name: a, C: 3, M: 8, R: 3"


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (f"{LAYER}, P: 0", "layers[0] (a): P: expected a whole number from 1 on, got 0"),
        (f"{LAYER}, P: 1.5", "P: expected a whole number from 1 on, got 1.5"),
        (f"{LAYER}", "P: expected a whole number from 1 on, got nothing"),
        (f"{LAYER}, P: 5, strid: 2", "unknown key 'strid': did you mean 'stride'?"),
        (f"{LAYER}, P: 5, kind: depthwize", "kind 'depthwize': did you mean 'depthwise'?"),
        (f"{LAYER}, H: 2", "the output is empty: the kernel of 3 x 3 is larger than the input of 2 x 2"),
        (f"{LAYER}, H: 4, dilation: 2", "the output is empty"),
        (f"{LAYER}, H: 8, P: 6", "P: given twice, as P and by way of H"),
        (f"{LAYER}, P: 6, pad: 1", "pad: goes with H"),
        (f"{LAYER}, H: 8, pad: -1", "pad: expected a whole number from 0 on, got -1"),
        (f"{LAYER}, P: 6, stride: 2, stride_q: 1", "stride: given twice"),
        (f"{LAYER}, P: 6, groups: 2", "layer 'a': groups: expected a divisor of C = 3 and M = 8, got 2"),
        (f"{LAYER}, P: 6, kind: depthwise", "layer 'a': M: expected 1 in a depthwise layer"),
        ("name: a, kind: gemm, C: 3, M: 8, R: 1", "R: a gemm has none"),
        ("C: 3, M: 8, R: 3, P: 4", "layers[0]: name: expected a text, got nothing"),
        (f"{LAYER}, P: 1000000, C: 4", "key 'C' is given twice"),
        ("name: a, C: 2000000000, M: 2000000000, P: 9, R: 9", "expected multiplications x strides of less than 2^53"),
    ],
)
def test_a_broken_layer_is_one_line_that_says_where(tmp_path, layer, message):
    path = tmp_path / "mine.yaml"
    path.write_text(f"layers:\n  - {{{layer}}}\n")
    error = refused(path)
    assert message in error
    assert error.startswith(str(path))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a header such as 'name,C,M,P,Q,R,S', got an empty file"),
        ("name,C,M,P,R\n", "expected at least one layer"),
        ("name,C,M,P,K\na,1,1,1,1\n", "line 1: unknown column 'K'"),
        ("name,C,M,P,strides\na,1,1,1,1\n", "line 1: unknown column 'strides': did you mean 'stride'?"),
        ("name,C,C\na,1,1\n", "line 1: column 'C' is given twice"),
        ("name,C,M,P,R\na,3,8,5,3\nb,3,8,5\n", "line 3: expected 5 cells, as the header has, got 4"),
        ("name,C,M,P,R\na,3,8,5,x\n", "line 2: R: expected a whole number from 1 on, got 'x'"),
        ("name,C,M,P,R\na,3,8,5,-3\n", "line 2: R: expected a whole number from 1 on, got -3"),
        ("name,C,M,P,R\na,3,8,5,3\na,3,8,5,3\n", "two layers have the name 'a'"),
        ('name,C\n"a,3\n', "not CSV"),
    ],
)
def test_a_broken_table_is_one_line_with_the_lines_number(tmp_path, text, message):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    error = refused(path)
    assert message in error
    assert error.startswith(str(path))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("resnet_50", "network 'resnet_50': did you mean 'resnet50'? known: alexnet"),
        ("none.yaml", "none.yaml: cannot be read (No such file or directory)"),
        ("none.csv", "none.csv: cannot be read"),
        ("layers.txt", "or give a .yaml, .csv or .onnx file"),
    ],
)
def test_an_unknown_network_is_one_line(name, message):
    assert message in refused(name)


def test_other_mistakes_are_named():
    with pytest.raises(DataError, match="batch: expected a whole number from 1 on, got 0"):
        load_network("vgg16", batch=0)
    with pytest.raises(DataError, match="dims: only ONNX files have symbolic dimensions"):
        load_network("vgg16", dims={"batch": 1})
    with pytest.raises(DataError, match="expected at least one layer that multiplies"):
        Network("empty", ())


def test_a_file_without_layers_is_refused(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("layer: []\n")
    assert "unknown key 'layer': did you mean 'layers'?" in refused(path)
    path.write_text("layers: []\n")
    assert "layers: expected a list of layers, got []" in refused(path)
    path.write_text("- a\n")
    assert "expected a mapping of names to values" in refused(path)


def refused(name) -> str:
    """The one line with which *name* is refused."""
    with pytest.raises(DataError) as error:
        load_network(name)
    assert "\n" not in str(error.value)
    return str(error.value)
