"""`python -m lamplighter`, and the command of that name."""

from lamplighter.cli.app import app


def main() -> None:
    """Do what was typed."""
    app()


if __name__ == "__main__":
    main()
