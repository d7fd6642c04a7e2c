"""Configuration files are read safely, and whatever is wrong in them is named in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from archgym.config import ExperimentModel, TaskModel, parse, parse_yaml, read_yaml
from archgym.errors import ConfigError

TASK = {"summary": "s", "simulator": "toy", "objective": {"optimize": "latency"}, "budget": 10}


def test_a_complete_experiment_is_read() -> None:
    model = parse(
        ExperimentModel, parse_yaml("task: toy/latency-v1\nagent: {name: genetic, population: 8}\n", "x"), "x"
    )
    assert model.agent_name() == "genetic"
    assert model.hyperparameters() == {"population": 8}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("task: a\nbudgte: 3\n", r"^x: key 'budgte': did you mean 'budget'\?"),
        ("task: a\nbudget: many\n", r"^x: budget: expected a valid integer, got 'many'"),
        ("task: a\nbudget: 0\n", r"^x: budget: expected greater than 0, got 0"),
        ("agent: random\n", r"^x: task: expected"),
        ("task: a\nagent: {population: 3}\n", r"^x: agent: expected a name, or a mapping with 'name'"),
        ("task: a\ntask: b\n", r"^x:2: not valid YAML: the key 'task' is given twice"),
        ("task: [a\n", r"^x:2: not valid YAML"),
        ("- a\n- b\n", r"^x: expected a mapping of keys to values, got list"),
        ("task: !!python/object/apply:os.system ['true']\n", r"^x:1: not valid YAML"),
    ],
)
def test_a_bad_experiment_is_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        parse(ExperimentModel, parse_yaml(text, "x"), "x")
    assert "\n" not in str(caught.value)


def test_a_misspelt_key_of_an_inline_task_is_named() -> None:
    with pytest.raises(ConfigError, match="key 'objectives': did you mean 'objective'"):
        parse(ExperimentModel, {"task": {**TASK, "objectives": {}}}, "x")


def test_a_misspelt_key_of_a_limit_is_named() -> None:
    with pytest.raises(ConfigError, match="key 'at_mots': did you mean 'at_most'"):
        parse(TaskModel, {**TASK, "limits": [{"metric": "latency", "at_mots": 3.0}]}, "x")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: no such file"):
        read_yaml(tmp_path / "nowhere.yaml")
