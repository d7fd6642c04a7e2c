"""The notation of dataflows, and the data that MAESTRO's model starts from."""

from __future__ import annotations

import pytest

from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.maestro.dataflow import Dataflow, Map
from archgym.simulators.accelerator.maestro.hardware import Hardware
from archgym.simulators.accelerator.maestro.layer import Kind, MaestroLayer
from archgym.simulators.accelerator.maestro.notation import read_dataflow, write_dataflow


def test_what_is_written_reads_back():
    flow = Dataflow(
        ((Map("K", 1, 1, spatial=True), Map("Y'", 3, 2)), (Map("C", 2, 2, spatial=True), Map("X'", 1, 1))), (64,)
    )
    assert write_dataflow(flow) == (
        "SpatialMap(1,1) K",
        "TemporalMap(3,2) Y'",
        "Cluster(64,P)",
        "SpatialMap(2,2) C",
        "TemporalMap(1,1) X'",
    )
    assert read_dataflow(write_dataflow(flow)) == flow
    assert read_dataflow("; ".join(write_dataflow(flow)) + ";") == flow


def test_comments_spaces_and_sizes_of_the_layer():
    text = """
    SpatialMap( 1, 1 ) K;  // over the units
    TemporalMap(8 + Sz(S) - 1, 8) X;
    Cluster(Sz(R), P);
    SpatialMap(Sz(R),1) Y
    """
    flow = read_dataflow(text, {"R": 3, "S": 5})
    assert flow.levels[0][1] == Map("X", 12, 8)
    assert flow.clusters == (3,)
    assert flow.levels[1] == (Map("Y", 3, 1, spatial=True),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SpatialMap(1,1)", "'SpatialMap(1,1)': expected SpatialMap(m,o) D, TemporalMap(m,o) D or Cluster(n,P)"),
        ("SpatialMap(1,1) Q", "unknown dimension Q; known: N, K"),
        ("SpatialMap(0,1) K", "directive on K: size = 0: expected a positive integer"),
        ("TemporalMap(Sz(R),1) Y", "Sz(R) needs the layer's extent of R"),
        ("TemporalMap(2*3,1) Y", "'2*3': expected a sum of integers and Sz(dimension)"),
        ("TemporalMap(,1) Y", "a size is missing"),
        ("Cluster(0,P)", "Cluster(0): expected a positive integer"),
    ],
)
def test_what_is_no_dataflow_is_one_line_that_says_why(text, expected):
    with pytest.raises(DataError) as error:
        read_dataflow(text)
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


def test_layer_and_hardware_check_their_values():
    with pytest.raises(DataError, match="R = 3 is larger than the input extent Y = 2: give Y with its padding added"):
        MaestroLayer("small", Y=2, R=3)
    with pytest.raises(DataError, match="K = 0: expected a positive integer"):
        MaestroLayer("none", K=0)
    with pytest.raises(DataError, match="pes = 0: expected an integer of at least 1"):
        Hardware(0, 1, 1)


@pytest.mark.parametrize(
    ("layer", "macs", "sizes"),
    [
        (MaestroLayer("c", K=4, C=3, Y=8, X=5, R=3, S=2, stride_y=2), 4 * 3 * 3 * 4 * 6, (120, 72, 48)),
        (MaestroLayer("n", K=2, C=3, Y=4, X=4, N=5), 5 * 2 * 3 * 16, (240, 6, 160)),
        (MaestroLayer("d", Kind.DSCONV, K=9, C=3, Y=4, X=4, R=2, S=2), 3 * 9 * 4, (48, 12, 27)),
        (MaestroLayer("g", Kind.GEMM, M=6, N=4, K=8), 6 * 4 * 8, (48, 32, 24)),
    ],
)
def test_work_and_tensors_of_a_layer(layer, macs, sizes):
    assert layer.macs == macs
    assert tuple(layer.size(tensor) for tensor in ("I", "W", "O")) == sizes
