"""The images of a plan: built where that is possible, and the ones before where it is not.

Promises a value for every parameter: an image that cannot be built holds up no job but its own.
"""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

from lamplighter.cli.up.images import docker_build
from lamplighter.cli.up.images.docker_build import BuildFailed, NoDocker
from lamplighter.cli.up.plan import ImageBuild, StackPlan

HERE = "localhost"
"""The registry of images that are in none: nobody's image of the same name is pulled in the place of one of ours."""

log = logging.getLogger("lamplighter.jobs")


class ImageBuilder:
    """Builds images; without `builds` it only says what they would be called, because nothing runs them."""

    def __init__(self, data: Path, *, builds: bool) -> None:
        self._data = data
        self._builds = builds
        self._told: dict[str, str] = {}
        """By job, what is wrong with its image: it is told once."""

    async def build_images(self, plan: StackPlan, before: Mapping[str, str]) -> tuple[dict[str, str], bool]:
        """The parameters that name the images, and whether none of them has to be tried again."""
        made = await asyncio.gather(*(self._image(plan, build, before.get(build.parameter)) for build in plan.builds))
        return dict(pair for pair, _ in made), all(complete for _, complete in made)

    async def _image(self, plan: StackPlan, build: ImageBuild, before: str | None) -> tuple[tuple[str, str], bool]:
        repository = f"{HERE}/{plan.stack}/{build.job}"
        wanted = f"{repository}:none"
        try:
            wanted = await docker_build.image_tag(repository, build.folder, self._data)
            if self._builds and not await docker_build.is_built(wanted):
                log.info("%s: building its image from %s", build.job, build.folder)
                await docker_build.build_image(wanted, build.folder)
            self._told.pop(build.job, None)
        except BuildFailed as error:
            self._tell(build.job, str(error), before if before != wanted else None)
            return (build.parameter, before or wanted), not isinstance(error, NoDocker)
        return (build.parameter, wanted), True

    def _tell(self, job: str, why: str, before: str | None) -> None:
        if self._told.get(job) != why:
            self._told[job] = why
            then = f"it goes on with {before}" if before else "its runs will fail until it is"
            log.error("%s: its image is not built, %s: %s", job, then, why)
