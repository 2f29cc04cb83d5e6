"""The manual's trial of an engine succeeds on a Debian that has only Python, with the commands of the page."""

import gzip
import os
import subprocess
import uuid
from pathlib import Path

import pytest

from tests.docs.page_shell import page_script
from tests.docs.pages import DOCS, Page
from tests.packaging.base_image import base_image, require_base_image
from tests.packaging.distributions import ROOT, build, pip_settings

PAGE = DOCS / "manual" / "try-an-engine.md"
RELEASED = ROOT / "tests" / "store" / "released" / "0.1.0.db.gz"
SECONDS = 1200


@pytest.mark.docker
@pytest.mark.index
@pytest.mark.timeout(2400)  # SECONDS for the container, and as many for the wheel and the image
def test_the_trial_of_an_engine_succeeds_on_a_bare_debian(tmp_path: Path, own_port: int) -> None:
    """The page installs the wheel, checks the unit of the service, runs 500 jobs and kills the engine meanwhile, backs
    up, restores, and upgrades. systemd is there for its check only.
    """
    require_base_image()
    build(ROOT, tmp_path / "dist", "--wheel")
    (tmp_path / "released").mkdir()
    (tmp_path / "released" / "0.1.0.db").write_bytes(gzip.decompress(RELEASED.read_bytes()))
    script = page_script(Page(PAGE.name, PAGE.read_text()).without_its_mark(), own_port)
    with base_image(f"lamplighter-trial-{os.getpid()}", "systemd") as image:
        output = run_in_container(image, tmp_path, script)
    assert output.splitlines().count("500") == 2, output


def run_in_container(image: str, folder: Path, script: str) -> str:
    """Run a script in a new container that has the folder's wheel and database; return its output."""
    variables = {**pip_settings(), "PIP_FIND_LINKS": "/dist", "PIP_ROOT_USER_ACTION": "ignore", "TERM": "dumb"}
    name = f"{image}-{uuid.uuid4().hex[:8]}"
    command = [
        "docker", "run", "--rm", "--init", "--name", name, "--network=host", "--workdir=/root",
        f"--volume={folder}/dist:/dist:ro", f"--volume={folder}/released:/released:ro",
        *(f"--env={key}={value}" for key, value in variables.items()), "--env=up_log=/tmp/up.log",
        image, "bash", "-c", script,
    ]  # fmt: skip
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS)
    finally:
        subprocess.run(["docker", "rm", "--force", name], capture_output=True)
    assert done.returncode == 0, done.stdout[-5000:]
    return done.stdout
