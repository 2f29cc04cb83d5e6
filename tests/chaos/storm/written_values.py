"""The values that clients wrote into registers: which of them a read may return.

A register is anything that holds one value: an object, a parameter, a setting. One client writes it, one value after
another, and repeats each write until it is acknowledged. So a read returns the value that was acknowledged last
before the read, or one whose write began later: never an older one, and never a mixture. This is what a linearizable
register of one writer guarantees: https://jepsen.io/consistency/models/linearizable.
"""

import threading
from collections import defaultdict
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Writes:
    """The writes of one register, in their order."""

    values: list[str | None] = field(default_factory=lambda: [None])
    acknowledged: int = 0
    """The index of the last acknowledged value."""


class WrittenValues:
    """The writes of all registers; all threads share it. None is the value of a register that does not exist."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._writes: defaultdict[str, _Writes] = defaultdict(_Writes)

    def begin(self, name: str, value: str | None) -> None:
        """Record that the write of a value begins."""
        with self._lock:
            self._writes[name].values.append(value)

    def acknowledge(self, name: str) -> None:
        """Record that the write that began last is acknowledged."""
        with self._lock:
            writes = self._writes[name]
            writes.acknowledged = len(writes.values) - 1

    def current(self, name: str) -> str | None:
        """Return the value that was acknowledged last."""
        with self._lock:
            writes = self._writes[name]
            return writes.values[writes.acknowledged]

    def begin_read(self, name: str) -> int:
        """Return the number of the oldest write that a read that begins now may see."""
        with self._lock:
            return self._writes[name].acknowledged

    def is_possible(self, name: str, since: int, value: str | None) -> bool:
        """Return whether a read that began at a write and ends now may return this value."""
        with self._lock:
            return value in self._writes[name].values[since:]

    def names(self) -> list[str]:
        """Return the names of all registers, sorted."""
        with self._lock:
            return sorted(self._writes)

    def all_values(self, name: str) -> list[str | None]:
        """Return all values of a register, in the order in which their writes began."""
        with self._lock:
            return list(self._writes[name].values)
