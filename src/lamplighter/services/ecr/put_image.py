"""Name an image of this machine's Docker by the manifest of a push.

Guarantees that Docker has the image: Docker knows an image by the digest of its configuration, or, with containerd's
store, by that of its manifest. A push from another machine is refused. See
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html.
"""

import hashlib
from collections.abc import Awaitable

from lamplighter.base.json_text import Json, loads_or
from lamplighter.bus import Caller
from lamplighter.runtime.port import RuntimeUnavailable
from lamplighter.services.ecr import errors
from lamplighter.services.ecr.docker_images import DockerImages
from lamplighter.services.ecr.repositories import find_repository
from lamplighter.services.ecr.tables.repositories import Repository
from lamplighter.store.db import Reader

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class ImagePush:
    """The operation that ends a push."""

    def __init__(self, docker: DockerImages) -> None:
        self._docker = docker

    def put(self, reader: Reader, caller: Caller, params: Json) -> Awaitable[Json]:
        """Handle PutImage."""
        return self._put(find_repository(reader, caller, params), params)

    async def _put(self, repository: Repository, params: Json) -> Json:
        text, tag = params["imageManifest"], params.get("imageTag")
        manifest, digest = loads_or(text, None), f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
        if not isinstance(manifest, dict) or tag is None:
            missing = "imageManifest" if tag is not None else "imageTag"
            raise errors.InvalidParameter(f"Invalid parameter at '{missing}' failed to satisfy constraint")
        if params.get("imageDigest") not in (None, digest):
            raise errors.DigestDiffers
        config = manifest.get("config")
        ids = [str(config["digest"])] if isinstance(config, dict) and "digest" in config else []
        await self._check_tag(repository, tag, {digest, *ids})
        try:
            found = await self._docker.tag([*ids, digest], repository.uri, tag)
        except RuntimeUnavailable as error:
            raise errors.NoDocker(error) from error
        if not found:
            raise errors.ImageNotHere(repository.name, tag)
        return {
            "image": {
                "registryId": repository.account,
                "repositoryName": repository.name,
                "imageId": {"imageDigest": digest, "imageTag": tag},
                "imageManifest": text,
                "imageManifestMediaType": manifest.get("mediaType", DOCKER_MANIFEST),
            }
        }

    async def _check_tag(self, repository: Repository, tag: str, ids: set[str]) -> None:
        """Raise ImageTagAlreadyExistsException if the tag is another image's and the repository is immutable."""
        if repository.body["imageTagMutability"] != "IMMUTABLE":
            return
        for image in await self._docker.find(repository.uri):
            if tag in image.tags and not {image.id, image.digest} & ids:
                raise errors.TagExists(tag, repository.name)
