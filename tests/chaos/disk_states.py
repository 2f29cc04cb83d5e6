"""A disk that goes through a log of operations, and what it could hold after a power cut at any point of it.

What was synced is there. Of what was not, each sector of 512 bytes may be there or not, in any order and mixed; a file
that grew may hold zeros or rubbish where nothing arrived; a file's new name may be there or not until its folder was
synced. This is what SQLite expects of a disk, and no more:
https://www.sqlite.org/atomiccommit.html#_hardware_assumptions."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.chaos.disk_log import Create, Delete, Operation, Sync, SyncDirectory, Truncate, Write

SECTOR = 512
Keep = Callable[[], bool]


@dataclass(slots=True, eq=False)
class Inode:
    """One file."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[Write | Truncate] = field(default_factory=list)
    """What was done since the last sync."""

    def sync(self) -> None:
        for operation in self.pending:
            _apply(self.durable, operation, lambda: True, bytes)
        self.pending.clear()


@dataclass(slots=True)
class Platter:
    """One folder of it."""

    names: dict[str, Inode] = field(default_factory=dict)
    durable_names: dict[str, Inode] = field(default_factory=dict)

    def meet(self, operation: Operation) -> None:
        """Do one operation."""
        match operation:
            case Create(file):
                self.names[file] = Inode()
            case Delete(file):
                del self.names[file]
            case Write(file) | Truncate(file):
                self.names[file].pending.append(operation)
            case Sync(file):
                self.names[file].sync()
            case SyncDirectory():
                self.durable_names = dict(self.names)

    def cut(self, chance: random.Random) -> dict[str, bytes]:
        """The files that a power cut leaves now: one of the possible states, by chance."""
        style = chance.choice(STYLES)
        found: dict[str, bytes] = {}
        for name in sorted(self.names.keys() | self.durable_names.keys()):
            candidates = {id(inode): inode for inode in (self.durable_names.get(name), self.names.get(name))}
            inode = chance.choice(list(candidates.values()))
            if inode is not None:
                found[name] = _left(inode, style(chance), chance)
        return found


def states(log: Sequence[Operation], number: int, seed: int, first: int = 0) -> Iterator[tuple[int, dict[str, bytes]]]:
    """So many states: the point of the log (from the first that may be), and the files that the cut leaves."""
    chance = random.Random(seed)
    points = sorted(chance.randint(first, len(log)) for _ in range(number))
    platter, done = Platter(), 0
    for point in points:
        for operation in log[done:point]:
            platter.meet(operation)
        done = point
        yield point, platter.cut(chance)


def _left(inode: Inode, keep: Keep, chance: random.Random) -> bytes:
    content = bytearray(inode.durable)
    filler: Callable[[int], bytes] = chance.choice((bytes, chance.randbytes))
    for operation in inode.pending:
        _apply(content, operation, keep, filler)
    return bytes(content)


def _apply(content: bytearray, operation: Write | Truncate, keep: Keep, filler: Callable[[int], bytes]) -> None:
    """Do what arrives of an operation."""
    if isinstance(operation, Truncate):
        if keep():
            del content[operation.size :]
            content.extend(bytes(operation.size - len(content)))
        return
    for start, end in _sectors(operation):
        if keep():
            content.extend(filler(max(0, start - len(content))))
            content[start:end] = operation.data[start - operation.offset : end - operation.offset]


def _sectors(write: Write) -> Iterator[tuple[int, int]]:
    """The parts of a write that arrive as a whole."""
    start, last = write.offset, write.offset + len(write.data)
    while start < last:
        end = min(last, start - start % SECTOR + SECTOR)
        yield start, end
        start = end


def _everything(_chance: random.Random) -> Keep:
    return lambda: True


def _nothing(_chance: random.Random) -> Keep:
    return lambda: False


def _the_first(chance: random.Random) -> Keep:
    """In order, up to some sector."""
    left = iter(range(int(chance.expovariate(1 / 40))))
    return lambda: next(left, None) is not None


def _some(chance: random.Random) -> Keep:
    """In any order: each sector or not."""
    share = chance.choice((0.1, 0.5, 0.9, 0.99))
    return lambda: chance.random() < share


STYLES = (_everything, _nothing, _the_first, _some, _some)
