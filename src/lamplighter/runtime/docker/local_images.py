"""List the images of Docker that have a name, and give an image a name.

See https://docs.docker.com/reference/api/engine/version/v1.47/#tag/Image/operation/ImageList.
"""

from collections.abc import Iterable

from lamplighter.base.json_text import Json
from lamplighter.runtime.docker import daemon
from lamplighter.runtime.port import LocalImage


async def find_local_images(repository: str) -> list[LocalImage]:
    """Return Docker's images with a repository's name, the newest first. Raises `RuntimeUnavailable`."""
    async with daemon.connect(None) as docker:
        with daemon.docker_errors():
            # Filtered by Docker, the images would lack their other names, and so the digest of a push to the engine.
            listed = await docker.images.list()
    found = [_image(repository, each) for each in listed]
    return sorted((image for image in found if image.tags), key=lambda image: -image.created)


async def tag_local_image(ids: Iterable[str], repository: str, tag: str) -> bool:
    """Give the first of these images that Docker has a name. Raises `RuntimeUnavailable`."""
    async with daemon.connect(None) as docker:
        for each in ids:
            with daemon.docker_errors(), daemon.ignore_status(404):
                await docker.images.tag(each, repository, tag=tag)
                return True
    return False


def _image(repository: str, found: Json) -> LocalImage:
    names = [name.rpartition(":") for name in found.get("RepoTags") or ()]
    digests = [name.partition("@") for name in found.get("RepoDigests") or ()]
    digest = next((each for name, _, each in digests if _is_pushed_as(repository, name)), found["Id"])
    tags = tuple(tag for name, _, tag in names if name == repository)
    return LocalImage(found["Id"], digest, tags, found["Size"], found["Created"])


def _is_pushed_as(repository: str, name: str) -> bool:
    """Return whether a name is that of a repository in a registry; the engine's own has another address."""
    return name.partition("/")[2] == repository.partition("/")[2]
