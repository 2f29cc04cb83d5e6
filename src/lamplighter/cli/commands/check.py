"""Run `lamplighter check`: find damage and leftovers in a data directory; each finding says what to do.

Reads only, and works while the engine runs. Exit codes: 0 nothing is wrong, although there may be notes; 1 something is
wrong, or the directory cannot be read.
"""

from typing import Annotated

import typer
from rich.text import Text

from lamplighter.base.count_text import format_count
from lamplighter.base.errors import LamplighterError
from lamplighter.cli.command_context import fail
from lamplighter.cli.runs.text import formatting
from lamplighter.cli.site_options import DEFAULT_DATA, DataOption
from lamplighter.engine.data_check.check_directory import check_directory
from lamplighter.engine.data_check.finding import DataFinding


def check(
    *,
    data: DataOption = DEFAULT_DATA,
    json: Annotated[bool, typer.Option("--json", help="Print findings as JSON, one per line.")] = False,
) -> None:
    """Check the files of a data directory for damage and leftovers, without changing them."""
    try:
        findings = [*check_directory(data)]
    except LamplighterError as error:
        fail(str(error))
    problems = sum(each.is_problem for each in findings)
    if json:
        formatting.print_json_lines(
            {"about": each.about, "problem": each.is_problem, "says": each.says, "advice": each.advice}
            for each in findings
        )
    else:
        for each in findings:
            formatting.make_console().print(_line(each), soft_wrap=True)
        notes = len(findings) - problems
        typer.echo(
            f"{data}: {format_count(problems, 'problem') if problems else 'no problems'}"
            + (f", {notes} to know" if notes else "")
        )
    if problems:
        raise typer.Exit(1)


def _line(finding: DataFinding) -> Text:
    sign, style = ("✗", "bold red") if finding.is_problem else ("·", "dim")
    return Text.assemble(
        (f"{sign} ", style), (f"{finding.about}: ", "bold"), finding.says, (f"; {finding.advice}", "dim")
    )
