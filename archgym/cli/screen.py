"""What the verbs print: tables for people, JSON for programs, numbers with their units."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from archgym.quantity_text import number as number

if TYPE_CHECKING:
    from rich.console import Console


def console(*, stderr: bool = False) -> Console:
    """A console on the current output; plain text where it is not a terminal."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)


def print_table(
    title: str, headers: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()
) -> None:
    """One table; the columns whose numbers are in *right* are right-aligned."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, title_style="bold")
    for column, header in enumerate(headers):
        table.add_column(header, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    console().print(table)


def print_json(data: Any) -> None:
    """One JSON document on standard output: NumPy scalars as numbers, NaN and infinities as null."""
    console().print(
        json.dumps(_plain(data), indent=2, ensure_ascii=False, allow_nan=False), markup=False, soft_wrap=True
    )


def _plain(data: Any) -> Any:
    if isinstance(data, dict):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_plain(value) for value in data]
    if isinstance(data, np.generic):
        return _plain(data.item())
    if isinstance(data, float) and not math.isfinite(data):
        return None
    return data
