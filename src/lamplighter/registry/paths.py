"""Read the paths of a container registry: `/v2/REPOSITORY/blobs/…` and `/v2/REPOSITORY/manifests/…`.

A repository's name contains slashes. No bucket of S3 has the name v2, which is too short. See
https://github.com/opencontainers/distribution-spec/blob/main/spec.md#endpoints.
"""

import re
from dataclasses import dataclass

PREFIX = b"/v2/"
_NAME = "[a-z0-9]+(?:[._/-]+[a-z0-9]+)*"
_DIGEST = "sha256:[0-9a-f]{64}"
_PATTERNS = (
    ("upload", re.compile(f"/v2/({_NAME})/blobs/uploads/([0-9a-f-]*)")),
    ("blob", re.compile(f"/v2/({_NAME})/blobs/({_DIGEST})")),
    ("manifest", re.compile(f"/v2/({_NAME})/manifests/({_DIGEST}|[A-Za-z0-9_][A-Za-z0-9._-]{{0,127}})")),
)


@dataclass(frozen=True, slots=True)
class RegistryPath:
    """What a path names."""

    kind: str
    """`root`, `upload`, `blob` or `manifest`."""
    repository: str = ""
    reference: str = ""
    """The ID of an upload (empty: a new one), the digest of a blob, or the tag or the digest of a manifest."""

    @property
    def is_digest(self) -> bool:
        """Whether the reference is a digest."""
        return ":" in self.reference


def is_for_registry(path: bytes) -> bool:
    """Return whether a request is for the registry."""
    return path.startswith(PREFIX)


def parse_path(path: bytes) -> RegistryPath | None:
    """Return what a path of the registry names, or None if it names nothing."""
    if path == PREFIX:
        return RegistryPath("root")
    text = path.decode("latin-1")
    for kind, pattern in _PATTERNS:
        if (found := pattern.fullmatch(text)) is not None:
            return RegistryPath(kind, found[1], found[2])
    return None
