"""Write and read the archive of a backup: one tar file, compressed by gzip, that only its owner can read.

    manifest.json    what the backup is of: engine, version, schema, time, and the digest of the database
    lamplighter.db   the database, in one moment
    credentials      the keys with which callers sign
    users            who may log in to the console, with hashes of their passwords
    secrets.key      the key that encrypts stored secrets
    handover.json    the handover of a move between this box and AWS
    objects/…        the content of objects in buckets
    sns/…            the key with which SNS signs messages, and its certificate
    mail/…           the mails of an engine without a mail server
    output/…         the output of containers, unless it was left out

A backup has no plain processes, no lock and no address: they belong to a machine at a moment. Output that is written
while it is read is in the archive up to the last whole line.

Guarantees that reading checks everything before anything is used: gzip's checksums cover all bytes, the manifest has
the digest of the database, and every name must be one of the above. So no archive can write outside the folder that it
is unpacked into. See https://www.rfc-editor.org/rfc/rfc1952 and
https://docs.python.org/3/library/tarfile.html#tarfile-extraction-filter.
"""

import gzip
import hashlib
import io
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import JsonError, dump_bytes, loads
from lamplighter.store.data_directory import DATABASE, HANDOVER, INCOMING_OBJECTS, OBJECTS, SECRETS_KEY

SQLITE_MAGIC = b"SQLite format 3\0"
MANIFEST = "manifest.json"
FORMAT = 1
"""The number of this layout; a program refuses a higher one."""
FILES = ("credentials", "users", SECRETS_KEY, HANDOVER)
FOLDERS = ("sns", "mail", OBJECTS, "output")
OUTPUT = "output"
COMPRESSION_LEVEL = 1
"""Higher levels take several times as long and save a tenth."""
MAX_MANIFEST_BYTES = 65_536
CHUNK_BYTES = 1024 * 1024
MAX_BYTES_IN_MEMORY = 16 * CHUNK_BYTES
"""The most bytes of one file of output that are kept in memory; the rest is in a temporary file."""


class InvalidBackup(LamplighterError):
    """The error that a file is no backup, or is damaged."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is of."""

    engine: str
    """The engine's id."""
    version: str
    """The version of lamplighter that made the backup."""
    schema: int
    created: int
    """The moment of the database, in milliseconds since the epoch."""
    directory: str
    """The data directory, and the machine's name."""
    host: str
    digest: str
    """The SHA-256 of the database, in hexadecimal."""
    database_bytes: int
    format: int = FORMAT


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_archive(target: BinaryIO, manifest: Manifest, database: Path, directory: Path, *, output: bool) -> None:
    """Write the archive of a copied database and the other files of its data directory."""
    with (
        gzip.GzipFile("", "wb", COMPRESSION_LEVEL, target, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        _add_bytes(tar, MANIFEST, dump_bytes(asdict(manifest)), manifest.created)
        _add_file(tar, DATABASE, database)
        for name in _other_files(directory, output=output):
            _add_file(tar, name, directory / name)


def _other_files(directory: Path, *, output: bool) -> Iterator[str]:
    """Yield the names of the files beside the database, without links and without drafts of files."""
    yield from (name for name in FILES if (directory / name).is_file())
    for folder in FOLDERS:
        if folder == OUTPUT and not output:
            continue
        for parent, folders, names in os.walk(directory / folder):
            folders.sort()
            inside = Path(parent).relative_to(directory)
            if str(inside) == INCOMING_OBJECTS:
                continue
            yield from (str(inside / name) for name in sorted(names) if not name.startswith("."))


def _add_file(tar: tarfile.TarFile, name: str, path: Path) -> None:
    """Add a regular file as it is now; do nothing if it is gone, or a link."""
    try:
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    except FileNotFoundError:  # an old task's output was deleted meanwhile
        return
    except OSError:
        if path.is_symlink():
            return
        raise
    with file:
        found = os.fstat(file.fileno())
        member = tarfile.TarInfo(name)
        member.mtime, member.mode = int(found.st_mtime), 0o600
        if name.startswith(f"{OUTPUT}/"):
            _add_lines(tar, member, file)
        elif path.is_file():
            member.size = found.st_size
            tar.addfile(member, file)


def _add_lines(tar: tarfile.TarFile, member: tarfile.TarInfo, file: BinaryIO) -> None:
    """Add the whole lines of a file to which an engine may be writing; a new copy may even make it shorter."""
    with tempfile.SpooledTemporaryFile(MAX_BYTES_IN_MEMORY) as lines:
        while chunk := file.read(CHUNK_BYTES):
            lines.write(chunk)
            if (end := chunk.rfind(b"\n")) >= 0:
                member.size = lines.tell() - len(chunk) + end + 1
        lines.seek(0)
        tar.addfile(member, lines)


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes, time: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = len(content), 0o600, time // 1000
    tar.addfile(member, io.BytesIO(content))


def unpack_archive(source: BinaryIO, folder: Path) -> Manifest:
    """Unpack an archive into an empty folder, check it, and return its manifest.

    Raises `InvalidBackup`; the folder may then have some of the files.
    """
    try:
        with gzip.GzipFile(fileobj=source) as packed:
            if packed.peek(len(SQLITE_MAGIC)).startswith(SQLITE_MAGIC):
                raise InvalidBackup("it is a database that was packed with gzip: unpack it first, with gunzip")
            with tarfile.open(fileobj=packed, mode="r|") as tar:
                manifest = _unpack_members(tar, folder)
            while packed.read(CHUNK_BYTES):  # gzip's checksum is behind the last byte
                continue
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError) as error:
        raise InvalidBackup(f"it is no backup of lamplighter, or it is damaged: {error}") from error
    _check_database(folder / DATABASE, manifest)
    return manifest


def _unpack_members(tar: tarfile.TarFile, folder: Path) -> Manifest:
    first = tar.next()
    if first is None or first.name != MANIFEST or not first.isreg() or first.size > MAX_MANIFEST_BYTES:
        raise InvalidBackup("it is no backup of lamplighter: it does not begin with a manifest")
    content = tar.extractfile(first)
    assert content is not None
    manifest = _parse_manifest(content.read())
    while (member := tar.next()) is not None:
        _unpack_member(tar, member, folder)
    return manifest


def _parse_manifest(text: bytes) -> Manifest:
    try:
        document = loads(text)
    except JsonError as error:
        raise InvalidBackup(f"its manifest cannot be read: {error}") from error
    if isinstance(document, dict) and isinstance(document.get("format"), int) and document["format"] > FORMAT:
        raise InvalidBackup(f"lamplighter {document.get('version')} made it in a newer format: use that version")
    try:
        return Manifest(**document)
    except TypeError as error:
        raise InvalidBackup(f"its manifest is not one of lamplighter's: {error}") from error


def _unpack_member(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    if not member.isreg() or member.issparse() or not _is_backup_name(member.name):
        raise InvalidBackup(f"it has {member.name!r}, which is no file of a backup: it may be made to do harm")
    path = folder / member.name
    content = tar.extractfile(member)
    assert content is not None
    try:
        for parent in reversed(path.relative_to(folder).parents):
            (folder / parent).mkdir(mode=0o700, exist_ok=True)
        file = os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600), "wb"
        )
    except (FileExistsError, NotADirectoryError):
        raise InvalidBackup(f"it has {member.name!r} twice") from None
    with file:
        shutil.copyfileobj(content, file, CHUNK_BYTES)


def _is_backup_name(name: str) -> bool:
    """Return whether a name is that of a file which backups have."""
    if name in (DATABASE, *FILES):
        return True
    parts = PurePosixPath(name).parts
    return len(parts) > 1 and parts[0] in FOLDERS and name == "/".join(parts) and ".." not in parts and "\0" not in name


def _check_database(database: Path, manifest: Manifest) -> None:
    if not database.is_file():
        raise InvalidBackup("it is damaged: it has no database")
    if file_digest(database) != manifest.digest:
        raise InvalidBackup("it is damaged: the database is not the one that was backed up")
