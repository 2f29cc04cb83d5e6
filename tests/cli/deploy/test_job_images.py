"""Images of folders: named after their content, built, pushed once."""

import json
import os
import subprocess
import uuid
from pathlib import Path

import pytest

from lamplighter.cli.deploy.job_images import CannotBuild, project_images
from tests.cli.aws_account import client, job_file, typed
from tests.jobs.projects import written
from tests.served_engine import ServedEngine

JOBS = """
    project: reports
    jobs:
      nightly: {image: ./report, timeout: 1h, network: {subnets: [subnet-1]}}
    """
DOCKER = """#!/bin/sh
echo "docker $*" >> "$DOCKER_SAID"
case "$1" in
  login) cat >> "$DOCKER_SAID"; echo >> "$DOCKER_SAID" ;;
  "$DOCKER_FAILS") echo "no, says docker" >&2; exit 1 ;;
esac
"""
"""A docker that writes down what it is told."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    job_file(tmp_path, JOBS)
    report = tmp_path / "report"
    report.mkdir()
    (report / "Dockerfile").write_text("FROM scratch\nCOPY report.py /\n")
    (report / "report.py").write_text("print(1)\n")
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "docker").write_text(DOCKER)
    (programs / "docker").chmod(0o755)
    return tmp_path


def tag(folder: Path, jobs: str = JOBS) -> str:
    (image,) = project_images(written(folder, jobs))
    return image.tag


def deploy(folder: Path, url: str, **environment: str) -> tuple[int, str, list[str]]:
    """Deploy with the docker that writes down; the exit code, standard error, and what docker was told."""
    said = folder / "said"
    said.unlink(missing_ok=True)
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    given = {"PATH": path, "DOCKER_SAID": str(said), "DOCKER_FAILS": "nothing", **environment}
    done = typed(folder, "deploy", "--yes", "--endpoint-url", url, **given)
    return done.code, done.err, said.read_text().splitlines() if said.exists() else []


def test_a_tag_follows_from_what_a_build_sees(folder: Path) -> None:
    first = tag(folder)
    assert tag(folder) == first
    os.utime(folder / "report" / "report.py", (0, 0))
    assert tag(folder) == first
    (folder / "report" / "report.py").write_text("print(2)\n")
    second = tag(folder)
    (folder / "report" / "report.py").chmod(0o755)
    third = tag(folder)
    (folder / "report" / "report.py").rename(folder / "report" / "other.py")
    fourth = tag(folder)
    (folder / "report" / "link").symlink_to("other.py")
    assert len({first, second, third, fourth, tag(folder)}) == 5


def test_a_file_that_is_ignored_changes_no_tag(folder: Path) -> None:
    (folder / "report" / ".dockerignore").write_text("*.log\n")
    first = tag(folder)
    (folder / "report" / "night.log").write_text("x")
    assert tag(folder) == first


def test_another_architecture_is_another_image(folder: Path) -> None:
    arm = JOBS.replace("timeout: 1h", "timeout: 1h, architecture: arm64")
    (image,) = project_images(written(folder, arm))
    assert (image.platform, image.tag == tag(folder)) == ("linux/arm64", False)


def test_a_folder_without_a_dockerfile_is_named(folder: Path) -> None:
    (folder / "report" / "Dockerfile").unlink()
    with pytest.raises(CannotBuild, match=r"nightly: there is no Dockerfile in \./report"):
        tag(folder)


def test_an_image_is_built_and_pushed_and_an_unchanged_one_is_not(aws: str, folder: Path) -> None:
    name = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/reports/nightly:{tag(folder)}"
    code, err, said = deploy(folder, aws)
    assert code == 0, err
    assert said == [
        f"docker build --platform linux/amd64 --tag {name} {folder / 'report'}",
        "docker login --username AWS --password-stdin 123456789012.dkr.ecr.us-east-1.amazonaws.com",
        said[2],
        f"docker push {name}",
    ]
    assert said[2].endswith("-auth-token")
    assert client(aws, "ecr").describe_repositories()["repositories"][0]["imageTagMutability"] == "IMMUTABLE"
    (revision,) = client(aws, "ecs").list_task_definitions()["taskDefinitionArns"]
    task = client(aws, "ecs").describe_task_definition(taskDefinition=revision)["taskDefinition"]
    assert task["containerDefinitions"][0]["image"] == name

    kind = "application/vnd.docker.distribution.manifest.v2+json"
    manifest = {"schemaVersion": 2, "mediaType": kind, "config": {"digest": "sha256:1"}, "layers": []}
    client(aws, "ecr").put_image(
        repositoryName="reports/nightly", imageManifest=json.dumps(manifest), imageTag=tag(folder)
    )
    job_file(folder, JOBS.replace("1h", "2h"))
    code, err, said = deploy(folder, aws)
    assert (code, said) == (0, []), err


def test_a_build_that_fails_changes_nothing(aws: str, folder: Path) -> None:
    code, err, said = deploy(folder, aws, DOCKER_FAILS="build")
    assert (code, len(said)) == (1, 1)
    assert "no, says docker" in err
    assert "the image of the job nightly cannot be built" in err
    assert client(aws, "cloudformation").describe_stacks()["Stacks"] == []


def test_a_push_that_fails_changes_nothing(aws: str, folder: Path) -> None:
    code, err, _ = deploy(folder, aws, DOCKER_FAILS="push")
    assert (code, "the image of the job nightly cannot be pushed" in err) == (1, True)
    assert client(aws, "cloudformation").describe_stacks()["Stacks"] == []


def test_a_machine_without_docker_is_told_what_to_install(aws: str, folder: Path) -> None:
    done = typed(folder, "deploy", "--yes", "--endpoint-url", aws, PATH="/nowhere")
    assert (done.code, "the `docker` command, which builds images, is not installed" in done.err) == (1, True)


def test_diff_builds_nothing(aws: str, folder: Path) -> None:
    assert typed(folder, "diff", "--endpoint-url", aws, PATH="/nowhere").code == 1
    assert client(aws, "ecr").describe_repositories()["repositories"] == []


@pytest.mark.docker
def test_an_engine_of_ours_gets_the_image_on_its_own_box(folder: Path) -> None:
    # Docker is shared: another test that builds of the same content and removes the image takes layers away here.
    project = f"t{uuid.uuid4().hex[:8]}"
    jobs = JOBS.replace("project: reports", f"project: {project}")
    (folder / "report" / "report.py").write_text(f"print('{project}')\n")
    served = ServedEngine(folder / "data")
    name = f"{project}/nightly:{tag(folder, jobs)}"
    try:
        served.up()
        for _ in range(2):
            done = typed(folder, "deploy", "--yes", "--endpoint-url", served.url)
            assert done.code == 0, done.err
        task = served.ecs.describe_task_definition(taskDefinition=f"{project}-nightly")["taskDefinition"]
        assert task["containerDefinitions"][0]["image"] == name
        assert subprocess.run(["docker", "image", "inspect", name], capture_output=True).returncode == 0
    finally:
        served.close()
        subprocess.run(["docker", "image", "rm", "--force", name], capture_output=True)
