"""Print the last lines of an attempt that failed; they often contain the reason."""

from collections import deque

from rich.text import Text

from lamplighter.cli.command_context import CommandContext
from lamplighter.cli.runs import formatting
from lamplighter.cli.runs.output import RunOutput
from lamplighter.runs.history.story import Attempt
from lamplighter.runs.printable_text import printable_line

TAIL_LINES = 5
"""The most lines of output that are shown of a failed attempt."""


def print_last_output(context: CommandContext, attempt: Attempt, title: str) -> None:
    """Print the last lines of an attempt's output, if there are any."""
    lines = deque(RunOutput(context, tail=TAIL_LINES).all_lines([attempt]), maxlen=TAIL_LINES)
    if lines:
        formatting.make_console().print(Text(f"\nThe last output of {title}:", "dim"))
        formatting.make_console().print(Text("\n".join(f"    {printable_line(line.text)}" for line in lines)))
