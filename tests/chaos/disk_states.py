"""A simulated disk that applies a log of operations, and the states that a power cut at any point of the log can leave.

Synced data is there. Of unsynced data, each sector of 512 bytes may be there or not, in any order; a file that grew may
hold zeros or garbage where nothing arrived; a new or deleted name of a file or a folder may be there or not until its
folder was synced. This is what SQLite expects of a disk, and no more:
https://www.sqlite.org/atomiccommit.html#_hardware_assumptions."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.chaos.disk_log import (
    Create,
    Delete,
    Link,
    MakeDirectory,
    Operation,
    Rename,
    Sync,
    SyncDirectory,
    Truncate,
    Write,
)

SECTOR = 512
Keep = Callable[[], bool]
KeepPolicy = Callable[[random.Random], Keep]


@dataclass(slots=True, eq=False)
class Inode:
    """A file's content, durable and pending."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[Write | Truncate] = field(default_factory=list)
    """The operations since the last sync."""

    def sync(self) -> None:
        for operation in self.pending:
            _apply(self.durable, operation, lambda: True, bytes)
        self.pending.clear()


@dataclass(slots=True, eq=False)
class Folder:
    """The names in a folder of the simulated disk, now and after the last sync."""

    names: "dict[str, Inode | Folder]" = field(default_factory=dict)
    durable_names: "dict[str, Inode | Folder]" = field(default_factory=dict)

    def cut_power(self, keep_policy: KeepPolicy, rng: random.Random) -> Iterator[tuple[str, bytes]]:
        """Yield the files that a power cut leaves now: a random one of the possible states."""
        for name in sorted(self.names.keys() | self.durable_names.keys()):
            candidates = {id(entry): entry for entry in (self.durable_names.get(name), self.names.get(name))}
            entry = rng.choice(list(candidates.values()))
            if isinstance(entry, Inode):
                yield name, _content_after_cut(entry, keep_policy(rng), rng)
            elif entry is not None:
                yield from ((f"{name}/{path}", content) for path, content in entry.cut_power(keep_policy, rng))


@dataclass(slots=True)
class SimulatedDisk:
    """A folder, with its subfolders, to which operations are applied."""

    top: Folder = field(default_factory=Folder)

    def apply(self, operation: Operation) -> None:
        """Apply an operation."""
        folder, name = self._find(operation.file)
        match operation:
            case Create():
                folder.names[name] = Inode()
            case MakeDirectory():
                folder.names[name] = Folder()
            case Delete():
                del folder.names[name]
            case Rename(_, target):
                other, new = self._find(target)
                other.names[new] = folder.names.pop(name)
            case Link(_, target):
                other, new = self._find(target)
                other.names[new] = folder.names[name]
            case Write() | Truncate():
                _inode(folder.names[name]).pending.append(operation)
            case Sync():
                _inode(folder.names[name]).sync()
            case SyncDirectory(path):
                synced = _folder(folder.names[name]) if path else self.top
                synced.durable_names = dict(synced.names)

    def cut_power(self, rng: random.Random) -> dict[str, bytes]:
        """Return the files that a power cut leaves now, by their paths."""
        return dict(self.top.cut_power(rng.choice(KEEP_POLICIES), rng))

    def _find(self, path: str) -> tuple[Folder, str]:
        """Return the folder of a path and its last name."""
        *parents, name = path.split("/")
        folder = self.top
        for parent in parents:
            folder = _folder(folder.names[parent])
        return folder, name


def _inode(entry: Inode | Folder) -> Inode:
    assert isinstance(entry, Inode)
    return entry


def _folder(entry: Inode | Folder) -> Folder:
    assert isinstance(entry, Folder)
    return entry


def power_cut_states(
    log: Sequence[Operation], number: int, seed: int, first: int = 0
) -> Iterator[tuple[int, dict[str, bytes]]]:
    """Yield states: a point of the log, at least `first`, and the files that a power cut at this point leaves."""
    rng = random.Random(seed)
    points = sorted(rng.randint(first, len(log)) for _ in range(number))
    disk, done = SimulatedDisk(), 0
    for point in points:
        for operation in log[done:point]:
            disk.apply(operation)
        done = point
        yield point, disk.cut_power(rng)


def _content_after_cut(inode: Inode, keep: Keep, rng: random.Random) -> bytes:
    content = bytearray(inode.durable)
    filler: Callable[[int], bytes] = rng.choice((bytes, rng.randbytes))
    for operation in inode.pending:
        _apply(content, operation, keep, filler)
    return bytes(content)


def _apply(content: bytearray, operation: Write | Truncate, keep: Keep, filler: Callable[[int], bytes]) -> None:
    """Apply the parts of an operation that reach the disk."""
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
    """Yield the ranges of a write that reach the disk completely or not at all."""
    start, last = write.offset, write.offset + len(write.data)
    while start < last:
        end = min(last, start - start % SECTOR + SECTOR)
        yield start, end
        start = end


def _keep_everything(_rng: random.Random) -> Keep:
    return lambda: True


def _keep_nothing(_rng: random.Random) -> Keep:
    return lambda: False


def _keep_prefix(rng: random.Random) -> Keep:
    """Keep everything up to a random sector."""
    remaining = iter(range(int(rng.expovariate(1 / 40))))
    return lambda: next(remaining, None) is not None


def _keep_some(rng: random.Random) -> Keep:
    """Keep a random share of the sectors."""
    share = rng.choice((0.1, 0.5, 0.9, 0.99))
    return lambda: rng.random() < share


KEEP_POLICIES = (_keep_everything, _keep_nothing, _keep_prefix, _keep_some, _keep_some)
