"""Hold plain processes to their memory and share of the processor: each runs in its own control group (cgroup).

The engine finds a folder in which it may make cgroups, and the shim makes one for its process (`shim.py`). There are
two such folders. If the engine runs in the subgroup of a cgroup that systemd delegated to it (`Delegate=yes` and
`DelegateSubgroup=engine` of the unit), it is beside that subgroup. Otherwise an engine that runs as root makes one in
the root of the hierarchy, as Docker does. Guarantees that no process is moved but the new ones, and that a machine
without such a folder runs processes without limits; `reason` says why. No limit of the kernel's older kind is set
instead: those count the addresses that a program reserves, not the memory that it uses, and so break healthy programs.
See https://docs.kernel.org/admin-guide/cgroup-v2.html and https://systemd.io/CGROUP_DELEGATION/.
"""

import asyncio
import contextlib
import errno
from dataclasses import dataclass
from pathlib import Path

from lamplighter.runtime.port import ContainerSpec

ROOT = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")
_MEBIBYTE = 1024 * 1024
_LEAVE_SECONDS, _PAUSE = 5.0, 0.01
"""Seconds in which killed processes leave their cgroup, and those between two attempts to remove it."""
_UNITS = (".service", ".scope")
"""The ends of the names of systemd's cgroups that can hold processes. systemd makes a cgroup inside such a one only
if it has delegated it. Its mark, the attribute `user.delegate`, is missing in the services of users."""
_ADVICE = "run the engine as root, or in a unit of systemd with Delegate=yes and DelegateSubgroup=engine"


@dataclass(frozen=True, slots=True)
class ProcessCgroups:
    """The folder with the cgroups of one engine's processes, or why there is none."""

    folder: Path | None
    reason: str = ""
    """Why processes have no cgroups; empty if they have."""
    limits_cpu: bool = False
    limits_swap: bool = False
    """Whether this machine has swap that can be limited."""

    @property
    def summary(self) -> str:
        """Whether processes are held to their memory, in one sentence without a full stop."""
        if self.folder is None:
            return f"plain processes are not held to their `memory`: {self.reason}"
        return f"plain processes are held to their `memory`, by cgroups in {self.folder}"

    def path(self, name: str) -> Path | None:
        """Return the path of a process's cgroup."""
        return None if self.folder is None else self.folder / name

    def limits(self, container: ContainerSpec) -> dict[str, str]:
        """Return the contents of the files of a container's cgroup, by the names of the files."""
        limits: dict[str, str] = {}
        if container.memory:
            limits["memory.max"] = str(container.memory * _MEBIBYTE)
        if container.memory and self.limits_swap:  # None, as on Fargate: what exceeds its memory is killed.
            limits["memory.swap.max"] = "0"
        if container.cpu and self.limits_cpu:
            limits["cpu.weight"] = str(cpu_weight(container.cpu))
        return limits

    def kill(self, name: str) -> None:
        """Kill all processes of a cgroup, if it exists."""
        self._write(name, "cgroup.kill", "1")

    async def remove(self, name: str) -> None:
        """Remove a process's cgroup unless processes stay in it; those that were killed get some time to leave it."""
        cgroup = self.path(name)
        if cgroup is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LEAVE_SECONDS):
                    while not _remove_unless_busy(cgroup):  # noqa: ASYNC110 - a watch would cost more than a few looks
                        await asyncio.sleep(_PAUSE)

    def close(self) -> None:
        """Remove the folder unless processes are left in it."""
        if self.folder is not None:
            with contextlib.suppress(OSError):
                self.folder.rmdir()

    def _write(self, name: str, file: str, text: str) -> None:
        if self.folder is not None:
            with contextlib.suppress(OSError):
                (self.folder / name / file).write_text(text)


def _remove_unless_busy(cgroup: Path) -> bool:
    """Remove a cgroup; return False if processes in it prevent that."""
    try:
        cgroup.rmdir()
    except OSError as error:
        return error.errno != errno.EBUSY
    return True


def cpu_weight(units: int) -> int:
    """Return the weight for a number of CPU units, as container runtimes compute it (2 to 262144 become 1 to 10000)."""
    shares = min(max(units, 2), 262_144)
    return 1 + (shares - 2) * 9_999 // 262_142


def find_cgroups(engine: str, root: Path = ROOT, own: Path = OWN_CGROUP, *, is_root: bool) -> ProcessCgroups:
    """Find or make the folder for the cgroups of an engine's processes.

    `engine` names the folder; `is_root` is whether the engine runs as root.
    """
    position = _own_position(own)
    if position is None or not (root / "cgroup.controllers").exists():
        return ProcessCgroups(None, "this machine has no cgroups of version 2 in /sys/fs/cgroup")
    delegated = _delegated_cgroup(root, position)
    if delegated is None and not is_root:
        return ProcessCgroups(None, f"the engine may not make cgroups: {_ADVICE}")
    around = delegated or root
    try:
        if "memory" not in (around / "cgroup.controllers").read_text().split():
            return ProcessCgroups(None, f"cgroups in {around} cannot limit memory, which is not in cgroup.controllers")
        folder = around / f"lamplighter-{engine}"
        _enable(around, "memory")
        folder.mkdir(exist_ok=True)
        _enable(folder, "memory")
    except OSError as error:
        return ProcessCgroups(None, f"no cgroup can be made in {around} ({error.strerror}): {_ADVICE}")
    limits_cpu = False
    with contextlib.suppress(OSError):  # The kernel refuses it if real-time processes run: then all have equal shares.
        _enable(around, "cpu")
        _enable(folder, "cpu")
        limits_cpu = True
    return ProcessCgroups(folder, limits_cpu=limits_cpu, limits_swap=(folder / "memory.swap.max").exists())


def _own_position(own: Path) -> str | None:
    """Return the path of this process's cgroup of version 2 below the root, or None if it has none."""
    with contextlib.suppress(OSError):
        for line in own.read_text().splitlines():
            if line.startswith("0::/"):
                return line.removeprefix("0::/")
    return None


def _delegated_cgroup(root: Path, position: str) -> Path | None:
    """Return the cgroup around this process's own one, if it is that of a unit and holds no processes itself.

    A cgroup with processes can have no limits for cgroups inside it.
    """
    around = (root / position).parent
    if around.suffix not in _UNITS:
        return None
    try:
        return None if (around / "cgroup.procs").read_text().strip() else around
    except OSError:
        return None


def _enable(cgroup: Path, controller: str) -> None:
    """Let the cgroups inside a cgroup have the limits of a controller."""
    control = cgroup / "cgroup.subtree_control"
    if controller not in control.read_text().split():
        control.write_text(f"+{controller}")
