"""Compare what tasks reserve with what the machine has; pure."""

from dataclasses import dataclass

from lamplighter.base.count_text import format_count


@dataclass(frozen=True, slots=True)
class Reservation:
    """What tasks reserve together."""

    cpu: int = 0
    """CPU units, 1024 for each vCPU."""
    memory: int = 0
    """MiB."""
    tasks: int = 0

    def __add__(self, other: "Reservation") -> "Reservation":
        return Reservation(self.cpu + other.cpu, self.memory + other.memory, self.tasks + other.tasks)


@dataclass(frozen=True, slots=True)
class CapacityLimits:
    """The most that all tasks on the machine may reserve together; None is no limit."""

    cpu: int | None = None
    memory: int | None = None
    tasks: int | None = None

    def or_else(self, other: "CapacityLimits") -> "CapacityLimits":
        """Return these limits, and those of `other` where there is none."""
        cpu, memory, tasks = (
            theirs if own is None else own
            for own, theirs in ((self.cpu, other.cpu), (self.memory, other.memory), (self.tasks, other.tasks))
        )
        return CapacityLimits(cpu, memory, tasks)


NO_LIMITS = CapacityLimits()


def has_room(limits: CapacityLimits, taken: Reservation, need: Reservation) -> bool:
    """Return whether a task fits beside the others; a task that is larger than the machine fits if none runs."""
    return taken.tasks == 0 or not _scarce(limits, taken, need)


def may_be_passed(limits: CapacityLimits, older: Reservation, need: Reservation) -> bool:
    """Return whether younger tasks may start before a task that waits for room.

    They may as long as the tasks that are older than the waiting one (`older`) leave it no room: until then, it could
    not start even if no younger task ran.
    """
    return not has_room(limits, older, need)


def _scarce(limits: CapacityLimits, taken: Reservation, need: Reservation) -> list[str]:
    """Return what there is too little of: `cpu`, `memory`, `tasks`."""
    amounts = {
        "cpu": (limits.cpu, taken.cpu, need.cpu),
        "memory": (limits.memory, taken.memory, need.memory),
        "tasks": (limits.tasks, taken.tasks, need.tasks),
    }
    return [
        name
        for name, (limit, used, needed) in amounts.items()
        if limit is not None and needed > 0 and used + needed > limit
    ]


def waiting_reason(limits: CapacityLimits, taken: Reservation, need: Reservation, before: int) -> str:
    """Return why a task waits while `before` others start before it, as a sentence without its subject."""
    running = format_count(taken.tasks, "running task has", "running tasks have")
    words = {
        "cpu": f"{_vcpu(need.cpu)} vCPU ({running} {_vcpu(taken.cpu)} of {_vcpu(limits.cpu)})",
        "memory": f"{need.memory:,} MiB of memory ({running} {taken.memory:,} of {limits.memory or 0:,})",
        "tasks": f"its turn ({taken.tasks} of {limits.tasks} tasks run)",
    }
    scarce = [words[each] for each in _scarce(limits, taken, need)]
    others = f"{format_count(before, 'task is', 'tasks are')} before it" if before else ""
    reason = f"waits for {' and '.join(scarce)}" if scarce else "waits for its turn"
    return f"{reason}; {others}" if others else reason


def _vcpu(units: int | None) -> str:
    """Return CPU units as a number of vCPU, such as 0.25."""
    return f"{round((units or 0) / 1024, 3):g}"
