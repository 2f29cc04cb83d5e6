"""Make an image of Debian with Python, for builds where no registry can be reached.

It has the release and the package mirror of this machine, and this machine's certificate authorities. It needs root and
debootstrap.
"""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.packaging.distributions import run

PYTHON = ("python3", "python3-venv", "ca-certificates")
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")


def _find_problem() -> str | None:
    """Return why no base image can be made here, or None."""
    if os.geteuid() != 0:
        return "debootstrap needs root"
    return None if shutil.which("debootstrap") else "debootstrap is missing, which makes the base of the image"


def require_base_image() -> None:
    """Skip the test if no base image can be made here; where Docker is required, fail."""
    if problem := _find_problem():
        if os.environ.get("LAMPLIGHTER_REQUIRE_DOCKER") == "1":
            pytest.fail(problem)
        pytest.skip(problem)


@contextmanager
def base_image(name: str, *packages: str) -> Iterator[str]:
    """Make the image with Python and further packages of Debian, yield its name, and remove it at the end."""
    try:
        with TemporaryDirectory(dir="/var/tmp") as folder:  # debootstrap makes devices, which need a disk
            _make_base_image(name, Path(folder), (*PYTHON, *packages))
        yield name
    finally:
        subprocess.run(["docker", "rmi", "--force", name], capture_output=True)


def _make_base_image(name: str, folder: Path, packages: tuple[str, ...]) -> None:
    root = folder / "root"
    targets = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    release = platform.freedesktop_os_release()["VERSION_CODENAME"]
    mirror = targets.stdout.splitlines()[0]
    run(["debootstrap", "--variant=minbase", f"--include={','.join(packages)}", release, str(root), mirror])
    shutil.copy(AUTHORITIES, root / AUTHORITIES.relative_to("/"))
    with subprocess.Popen(["tar", "--directory", root, "--create", "."], stdout=subprocess.PIPE) as archive:
        subprocess.run(["docker", "import", "-", name], stdin=archive.stdout, capture_output=True, check=True)
    assert archive.returncode == 0
