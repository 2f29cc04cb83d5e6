"""`python -m tests.conformance [TEXT]` prints the recorded cases that fail now, in the form of failing.txt.

TEXT: only cases whose name contains it. A case that is listed already keeps the reason that it has there.
"""

import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import ModuleType

from tests.conformance.recorded import Case, load_replayer, play_case, read_failing_cases, recorded_cases
from tests.served_engine import EngineAccount, ServedEngine

AT_ONCE = 6


def main(text: str) -> None:
    """Play the cases and print."""
    os.environ["AWS_RETRY_MODE"] = "legacy"  # as in conftest.py
    replay = load_replayer()
    found = play_cases(replay, [case for case in recorded_cases() if text in case.name])
    known = read_failing_cases()
    for name, differences in sorted(found.items()):
        if differences:
            print(f"{name}: {known.get(name) or ' '.join(differences[0].split())}")
    print(f"# {sum(not differences for differences in found.values())} of {len(found)} pass")


def play_cases(replay: ModuleType, chosen: list[Case]) -> dict[str, list[str]]:
    """The differences of each case, each played in its own account of one engine."""
    with tempfile.TemporaryDirectory() as directory, ThreadPoolExecutor(AT_ONCE) as pool:
        engine = ServedEngine(Path(directory) / "data")
        engine.up()
        numbers = [f"{number:012}" for number in range(1, len(chosen) + 1)]
        accounts = [EngineAccount(engine.port, number, key=number) for number in numbers]
        try:
            differences = list(pool.map(partial(play_case, replay), chosen, accounts))
        finally:
            engine.close()
    return {case.name: each for case, each in zip(chosen, differences, strict=True)}


main(sys.argv[1] if len(sys.argv) > 1 else "")
