"""The UUIDs and the processor time of the real world."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from lamplighter.base.world import UUID_BATCH_SIZE, process_seconds, uuid_source
from tests.killed_at_end import killed_at_end

UUID4 = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def test_uuids_are_of_version_4_and_unique_across_threads() -> None:
    next_uuid = uuid_source()
    with ThreadPoolExecutor(4) as threads:
        uuids = list(threads.map(lambda _: next_uuid(), range(50 * UUID_BATCH_SIZE)))
    assert all(map(UUID4.fullmatch, uuids))
    assert len(set(uuids)) == len(uuids)
    assert {uuid[19] for uuid in uuids} == set("89ab")


def test_the_processor_time_of_a_running_process_is_known_and_that_of_an_ended_one_is_none() -> None:
    work = "while True: pass"
    with killed_at_end(subprocess.Popen([sys.executable, "-c", work])) as process:
        first = process_seconds(process.pid)
        assert first is not None
        while process_seconds(process.pid) == first:
            continue
    assert process_seconds(process.pid) is None
