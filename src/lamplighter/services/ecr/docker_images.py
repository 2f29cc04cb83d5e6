"""Define what ECR needs of this machine's Docker."""

from collections.abc import Iterable
from typing import Protocol

from lamplighter.runtime.port import LocalImage


class DockerImages(Protocol):
    """The images of this machine's Docker."""

    async def find(self, repository: str) -> list[LocalImage]:
        """Return the images with the name of a repository, the newest first; none without Docker."""

    async def tag(self, ids: Iterable[str], repository: str, tag: str) -> bool:
        """Give the first of these images that Docker has a name; return whether it has one.

        Raises `RuntimeUnavailable` without Docker.
        """
