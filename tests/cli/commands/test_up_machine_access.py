"""Jobs reach the machine on which `lamplighter up` runs them: its folders, Docker's networks and named hosts."""

import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.up_folder import UpFolder, run_lamplighter
from tests.conftest import BUSYBOX


@pytest.fixture
def project() -> Iterator[str]:
    """A project name that no other test's images and volumes have."""
    name = f"t{uuid.uuid4().hex[:8]}"
    yield name
    if shutil.which("docker"):
        listed = run_docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", f"localhost/{name}/*/*")
        for tag in listed.split():
            run_docker("image", "rm", "--force", tag)
        run_docker("volume", "rm", "--force", f"{name}-cache")


@pytest.fixture
def box(tmp_path: Path) -> Iterator[UpFolder]:
    """A folder whose jobs run under Docker."""
    home = UpFolder(tmp_path, runtime="docker")
    yield home
    home.close()


def run_docker(*words: str) -> str:
    return subprocess.run(["docker", *words], capture_output=True, text=True).stdout


@pytest.mark.docker
def test_a_job_reads_and_writes_folders_of_the_machine_and_cannot_write_where_it_may_only_read(
    box: UpFolder, project: str, docker_image: str
) -> None:
    for name in ("in", "out"):
        box.folder.joinpath(name).mkdir()
    box.folder.joinpath("in", "said").write_text("from the machine\n")
    refuse = "(echo no > /in/said) 2> /dev/null || echo refused >> /out/said"
    script = f"read line < /in/said; echo $line > /out/said; {refuse}"
    box.write(
        f"copy: {{image: {docker_image}, command: '{script}', volumes: ['./in:/in:ro', './out:/out']}}", project=project
    )
    box.up_and_apply()
    box.start_run("copy", project)
    box.wait_for_line("copy: succeeded")
    assert box.folder.joinpath("out", "said").read_text() == "from the machine\nrefused\n"
    assert box.folder.joinpath("in", "said").read_text() == "from the machine\n"


@pytest.mark.docker
def test_a_run_without_its_folder_fails_with_the_folder_s_name_and_docker_creates_none(
    box: UpFolder, project: str, docker_image: str
) -> None:
    box.write(f"copy: {{image: {docker_image}, command: 'true', volumes: './none:/in'}}", project=project)
    box.up_and_apply()
    missing = box.folder / "none"
    assert f"mkdir -p {missing}" in box.wait_for_line(f"copy: its runs will fail: the folder {missing} does not exist")
    box.start_run("copy", project)
    line = box.wait_for_line("copy: failed")
    assert f"the folder {missing} does not exist on this machine: create it" in line
    assert not missing.exists()


@pytest.mark.docker
def test_a_volume_of_docker_keeps_what_a_run_leaves_for_the_next(
    box: UpFolder, project: str, docker_image: str
) -> None:
    script = "read line < /cache/said && echo kept $line || echo first > /cache/said"
    box.write(f"keep: {{image: {docker_image}, command: '{script} 2>/dev/null', volumes: 'cache:/cache'}}", project)
    box.up_and_apply()
    box.start_run("keep", project)
    box.wait_for_line("keep: succeeded")
    before = len(box.lines)
    box.start_run("keep", project)
    assert box.wait_for_line("keep: succeeded", before).rstrip().endswith(": kept first")
    assert run_docker("volume", "ls", "--quiet", "--filter", f"name={project}-cache").split() == [f"{project}-cache"]


@pytest.mark.docker
def test_an_extra_host_resolves_also_in_a_job_whose_sidecar_shares_the_network(
    box: UpFolder, project: str, docker_image: str
) -> None:
    script = "while read address name; do case $name in db.*) echo db at $address;; esac; done < /etc/hosts"
    sleeps = f"image: {docker_image}, command: sleep 9"
    body = f"image: {docker_image}, command: '{script}'"
    box.write(
        f"""
        ask: {{{body}, extra-hosts: {{db.local: 10.0.0.5, box.local: host-gateway}}}}
        beside: {{{body}, extra-hosts: [db.local:10.0.0.6], sidecars: {{s: {{{sleeps}}}}}}}
        """,
        project=project,
    )
    box.up_and_apply()
    for job, address in (("ask", "10.0.0.5"), ("beside", "10.0.0.6")):
        box.start_run(job, project)
        assert box.wait_for_line(f"{job}: succeeded").rstrip().endswith(f": db at {address}")


@pytest.mark.docker
def test_a_job_joins_a_network_of_docker_and_reaches_what_is_in_it_by_name(
    box: UpFolder, project: str, docker_image: str
) -> None:
    run_docker("network", "create", project)
    web = ["run", "--detach", "--rm", "--network", project, "--name", f"{project}-web", docker_image, "sh", "-c"]
    run_docker(*web, "busybox mkdir /w; echo reached > /w/index.html; exec busybox httpd -f -p 80 -h /w")
    try:
        # Docker says that the server runs before it listens.
        ask = f"until busybox wget -q -O - http://{project}-web/; do sleep 0.1; done 2> /dev/null"
        box.write(f"ask: {{image: {docker_image}, command: '{ask}', docker-network: {project}}}", project=project)
        box.up_and_apply()
        box.start_run("ask", project)
        assert box.wait_for_line("ask: succeeded").rstrip().endswith(": reached")
    finally:
        run_docker("rm", "--force", f"{project}-web")
        run_docker("network", "rm", project)


@pytest.mark.docker
def test_a_missing_network_and_missing_gpus_fail_with_docker_s_reason(
    box: UpFolder, project: str, docker_image: str
) -> None:
    box.write(
        f"""
        astray: {{image: {docker_image}, command: 'true', docker-network: {project}}}
        train: {{image: {docker_image}, command: 'true', gpus: all}}
        """,
        project=project,
    )
    box.up_and_apply()
    box.start_run("astray", project)
    assert f"network {project} not found" in box.wait_for_line("astray: failed")
    box.start_run("train", project)
    assert "capabilities: [[gpu]]" in box.wait_for_line("train: failed")


@pytest.mark.docker
def test_a_sidecar_is_built_from_a_folder_and_again_after_a_change(
    box: UpFolder, project: str, docker_image: str
) -> None:
    folder = box.folder / "helper"
    folder.mkdir()
    shutil.copy(BUSYBOX, folder / "busybox")
    folder.joinpath("Dockerfile").write_text(
        f"FROM scratch\nLABEL of={box.folder}\nCOPY busybox /bin/sh\nCOPY said /said\n"
        'CMD ["sh", "-c", "read line < /said; echo $line > /shared/said"]\n'
    )
    folder.joinpath("said").write_text("one\n")
    box.folder.joinpath("shared").mkdir()
    wait = "while ! read line < /shared/said; do :; done 2>/dev/null; echo $line"
    sidecar = "{helper: {image: ./helper, volumes: './shared:/shared'}}"
    box.write(
        f"tell: {{image: {docker_image}, command: '{wait}', volumes: './shared:/shared:ro', sidecars: {sidecar}}}",
        project=project,
    )
    box.up_and_apply()
    box.wait_for_line("tell/helper: building its image")
    box.start_run("tell", project)
    assert box.wait_for_line("tell: succeeded").rstrip().endswith(": one")
    before = len(box.lines)
    folder.joinpath("said").write_text("two\n")
    box.folder.joinpath("shared", "said").unlink()
    box.wait_for_line("~ tell", before)
    box.start_run("tell", project)
    assert box.wait_for_line("tell: succeeded", before).rstrip().endswith(": two")


def test_variables_of_an_env_file_reach_a_plain_process_and_a_change_applies_to_the_next_run(home: UpFolder) -> None:
    variables = home.folder / "report.env"
    variables.write_text("WHO='the file'\nWHAT=overridden\n")
    home.write("tell: {command: 'echo $WHO $WHAT', env-file: report.env, environment: {WHAT: wins}}")
    home.up_and_apply()
    home.start_run("tell")
    assert home.wait_for_line("tell: succeeded").rstrip().endswith(": the file wins")
    before = len(home.lines)
    variables.write_text("WHO=not a\nvalid line\n")
    home.wait_for_line(f"{variables}:2:1: error: this is not a valid line", before)
    variables.write_text("WHO=another\n")
    home.wait_for_line("~ tell", before)
    home.start_run("tell")
    assert home.wait_for_line("tell: succeeded", before).rstrip().endswith(": another wins")


def test_up_says_with_the_first_plain_process_whether_processes_are_held_to_their_memory(home: UpFolder) -> None:
    home.write("tell: {command: 'echo here', memory: 64}")
    home.up_and_apply()
    assert not any("held to their `memory`" in line for line in home.lines)
    home.start_run("tell")
    home.wait_for_line("tell: succeeded")
    (line,) = [line for line in home.lines if "held to their `memory`" in line]
    found = run_lamplighter("doctor", "--data", str(home.data), cwd=home.folder)
    (finding,) = [each for each in found.out.splitlines() if "held to their `memory`" in each]
    assert finding.partition("plain processes")[2] == line.rstrip().partition("plain processes")[2]
