"""List and describe the images of a repository: those of this machine's Docker whose name is the repository's URI.

Docker is asked after the row of the repository was read, so these operations answer later. An image that Docker built
and that was never pushed has no digest of a registry; its ID then stands for it. See
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.bus import PREPARED, Caller, Prepared, Work
from lamplighter.operations.pages import read_sorted
from lamplighter.runtime.port import LocalImage
from lamplighter.services.ecr import errors
from lamplighter.services.ecr.docker_images import DockerImages
from lamplighter.services.ecr.put_image import DOCKER_MANIFEST
from lamplighter.services.ecr.repositories import PAGES, find_repository, show
from lamplighter.services.ecr.tables import repositories as rows
from lamplighter.services.ecr.tables.repositories import Repository
from lamplighter.store.db import Reader, Tx

"""The items of a page, unless the caller asks for more or fewer."""
T = TypeVar("T")


class Images:
    """The operations on images."""

    def __init__(self, docker: DockerImages, address: str) -> None:
        self._docker = docker
        self._address = address

    def list(self, reader: Reader, caller: Caller, params: Json) -> Awaitable[Json]:
        """Handle ListImages."""
        return self._list(find_repository(reader, caller, params), params)

    async def _list(self, repository: Repository, params: Json) -> Json:
        images = sorted(await self._docker.find(repository.uri), key=lambda image: image.digest)
        found = [
            {"imageDigest": image.digest, "imageTag": tag}
            for image in _with_status(images, params)
            for tag in sorted(image.tags)
        ]
        return _page(
            "imageIds", found, params, lambda each: f"{each['imageDigest']} {each['imageTag']}", lambda each: each
        )

    def describe(self, reader: Reader, caller: Caller, params: Json) -> Awaitable[Json]:
        """Handle DescribeImages."""
        return self._describe(find_repository(reader, caller, params), params)

    async def _describe(self, repository: Repository, params: Json) -> Json:
        images, wanted = await self._docker.find(repository.uri), params.get("imageIds")
        if wanted is not None:
            chosen = {each.digest: each for one in wanted for each in [_choose(repository, images, one)]}
            return {"imageDetails": [_show_image(repository, image) for image in chosen.values()]}
        found = sorted(_with_status(images, params), key=lambda image: image.digest)
        return _page(
            "imageDetails", found, params, lambda image: image.digest, lambda image: _show_image(repository, image)
        )

    def find_first(self, reader: Reader, caller: Caller, params: Json) -> Work | None:
        """Return the work that asks Docker whether a repository has an image."""
        if params.get("force"):
            return None
        try:
            uri = find_repository(reader, caller, params).uri
        except AwsError:
            return None  # the turn raises it

        async def find() -> Prepared:
            return Prepared((await self._docker.find(uri))[:1])

        return find

    def delete_repository(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Handle DeleteRepository. The images stay with Docker, under the names that they have."""
        found = find_repository(tx, caller, params)
        if params.get(PREPARED):
            raise errors.NotEmpty(found.name, found.account)
        rows.delete(tx, found.id)
        return {"repository": show(found, self._address)}


def _with_status(images: Sequence[LocalImage], params: Json) -> Sequence[LocalImage]:
    """Return the images that a filter names; every image here has a tag."""
    return [] if (params.get("filter") or {}).get("tagStatus") == "UNTAGGED" else images


def _page(
    field: str, found: Sequence[T], params: Json, key: Callable[[T], str], show_item: Callable[[T], Json]
) -> Json:
    """Return a page of items that are in the order of their keys."""
    return PAGES.page(field, params, "", read_sorted(found, key), show_item, key)


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
