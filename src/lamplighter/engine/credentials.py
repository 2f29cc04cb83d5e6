"""Create and read the credentials file of a data directory, which lists the credentials that may call the engine.

Guarantees that only its owner can read a file created here. If two processes create the file at the same time, both end
up with the same file. The file is on disk when `create_credentials` returns.
"""

import os
import stat
from pathlib import Path
from string import ascii_lowercase

from lamplighter.base.files import make_path, sync_directory
from lamplighter.base.world import random_key
from lamplighter.wire.access import credentials
from lamplighter.wire.access.credentials import CredentialSet, InvalidCredentialsFile

CREDENTIALS_FILE = "credentials"
"""The name of the credentials file in the data directory."""


def create_credentials(file: Path) -> None:
    """Create a credentials file with new credentials, unless the file exists."""
    make_path(file.parent)
    draft = file.with_name(f".{file.name}.{random_key(ascii_lowercase, 16)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as opened:
            opened.write(credentials.format_credentials(credentials.make_credentials(random_key)))
            opened.flush()
            os.fsync(opened.fileno())
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    sync_directory(file.parent)


def load_credentials(file: Path) -> CredentialSet:
    """Return the credentials in the file. Raises `InvalidCredentialsFile` if the file is missing or invalid."""
    try:
        return credentials.parse_credentials(file.read_text())
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise InvalidCredentialsFile(f"the credentials file {file} cannot be read: {reason}") from None
    except InvalidCredentialsFile as error:
        raise InvalidCredentialsFile(f"the credentials file {file} {error}") from None


def is_readable_by_others(file: Path) -> bool:
    """Return whether users other than its owner can access the file."""
    return bool(file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))
