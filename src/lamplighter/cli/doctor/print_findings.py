"""Print findings for a person or for a program."""

from collections.abc import Iterable
from dataclasses import asdict

import typer
from rich.console import Console
from rich.text import Text

from lamplighter.base.json_text import dumps
from lamplighter.cli.doctor.finding import Finding

STATE_SIGNS = {"good": ("✓", "green"), "doubt": ("?", "yellow"), "bad": ("✗", "bold red")}


def print_findings(findings: Iterable[Finding], *, json: bool) -> bool:
    """Print the findings as they are found, and return whether one of them is bad."""
    known: list[Finding] = []
    console = Console(highlight=False, soft_wrap=True)
    for each in findings:
        known.append(each)
        if not json:
            console.print(_format_finding(each))
    failed = any(each.state == "bad" for each in known)
    if json:
        typer.echo(dumps({"well": not failed, "findings": [asdict(each) for each in known]}))
    return failed


def _format_finding(finding: Finding) -> Text:
    """Return a finding with a sign for its state, and below it what the user can do."""
    sign, colour = STATE_SIGNS[finding.state]
    advice = [("\n    " + line, "dim") for line in finding.advice.splitlines()]
    return Text.assemble((f"{sign} ", colour), (f"{finding.about}: ", "bold"), finding.says, *advice)
