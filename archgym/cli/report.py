"""``archgym report``: one HTML page about runs, to be opened anywhere, offline."""

from __future__ import annotations

from pathlib import Path

import typer

from archgym.cli.screen import console
from archgym.errors import ConfigError


def report(
    paths: list[Path] = typer.Argument(
        ..., metavar="PATH...", help="Run directories, or folders of runs at any depth."
    ),
    out: Path | None = typer.Option(None, "--out", help="The page to write; by default report.html in the first path."),
    figures: Path | None = typer.Option(None, "--figures", help="Also write every figure as a file into this folder."),
    formats: list[str] = typer.Option(["png", "pdf"], "--format", help="Of these files: png, pdf, svg; repeatable."),
    overwrite: bool = typer.Option(False, "--overwrite", help="Replace a page that is there."),
) -> None:
    """Write one self-contained HTML page about runs."""
    from archgym.atomic import write_text
    from archgym.report.figures import save_pictures
    from archgym.report.run_report import run_report
    from archgym.report.svg import check_formats, require_matplotlib

    target = paths[0] / "report.html" if out is None else out
    if target.is_dir():
        raise ConfigError(f"{target} is a folder; give --out a file's name")
    if target.exists() and not overwrite:
        raise ConfigError(f"{target} exists; choose another --out, or give --overwrite")
    if not target.parent.is_dir() and out is not None:
        raise ConfigError(f"{target}: the folder {target.parent} does not exist; make it first")
    require_matplotlib("a report")
    check_formats(formats)
    made = run_report(paths)
    saved = [] if figures is None else save_pictures(made.pictures, figures, formats)
    write_text(target, made.html)
    for line in made.left_out:
        console(stderr=True).print(f"left out: {line}", markup=False, soft_wrap=True)
    console().print(
        f"{_count(made.runs, 'run')} of {_count(made.tasks, 'task')} -> {target}", markup=False, soft_wrap=True
    )
    if saved:
        console().print(f"{len(saved)} figures -> {figures}", markup=False, soft_wrap=True)


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"
