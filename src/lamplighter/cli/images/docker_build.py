"""Build images on this machine with the `docker` command.

Guarantees that an unchanged folder is not built again, even after a restart: the image's tag is a hash of the folder's
contents. A failed build is reported, and affects only its own job.
"""

import asyncio
from pathlib import Path

from lamplighter.base.errors import LamplighterError
from lamplighter.cli.images import build_context

LOCAL_REGISTRY = "localhost"
"""The registry in the names of local images, so that Docker never pulls a foreign image of the same name."""
LOCAL_PLATFORM = "here"
"""Stands in the hash for a platform: that of this machine."""
TAIL_LINES = 20
"""The most lines of output that the error of a failed build quotes."""
NO_DOCKER_MESSAGES = (
    "the command `docker` is not here",
    "cannot connect to the docker daemon",
    "is the docker daemon running",
    "permission denied while trying to connect",
)


class BuildFailed(LamplighterError):
    """An image could not be built; the message has the reason."""


class NoDocker(BuildFailed):
    """Docker does not answer, so the build can be tried again later."""


def image_repository(stack: str, title: str) -> str:
    """Return the name under which the images of a folder are built on this machine."""
    return f"{LOCAL_REGISTRY}/{stack}/{title}"


async def image_tag(name: str, folder: Path, data: Path) -> str:
    """Return the name and tag of the image of a folder, whether it is built or not; raise `BuildFailed`."""
    try:
        return f"{name}:{await asyncio.to_thread(build_context.context_digest, folder, LOCAL_PLATFORM, data)}"
    except (OSError, build_context.InvalidBuildContext) as error:
        raise BuildFailed(str(error)) from error


async def is_built(image: str) -> bool:
    """Return whether an image with this tag exists; raise `NoDocker` if Docker does not answer."""
    code, output = await run_docker("image", "inspect", "--format", "{{.Id}}", image)
    _check_docker(code, output)
    return code == 0


async def build_image(image: str, folder: Path) -> None:
    """Build an image; raise `BuildFailed` with the end of the output."""
    code, output = await run_docker("build", "--tag", image, str(folder))
    _check_docker(code, output)
    if code != 0:
        raise BuildFailed(
            "docker build failed:\n" + "\n".join(f"    {line}" for line in output.splitlines()[-TAIL_LINES:])
        )


def _check_docker(code: int, output: str) -> None:
    if code != 0 and any(sign in output.lower() for sign in NO_DOCKER_MESSAGES):
        raise NoDocker(f"Docker does not answer ({output.strip().splitlines()[-1]})")


async def run_docker(*words: str) -> tuple[int, str]:
    """Run the `docker` command, and return its exit code and all its output."""
    try:
        process = await asyncio.create_subprocess_exec(
            "docker",
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except OSError as error:
        raise NoDocker(f"the command `docker` cannot be run ({(error.strerror or 'unknown error').lower()})") from None
    try:
        output, _ = await process.communicate()
    except BaseException:
        process.terminate()
        raise
    return process.returncode or 0, output.decode(errors="replace")
