"""`lamplighter up` and images: built from their folders, once for each content, and no obstacle to other jobs."""

import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.up_folder import UpFolder
from tests.conftest import BUSYBOX

READS = """["sh", "-c", "while read line; do echo $line; done < /said"]"""


@pytest.fixture
def project() -> Iterator[str]:
    """A name that nobody else's images have."""
    name = f"t{uuid.uuid4().hex[:8]}"
    yield name
    listed = ["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", f"localhost/{name}/*"]
    if shutil.which("docker"):
        for tag in subprocess.run(listed, capture_output=True, text=True).stdout.split():
            subprocess.run(["docker", "image", "rm", "--force", tag], capture_output=True)


def image(home: UpFolder, said: str) -> Path:
    """A folder of which an image is made that says something, and whose layers no other test's image has."""
    folder = home.folder / "said"
    folder.mkdir(exist_ok=True)
    shutil.copy(BUSYBOX, folder / "busybox")
    folder.joinpath("said").write_text(f"{said}\n")
    first = f"FROM scratch\nLABEL of={home.folder}\n"
    folder.joinpath("Dockerfile").write_text(f"{first}COPY busybox /bin/sh\nCOPY said /said\nCMD {READS}\n")
    return folder


@pytest.mark.docker
def test_a_folder_is_built_and_run_and_built_again_only_when_it_has_changed(tmp_path: Path, project: str) -> None:
    home = UpFolder(tmp_path, runtime="docker")
    try:
        folder = image(home, "one")
        home.write("tell: {image: ./said}", project=project)
        home.keep()
        home.says("tell: building its image")
        home.run("tell", project)
        assert home.says("tell: succeeded", seconds=60).rstrip().endswith(": one")
        home.kill()
        before = len(home.lines)
        home.keep()
        assert not [line for line in home.lines[before:] if "building" in line]
        before = len(home.lines)
        folder.joinpath("said").write_text("two\n")
        home.says("~ tell", before, seconds=60)
        home.run("tell", project)
        assert home.says("tell: succeeded", before, seconds=60).rstrip().endswith(": two")
        before = len(home.lines)
        folder.joinpath("Dockerfile").write_text("FROM scratch\nCOPY nothing /nothing\n")
        home.says("tell: its image could not be built, so it continues with", before, seconds=60)
        home.run("tell", project)
        assert home.says("tell: succeeded", before, seconds=60).rstrip().endswith(": two")
    finally:
        home.close()


def test_without_docker_other_jobs_come_up_all_the_same(home: UpFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    image(home, "one")
    home.runtime = "auto"
    home.write("tell: {image: ./said}\nplain: {command: 'echo here'}")
    home.up(str(home.file))
    assert "its runs will fail until it is built: Docker does not answer" in home.says(
        "tell: its image could not be built"
    )
    home.says("+ plain")
    home.run("plain")
    assert home.says("plain: succeeded").rstrip().endswith(": here")
    assert len([line for line in home.lines if "could not be built" in line]) == 1


def test_plain_processes_need_no_image_of_their_folder(home: UpFolder) -> None:
    image(home, "one")
    home.write("tell: {image: ./said, command: 'echo no image'}")
    home.keep()
    home.run("tell")
    assert home.says("tell: succeeded").rstrip().endswith(": no image")


def test_a_folder_without_a_dockerfile_is_told_and_holds_up_no_other_job(home: UpFolder) -> None:
    home.folder.joinpath("empty").mkdir()
    home.write("bad: {image: ./empty}\ngone: {image: ./none}\nplain: {command: 'true'}")
    home.up(str(home.file))
    assert "has no Dockerfile" in home.says("bad: its image could not be built")
    assert "there is no folder" in home.says("gone: its image could not be built")
    home.says("+ plain")
