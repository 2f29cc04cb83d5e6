"""Measure the speed of this engine, and print a table that also has the best peer's figures and our aims.

A measure that takes minutes runs only with --long, and one of containers only where Docker answers.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from bench.harness import missing_docker
from bench.measures import MEASURES, Measure


def main() -> int:
    """Measure, and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("-k", default="", metavar="TEXT", help="only rows whose name contains this")
    arguments.add_argument("--long", action="store_true", help="also the rows that take minutes")
    options = arguments.parse_args()
    chosen = [measure for measure in MEASURES if options.k in measure.name]
    no_docker = missing_docker() if any(measure.needs_docker for measure in chosen) else None
    left_out = {
        measure.name: "it takes minutes (--long)" if measure.takes_minutes else no_docker
        for measure in chosen
        if (measure.takes_minutes and not options.long) or (measure.needs_docker and no_docker)
    }
    print("| figure | here | best peer | aim |\n|---|---|---|---|", flush=True)
    for measure in chosen:
        if measure.name not in left_out:
            print(format_row(measure), flush=True)
    for name, reason in left_out.items():
        print(f"\nNot measured, because {reason}: {name}")
    return 0


def format_row(measure: Measure) -> str:
    """Measure, and return one row of the table; a failure is shown in it."""
    with tempfile.TemporaryDirectory(prefix="lamplighter-bench-") as folder:
        try:
            shown = measure.figure(measure.run(Path(folder) / "data"))
        except (RuntimeError, KeyError, TypeError) as error:
            shown = f"failed: {type(error).__name__}: {error}"[:200]
    return f"| {measure.name} | {shown} | {measure.best_peer} | {measure.aim} |"


if __name__ == "__main__":
    sys.exit(main())
