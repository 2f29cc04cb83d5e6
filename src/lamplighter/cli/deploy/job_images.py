"""Build the images of jobs that name a folder, and push them to ECR or keep them on this machine.

Guarantees that an unchanged folder is neither built nor pushed again: the tag is a hash of the files that a build sees.
AWS, and any server that acts as AWS, gets the image through ECR; a lamplighter engine runs the local image.
See https://docs.aws.amazon.com/AmazonECR/latest/userguide/docker-push-ecr-image.html.
"""

import base64
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.cli.call_errors import ClientError
from lamplighter.cli.images.build_context import DOCKERFILE, InvalidBuildContext, context_digest
from lamplighter.jobs.file.load import LoadedJobFile
from lamplighter.jobs.stack.built_images import built_images
from lamplighter.jobs.stack.resources import tag_list

PLATFORMS = {"x86_64": "linux/amd64", "arm64": "linux/arm64"}


class CannotBuild(LamplighterError):
    """An image cannot be built or pushed."""


@dataclass(frozen=True, slots=True)
class Image:
    """The image of a job or of its sidecar."""

    title: str
    """The image's name within the project: that of the job, or job/sidecar."""
    parameter: str
    """The name of the template's parameter for this image."""
    folder: Path
    platform: str
    repository: str
    tag: str

    @property
    def local_name(self) -> str:
        """The name of the local image."""
        return f"{self.repository}:{self.tag}"


def project_images(loaded: LoadedJobFile) -> list[Image]:
    """Return the images that have to be built for a project's jobs."""
    found = []
    for built in built_images(loaded.project):
        folder = (loaded.folder / built.folder).resolve()
        platform = PLATFORMS[loaded.project.jobs[built.job].architecture]
        if not (folder / DOCKERFILE).is_file():
            raise CannotBuild(
                f"{built.title}: there is no Dockerfile in {built.folder}: add one, or name another image"
            )
        try:
            tag = context_digest(folder, platform)
        except InvalidBuildContext as error:
            raise CannotBuild(f"{built.title}: {error}") from None
        repository = built.repository(loaded.project)
        found.append(Image(built.title, built.parameter, folder, platform, repository, tag))
    return found


# --- on this machine --------------------------------------------------------------------------------------------------


def build_local_image(image: Image) -> None:
    """Build an image on this machine, unless the image exists."""
    inspection = _run_docker("image", "inspect", image.local_name, quiet=True)
    if inspection.returncode != 0:
        build_image(image, image.local_name)


def build_image(image: Image, name: str) -> None:
    """Build an image; Docker's output goes to standard error."""
    if _run_docker("build", "--platform", image.platform, "--tag", name, str(image.folder)).returncode != 0:
        raise CannotBuild(f"the image of {image.title} cannot be built: see Docker's output above")


# --- in ECR -----------------------------------------------------------------------------------------------------------


def ecr_uri(ecr: Json, account: str, region: str, image: Image) -> str:
    """Return the name of an image in ECR, whether its repository exists or not."""
    found = _repository(ecr, image)
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    default_uri = f"{account}.dkr.ecr.{region}.{domain}/{image.repository}"
    return f"{found['repositoryUri'] if found else default_uri}:{image.tag}"


def push_image(ecr: Json, image: Image, tags: Mapping[str, str]) -> bool:
    """Build an image and push it to ECR; return False if ECR has it already. A new repository gets the tags."""
    found = _repository(ecr, image)
    if found is None:
        created = ecr.create_repository(
            repositoryName=image.repository, imageTagMutability="IMMUTABLE", tags=tag_list(tags)
        )
        found = created["repository"]
    elif _is_pushed(ecr, image):
        return False
    name = f"{found['repositoryUri']}:{image.tag}"
    build_image(image, name)
    _log_in(ecr, found["repositoryUri"].partition("/")[0])
    if _run_docker("push", name).returncode != 0:
        raise CannotBuild(f"the image of {image.title} cannot be pushed: see Docker's output above")
    return True


def _repository(ecr: Json, image: Image) -> Json:
    try:
        return ecr.describe_repositories(repositoryNames=[image.repository])["repositories"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] == "RepositoryNotFoundException":
            return None
        raise


def _is_pushed(ecr: Json, image: Image) -> bool:
    try:
        ecr.describe_images(repositoryName=image.repository, imageIds=[{"imageTag": image.tag}])
    except ClientError as error:
        if error.response["Error"]["Code"] == "ImageNotFoundException":
            return False
        raise
    return True


def _log_in(ecr: Json, registry: str) -> None:
    (authorization,) = ecr.get_authorization_token()["authorizationData"]
    user, _, password = base64.b64decode(authorization["authorizationToken"]).decode().partition(":")
    result = _run_docker("login", "--username", user, "--password-stdin", registry, stdin=password, quiet=True)
    if result.returncode != 0:
        raise CannotBuild(f"Docker cannot log in to {registry}: {result.stdout.strip()}")


def _run_docker(*words: str, stdin: str | None = None, quiet: bool = False) -> "subprocess.CompletedProcess[str]":
    if shutil.which("docker") is None:
        raise CannotBuild(
            "the `docker` command, which builds images, is not installed: install Docker, or name an image"
        )
    return subprocess.run(
        ["docker", *words],
        input=stdin,
        stdout=subprocess.PIPE if quiet else 2,  # 2: standard output is for scripts
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
        check=False,
    )
