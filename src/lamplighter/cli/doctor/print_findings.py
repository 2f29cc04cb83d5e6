"""Print findings for a person."""

from rich.console import Console
from rich.text import Text

from lamplighter.cli.doctor.finding import Finding

STATE_SIGNS = {"good": ("✓", "green"), "doubt": ("?", "yellow"), "bad": ("✗", "bold red")}


def print_finding(finding: Finding, console: Console) -> None:
    """Print a finding with a sign for its state, and below it what the user can do."""
    sign, colour = STATE_SIGNS[finding.state]
    advice = [("\n    " + line, "dim") for line in finding.advice.splitlines()]
    console.print(
        Text.assemble((f"{sign} ", colour), (f"{finding.about}: ", "bold"), finding.says, *advice), soft_wrap=True
    )
