"""Layers, architectures and mappings say what is wrong with them in one line."""

from __future__ import annotations

import dataclasses

import pytest

from archgym.simulators.accelerator.architecture import Architecture, Level, Mac
from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.layer import Layer
from archgym.simulators.accelerator.mapping import LevelMapping, Mapping, level_mapping

CONV = Layer("conv", N=2, C=4, M=6, P=5, Q=7, R=3, S=2, stride_p=2, dilation_q=3)
DRAM = Level("DRAM", "DRAM", None, 4, 1, 1, 16, 16, frozenset("WIO"), 512.0, 512.0, 512.0)
SPAD = Level("spad", "SRAM", 64, 1, 4, 2, 2, 2, frozenset("W"), 0.4, 0.7, 0.7, 1e-5, 500.0)
CHIP = Architecture("chip", (DRAM, SPAD), Mac(8, 2, 3.0, 0.02, 1700.0))


def test_words_of_the_tensors() -> None:
    assert CONV.macs == 2 * 4 * 6 * 5 * 7 * 3 * 2
    assert CONV.words("W") == 4 * 6 * 3 * 2
    assert CONV.words("O") == 2 * 6 * 7 * 5
    assert CONV.words("I") == 2 * 4 * ((5 - 1) * 2 + (3 - 1) + 1) * ((7 - 1) + (2 - 1) * 3 + 1)


def test_a_depthwise_layer_has_an_output_per_channel() -> None:
    layer = Layer("dw", N=1, C=8, M=1, P=4, Q=4, R=3, S=3, kind="depthwise")
    assert (layer.words("W"), layer.words("O")) == (8 * 3 * 3, 8 * 4 * 4)


def test_one_group_of_a_grouped_layer() -> None:
    layer = Layer("g", N=1, C=8, M=12, P=4, Q=4, R=3, S=3, groups=4)
    assert (layer.one_group.C, layer.one_group.M) == (2, 3)
    assert layer.macs == 4 * layer.one_group.macs


def test_key_is_of_what_the_price_depends_on() -> None:
    assert CONV.key == dataclasses.replace(CONV, name="other", count=3).key
    assert CONV.key != dataclasses.replace(CONV, stride_q=2).key
    renamed = dataclasses.replace(CHIP, name="other", levels=(dataclasses.replace(DRAM, name="x"), SPAD))
    assert CHIP.key == renamed.key
    assert CHIP.key != dataclasses.replace(CHIP, levels=(DRAM, dataclasses.replace(SPAD, read_pj=0.5))).key
    assert CHIP.key != dataclasses.replace(CHIP, levels=(DRAM, dataclasses.replace(SPAD, keeps=frozenset("WI")))).key


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"P": 0}, "layer 'conv': P: expected a whole number from 1"),
        ({"Q": 2.0}, "layer 'conv': Q: expected a whole number"),
        ({"kind": "fc"}, "layer 'conv': kind: expected one of conv, depthwise, gemm, got 'fc'"),
        ({"kind": "depthwise"}, "layer 'conv': M: expected 1 in a depthwise layer"),
        ({"kind": "gemm"}, "layer 'conv': expected Q = R = S = 1 in a gemm, got 7, 3, 2"),
        ({"groups": 4}, "layer 'conv': groups: expected a divisor of C = 4 and M = 6, got 4"),
        ({"stride_p": 2**30, "dilation_q": 2**20}, "expected multiplications x strides of less than 2\\^53"),
        ({"N": 2**31 - 1, "C": 2**20}, "layer 'conv': expected multiplications x strides of less than 2\\^53"),
    ],
)
def test_wrong_layers(changed: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        dataclasses.replace(CONV, **changed)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"capacity_words": 0}, "level 'spad': capacity_words: expected a whole number from 1"),
        ({"read_bandwidth": 0}, "level 'spad': read_bandwidth: expected a number from 0.00390625 on"),
        ({"leak_pj": -1.0}, "level 'spad': leak_pj: expected a number from 0 on"),
        ({"read_pj": float("nan")}, "level 'spad': read_pj: expected a number from 0 on"),
        ({"keeps": frozenset("X")}, "level 'spad': keeps: expected a frozenset of 'W', 'I' and 'O'"),
    ],
)
def test_wrong_levels(changed: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        dataclasses.replace(SPAD, **changed)


@pytest.mark.parametrize(
    ("levels", "mac", "message"),
    [
        ((), Mac(1, 1, 1.0), "architecture 'bad': levels: expected 1 to 8, got 0"),
        ((SPAD,), Mac(8, 2, 1.0), "architecture 'bad': level 'spad': expected the outermost to keep W, I and O"),
        ((DRAM, SPAD, SPAD), Mac(8, 2, 1.0), "architecture 'bad': levels: expected different names"),
        ((DRAM, SPAD), Mac(6, 2, 1.0), "architecture 'bad': 'mac': expected a mesh that is a multiple .* 4 x 2, got 6"),
    ],
)
def test_wrong_architectures(levels: tuple[Level, ...], mac: Mac, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Architecture("bad", levels, mac)


def test_fan_outs_and_area() -> None:
    assert [CHIP.fan_out(level) for level in range(2)] == [(4, 2), (2, 1)]
    assert CHIP.area_um2 == 8 * 500.0 + 16 * 1700.0


@pytest.mark.parametrize(
    ("level", "message"),
    [
        (lambda: LevelMapping(frozenset("W"), (("K", 2),)), "temporal: expected one of N, C, M, P, Q, R, S, got 'K'"),
        (lambda: LevelMapping(frozenset("W"), (), (("C", 0),)), "spatial_x: C: expected a whole number from 1"),
        (
            lambda: LevelMapping(frozenset("W"), (("C", 2), ("C", 2))),
            "temporal: expected each dimension once, got C, C",
        ),
        (lambda: level_mapping("WX"), "keep: expected a frozenset"),
        (lambda: level_mapping("W", [["C"]]), "loops: expected pairs of a dimension and a bound"),
    ],
)
def test_wrong_mappings(level: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        level()


def test_product_of_a_dimension() -> None:
    mapping = Mapping((level_mapping("WIO", [["C", 2]], [["C", 3]]), level_mapping("W", [["C", 5], ["M", 7]])))
    assert (mapping.product("C"), mapping.product("M"), mapping.product("P")) == (30, 7, 1)
