"""Build the images of a plan, and keep the present image of a job if the new one cannot be built.

Guarantees a value for every image parameter: an image that cannot be built affects only its own job. If Docker did not
answer, the build is repeated later; any other failed build is a fault of the file.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lamplighter.cli.images import docker_build, old_images
from lamplighter.cli.images.docker_build import BuildFailed, NoDocker
from lamplighter.cli.up.apply_plan import PlanFault
from lamplighter.cli.up.stack_plan import ImageBuild, StackPlan
from lamplighter.jobs.file.keep import Keep

log = logging.getLogger("lamplighter.jobs")


@dataclass(frozen=True, slots=True)
class BuiltImages:
    """The images of a plan."""

    parameters: Mapping[str, str]
    """The names of the images, by the template's parameters; a job whose build failed keeps the image that it had."""
    faults: tuple[PlanFault, ...] = ()
    """The builds that failed."""
    is_incomplete: bool = False
    """Whether an image has to be built when Docker answers again."""


class ImageBuilder:
    """A builder of images; without `builds` it only computes their names, because nothing runs the images."""

    def __init__(self, data: Path, *, builds: bool) -> None:
        self._data = data
        self._builds = builds
        self._logged_errors: dict[str, str] = {}
        """The last error of each image for which Docker did not answer, so that it is logged only once."""

    async def build_images(self, plan: StackPlan, before: Mapping[str, str]) -> BuiltImages:
        """Build the images; `before` has the parameters of the images that were built last."""
        results = await asyncio.gather(
            *(self._build_image(plan, build, before.get(build.parameter)) for build in plan.builds)
        )
        return BuiltImages(
            {name: image for each in results for name, image in each.parameters.items()},
            tuple(fault for each in results for fault in each.faults),
            any(each.is_incomplete for each in results),
        )

    async def _build_image(self, plan: StackPlan, build: ImageBuild, before: str | None) -> BuiltImages:
        repository = docker_build.image_repository(plan.stack, build.title)
        image = f"{repository}:none"
        try:
            image = await docker_build.image_tag(repository, build.folder, self._data)
            if self._builds and not await docker_build.is_built(image):
                log.info("%s: building its image from %s", build.title, build.folder)
                await docker_build.build_image(image, build.folder)
                await self._remove_old_images(repository, plan, {image, before or image})
            self._logged_errors.pop(build.title, None)
        except BuildFailed as error:
            usable = before if before != image and not (before or ":none").endswith(":none") else None
            consequence = f"it continues with {usable}" if usable else "its runs will fail until it is built"
            reason = f"its image could not be built, so {consequence}: {error}"
            parameters = {build.parameter: before or image}
            if isinstance(error, NoDocker):
                self._log_failure(build.title, reason)
                return BuiltImages(parameters, is_incomplete=True)
            position = plan.positions.get(build.job, plan.stack)
            return BuiltImages(parameters, (PlanFault(build.title, position, reason, is_temporary=False),))
        return BuiltImages({build.parameter: image})

    async def _remove_old_images(self, repository: str, plan: StackPlan, current: set[str]) -> None:
        keep = Keep() if plan.project is None else plan.project.keep
        old = await old_images.find_old_images(repository, keep.images, current)
        for image in await old_images.remove_images(old):
            log.info("removed the image %s of an earlier build", image)

    def _log_failure(self, title: str, reason: str) -> None:
        if self._logged_errors.get(title) != reason:
            self._logged_errors[title] = reason
            log.error("%s: %s", title, reason)
