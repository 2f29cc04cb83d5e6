"""The limit of open files is raised at the start, and shared between connections and jobs."""

import resource
import subprocess
import sys

import pytest

from lamplighter.engine import file_descriptors

PROGRAM = """
import os, resource
from lamplighter.engine import file_descriptors
before = file_descriptors.raise_limit()
room = file_descriptors.has_room(5)
free = file_descriptors.descriptor_limit() - len(os.listdir("/proc/self/fd"))
held = [os.dup(0) for _ in range(free - file_descriptors.RESERVE)]
limits = file_descriptors.descriptor_limit(), file_descriptors.max_connections()
print(before, *limits, room, file_descriptors.has_room(5))
"""


@pytest.mark.parametrize(("soft", "hard", "connections"), [(40, 64, 8), (100, 1024, 488), (256, 4096, 2024)])
def test_the_limit_is_raised_and_a_part_of_it_is_kept_for_jobs(soft: int, hard: int, connections: int) -> None:
    limited = f'ulimit -S -n {soft}; ulimit -H -n {hard}; exec "$@"'
    command = ["/bin/sh", "-c", limited, "sh", sys.executable, "-c", PROGRAM]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert output == [str(soft), str(hard), str(connections), "True", "False"]


def test_without_a_file_limit_the_number_of_connections_is_still_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert file_descriptors.max_connections() == file_descriptors.MAX_CONNECTIONS


COUNTING_PROGRAM = """
import os
from lamplighter.engine import file_descriptors
counts = []
for directory in (file_descriptors.PROC_DIRECTORY, ""):
    file_descriptors.PROC_DIRECTORY = directory
    before = file_descriptors.count_open_files()
    held = [os.dup(0), os.dup(0)]
    counts.append(file_descriptors.count_open_files() - before)
print(*counts)
"""


def test_open_files_are_counted_by_the_kernel_or_in_a_list() -> None:
    output = subprocess.run([sys.executable, "-c", COUNTING_PROGRAM], capture_output=True, text=True, check=True).stdout
    assert output == "2 2\n"
