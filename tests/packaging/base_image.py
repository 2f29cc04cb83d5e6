"""Make an image of Debian with Python, for builds where no registry can be reached.

It has the release and the package mirror of this machine, and this machine's certificate authorities. It needs root and
debootstrap.
"""

import os
import platform
import shutil
import subprocess
from pathlib import Path

from tests.packaging.distributions import run

PACKAGES = "python3,python3-venv,ca-certificates"
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")


def find_base_problem() -> str | None:
    """Return why no base image can be made here, or None."""
    if os.geteuid() != 0:
        return "debootstrap needs root"
    return None if shutil.which("debootstrap") else "debootstrap is missing, which makes the base of the image"


def make_base_image(name: str, folder: Path) -> None:
    """Make the image; its files pass through the folder."""
    root = folder / "root"
    targets = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    release = platform.freedesktop_os_release()["VERSION_CODENAME"]
    mirror = targets.stdout.splitlines()[0]
    run(["debootstrap", "--variant=minbase", f"--include={PACKAGES}", release, str(root), mirror])
    shutil.copy(AUTHORITIES, root / AUTHORITIES.relative_to("/"))
    with subprocess.Popen(["tar", "--directory", root, "--create", "."], stdout=subprocess.PIPE) as archive:
        subprocess.run(["docker", "import", "-", name], stdin=archive.stdout, capture_output=True, check=True)
    assert archive.returncode == 0
