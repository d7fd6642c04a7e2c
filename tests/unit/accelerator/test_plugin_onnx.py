"""What an ONNX file has and we cannot price is named, wherever a user looks."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from archgym.registry import make_simulator, simulator_plugin

onnx = pytest.importorskip("onnx")


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """A convolution, and one that goes the other way."""
    from onnx import TensorProto, helper

    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 16, 16])
    made = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    weights = helper.make_tensor("w", TensorProto.FLOAT, [8, 3, 3, 3], [0.0] * 216)
    back = helper.make_tensor("b", TensorProto.FLOAT, [8, 4, 2, 2], [0.0] * 128)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["h"], pads=[1, 1, 1, 1]),
        helper.make_node("ConvTranspose", ["h", "b"], ["y"]),
    ]
    path = tmp_path / "net.onnx"
    onnx.save(helper.make_model(helper.make_graph(nodes, "net", [given], [made], [weights, back])), path)
    return path


def test_an_operator_without_a_price_is_counted(network: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="archgym"):
        simulator = make_simulator("accelerator", workload=str(network))
    assert [record.getMessage() for record in caplog.records] == [
        "network 'net': not priced: 1 x ConvTranspose; everything else is"
    ]
    details = simulator_plugin("accelerator").details
    assert details is not None
    last = details(simulator, simulator.space.default)[-1]
    assert last.title.startswith("not priced")
    assert last.rows == (("ConvTranspose", "1"),)
    macs = simulator.evaluate(simulator.space.from_designs([simulator.space.default])).metrics[0]
    assert 8 * 3 * 3 * 3 * 16 * 16 in macs


def test_nothing_is_said_of_a_network_that_is_priced_whole(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="archgym"):
        make_simulator("accelerator", workload="resnet18")
    assert not caplog.records
