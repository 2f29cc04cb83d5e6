"""What was done to the files of a folder, as a list of operations."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Create:
    """A new, empty file has this name."""

    file: str


@dataclass(frozen=True, slots=True)
class Delete:
    """The name is gone."""

    file: str


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes at an offset."""

    file: str
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    """The file has this size now."""

    file: str
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    """What was written to the file is on disk."""

    file: str


@dataclass(frozen=True, slots=True)
class SyncDirectory:
    """The names of the folder are on disk."""


Operation = Create | Delete | Write | Truncate | Sync | SyncDirectory
