"""Remember the resources that an update leaves untouched, and those that a pass has left to examine.

Both are shortcuts, not facts: a pass examines every resource that it does not find here, so an engine that was killed
meanwhile loses only time.
"""

from collections import deque
from collections.abc import Iterable

from lamplighter.services.cloudformation.tables.stacks import Stack


class UntouchedResources:
    """The resources that the updates in progress leave untouched."""

    def __init__(self) -> None:
        self._names: dict[str, tuple[int, list[str]]] = {}
        """The number of the pass, and the logical ids, by the stack's id."""
        self.remaining: dict[tuple[str, int], deque[tuple[int, str]]] = {}
        """The positions and logical ids that a pass has left after a full turn, by the stack's id and the pass."""

    def put(self, stack: Stack, names: Iterable[str]) -> None:
        """Remember the untouched resources of the pass that a stack begins."""
        self._names[stack.id] = stack.pass_number, list(names)

    def take(self, stack: Stack, most: int) -> list[str]:
        """Return at most `most` untouched resources of a stack's pass, and forget them."""
        pass_number, names = self._names.get(stack.id, (0, []))
        if pass_number != stack.pass_number or not names:
            self._names.pop(stack.id, None)
            return []
        self._names[stack.id] = pass_number, names[most:]
        return names[:most]
