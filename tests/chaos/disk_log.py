"""Operations on the files of a folder."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Create:
    """The creation of an empty file."""

    file: str


@dataclass(frozen=True, slots=True)
class Delete:
    """The deletion of a file's name."""

    file: str


@dataclass(frozen=True, slots=True)
class Write:
    """A write of bytes at an offset."""

    file: str
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    """A change of a file's size."""

    file: str
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    """A sync of a file's content."""

    file: str


@dataclass(frozen=True, slots=True)
class SyncDirectory:
    """A sync of the folder's names."""


Operation = Create | Delete | Write | Truncate | Sync | SyncDirectory
