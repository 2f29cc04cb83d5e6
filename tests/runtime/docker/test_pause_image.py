"""The image of a pause container: the same bytes each time, and a program that only waits."""

import hashlib
import io
import os
import platform
import signal
import subprocess
import tarfile
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json, loads
from lamplighter.runtime.docker.pause_image import make_pause_image, pause_program
from lamplighter.runtime.port import CannotStart

ARCHITECTURES = ("amd64", "arm64", "arm", "riscv64", "ppc64le", "s390x")
HERE = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm"}.get(platform.machine(), platform.machine())


def read_files(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        return {each.name: opened.extractfile(each).read() for each in opened}  # type: ignore[union-attr]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_archive_is_an_image_of_its_architecture_with_one_program(architecture: str) -> None:
    image = make_pause_image(architecture)
    assert make_pause_image(architecture) == image
    files = read_files(image.archive)
    manifest: Json = loads(files["manifest.json"])[0]
    config: Json = loads(files[manifest["Config"]])
    layer = files[manifest["Layers"][0]]
    assert manifest["RepoTags"] == [image.name]
    assert (config["architecture"], config["os"]) == (architecture, "linux")
    assert config["rootfs"]["diff_ids"] == ["sha256:" + hashlib.sha256(layer).hexdigest()]
    assert read_files(layer) == {"pause": pause_program(architecture)}


def test_each_architecture_has_an_image_of_its_own() -> None:
    assert len({make_pause_image(each).name for each in ARCHITECTURES}) == len(ARCHITECTURES)


def test_an_architecture_without_a_program_is_named_in_the_error() -> None:
    with pytest.raises(CannotStart, match="mips64le"):
        make_pause_image("mips64le")


def test_the_program_of_this_machine_ignores_sigchld_and_waits(tmp_path: Path) -> None:
    program = tmp_path / "pause"
    program.write_bytes(pause_program(HERE))
    program.chmod(0o755)
    running = subprocess.Popen([program])
    try:
        while not is_waiting(running.pid):
            assert running.poll() is None
            os.sched_yield()
        ignored = int(read_status(running.pid)["SigIgn"], 16)
        assert ignored & (1 << (signal.SIGCHLD - 1))
    finally:
        running.terminate()
    assert running.wait() == -signal.SIGTERM


def is_waiting(pid: int) -> bool:
    """Return whether the process runs the program and sleeps in a system call."""
    status = read_status(pid)
    return status["Name"] == "pause" and status["State"].startswith("S")


def read_status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
