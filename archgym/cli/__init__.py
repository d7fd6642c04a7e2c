"""The command ``archgym``: one verb a file, errors in one line that says what to do.

Exit codes: 0 done, 1 the answer is no (a bar missed, a replay that differs), 2 the input is wrong, 130 interrupted.
"""

from __future__ import annotations

import errno
import sys
from importlib.metadata import entry_points

import typer

from archgym.cli import conform, dataset, describe, evaluate, listing, new, replay, report, run, show
from archgym.errors import ArchgymError, Interrupted
from archgym.version import __version__

app = typer.Typer(
    name="archgym",
    help="Search the design spaces of hardware with exact, fast simulators and honest comparisons.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("list")(listing.list_)
app.command("describe")(describe.describe)
app.command("run")(run.run)
app.command("show")(show.show)
app.command("report")(report.report)
app.command("evaluate")(evaluate.evaluate)
app.command("conform")(conform.conform)
app.command("replay")(replay.replay)
app.add_typer(dataset.app, name="dataset")
app.add_typer(new.app, name="new")
for point in entry_points(group="archgym.commands"):
    app.add_typer(point.load(), name=point.name)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"archgym {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
) -> None:
    """Search the design spaces of hardware with exact, fast simulators and honest comparisons."""


def main() -> None:
    """Run the command line; ``--debug`` anywhere before ``--`` shows tracebacks."""
    arguments = sys.argv[1:]
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if "--debug" in own:
        own.remove("--debug")
        app([*own, *arguments[len(own) + 1 :]] if own is not arguments else own)
        return
    try:
        app(arguments)
    except Interrupted as interrupt:
        _fail(str(interrupt), 130)
    except ArchgymError as error:
        _fail(str(error), 2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            _fail(
                f"no space left on the disk{f' at {error.filename}' if error.filename else ''}: free some and retry", 2
            )
        _fail(f"{error.filename or 'system'}: {error.strerror or error}", 2)


def _fail(message: str, code: int) -> None:
    from rich.console import Console

    Console(stderr=True, highlight=False, soft_wrap=True).print(f"[bold red]archgym:[/] {_plain(message)}")
    sys.exit(code)


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(" ".join(text.split()))
