"""Clocks and names of the world outside."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from lamplighter.base.world import UUID_BATCH_SIZE, process_seconds, uuid_source

UUID4 = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def test_names_are_uuids_of_version_4_and_none_comes_twice_whoever_takes_them() -> None:
    take = uuid_source()
    with ThreadPoolExecutor(4) as threads:
        names = list(threads.map(lambda _: take(), range(50 * UUID_BATCH_SIZE)))
    assert all(map(UUID4.fullmatch, names))
    assert len(set(names)) == len(names)
    assert {name[19] for name in names} == set("89ab")


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
