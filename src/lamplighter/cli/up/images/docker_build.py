"""Images that are built here, by the `docker` command of this machine.

Promises that a folder which has not changed is not built again, also after a restart: the image's tag is the mark of
what the folder holds. What cannot be built is told, and holds up no job but its own.
"""

import asyncio
from pathlib import Path

from lamplighter.base.errors import LamplighterError
from lamplighter.cli.deploy.images import build_context
from lamplighter.lang.regex import InvalidRegex, TextTooLong

HERE = "here"
"""In the place of a platform: that of this machine."""
TAIL = 20
"""How many lines are shown of a build that failed."""
NO_DOCKER = (
    "the command `docker` is not here",
    "cannot connect to the docker daemon",
    "is the docker daemon running",
    "permission denied while trying to connect",
)


class BuildFailed(LamplighterError):
    """There is no image, and why."""


class NoDocker(BuildFailed):
    """Nobody is there to build it; it may be tried again."""


async def image_tag(name: str, folder: Path, data: Path) -> str:
    """The tag of the image that a folder comes to, whether it is built already or not."""
    try:
        return f"{name}:{await asyncio.to_thread(build_context.context_digest, folder, HERE, data)}"
    except (OSError, build_context.NoContext, InvalidRegex, TextTooLong) as error:
        raise BuildFailed(str(error)) from error


async def is_built(tagged: str) -> bool:
    """Whether there is an image of this tag; raises NoDocker."""
    code, said = await _docker("image", "inspect", "--format", "{{.Id}}", tagged)
    _check_docker(code, said)
    return code == 0


async def build_image(tagged: str, folder: Path) -> None:
    """Build an image; raises NotBuilt with the end of what was said."""
    code, said = await _docker("build", "--tag", tagged, str(folder))
    _check_docker(code, said)
    if code != 0:
        raise BuildFailed("docker build failed:\n" + "\n".join(f"    {line}" for line in said.splitlines()[-TAIL:]))


def _check_docker(code: int, said: str) -> None:
    if code != 0 and any(sign in said.lower() for sign in NO_DOCKER):
        raise NoDocker(f"Docker does not answer ({said.strip().splitlines()[-1]})")


async def _docker(*words: str) -> tuple[int, str]:
    """Run the docker command; its exit code and all that it said."""
    try:
        process = await asyncio.create_subprocess_exec(
            "docker",
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except OSError as error:
        raise NoDocker(f"the command `docker` is not here ({(error.strerror or 'it cannot be run').lower()})") from None
    try:
        said, _ = await process.communicate()
    except BaseException:
        process.terminate()
        raise
    return process.returncode or 0, said.decode(errors="replace")
