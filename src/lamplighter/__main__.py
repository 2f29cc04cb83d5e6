"""Run the command line: the `lamplighter` command and `python -m lamplighter`."""

import os
import sys

from lamplighter.cli.app import build_app, requested_command


def main() -> None:
    """Run the command that the process arguments name."""
    build_app(requested_command(sys.argv[1:], os.environ))(prog_name="lamplighter")


if __name__ == "__main__":
    main()
