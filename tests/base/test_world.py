"""Clocks of the world outside."""

import subprocess
import sys

from lamplighter.base.world import process_seconds


def test_how_much_processor_time_a_process_has_used_is_known_and_of_none_that_is_gone() -> None:
    work = "while True: pass"
    with subprocess.Popen([sys.executable, "-c", work]) as process:
        try:
            first = process_seconds(process.pid)
            assert first is not None
            while process_seconds(process.pid) == first:
                continue
        finally:
            process.kill()
            process.wait()
        assert process_seconds(process.pid) is None
