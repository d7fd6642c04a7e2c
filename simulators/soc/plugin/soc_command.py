"""``archgym soc``: price a system on chip that is described in a file, or describe a design as one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from archgym.errors import ConfigError, RunExists

if TYPE_CHECKING:
    from archgym.simulators.soc.plugin.simulator import SocSimulator
    from archgym.simulators.soc.results import SocResult
    from archgym.simulators.soc.soc import Soc

app = typer.Typer(no_args_is_help=True, help="Price systems on chip described in files.")


@app.command("price")
def price(
    system: list[Path] = typer.Argument(..., help="Systems on chip, a YAML file each."),
    workload: str = typer.Option("audio_decoder", "--workload", help="A workload's name or file; several with +."),
    library: str = typer.Option("default", "--library", help="Types of block: a name or a YAML file."),
    pictures: Path | None = typer.Option(None, "--pictures", help="Folder for pictures of each system (SVG)."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Simulate each system and print its metrics; one that cannot work is reported with the reason, exit code 1."""
    from archgym.cli.screen import print_json
    from archgym.simulators.soc.plugin import make
    from archgym.simulators.soc.soc_file import read_soc
    from archgym.simulators.soc.status import InvalidSoc

    simulator = make(workload=workload, space="platform", library=library)
    failed = False
    answers: list[dict[str, Any]] = []
    for path in system:
        try:
            soc = read_soc(path)
        except ValueError as error:
            raise ConfigError(str(error)) from None
        try:
            result = simulator.engine.simulate(soc)
        except InvalidSoc as reason:
            failed = True
            answers.append({"file": str(path), "status": "INFEASIBLE", "message": str(reason)})
            continue
        answers.append({"file": str(path), "status": "OK", **_summary(result)})
        if pictures is not None:
            answers[-1]["pictures"] = _draw(pictures, path.stem, simulator, soc, result)
    if as_json:
        print_json(answers)
    else:
        _print(answers)
    if failed:
        raise typer.Exit(1)


@app.command("export")
def export(
    run: Path = typer.Argument(..., help="A finished run's directory."),
    out: Path = typer.Option(..., "--out", help="The new YAML file."),
) -> None:
    """Write the best design of a run as a system on chip, to be edited by hand and priced again."""
    from archgym.cli.screen import console
    from archgym.manifest import read_manifest
    from archgym.result import result_from_data
    from archgym.run_dir import read_state
    from archgym.simulators.soc.plugin.simulator import SocSimulator
    from archgym.simulators.soc.soc_file import write_soc
    from archgym.task import RestrictedSimulator

    simulator = read_manifest(run).task().make_simulator()
    inner = simulator.inner if isinstance(simulator, RestrictedSimulator) else simulator
    if not isinstance(inner, SocSimulator):
        raise ConfigError(f"{run}: expected a run of simulator 'soc', got one of {inner.name!r}")
    state = read_state(run)
    best = result_from_data(state["result"]).best if state["status"] == "finished" else None
    if best is None:
        raise ConfigError(f"{run}: no best design: the run is {state['status']}; run it to its end first")
    try:
        write_soc(inner.encoder.soc(best.design), out)
    except FileExistsError:
        raise RunExists(f"{out} exists; choose another --out or remove it") from None
    console().print(f"best design -> {out}; price it: archgym soc price {out} --workload {inner.workload.name}")


def _draw(folder: Path, stem: str, simulator: SocSimulator, soc: Soc, result: SocResult) -> list[str]:
    from archgym.plots import save_figure
    from archgym.simulators.soc.plugin.pictures.platform_picture import platform_picture
    from archgym.simulators.soc.plugin.pictures.schedule_picture import schedule_picture

    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, draw in (("platform", platform_picture), ("schedule", schedule_picture)):
        paths.append(folder / f"{stem}-{name}.svg")
        save_figure(draw(soc, result, simulator.application), paths[-1])
    return [str(path) for path in paths]


def _summary(result: SocResult) -> dict[str, Any]:
    return {
        "latency_s": dict(result.latency_s),
        "energy_J": result.energy_j,
        "power_W": result.power_w,
        "area_mm2": result.area_m2 * 1e6,
        "development_cost": result.development_cost,
        "budget_distance": result.distance,
        "meets_budgets": result.meets_budgets,
    }


def _print(answers: list[dict[str, Any]]) -> None:
    from archgym.cli.screen import console, number, print_table

    for answer in answers:
        if answer["status"] != "OK":
            console().print(f"[bold red]{answer['status']}[/] ", end="")
            console().print(f"{answer['file']}: {answer['message']}", markup=False)
            continue
        rows = [[f"latency, {name}", number(latency, "s")] for name, latency in answer["latency_s"].items()]
        rows += [
            ["energy", number(answer["energy_J"], "J")],
            ["power", number(answer["power_W"], "W")],
            ["area", number(answer["area_mm2"], "mm2")],
            ["development cost", number(answer["development_cost"])],
            ["distance to the budgets", number(answer["budget_distance"])],
            ["meets the budgets", "yes" if answer["meets_budgets"] else "no"],
        ]
        print_table(answer["file"], ["", ""], rows, right=(1,))
        for path in answer.get("pictures", ()):
            console().print(f"picture: {path}", markup=False)
