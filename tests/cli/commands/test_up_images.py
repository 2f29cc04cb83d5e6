"""`lamplighter up` builds images from folders, once for each content; a failed build does not affect other jobs."""

import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.up_folder import UpFolder, run_lamplighter
from tests.conftest import BUSYBOX

PRINT_COMMAND = """["sh", "-c", "while read line; do echo $line; done < /said"]"""


@pytest.fixture
def project() -> Iterator[str]:
    """A project name that no other test's images have."""
    name = f"t{uuid.uuid4().hex[:8]}"
    yield name
    listed = ["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", f"localhost/{name}/*"]
    if shutil.which("docker"):
        for tag in subprocess.run(listed, capture_output=True, text=True).stdout.split():
            subprocess.run(["docker", "image", "rm", "--force", tag], capture_output=True)


def create_image_folder(home: UpFolder, text: str) -> Path:
    """Create a folder whose image prints `said`; its layers differ from those of all other tests' images."""
    folder = home.folder / "said"
    folder.mkdir(exist_ok=True)
    shutil.copy(BUSYBOX, folder / "busybox")
    folder.joinpath("said").write_text(f"{text}\n")
    first = f"FROM scratch\nLABEL of={home.folder}\n"
    folder.joinpath("Dockerfile").write_text(f"{first}COPY busybox /bin/sh\nCOPY said /said\nCMD {PRINT_COMMAND}\n")
    return folder


@pytest.mark.docker
def test_a_folder_s_image_is_built_once_and_rebuilt_only_after_a_change(tmp_path: Path, project: str) -> None:
    home = UpFolder(tmp_path, runtime="docker")
    try:
        folder = create_image_folder(home, "one")
        home.write("tell: {image: ./said}", project=project)
        home.up_and_apply()
        home.wait_for_line("tell: building its image")
        home.start_run("tell", project)
        assert home.wait_for_line("tell: succeeded").rstrip().endswith(": one")
        home.kill()
        before = len(home.lines)
        home.up_and_apply()
        assert not [line for line in home.lines[before:] if "building" in line]
        before = len(home.lines)
        folder.joinpath("said").write_text("two\n")
        home.wait_for_line("~ tell", before)
        home.start_run("tell", project)
        assert home.wait_for_line("tell: succeeded", before).rstrip().endswith(": two")
        before = len(home.lines)
        folder.joinpath("Dockerfile").write_text("FROM scratch\nCOPY nothing /nothing\n")
        home.wait_for_line("tell: its image could not be built, so it continues with", before)
        home.start_run("tell", project)
        assert home.wait_for_line("tell: succeeded", before).rstrip().endswith(": two")
    finally:
        home.close()


@pytest.mark.docker
def test_images_of_earlier_builds_are_removed_beyond_those_that_the_file_keeps(tmp_path: Path, project: str) -> None:
    home = UpFolder(tmp_path, runtime="docker")
    try:
        folder = create_image_folder(home, "one")
        home.write("tell: {image: ./said}", project=project)
        home.file.write_text(f"{home.file.read_text()}\nkeep: {{images: 1}}\n")
        home.up_and_apply()
        for text in ("two", "three"):
            before = len(home.lines)
            folder.joinpath("said").write_text(f"{text}\n")
            home.wait_for_line("~ tell", before)
        home.wait_for_line("of an earlier build")
        assert len([line for line in home.lines if "of an earlier build" in line]) == 1
        listed = ["docker", "image", "ls", "--quiet", f"localhost/{project}/tell"]
        assert len(subprocess.run(listed, capture_output=True, text=True).stdout.split()) == 2
        assert run_lamplighter("prune", "--endpoint-url", home.url, cwd=home.folder).code == 0
        assert len(subprocess.run(listed, capture_output=True, text=True).stdout.split()) == 1
        home.start_run("tell", project)
        assert home.wait_for_line("tell: succeeded", before).rstrip().endswith(": three")
    finally:
        home.close()


def test_without_docker_other_jobs_are_created_nevertheless(home: UpFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    create_image_folder(home, "one")
    home.runtime = "auto"
    home.write("tell: {image: ./said}\nplain: {command: 'echo here'}")
    home.up(str(home.file))
    assert "its runs will fail until it is built: Docker does not answer" in home.wait_for_line(
        "tell: its image could not be built"
    )
    home.wait_for_line("+ plain")
    home.start_run("plain")
    assert home.wait_for_line("plain: succeeded").rstrip().endswith(": here")
    assert len([line for line in home.lines if "could not be built" in line]) == 1


def test_plain_processes_build_no_image(home: UpFolder) -> None:
    create_image_folder(home, "one")
    home.write("tell: {image: ./said, command: 'echo no image'}")
    home.up_and_apply()
    home.start_run("tell")
    assert home.wait_for_line("tell: succeeded").rstrip().endswith(": no image")


def test_a_folder_without_a_dockerfile_is_reported_and_other_jobs_are_created(home: UpFolder) -> None:
    home.folder.joinpath("empty").mkdir()
    home.write("bad: {image: ./empty}\ngone: {image: ./none}\nplain: {command: 'true'}")
    home.up(str(home.file))
    assert "has no Dockerfile" in home.wait_for_line("bad: its image could not be built")
    assert "there is no folder" in home.wait_for_line("gone: its image could not be built")
    home.wait_for_line("+ plain")
