"""Plain processes are held to their memory where the engine may make cgroups, and run without limits elsewhere.

The tests with `limited` need a machine on which this process may make cgroups of version 2; elsewhere they are skipped.
Those with `unlimited` need no controllers, which cgroups of version 1 may have.
"""

import errno
import logging
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path

import pytest

from lamplighter.base.world import real_world
from lamplighter.runtime.port import OUT_OF_MEMORY, ContainerSpec
from lamplighter.runtime.process.cgroups import ProcessCgroups, cpu_weight, find_cgroups
from lamplighter.runtime.process.runtime import ProcessRuntime
from tests.process_state import parent

MEBIBYTE = 1024 * 1024


# --- where cgroups can be made ----------------------------------------------------------------------------------------


def make_cgroup(folder: Path, *enabled: str, processes: str = "") -> Path:
    """Make a folder with the files of a cgroup."""
    folder.mkdir(parents=True)
    (folder / "cgroup.controllers").write_text("cpu memory pids\n")
    (folder / "cgroup.subtree_control").write_text(" ".join(enabled) + "\n")
    (folder / "cgroup.procs").write_text(processes)
    return folder


def own_cgroup(tmp_path: Path, position: str) -> Path:
    """Write the file that names the cgroup of this process."""
    own = tmp_path / "own"
    own.write_text(f"0::{position}\n")
    return own


def test_without_cgroups_of_version_2_the_reason_says_so(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("4:memory:/a\n")
    found = find_cgroups("e", tmp_path, tmp_path / "own", is_root=True)
    assert found.folder is None
    assert found.summary == (
        "plain processes are not held to their `memory`: this machine has no cgroups of version 2 in /sys/fs/cgroup"
    )
    assert found.path("job") is None


@pytest.mark.parametrize("position", ["/", "/system.slice/lamplighter.service", "/user.slice/session-1.scope"])
def test_an_engine_that_is_neither_root_nor_in_a_delegated_unit_says_how_to_get_limits(
    tmp_path: Path, position: str
) -> None:
    root = make_cgroup(tmp_path / "root", "memory")
    for slices in ("system.slice", "user.slice"):
        make_cgroup(root / slices)
    found = find_cgroups("e", root, own_cgroup(tmp_path, position), is_root=False)
    assert found.folder is None
    assert "in a unit of systemd with Delegate=yes and DelegateSubgroup=engine" in found.reason


def test_a_cgroup_without_the_controller_of_memory_is_the_reason(tmp_path: Path) -> None:
    root = make_cgroup(tmp_path / "root")
    (root / "cgroup.controllers").write_text("cpu pids\n")
    found = find_cgroups("e", root, own_cgroup(tmp_path, "/"), is_root=True)
    assert found.folder is None
    assert found.reason == f"cgroups in {root} cannot limit memory, which is not in cgroup.controllers"


@pytest.mark.parametrize("unit", ["system.slice/lamplighter.service", "user.slice/user@1.service/app.slice/e.service"])
def test_the_cgroups_of_a_delegated_unit_are_beside_the_engine_s_own(tmp_path: Path, unit: str) -> None:
    """Neither does systemd's manager of users mark what it delegates, nor does a unit of it differ otherwise."""
    root = make_cgroup(tmp_path / "root", "memory")
    around = make_cgroup(root / unit, "memory", "cpu")
    make_cgroup(around / "engine", processes="1\n")
    make_cgroup(around / "lamplighter-e", "memory", "cpu")
    found = find_cgroups("e", root, own_cgroup(tmp_path, f"/{unit}/engine"), is_root=False)
    assert (found.folder, found.limits_cpu) == (around / "lamplighter-e", True)
    (around / "cgroup.procs").write_text("17\n")
    assert find_cgroups("e", root, own_cgroup(tmp_path, f"/{unit}/engine"), is_root=False).folder is None


def test_root_makes_a_folder_in_the_root_of_the_hierarchy(tmp_path: Path) -> None:
    root = make_cgroup(tmp_path / "root")
    make_cgroup(root / "lamplighter-e")
    found = find_cgroups("e", root, own_cgroup(tmp_path, "/user.slice/session-1.scope"), is_root=True)
    assert found.folder == root / "lamplighter-e"
    assert (root / "cgroup.subtree_control").read_text() == "+cpu", "memory was enabled before"


def test_a_hierarchy_that_cannot_be_written_is_the_reason(tmp_path: Path) -> None:
    root = make_cgroup(tmp_path / "root")
    (root / "cgroup.subtree_control").unlink()
    (root / "cgroup.subtree_control").mkdir()
    found = find_cgroups("e", root, own_cgroup(tmp_path, "/"), is_root=True)
    assert found.folder is None
    assert f"no cgroup can be made in {root} (Is a directory)" in found.reason


def test_memory_is_limited_without_swap_and_cpu_is_a_weight(tmp_path: Path) -> None:
    container = ContainerSpec(name="job", memory=512, cpu=1024)
    limits = {"memory.max": str(512 * MEBIBYTE)}
    assert ProcessCgroups(tmp_path).limits(container) == limits
    assert ProcessCgroups(tmp_path, limits_swap=True).limits(container) == {**limits, "memory.swap.max": "0"}
    assert ProcessCgroups(tmp_path, limits_cpu=True).limits(container) == {**limits, "cpu.weight": "39"}
    assert ProcessCgroups(tmp_path, limits_cpu=True).limits(ContainerSpec(name="job")) == {}


@pytest.mark.parametrize(
    ("units", "weight"), [(0, 1), (2, 1), (256, 10), (1024, 39), (262_144, 10_000), (10**9, 10_000)]
)
def test_cpu_units_become_weights_as_container_runtimes_compute_them(units: int, weight: int) -> None:
    assert cpu_weight(units) == weight


# --- processes --------------------------------------------------------------------------------------------------------


def open_runtime(tmp_path: Path, found: ProcessCgroups) -> ProcessRuntime:
    return ProcessRuntime(tmp_path / "processes", real_world().now, find_cgroups=lambda: found)


async def test_a_process_whose_cgroup_cannot_be_made_runs_without_limits_and_the_log_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    runtime = open_runtime(tmp_path, ProcessCgroups(tmp_path / "nowhere"))
    try:
        for name in ("first", "second"):
            await runtime.start(ContainerSpec(name=name, command=("true",), memory=64))
            assert (await runtime.wait(name)).code == 0
            await runtime.remove(name)
    finally:
        await runtime.close()
    found = [each.message for each in caplog.records if "not held" in each.message]
    assert len(found) == 1
    assert "the process first is not held to its memory: its cgroup cannot be made" in found[0]
    assert str(tmp_path / "nowhere" / "first") in found[0]


async def test_the_log_says_with_the_first_process_that_there_are_no_limits(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    runtime = open_runtime(tmp_path, ProcessCgroups(None, "of a test"))
    assert runtime.cgroups is None
    try:
        for name in ("first", "second"):
            await runtime.start(ContainerSpec(name=name, command=("true",)))
            await runtime.wait(name)
            await runtime.remove(name)
    finally:
        await runtime.close()
    assert [each.message for each in caplog.records] == ["plain processes are not held to their `memory`: of a test"]
    assert runtime.cgroups is not None


@pytest.fixture
def limited() -> ProcessCgroups:
    """Cgroups of this machine; a test is skipped where there can be none."""
    found = find_cgroups(f"test-{uuid.uuid4().hex[:8]}", is_root=os.geteuid() == 0)
    if found.folder is None:
        pytest.skip(found.reason)
    return found


@pytest.fixture
def unlimited() -> ProcessCgroups:
    """Cgroups of this machine that only group processes; a test is skipped where there can be none."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, root, kind, *_ = line.split()
        if kind == "cgroup2":
            with suppress(OSError):
                folder = Path(root) / f"lamplighter-test-{uuid.uuid4().hex[:8]}"
                folder.mkdir()
                return ProcessCgroups(folder)
    pytest.skip("no cgroups of version 2 can be made")


@asynccontextmanager
async def running(tmp_path: Path, found: ProcessCgroups) -> AsyncIterator[ProcessRuntime]:
    """Yield a runtime; afterwards stop and remove its processes."""
    opened = open_runtime(tmp_path, found)
    yield opened
    for name in await opened.names():
        await opened.stop(name, 0)
        await opened.remove(name)
    await opened.close()
    assert found.folder is not None
    assert not found.folder.exists(), "no cgroup is left"


@pytest.fixture
async def runtime(tmp_path: Path, limited: ProcessCgroups) -> AsyncIterator[ProcessRuntime]:
    async with running(tmp_path, limited) as opened:
        yield opened


def allocate(name: str, mebibytes: int, memory: int | None, *before: str) -> ContainerSpec:
    script = f"data = bytearray({mebibytes * MEBIBYTE}); print(len(data) >> 20)"
    return ContainerSpec(name=name, command=(*before, sys.executable, "-c", script), memory=memory, cpu=512)


async def test_a_process_that_exceeds_its_memory_is_killed_as_ecs_reports_it(runtime: ProcessRuntime) -> None:
    await runtime.start(allocate("big", 300, memory=64))
    ended = await runtime.wait("big")
    assert (ended.code, ended.reason) == (137, OUT_OF_MEMORY)


async def test_a_child_that_exceeds_the_memory_is_killed_and_the_shell_reports_it(runtime: ProcessRuntime) -> None:
    await runtime.start(allocate("big", 300, 64, "sh", "-c", '"$@"; exit $?', "sh"))
    ended = await runtime.wait("big")
    assert (ended.code, ended.reason) == (137, OUT_OF_MEMORY)


@pytest.mark.parametrize("memory", [256, None])
async def test_a_process_within_its_memory_or_without_a_limit_is_not_disturbed(
    runtime: ProcessRuntime, memory: int | None
) -> None:
    await runtime.start(allocate("small", 100, memory))
    ended = await runtime.wait("small")
    assert (ended.code, ended.reason) == (0, None)
    assert [line.text async for line in runtime.logs("small")] == ["100"]


async def test_the_limits_are_in_the_cgroup_while_the_process_runs_and_the_shim_is_outside(
    runtime: ProcessRuntime, limited: ProcessCgroups
) -> None:
    started = await runtime.start(ContainerSpec(name="job", command=("sleep", "60"), memory=64, cpu=512))
    cgroup = limited.path("job")
    assert cgroup is not None
    assert (cgroup / "cgroup.procs").read_text().split() == [started.runtime_id]
    assert (cgroup / "memory.max").read_text().strip() == str(64 * MEBIBYTE)
    if limited.limits_cpu:
        assert (cgroup / "cpu.weight").read_text().strip() == str(cpu_weight(512))
    await runtime.stop("job", 5)
    await runtime.wait("job")
    assert not cgroup.exists()


async def test_another_engine_adopts_a_process_with_its_cgroup(
    runtime: ProcessRuntime, limited: ProcessCgroups, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    waits = ("sh", "-c", 'read -r line < "$0"; "$@"', str(gate))
    await runtime.start(allocate("big", 300, 64, *waits))
    await runtime.close()
    other = open_runtime(tmp_path, limited)
    try:
        await other.start(allocate("big", 300, 64, *waits))
        with gate.open("w") as opened:
            opened.write("go\n")
        ended = await other.wait("big")
        assert (ended.code, ended.reason) == (137, OUT_OF_MEMORY)
    finally:
        await other.close()


async def test_what_a_killed_shim_leaves_in_the_cgroup_is_killed_although_it_has_left_the_session(
    unlimited: ProcessCgroups, tmp_path: Path
) -> None:
    cgroup = unlimited.path("job")
    assert cgroup is not None
    async with running(tmp_path, unlimited) as runtime:
        started = await runtime.start(
            ContainerSpec(name="job", command=("sh", "-c", "setsid sleep 60 & echo begun; wait"))
        )
        async with aclosing(runtime.logs("job")) as lines:
            async for _ in lines:
                break
        assert cgroup.exists()
        os.kill(parent(int(started.runtime_id)), signal.SIGKILL)
        ended = await runtime.wait("job")
        assert ended.code is None
        await runtime.remove("job")
        assert not cgroup.exists()


async def test_a_cgroup_is_removed_when_its_killed_processes_have_left_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They leave it some time after `kill`; the kernel refuses to remove it meanwhile."""
    (tmp_path / "job").mkdir()
    rmdir, refusals = Path.rmdir, iter(range(3))

    def rmdir_late(folder: Path) -> None:
        if next(refusals, None) is not None:
            raise OSError(errno.EBUSY, "Device or resource busy")
        rmdir(folder)

    monkeypatch.setattr(Path, "rmdir", rmdir_late)
    await ProcessCgroups(tmp_path).remove("job")
    assert not (tmp_path / "job").exists()


async def test_a_cgroup_that_processes_do_not_leave_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "job").mkdir()

    def refuse(_folder: Path) -> None:
        raise OSError(errno.EBUSY, "Device or resource busy")

    monkeypatch.setattr("lamplighter.runtime.process.cgroups._LEAVE_SECONDS", 0.1)
    monkeypatch.setattr(Path, "rmdir", refuse)
    await ProcessCgroups(tmp_path).remove("job")
    assert (tmp_path / "job").exists()
