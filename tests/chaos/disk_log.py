"""Operations on the files of a folder and its subfolders; paths are relative to the folder."""

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
class MakeDirectory:
    """The creation of an empty folder."""

    file: str


@dataclass(frozen=True, slots=True)
class Rename:
    """The move of a file to another name, where another file may have been."""

    file: str
    target: str


@dataclass(frozen=True, slots=True)
class Link:
    """A further name of a file."""

    file: str
    target: str


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
    """A sync of the names in a folder."""

    file: str = ""


Operation = Create | Delete | MakeDirectory | Rename | Link | Write | Truncate | Sync | SyncDirectory
