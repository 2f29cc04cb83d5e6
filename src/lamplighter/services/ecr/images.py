"""List and describe the images of a repository: those of this machine's Docker whose name is the repository's URI.

Docker is asked after the row of the repository was read, so these operations answer later. An image that Docker built
and that was never pushed has no digest of a registry; its ID then stands for it. See
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html.
"""

from collections.abc import Awaitable, Mapping

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller, Operation
from lamplighter.runtime.port import LocalImage
from lamplighter.services.ecr import errors
from lamplighter.services.ecr.docker_images import DockerImages
from lamplighter.services.ecr.put_image import DOCKER_MANIFEST
from lamplighter.services.ecr.repositories import find_repository, show
from lamplighter.services.ecr.tables import repositories as rows
from lamplighter.services.ecr.tables.repositories import Repository
from lamplighter.store.db import Reader, Tx


class Images:
    """The operations on images."""

    def __init__(self, docker: DockerImages, address: str) -> None:
        self._docker = docker
        self._address = address

    def by_name(self) -> Mapping[str, Operation]:
        """Return the operations by their AWS names."""
        return {
            "ListImages": Operation(read=self.list),
            "DescribeImages": Operation(read=self.describe),
            "DeleteRepository": Operation(write=self.delete_repository),
        }

    def list(self, reader: Reader, caller: Caller, params: Json) -> Awaitable[Json]:
        """Handle ListImages."""
        return self._list(find_repository(reader, caller, params), (params.get("filter") or {}).get("tagStatus", "ANY"))

    async def _list(self, repository: Repository, status: str) -> Json:
        images = await self._docker.find(repository.uri)
        found = [{"imageDigest": image.digest, "imageTag": tag} for image in images for tag in image.tags]
        return {"imageIds": [] if status == "UNTAGGED" else found}

    def describe(self, reader: Reader, caller: Caller, params: Json) -> Awaitable[Json]:
        """Handle DescribeImages."""
        return self._describe(find_repository(reader, caller, params), params.get("imageIds"))

    async def _describe(self, repository: Repository, wanted: Json) -> Json:
        images = await self._docker.find(repository.uri)
        if wanted is not None:
            images = list({each.digest: each for one in wanted for each in [_choose(repository, images, one)]}.values())
        return {"imageDetails": [_show_image(repository, image) for image in images]}

    def delete_repository(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle DeleteRepository. The images stay with Docker, under the names that they have."""
        found = find_repository(tx, caller, params)
        rows.delete(tx, found)
        return {"repository": show(found, self._address)}


def _choose(repository: Repository, images: list[LocalImage], wanted: Json) -> LocalImage:
    digest, tag = wanted.get("imageDigest"), wanted.get("imageTag")
    for image in images:
        if digest in (None, image.digest) and (tag is None or tag in image.tags):
            return image
    raise errors.ImageNotFound(digest or "null", tag or "null", repository.name, repository.account)


def _show_image(repository: Repository, image: LocalImage) -> Json:
    return {
        "registryId": repository.account,
        "repositoryName": repository.name,
        "imageDigest": image.digest,
        "imageTags": list(image.tags),
        "imageSizeInBytes": image.size,
        "imagePushedAt": image.created,
        "imageManifestMediaType": DOCKER_MANIFEST,
    }
