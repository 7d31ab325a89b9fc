"""What is shown: tables and progress for people, JSON for programs.

Rule: standard output holds the answer and nothing else, everything else goes to standard error; colours only on a
terminal and never with NO_COLOR; text from a cluster is shown, never read as markup nor obeyed by the terminal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from kubectl_registry import wording

_WIDE = 1000
"""Columns where there is no terminal: nothing is cut, as whoever reads it can search it."""

Cell = str | Text


class Screen:
    """Standard output and standard error."""

    def __init__(self, output: str = "table", out: IO[str] | None = None, err: IO[str] | None = None) -> None:
        self.as_json = output == "json"
        self.out = _console(out or sys.stdout)
        self.err = _console(err or sys.stderr)

    def object(self, value: object) -> None:
        """A value as JSON."""
        self.out.file.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")

    def line(self, text: Cell = "") -> None:
        """A line of the answer."""
        self.out.print(_visible(text), soft_wrap=True)

    def note(self, text: Cell) -> None:
        """A line beside the answer."""
        self.err.print(_visible(text), soft_wrap=True)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
        """A table; one without rows is left out."""
        table = Table(*columns, box=None, pad_edge=False, header_style="bold", show_header=any(columns))
        for column in table.columns:
            column.overflow = "fold"
        for row in rows:
            table.add_row(*map(_visible, row))
        if not table.row_count:
            return
        if self.out.is_terminal:
            self.out.print(table)
            return
        with self.out.capture() as printed:
            self.out.print(table)
        self.out.file.write("".join(f"{line.rstrip()}\n" for line in printed.get().splitlines()))

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """A spinner on a terminal while something takes its time; elsewhere the line alone."""
        if self.err.is_terminal:
            with self.err.status(what):
                yield
        else:
            self.note(f"{what} …")
            yield

    @contextmanager
    def progress(self, what: str, total: int) -> Iterator[Progress]:
        """A bar; advance its only task, which is 0."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=self.err, transient=True, disable=not self.err.is_terminal) as bar:
            bar.add_task(what, total=total)
            yield bar


def _console(file: IO[str]) -> Console:
    console = Console(file=file, markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = _WIDE
    return console


def _visible(cell: Cell) -> Cell:
    return wording.visible(cell) if isinstance(cell, str) else cell


def styled(text: str, good: bool | None) -> Text:
    """Text in green, red or (None) yellow."""
    return Text(wording.visible(text), style={True: "green", False: "red", None: "yellow"}[good])


def plain(rows: Iterable[Sequence[Any]]) -> list[list[str]]:
    """Rows of a table without styles."""
    return [[str(cell) for cell in row] for row in rows]
