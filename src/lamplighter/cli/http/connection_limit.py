"""Limit the number of connections: a new one takes the place of the one that has waited longest for its peer.

Guarantees that peers which send nothing, or do not read their response, cannot keep other clients out. Only a
connection that waits for its peer is closed for another; if none waits, the new one is refused.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Protocol


class LimitedConnection(Protocol):
    """A connection that the limit can close."""

    def abort(self) -> None:
        """Close the connection immediately, even during a request, and remove it from the limit."""


@dataclass(slots=True)
class ConnectionLimit:
    """The connections of one server, and their limit."""

    max_connections: int
    """The most connections at a time."""
    _open: set[LimitedConnection] = field(default_factory=set)
    _waiting: OrderedDict[LimitedConnection, None] = field(default_factory=OrderedDict)
    """The connections that wait for their peers; the one that has waited longest is first."""

    def admit(self, connection: LimitedConnection) -> bool:
        """Add a connection; if there are too many, close the one that has waited longest, or return False."""
        if len(self._open) >= self.max_connections:
            if not self._waiting:
                return False
            longest = next(iter(self._waiting))
            longest.abort()
        self._open.add(connection)
        return True

    def mark_waiting(self, connection: LimitedConnection) -> None:
        """Record that a connection waits for its peer from now on."""
        self._waiting.pop(connection, None)
        if connection in self._open:
            self._waiting[connection] = None

    def mark_busy(self, connection: LimitedConnection) -> None:
        """Record that a connection no longer waits for its peer."""
        self._waiting.pop(connection, None)

    def remove(self, connection: LimitedConnection) -> None:
        """Record that a connection is closed."""
        self._open.discard(connection)
        self._waiting.pop(connection, None)
