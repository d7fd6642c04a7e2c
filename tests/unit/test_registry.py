"""Names to plug-ins, with the nearest name where there is none, and hyperparameters checked before anything runs."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

import pytest

from archgym import registry
from archgym.errors import ConfigError, UnknownName, UnknownPlugin


def test_the_built_ins_come_through_the_entry_points() -> None:
    assert {"toy", "dram"} <= set(registry.simulator_names())
    assert {"random", "local_search", "genetic"} <= set(registry.agent_names())


def test_an_unknown_agent_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownPlugin, match=r"agent 'genetik': did you mean 'genetic'\? known: "):
        registry.agent_factory("genetik")


def test_an_unknown_simulator_space_and_option_are_refused() -> None:
    with pytest.raises(UnknownPlugin, match="did you mean 'toy'"):
        registry.make_simulator("toi")
    with pytest.raises(UnknownName, match="space 'smal': did you mean 'small'"):
        registry.make_simulator("toy", space="smal")
    with pytest.raises(UnknownName, match="option 'memory': did you mean 'memory_ns'"):
        registry.make_simulator("toy", memory=3)


def test_two_plugins_of_one_name_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    twice = [EntryPoint("x", "a:A", registry.AGENTS), EntryPoint("x", "b:B", registry.AGENTS)]
    monkeypatch.setattr(registry, "entry_points", lambda group: twice)
    registry._points.cache_clear()
    try:
        with pytest.raises(ConfigError, match="the name 'x' is taken by a:A and b:B"):
            registry.agent_names()
    finally:
        monkeypatch.undo()
        registry._points.cache_clear()


def test_hyperparameters_are_read_from_the_signature() -> None:
    known = registry.agent_hyperparameters("genetic")
    assert "seed" not in known
    assert all(info.doc for info in known.values())
    assert known["population"].type == "int"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"populaton": 8}, "hyperparameter 'populaton': did you mean 'population'"),
        ({"population": "many"}, "population: expected an integer.*, got 'many'"),
        ({"population": -1}, "population: expected an integer .*, got -1"),
        ({"population": True}, "population: expected an integer.*, got True"),
    ],
)
def test_a_bad_hyperparameter_is_refused_in_one_line(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        registry.check_hyperparameters("genetic", given)
