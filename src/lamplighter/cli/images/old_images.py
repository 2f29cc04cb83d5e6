"""Find and remove the images of earlier builds of a job.

Guarantees that an image in use stays: Docker itself refuses to remove the image of a container. Images of other
repositories are not touched.
"""

import logging
from collections.abc import Collection

from lamplighter.cli.images.docker_build import run_docker

log = logging.getLogger("lamplighter.jobs")


async def find_old_images(repository: str, keep: int, used: Collection[str]) -> list[str]:
    """Return the images of a repository beyond `keep`: those in `used`, and the newest others; none without Docker."""
    code, output = await run_docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", repository)
    if code != 0:
        return []
    found = [line for line in output.splitlines() if line.startswith(f"{repository}:") and not line.endswith(":<none>")]
    others = [image for image in found if image not in used]
    return others[max(keep - (len(found) - len(others)), 0) :]


async def remove_images(images: Collection[str]) -> list[str]:
    """Remove images; return those that are gone. The others are in use, or Docker does not answer."""
    return [image for image in images if (await run_docker("image", "rm", image))[0] == 0]
