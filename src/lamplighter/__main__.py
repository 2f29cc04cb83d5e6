"""`python -m lamplighter`, and the command of that name."""

import os
import sys

from lamplighter.cli.app import build_app, requested_command


def main() -> None:
    """Do what was typed."""
    build_app(requested_command(sys.argv[1:], os.environ))(prog_name="lamplighter")


if __name__ == "__main__":
    main()
