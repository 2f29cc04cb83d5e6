"""The one module that may import time, uuid, random and secrets: clock, names and chance are handed in.

Promises that a test can own all three (`fixed_world`), so that a month of nights runs in milliseconds.
"""

import os
import random
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

PROCESS_CLOCK = 2
"""CPUCLOCK_SCHED: https://github.com/torvalds/linux/blob/master/include/linux/posix-timers.h"""

UUIDS_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class World:
    """Clock, names and chance."""

    now: Callable[[], int]
    """Milliseconds since the epoch, UTC, as the wall clock has it: the resolution of AWS's own timestamps."""
    monotonic: Callable[[], int]
    """The same on a clock that nobody can set: it agreed with the wall clock when it was made, and measures lengths."""
    uuid: Callable[[], str]
    """A name that never repeats, in the form of a UUID version 4."""
    random: Callable[[], float]
    """A number in [0, 1)."""
    may_block: bool = True
    """Whether work without a known bound may be done here; where it may not, it raises MayTakeLong."""


def repeatable_world(wall: int, steady: int, seed: int) -> World:
    """Return a world whose clock stands and whose names and chance follow from a seed."""
    clock = ManualClock(wall)
    clock.unset = steady
    return fixed_world(clock, seed)


def real_world() -> World:
    """The machine's clocks, the operating system's randomness."""
    start = time.time_ns() - time.monotonic_ns()
    return World(
        now=lambda: time.time_ns() // 1_000_000,
        monotonic=lambda: (start + time.monotonic_ns()) // 1_000_000,
        uuid=uuid_source(),
        random=random.random,
    )


def uuid_source() -> Callable[[], str]:
    """Return what makes UUIDs version 4 of the operating system's randomness; threads may share it.

    Each request needs some. `uuid.uuid4` takes four times as long, and asks the system each time, which lets another
    thread take the interpreter. See https://www.rfc-editor.org/rfc/rfc9562#section-5.4.
    """
    stock: list[str] = []

    def take() -> str:
        try:
            return stock.pop()
        except IndexError:
            digits = os.urandom(UUIDS_AT_ONCE * 16).hex()
            first, *others = (_uuid4(digits[at : at + 32]) for at in range(0, len(digits), 32))
            stock.extend(others)
            return first

    return take


def _uuid4(digits: str) -> str:
    variant = "89ab"[int(digits[16], 16) % 4]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def sleep(seconds: float) -> None:
    """Let the current thread wait."""
    time.sleep(seconds)


def thread_seconds() -> float:
    """Return the seconds of processor time that the current thread has used."""
    return time.thread_time()


def process_seconds(pid: int) -> float | None:
    """Return the seconds of processor time that another process has used; None where the system does not tell.

    The clock is the one that clock_getcpuclockid(3) names: Linux makes its number of the process' own.
    """
    try:
        return time.clock_gettime((~pid << 3) | PROCESS_CLOCK)
    except OSError:
        return None


class ManualClock:
    """A clock that stands until it is told to move."""

    def __init__(self, start: int = 1_767_225_600_000) -> None:
        self.wall = start
        self.unset = start

    def now(self) -> int:
        """What the wall clock shows, in milliseconds since the epoch."""
        return self.wall

    def monotonic(self) -> int:
        """What it would show had nobody set it."""
        return self.unset

    def advance(self, milliseconds: int) -> None:
        """Let time pass."""
        self.wall += milliseconds
        self.unset += milliseconds

    def jump(self, milliseconds: int) -> None:
        """Set the wall clock, forward or back, while no time passes."""
        self.wall += milliseconds


def fixed_world(clock: ManualClock | None = None, seed: int = 0) -> World:
    """A world in which everything repeats."""
    hands = clock or ManualClock()
    dice = random.Random(seed)  # noqa: S311 - repeatable on purpose

    def name() -> str:
        return str(uuid.UUID(int=dice.getrandbits(128), version=4))

    return World(now=hands.now, monotonic=hands.monotonic, uuid=name, random=dice.random)


def unguessable(letters: str, length: int) -> str:
    """A key: so many of these letters as the operating system's best randomness gives them."""
    return "".join(secrets.choice(letters) for _ in range(length))


def iso(milliseconds: int) -> str:
    """The instant as AWS writes it inside documents: 2026-01-01T00:00:00.000Z."""
    whole, rest = divmod(milliseconds, 1000)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"
