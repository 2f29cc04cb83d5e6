"""Read the layers of a push without keeping them, and check their digests.

Guarantees bounded memory: an upload is a hash, and the oldest uploads and digests are forgotten. Docker repeats a push
whose upload is unknown.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field

from lamplighter.registry.errors import InvalidDigest, UnknownUpload

MAX_UPLOADS = 1_000
MAX_DIGESTS = 10_000


@dataclass(slots=True)
class _Upload:
    repository: str
    hash: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    size: int = 0


class Uploads:
    """The layers that an engine receives and those that it has received since its start."""

    def __init__(self) -> None:
        self._uploads: OrderedDict[str, _Upload] = OrderedDict()
        self._sizes: OrderedDict[tuple[str, str], int] = OrderedDict()

    def begin(self, repository: str, key: str) -> None:
        """Begin an upload under an ID."""
        self._uploads[key] = _Upload(repository)
        while len(self._uploads) > MAX_UPLOADS:
            self._uploads.popitem(last=False)

    def write(self, repository: str, key: str, data: bytes) -> None:
        """Read a piece of a layer. Raises `UnknownUpload`."""
        upload = self._find(repository, key)
        upload.hash.update(data)
        upload.size += len(data)

    def size(self, repository: str, key: str) -> int:
        """Return how many bytes an upload has. Raises `UnknownUpload`."""
        return self._find(repository, key).size

    def finish(self, repository: str, key: str, digest: str) -> None:
        """End an upload. Raises `UnknownUpload`, and `InvalidDigest` if its bytes have another digest."""
        upload = self._find(repository, key)
        self.cancel(repository, key)
        if f"sha256:{upload.hash.hexdigest()}" != digest:
            raise InvalidDigest
        self.remember(repository, digest, upload.size)

    def cancel(self, repository: str, key: str) -> None:
        """Forget an upload. Raises `UnknownUpload`."""
        self._find(repository, key)
        del self._uploads[key]

    def remember(self, repository: str, digest: str, size: int) -> None:
        """Remember the size of a layer or a manifest that was received."""
        self._sizes[repository, digest] = size
        while len(self._sizes) > MAX_DIGESTS:
            self._sizes.popitem(last=False)

    def known_size(self, repository: str, digest: str) -> int | None:
        """Return the size of what was received with a digest, or None."""
        return self._sizes.get((repository, digest))

    def _find(self, repository: str, key: str) -> _Upload:
        upload = self._uploads.get(key)
        if upload is None or upload.repository != repository:
            raise UnknownUpload
        return upload
