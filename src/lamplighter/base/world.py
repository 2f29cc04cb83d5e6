"""Provide the clock, unique names and randomness; the only module that may import time, uuid, random and secrets.

Guarantees that a test can control all three (`World`) and so simulate a month of runs in milliseconds.
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
"""The kernel's constant CPUCLOCK_SCHED: https://github.com/torvalds/linux/blob/master/include/linux/posix-timers.h"""

UUID_BATCH_SIZE = 64


@dataclass(frozen=True, slots=True)
class World:
    """The clocks, the unique ids and the randomness that code uses, so that a test can replace them."""

    now: Callable[[], int]
    """Milliseconds since the epoch, UTC, by the wall clock: the resolution of AWS's own timestamps."""
    monotonic: Callable[[], int]
    """Milliseconds on a clock that cannot be set, to measure durations. It began at the wall clock's time."""
    uuid: Callable[[], str]
    """A function that returns a new unique name in the form of a UUID version 4."""
    random: Callable[[], float]
    """A function that returns a random number in [0, 1)."""
    allows_unbounded_work: bool = True
    """Whether work without a known bound may run here; if not, such work raises `UnboundedWork`."""


def frozen_world(wall: int, steady: int, seed: int) -> World:
    """Return a `World` whose clock does not move and whose names and random numbers follow from a seed."""
    generator = random.Random(seed)  # noqa: S311 - repeatable on purpose

    def random_uuid() -> str:
        return str(uuid.UUID(int=generator.getrandbits(128), version=4))

    return World(now=lambda: wall, monotonic=lambda: steady, uuid=random_uuid, random=generator.random)


def real_world() -> World:
    """Return a `World` that uses the machine's clocks and the operating system's randomness."""
    start = time.time_ns() - time.monotonic_ns()
    return World(
        now=lambda: time.time_ns() // 1_000_000,
        monotonic=lambda: (start + time.monotonic_ns()) // 1_000_000,
        uuid=uuid_source(),
        random=random.random,
    )


def uuid_source() -> Callable[[], str]:
    """Return a function that makes UUIDs version 4 from the operating system's randomness; threads may share it.

    Each request needs several UUIDs. `uuid.uuid4` takes four times as long: it calls the system for each UUID and
    releases the interpreter lock, so that another thread may take it. See
    https://www.rfc-editor.org/rfc/rfc9562#section-5.4.
    """
    pool: list[str] = []

    def next_uuid() -> str:
        try:
            return pool.pop()
        except IndexError:
            digits = os.urandom(UUID_BATCH_SIZE * 16).hex()
            first, *others = (_uuid4(digits[at : at + 32]) for at in range(0, len(digits), 32))
            pool.extend(others)
            return first

    return next_uuid


def _uuid4(digits: str) -> str:
    variant = "89ab"[int(digits[16], 16) % 4]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def set_local_zone(name: str | None) -> None:
    """Set the variable TZ and thereby the zone in which this process shows times; None: the machine's zone."""
    os.environ.pop("TZ", None)
    os.environ.update({} if name is None else {"TZ": name})
    time.tzset()


def sleep(seconds: float) -> None:
    """Block the current thread for a number of seconds."""
    time.sleep(seconds)


def thread_seconds() -> float:
    """Return the seconds of processor time that the current thread has used."""
    return time.thread_time()


def process_seconds(pid: int) -> float | None:
    """Return the seconds of processor time that another process has used, or None if the system does not report them.

    This reads the clock of clock_getcpuclockid(3), whose number Linux derives from the process id.
    """
    try:
        return time.clock_gettime((~pid << 3) | PROCESS_CLOCK)
    except OSError:
        return None


def random_key(letters: str, length: int) -> str:
    """Return a random key of this length from these letters, by the system's cryptographic randomness."""
    return "".join(secrets.choice(letters) for _ in range(length))


def shuffle(text: str) -> str:
    """Return the characters of a text in a random order, by the system's cryptographic randomness."""
    return "".join(secrets.SystemRandom().sample(text, len(text)))


def format_iso_time(milliseconds: int) -> str:
    """Format an instant as AWS writes it inside documents: 2026-01-01T00:00:00.000Z."""
    whole, rest = divmod(milliseconds, 1000)
    return f"{datetime.fromtimestamp(whole, UTC).isoformat()[:19]}.{rest:03d}Z"
