"""List the images of Docker that have a name.

See https://docs.docker.com/reference/api/engine/version/v1.47/#tag/Image/operation/ImageList.
"""

from lamplighter.base.json_text import Json
from lamplighter.runtime.docker import daemon
from lamplighter.runtime.port import LocalImage


async def find_local_images(repository: str) -> list[LocalImage]:
    """Return Docker's images with a repository's name, the newest first. Raises `RuntimeUnavailable`."""
    async with daemon.connect(None) as docker:
        with daemon.docker_errors():
            found = await docker.images.list(filters={"reference": [repository]})
    return sorted((_image(repository, each) for each in found), key=lambda image: -image.created)


def _image(repository: str, found: Json) -> LocalImage:
    names = [name.rpartition(":") for name in found.get("RepoTags") or ()]
    digests = [name.partition("@") for name in found.get("RepoDigests") or ()]
    digest = next((each for name, _, each in digests if name == repository), found["Id"])
    return LocalImage(
        digest, tuple(tag for name, _, tag in names if name == repository), found["Size"], found["Created"]
    )
