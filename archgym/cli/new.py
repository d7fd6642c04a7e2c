"""``archgym new``: a plug-in package that passes the contract tests, to be changed into one's own."""

from __future__ import annotations

import keyword
import re
from importlib.resources import files
from pathlib import Path
from string import Template

import typer

from archgym.cli.screen import console
from archgym.errors import ConfigError, RunExists
from archgym.registry import agent_names, simulator_names

app = typer.Typer(no_args_is_help=True, help="Write the skeleton of a plug-in package.")

_LAYOUT = {
    "pyproject.toml.tmpl": "pyproject.toml",
    "README.md.tmpl": "README.md",
    "plugin.py.tmpl": "src/{package}/plugin.py",
    "init.py.tmpl": "src/{package}/__init__.py",
    "test_contract.py.tmpl": "tests/test_contract.py",
}


@app.command("simulator")
def new_simulator(
    name: str = typer.Argument(..., help="The simulator's name: lower case, digits and underscores."),
    out: Path = typer.Option(Path(), "--out", help="Folder in which the package's folder is made."),
) -> None:
    """A simulator: ~40 lines of model, its space and metrics, and a test that enrols in the contract kit."""
    _write("simulator", name, out, simulator_names())


@app.command("agent")
def new_agent(
    name: str = typer.Argument(..., help="The agent's name: lower case, digits and underscores."),
    out: Path = typer.Option(Path(), "--out", help="Folder in which the package's folder is made."),
) -> None:
    """An agent: ask and tell, its hyperparameters, and a test that enrols in the contract kit."""
    _write("agent", name, out, agent_names())


def _write(kind: str, name: str, out: Path, taken: list[str]) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        raise ConfigError(f"{kind} name {name!r}: expected lower-case letters, digits and underscores, as my_model")
    if name in taken:
        raise ConfigError(f"{kind} name {name!r} is taken by an installed plug-in; choose another")
    package = f"archgym_{name}"
    folder = out / package
    if folder.exists():
        raise RunExists(f"{folder} exists; choose another name or --out")
    words = {"name": name, "package": package, "title": "".join(part.capitalize() for part in name.split("_"))}
    templates = files("archgym.templates") / kind
    for template, target in _LAYOUT.items():
        path = folder / target.format(package=package)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = Template((templates / template).read_text(encoding="utf-8")).substitute(words)
        path.write_text(text, encoding="utf-8")
    console().print(f"wrote {folder}; next: pip install -e {folder} && python -m pytest {folder}/tests", markup=False)
