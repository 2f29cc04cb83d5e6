"""Disks under a running engine that become really full, and free again.

There are two: a small file system, which only root can mount, and a size limit for the engine's files.
"""

import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from botocore.exceptions import ClientError

from tests.served_engine import ServedEngine

FREE_BYTES = 256 * 1024
"""The free bytes that a filled disk leaves."""


class Disk(Protocol):
    def fill(self, served: ServedEngine) -> None:
        """Leave FREE_BYTES bytes."""

    def free(self, served: ServedEngine) -> None:
        """Free the disk again."""


class MountedDisk:
    """A file system of 16 MiB, and a file in it that fills it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def fill(self, served: ServedEngine) -> None:
        space = os.statvfs(self._path)
        with (self._path / "ballast").open("wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, space.f_bavail * space.f_bsize - FREE_BYTES)

    def free(self, served: ServedEngine) -> None:
        (self._path / "ballast").unlink()


class FileSizeLimit:
    """A limit for the size of each file that the engine writes."""

    def fill(self, served: ServedEngine) -> None:
        size = (served.data / "lamplighter.db-wal").stat().st_size
        self._set(served, size + FREE_BYTES)

    def free(self, served: ServedEngine) -> None:
        self._set(served, resource.RLIM_INFINITY)

    def _set(self, served: ServedEngine, size: int) -> None:
        resource.prlimit(served.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def check_refusal(error: ClientError) -> None:
    """Check that a call was refused because of the disk, in a way that SDKs repeat."""
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 503, error.response
    assert error.response["Error"]["Code"] == "ServiceUnavailable"
    assert "cannot be written" in error.response["Error"]["Message"]


def repeat_until_refused(write: Callable[[int], object]) -> int:
    """Write values numbered from 0 until ten in a row are refused; return the number of accepted ones.

    One refusal alone does not tell that the disk is full for the next one: the value may have shared its commit with a
    larger one.
    """
    accepted = refused = 0
    while refused < 10:
        try:
            write(accepted)
        except ClientError as error:
            check_refusal(error)
            refused += 1
        else:
            accepted += 1
            refused = 0
    return accepted
