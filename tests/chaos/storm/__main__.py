"""`make chaos`: kill the engine and cut its power for as long as one wants; exit with 1 where a promise was broken.

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

from tests.chaos.disk_states import states
from tests.chaos.powercut import judge, put
from tests.chaos.recorded_night import record
from tests.chaos.storm.ledger import Figures
from tests.chaos.storm.storm import Storm

KILLS, CUTS = 25, 1_000
"""Where nothing else is asked for."""
CUTS_OF_A_NIGHT = 500
"""So many cuts are tried on one recorded night before the next one is recorded."""
KILLING = 0.7
"""The share of the minutes that is for kills."""


def main() -> int:
    """Run a storm and power cuts; print the figures."""
    asked = _arguments()
    logging.disable(logging.CRITICAL)  # What an engine complains about that has died here concerns nobody.
    start = time.monotonic()
    kills_end = start + asked.minutes * 60 * KILLING
    cuts_end = start + asked.minutes * 60
    enough = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: enough.set())
    with tempfile.TemporaryDirectory(prefix="lamplighter-chaos-") as folder:
        storm = Storm(Path(folder), asked.seed)

        def more(kills: int) -> bool:
            if kills and kills % 50 == 0:
                print(f"{kills} kills, {storm.ledger.calls} calls acknowledged", flush=True)
            return not enough.is_set() and (time.monotonic() < kills_end if asked.minutes else kills < asked.kills)

        figures = storm.run(more)
        number = 0
        while not enough.is_set() and (time.monotonic() < cuts_end if asked.minutes else figures.cuts < asked.cuts):
            many = min(CUTS_OF_A_NIGHT, asked.cuts - figures.cuts) if not asked.minutes else CUTS_OF_A_NIGHT
            cut_power(Path(folder) / str(number), asked.seed + number, many, figures)
            number += 1
    return tell(figures)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos")
    parser.add_argument("--minutes", type=float, default=0, help="for so long, instead of so often")
    parser.add_argument("--kills", type=int, default=KILLS, help="how often the engine is killed")
    parser.add_argument("--cuts", type=int, default=CUTS, help="how many power cuts are tried")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def cut_power(folder: Path, seed: int, number: int, figures: Figures) -> None:
    """Record a night, and judge so many states that a power cut could leave of it."""
    data = folder / "data"
    data.mkdir(parents=True)
    recorded = record(data, seed)
    for point, files in states(recorded.log, number, seed):
        put(folder / "left", files)
        figures.cuts += 1
        if fault := judge(folder / "left", recorded, point):
            figures.lost.append(f"power cut of seed {seed} after {point} operations: {fault}")


def tell(figures: Figures) -> int:
    """Print what was found; the exit code."""
    for name, found in (("lost", figures.lost), ("doubled", figures.doubled), ("stuck", figures.stuck)):
        for each in found[:20]:
            print(f"{name}: {each}")
    print(f"trials   {figures.kills + figures.cuts} ({figures.kills} kills, {figures.cuts} power cuts)")
    print(f"calls    {figures.calls} acknowledged")
    print(f"lost     {len(figures.lost)}")
    print(f"doubled  {len(figures.doubled)}")
    print(f"stuck    {len(figures.stuck)}")
    kinds = ", ".join(f"{kind} {times}" for kind, times in sorted(figures.again.items()) if times)
    print(f"again    {figures.again.total()} (what AWS too does at least once: {kinds or 'none'})")
    return 0 if figures.good else 1


if __name__ == "__main__":
    sys.exit(main())
