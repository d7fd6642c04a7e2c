"""The wheel is complete: every entry point imports, data files are there, nothing stray is."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.packaging.conftest import Environment


def test_every_entry_point_imports(environment: Environment) -> None:
    code = (
        "import importlib.metadata as m, archgym\n"
        "d = m.distribution('archgym')\n"
        "print(archgym.__file__)\n"
        "for p in d.entry_points:\n"
        "    if p.group != 'archgym.tasks': p.load()\n"
        "    print(p.group, p.name)\n"
    )
    printed = environment.run("-c", code)
    assert str(environment.python.parents[1]) in printed.splitlines()[0], "must not be the editable install"
    for name in (
        "archgym.simulators dram",
        "archgym.simulators soc",
        "archgym.commands soc",
        "archgym.agents genetic",
        "archgym.tasks archgym",
        "console_scripts archgym",
    ):
        assert name in printed


def test_the_command_works_from_the_wheel(environment: Environment, tmp_path: Path) -> None:
    assert "toy/latency-v1" in environment.run("-m", "archgym", "list", "tasks", cwd=tmp_path)
    printed = environment.run(
        *("-m", "archgym", "run", "--task", "toy/latency-v1", "--agent", "genetic", "--budget", "60", "--out", "r"),
        cwd=tmp_path,
    )
    assert "60 designs evaluated" in printed
    frame = environment.run("-c", "import archgym; print(len(archgym.read_samples('r')))", cwd=tmp_path)
    assert int(frame) >= 60


def test_a_gymnasium_id_is_found_by_its_prefix(environment: Environment) -> None:
    code = (
        "import gymnasium; e = gymnasium.make('archgym:archgym/toy-latency-v1'); print(e.reset(seed=1)[1] is not None)"
    )
    assert environment.run("-c", code).strip() == "True"


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {
        "archgym",
        next(n for n in names if "dist-info" in n).split("/")[0],
    }
    for needed in (
        "archgym/py.typed",
        "archgym/simulators/dram/parts/ddr4_2400.yaml",
        "archgym/simulators/dram/standards/ddr4.yaml",
        "archgym/simulators/soc/workloads/audio_decoder.yaml",
        "archgym/simulators/soc/library/default.yaml",
        "archgym/configs/tasks/toy/latency-v1.yaml",
        "archgym/configs/tasks/soc/cava-budget-v1.yaml",
        "archgym/templates/simulator/plugin.py.tmpl",
    ):
        assert needed in names
