"""Print a list of jobs, runs or times that fits a terminal of any width.

Guarantees that names of jobs and runs stay whole, so that a person can copy them: a list that is too wide for a table
is printed as blocks whose lines break between words. Output that is no terminal is a table with one line for each row,
however wide, so that programs can read it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lamplighter.cli.runs.text import formatting

INDENT, GAP = 2, 2
"""The spaces before the lines of a block, and between columns."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows with headings; the first columns name a row."""

    headings: Sequence[str]
    rows: Sequence[Sequence[Text | str]]
    names: int = 1
    """How many columns name a row: 2 for JOB and RUN, which commands accept as JOB:RUN."""
    labelled: bool = True
    """Whether a block has the heading before each cell; without headings, a block is shorter."""


def print_listing(listing: Listing) -> None:
    """Print a list on standard output."""
    cells = [[each if isinstance(each, Text) else Text(each) for each in row] for row in listing.rows]
    out = formatting.make_console()
    if not formatting.is_terminal():
        _print_lines([[*listing.headings], *([cell.plain.replace("\n", "; ") for cell in row] for row in cells)])
    elif _table_width(listing.headings, cells) <= out.width:
        _print_table(out, listing.headings, cells)
    else:
        _print_blocks(out, listing, cells)


def _table_width(headings: Sequence[str], cells: Iterable[Sequence[Text]]) -> int:
    columns = zip(map(Text, headings), *cells, strict=True)
    return sum(max(map(_cell_width, column)) for column in columns) + GAP * (len(headings) - 1)


def _cell_width(cell: Text) -> int:
    return max((line.cell_len for line in cell.split("\n")), default=0)


def _print_lines(rows: Sequence[Sequence[str]]) -> None:
    """Print one line for each row, with aligned columns; a table of rich costs ten times as much."""
    widths = [max(map(cell_len, column)) + GAP for column in zip(*rows, strict=True)]
    for row in rows:
        padded = (text + " " * (width - cell_len(text)) for text, width in zip(row, widths, strict=True))
        typer.echo("".join(padded).rstrip())


def _print_table(out: Console, headings: Sequence[str], cells: Iterable[Sequence[Text]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, GAP, 0, 0))
    for heading in headings:
        table.add_column(heading, no_wrap=True)
    for row in cells:
        table.add_row(*row)
    out.print(table)


def _print_blocks(out: Console, listing: Listing, cells: Iterable[Sequence[Text]]) -> None:
    before = ""
    for row in cells:
        names, rest = row[: listing.names], row[listing.names :]
        title = ":".join(each.plain for each in names)
        if title != before:
            for line in _title_lines(out, title, names):
                out.print(line, soft_wrap=True)
        before = title
        labels = [each.lower() for each in listing.headings[listing.names :]]
        lines = _labelled_lines(out, labels, rest) if listing.labelled else _joined_lines(out, rest)
        for line in lines:
            out.print(line, soft_wrap=True)


def _title_lines(out: Console, title: str, names: Sequence[Text]) -> Iterator[Text]:
    """Yield the names of a row on one line if they fit, each whole on its own line if not."""
    if len(title) <= out.width:
        yield Text(title, "bold")
        return
    first, *others = names
    yield Text(first.plain, "bold")
    yield from (Text.assemble(" " * _indent(out, INDENT, each), (each.plain, "bold")) for each in others)


def _labelled_lines(out: Console, labels: Sequence[str], cells: Sequence[Text]) -> Iterator[Text]:
    width = max(map(len, labels), default=0)
    for label, cell in zip(labels, cells, strict=True):
        if cell.plain:
            first, *rest = _wrapped(out, cell, INDENT + width + GAP)
            named = f"{' ' * INDENT}{label:<{width}}{' ' * GAP}"
            if first.plain.startswith(" " * len(named)):
                yield Text.assemble((named, "dim"), first[len(named) :])
            else:  # a long name needs the room of the label
                yield Text(named.rstrip(), "dim")
                yield first
            yield from rest


def _joined_lines(out: Console, cells: Sequence[Text]) -> Iterator[Text]:
    """Yield the cells in a row, as many as fit on each line; only a cell that is wider than a line is broken."""
    line = Text()
    for cell in (each for each in cells if each.plain):
        if line.plain and INDENT + line.cell_len + GAP + cell.cell_len > out.width:
            yield from _wrapped(out, line, INDENT)
            line = Text()
        line = Text.assemble(line, " " * GAP, cell) if line.plain else cell
    yield from _wrapped(out, line, INDENT)


def _wrapped(out: Console, cell: Text, indent: int) -> Iterator[Text]:
    """Yield the lines of a cell, broken between words only; a word that is too long for its indent begins earlier."""
    for part in cell.split("\n"):
        for line in part.divide(_line_starts(part.plain, out.width - indent)):
            line.rstrip()
            yield Text.assemble(" " * _indent(out, indent, line), line)


def _line_starts(text: str, width: int) -> Iterator[int]:
    """Yield where lines of at most `width` begin, after the first; a longer word is a line of its own."""
    start = 0
    for word in re.finditer(r"\S+", text):
        if word.start() > start and cell_len(text[start : word.end()]) > width:
            start = word.start()
            yield start


def _indent(out: Console, indent: int, line: Text) -> int:
    return max(0, min(indent, out.width - line.cell_len))
