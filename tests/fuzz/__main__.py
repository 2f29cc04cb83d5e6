"""`python -m tests.fuzz [--requests N] [--seed N] [--only TEXT]` fuzzes the served API, in one process for each core.

`--only` restricts it to operations whose name contains the text. A campaign of 5,000 requests has a seed of its own:
`--requests 5000 --seed N` repeats it.
"""

import argparse
import os
import secrets
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.fuzz.campaign import Report, run_campaign, summarize
from tests.fuzz.serialized_requests import all_targets

PER_CAMPAIGN = 5_000


def main() -> int:
    """Run campaigns and print what they found; return 1 if there is a fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9))
    parser.add_argument("--only", default="", help="only operations whose name contains this text")
    options = parser.parse_args()
    seeds = range(options.seed, options.seed + -(-options.requests // PER_CAMPAIGN))
    total = Report()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for seed, report in zip(seeds, pool.map(_run, seeds, [options.only] * len(seeds)), strict=True):
            new = report.faults.keys() - total.faults.keys()
            for kind in new:
                print(f"--- seed {seed}: {report.faults[kind]}", flush=True)
            total.add(report)
    print(summarize(total))
    return 1 if total.faults else 0


def _run(seed: int, only: str) -> Report:
    targets = [each for each in all_targets() if only in each.name]
    with tempfile.TemporaryDirectory() as directory:
        return run_campaign(Path(directory) / "data", seed, PER_CAMPAIGN, targets)


sys.exit(main())
