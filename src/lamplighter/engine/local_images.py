"""Give ECR the images of this machine's Docker.

Docker's client is loaded with the first use, because it takes longer to load than the engine.
"""

import asyncio
from collections.abc import Iterable

from lamplighter.base.json_text import Json
from lamplighter.base.modules import load_object
from lamplighter.engine.config import RuntimeChoice
from lamplighter.runtime.port import LocalImage, RuntimeUnavailable

MODULE = "lamplighter.runtime.docker.local_images"


class LocalImages:
    """The images of this machine's Docker, if the engine may use Docker."""

    def __init__(self, runtime: RuntimeChoice) -> None:
        self._runtime = runtime

    async def find(self, repository: str) -> list[LocalImage]:
        """Return the images with the name of a repository, the newest first; none without Docker."""
        try:
            found: list[LocalImage] = await (await self._load("find_local_images"))(repository)
        except RuntimeUnavailable:
            return []
        return found

    async def tag(self, ids: Iterable[str], repository: str, tag: str) -> bool:
        """Give the first of these images that Docker has a name; return whether it has one.

        Raises `RuntimeUnavailable` without Docker.
        """
        done: bool = await (await self._load("tag_local_image"))(ids, repository, tag)
        return done

    async def _load(self, name: str) -> Json:
        if self._runtime is RuntimeChoice.PROCESS:
            raise RuntimeUnavailable("the engine was started with --runtime process")
        return await asyncio.to_thread(load_object, f"{MODULE}:{name}")
