"""The container image runs jobs as a user without rights, in Docker and as plain processes, and keeps them."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from lamplighter.base.json_text import Json
from tests.packaging.base_image import base_image, require_base_image
from tests.packaging.distributions import ROOT, pip_settings
from tests.served_engine import eventually

SOCKET = Path("/var/run/docker.sock")
USER_ID = "4566"
JOBS = ("process", "container", "interrupted")
JOB_FILE = """
project: image
channels: {{ops: {{command: cat}}}}
defaults: {{schedule: 'cron(0 3 1 1 ? *)', notify: ops}}
jobs:
  process: {{command: id -u}}
  container: {{image: "{image}", command: [echo, from a container]}}
  interrupted:
    command: if [ -e /data/mark ]; then exit 0; fi; touch /data/mark; sleep 1000
    retry: {{attempts: 1, interval: 1s}}
"""


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    """Build the image on a base of this machine's Debian, and remove both at the end."""
    require_base_image()
    name = f"lamplighter-test-{os.getpid()}"
    settings = [f"--build-arg={each}={value}" for each, value in pip_settings().items()]
    with base_image(f"{name}-base") as base:
        build = ["build", "--network=host", f"--build-arg=BASE={base}", "--build-arg=PACKAGES=", *settings]
        try:
            # The first stage gets a name, too, so that it can be removed.
            docker(*build, "--target=build", f"--tag={name}-build", str(ROOT), seconds=600)
            docker(*build, f"--tag={name}", str(ROOT), seconds=600)
            yield name
        finally:
            subprocess.run(["docker", "rmi", "--force", name, f"{name}-build"], capture_output=True)


@pytest.fixture
def container(image: str, docker_image: str, tmp_path: Path) -> Iterator[str]:
    """Run the image as docs/manual/install.md says, with a job file and this machine's Docker; yield its name."""
    tmp_path.chmod(0o755)
    (tmp_path / "lamplighter.yaml").write_text(JOB_FILE.format(image=docker_image))
    name = f"{image}-run"
    options = ["--detach", "--name", name, "--init", "--publish", "127.0.0.1::4566", "--volume", f"{tmp_path}:/jobs:ro"]
    access = ["--volume", f"{SOCKET}:{SOCKET}", "--group-add", str(SOCKET.stat().st_gid)]
    try:
        docker("run", *options, *access, image)
        yield name
    finally:
        subprocess.run(["docker", "rm", "--force", "--volumes", name], capture_output=True)


@pytest.mark.docker
@pytest.mark.index
def test_the_image_runs_jobs_and_keeps_them_when_its_container_stops(container: str) -> None:
    wait_until_healthy(container)
    assert "log in" in console_page(container).lower()
    eventually(lambda: len(last_results(container)) == len(JOBS))  # the engine is healthy before it has the jobs
    assert docker("exec", container, "lamplighter", "run", "process", "--follow").splitlines() == [USER_ID]
    docker("exec", container, "lamplighter", "run", "container", "--follow")
    assert last_results(container) == dict(zip(JOBS, ("SUCCEEDED", "SUCCEEDED", None), strict=True))
    docker("exec", container, "lamplighter", "run", "interrupted")
    eventually(lambda: has_file(container, "/data/mark"))
    docker("stop", "--time", "60", container)
    assert inspect(container)["ExitCode"] == 0
    docker("start", container)
    wait_until_healthy(container)
    eventually(lambda: last_results(container)["interrupted"] == "SUCCEEDED")
    assert last_results(container)["container"] == "SUCCEEDED"
    history = docker("exec", container, "lamplighter", "history", "interrupted")
    assert "was killed" in history, "the first attempt"


def wait_until_healthy(container: str) -> None:
    """Wait until Docker's health check succeeds; the image's command of the check runs at once, not in 30 s."""
    check = inspect_all(container)["Config"]["Healthcheck"]["Test"][1:]

    def is_healthy() -> bool:
        assert inspect(container)["Running"], docker("logs", container)
        return subprocess.run(["docker", "exec", container, *check], capture_output=True).returncode == 0

    eventually(is_healthy)


def has_file(container: str, path: str) -> bool:
    return subprocess.run(["docker", "exec", container, "test", "-e", path], capture_output=True).returncode == 0


def console_page(container: str) -> str:
    """Return the console's first page, as a browser of this machine gets it."""
    port = docker("port", container, "4566/tcp").strip().rpartition(":")[2]
    with urlopen(f"http://127.0.0.1:{port}/", timeout=60) as answer:
        return str(answer.read().decode())


def last_results(container: str) -> dict[str, str | None]:
    """Return the status of each job's last run that has ended, or None."""
    jobs = map(json.loads, docker("exec", container, "lamplighter", "ps", "--json").splitlines())
    return {job["job"]: job["last"] and job["last"]["status"] for job in jobs}


def inspect(container: str) -> Json:
    return inspect_all(container)["State"]


def inspect_all(container: str) -> Json:
    return json.loads(docker("inspect", container))[0]


def docker(*words: str, seconds: float = 120) -> str:
    """Run a command of Docker and return its output; fail with all output if it fails."""
    done = subprocess.run(["docker", *words], capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout or done.stderr
