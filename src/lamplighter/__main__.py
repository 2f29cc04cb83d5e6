"""Run the command line: the `lamplighter` command and `python -m lamplighter`."""

import gc
import os
import sys

from lamplighter.cli.app import build_app, requested_command
from lamplighter.cli.early_interrupts import ending_on_interrupt


def main() -> None:
    """Run the command that the process arguments name."""
    gc.disable()  # a module leaves no garbage, and looking for it takes a tenth of a command's start
    with ending_on_interrupt():
        app = build_app(requested_command(sys.argv[1:], os.environ))
    gc.freeze()
    gc.enable()
    app(prog_name="lamplighter")


if __name__ == "__main__":
    main()
