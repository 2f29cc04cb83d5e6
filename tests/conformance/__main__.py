"""`python -m tests.conformance [TEXT]` prints the recorded cases that fail now, in the form of failing.txt.

TEXT: only cases whose name contains it. A case that is listed already keeps the reason that it has there.
"""

import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

from tests.conformance.recorded import Case, load_replayer, play_case, read_failing_cases, recorded_cases
from tests.served_engine import ServedEngine

AT_ONCE = 6


def main(text: str) -> None:
    """Play the cases and print."""
    os.environ["AWS_RETRY_MODE"] = "legacy"  # as in conftest.py
    replay = load_replayer()
    chosen = [case for case in recorded_cases() if text in case.name]
    alone = [case for case in chosen if case.shares or case.needs_own_engine or replay.lists_everything(str(case.path))]
    found = play_cases(replay, [case for case in chosen if case not in alone])
    for case in alone:
        found |= play_cases(replay, [case])
    known = read_failing_cases()
    for name, differences in sorted(found.items()):
        if differences:
            print(f"{name}: {known.get(name) or ' '.join(differences[0].split())}")
    print(f"# {sum(not differences for differences in found.values())} of {len(found)} pass")


def play_cases(replay: ModuleType, chosen: list[Case]) -> dict[str, list[str]]:
    """The differences of each case, played against one engine."""
    with tempfile.TemporaryDirectory() as directory, ThreadPoolExecutor(AT_ONCE) as pool:
        engine = ServedEngine(Path(directory) / "data")
        engine.up()
        try:
            differences = list(pool.map(lambda case: play_case(replay, case, engine.url, case.timeouts), chosen))
        finally:
            engine.close()
    return {case.name: each for case, each in zip(chosen, differences, strict=True)}


main(sys.argv[1] if len(sys.argv) > 1 else "")
