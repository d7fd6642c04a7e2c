"""What importing costs: nothing heavy is loaded before something needs it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {
    *("torch", "ray", "optuna", "sklearn", "skopt", "pandas", "pyarrow", "matplotlib", "scipy", "xgboost"),
    *("numba", "yaml", "pydantic", "typer", "rich", "duckdb", "pettingzoo"),
}


def loaded_by(statement: str) -> set[str]:
    """Top-level modules in `sys.modules` after *statement* in a fresh interpreter."""
    code = f"import sys, json\n{statement}\nprint(json.dumps(sorted({{m.split('.')[0] for m in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_importing_archgym_loads_numpy_and_gymnasium_only() -> None:
    loaded = loaded_by("import archgym")
    assert {"numpy", "gymnasium", "archgym"} <= loaded
    assert not HEAVY & loaded


def test_the_vocabulary_needs_no_numba_and_no_pandas() -> None:
    loaded = loaded_by("import archgym.agent, archgym.evaluator, archgym.space, archgym.registry")
    assert not HEAVY & loaded


@pytest.mark.parametrize("verb", ["list agents", "list tasks", "describe genetic", "--help"])
def test_looking_around_loads_no_learning_library(verb: str) -> None:
    statement = f"from archgym.cli import app\ntry:\n app({verb.split()!r})\nexcept SystemExit: pass\nprint()"
    code = f"import sys\n{statement}\nprint('LOADED', *sorted({{m.split('.')[0] for m in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not {"torch", "ray", "optuna", "sklearn", "skopt", "cmaes", "xgboost"} & loaded
    assert not {"matplotlib", "pandas", "scipy"} & loaded


def test_a_cli_without_arguments_starts_without_the_simulators() -> None:
    assert "numba" not in loaded_by("import archgym.cli")
