"""`make chaos`: kill the engine and cut its power repeatedly; exit with 1 if anything was lost, doubled or stuck.

make chaos ARGS="--minutes 10 --seed 7"
make chaos ARGS="--kills 1000 --cuts 5000"
"""

import argparse
import logging
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.chaos.disk_states import power_cut_states
from tests.chaos.powercut import find_fault, write_files
from tests.chaos.recorded_batch import record_workload
from tests.chaos.storm.ledger import Figures
from tests.chaos.storm.storm import Storm

KILLS, CUTS = 25, 1_000
"""The default numbers of kills and power cuts."""
CUTS_PER_WORKLOAD = 500
"""The number of power cuts that are tried on one recorded workload."""
KILL_SHARE = 0.7
"""The share of the minutes that is used for kills."""


def main() -> int:
    """Run a storm and power cuts; print the figures."""
    arguments = _arguments()
    logging.disable(logging.CRITICAL)  # The log messages of killed engines are expected.
    start = time.monotonic()
    kills_end = start + arguments.minutes * 60 * KILL_SHARE
    cuts_end = start + arguments.minutes * 60
    stop = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    with tempfile.TemporaryDirectory(prefix="lamplighter-chaos-") as folder:
        storm = Storm(Path(folder), arguments.seed)

        def continue_kills(kills: int) -> bool:
            if kills and kills % 50 == 0:
                print(f"{kills} kills, {storm.ledger.calls} calls acknowledged", flush=True)
            return not stop.is_set() and (
                time.monotonic() < kills_end if arguments.minutes else kills < arguments.kills
            )

        figures = storm.run(continue_kills)
        number = 0
        while not stop.is_set() and (
            time.monotonic() < cuts_end if arguments.minutes else figures.cuts < arguments.cuts
        ):
            count = (
                min(CUTS_PER_WORKLOAD, arguments.cuts - figures.cuts) if not arguments.minutes else CUTS_PER_WORKLOAD
            )
            cut_power(Path(folder) / str(number), arguments.seed + number, count, figures)
            number += 1
    return print_figures(figures)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos")
    parser.add_argument("--minutes", type=float, default=0, help="for so long, instead of so often")
    parser.add_argument("--kills", type=int, default=KILLS, help="how often the engine is killed")
    parser.add_argument("--cuts", type=int, default=CUTS, help="how many power cuts are tried")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def cut_power(folder: Path, seed: int, number: int, figures: Figures) -> None:
    """Record a workload and check this number of states that a power cut could leave of it."""
    data = folder / "data"
    data.mkdir(parents=True)
    recorded = record_workload(data, seed)
    for point, files in power_cut_states(recorded.log, number, seed):
        write_files(folder / "left", files)
        figures.cuts += 1
        if fault := find_fault(folder / "left", recorded, point):
            figures.lost.append(f"power cut of seed {seed} after {point} operations: {fault}")


def print_figures(figures: Figures) -> int:
    """Print the figures and return the exit code."""
    for name, found in (("lost", figures.lost), ("doubled", figures.doubled), ("stuck", figures.stuck)):
        for each in found[:20]:
            print(f"{name}: {each}")
    print(f"trials   {figures.kills + figures.cuts} ({figures.kills} kills, {figures.cuts} power cuts)")
    print(f"calls    {figures.calls} acknowledged")
    print(f"lost     {len(figures.lost)}")
    print(f"doubled  {len(figures.doubled)}")
    print(f"stuck    {len(figures.stuck)}")
    kinds = ", ".join(f"{kind} {times}" for kind, times in sorted(figures.repeated.items()) if times)
    print(f"again    {figures.repeated.total()} (what AWS too does at least once: {kinds or 'none'})")
    return 0 if figures.ok else 1


if __name__ == "__main__":
    sys.exit(main())
