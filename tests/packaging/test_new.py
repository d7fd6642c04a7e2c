"""`archgym new` writes packages that install beside archgym, pass the contract kits, and work in a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.packaging.conftest import Environment


def test_new_plugins_install_and_pass_the_kits(environment: Environment, tmp_path: Path) -> None:
    environment.run("-m", "archgym", "new", "simulator", "my_core", "--out", ".", cwd=tmp_path)
    environment.run("-m", "archgym", "new", "agent", "my_search", "--out", ".", cwd=tmp_path)
    for package in ("archgym_my_core", "archgym_my_search"):
        environment.install(tmp_path / package)
    assert "my_core" in environment.run("-m", "archgym", "list", "simulators")
    assert "my_search" in environment.run("-m", "archgym", "list", "agents")
    for package in ("archgym_my_core", "archgym_my_search"):
        printed = environment.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests", cwd=tmp_path / package)
        assert " passed" in printed
    (tmp_path / "task.yaml").write_text(
        "summary: A try.\nsimulator: my_core\nobjective: {product: {time: 1, power: 1}}\nbudget: 40\n"
    )
    printed = environment.run(
        "-m", "archgym", "run", "--task", "task.yaml", "--agent", "my_search", "--out", "r", cwd=tmp_path
    )
    assert "40 designs evaluated" in printed


def test_new_refuses_a_bad_name_and_an_existing_folder(environment: Environment, tmp_path: Path) -> None:
    environment.run("-m", "archgym", "new", "agent", "My-Search", cwd=tmp_path, code=2)
    environment.run("-m", "archgym", "new", "agent", "genetic", cwd=tmp_path, code=2)
    environment.run("-m", "archgym", "new", "agent", "other", cwd=tmp_path)
    environment.run("-m", "archgym", "new", "agent", "other", cwd=tmp_path, code=2)
