"""Images of folders: tagged by their content, built, and pushed once."""

import json
import os
import subprocess
import uuid
from pathlib import Path

import pytest

from lamplighter.cli.deploy.job_images import CannotBuild, project_images
from tests.cli.aws_account import make_client, run_command, write_job_file
from tests.jobs.projects import load_job_text
from tests.served_engine import ServedEngine

JOB_FILE = """
    project: reports
    jobs:
      nightly: {image: ./report, timeout: 1h, network: {subnets: [subnet-1]}}
    """
FAKE_DOCKER = """#!/bin/sh
echo "docker $*" >> "$DOCKER_SAID"
case "$1" in
  login) cat >> "$DOCKER_SAID"; echo >> "$DOCKER_SAID" ;;
  "$DOCKER_FAILS") echo "no, says docker" >&2; exit 1 ;;
esac
"""
"""A fake docker that records its arguments and standard input."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_job_file(tmp_path, JOB_FILE)
    report = tmp_path / "report"
    report.mkdir()
    (report / "Dockerfile").write_text("FROM scratch\nCOPY report.py /\n")
    (report / "report.py").write_text("print(1)\n")
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "docker").write_text(FAKE_DOCKER)
    (programs / "docker").chmod(0o755)
    return tmp_path


def image_tag(folder: Path, jobs: str = JOB_FILE) -> str:
    (image,) = project_images(load_job_text(folder, jobs))
    return image.tag


def deploy_with_fake_docker(folder: Path, url: str, **environment: str) -> tuple[int, str, list[str]]:
    """Deploy with the fake docker; return the exit code, standard error and docker's recorded calls."""
    record = folder / "said"
    record.unlink(missing_ok=True)
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    given = {"PATH": path, "DOCKER_SAID": str(record), "DOCKER_FAILS": "nothing", **environment}
    result = run_command(folder, "deploy", "--yes", "--endpoint-url", url, **given)
    return result.code, result.err, record.read_text().splitlines() if record.exists() else []


def test_a_tag_depends_on_the_build_context(folder: Path) -> None:
    first = image_tag(folder)
    assert image_tag(folder) == first
    os.utime(folder / "report" / "report.py", (0, 0))
    assert image_tag(folder) == first
    (folder / "report" / "report.py").write_text("print(2)\n")
    second = image_tag(folder)
    (folder / "report" / "report.py").chmod(0o755)
    third = image_tag(folder)
    (folder / "report" / "report.py").rename(folder / "report" / "other.py")
    fourth = image_tag(folder)
    (folder / "report" / "link").symlink_to("other.py")
    assert len({first, second, third, fourth, image_tag(folder)}) == 5


def test_an_ignored_file_does_not_change_the_tag(folder: Path) -> None:
    (folder / "report" / ".dockerignore").write_text("*.log\n")
    first = image_tag(folder)
    (folder / "report" / "night.log").write_text("x")
    assert image_tag(folder) == first


def test_another_architecture_has_another_tag(folder: Path) -> None:
    arm = JOB_FILE.replace("timeout: 1h", "timeout: 1h, architecture: arm64")
    (image,) = project_images(load_job_text(folder, arm))
    assert (image.platform, image.tag == image_tag(folder)) == ("linux/arm64", False)


def test_a_folder_without_a_dockerfile_is_reported(folder: Path) -> None:
    (folder / "report" / "Dockerfile").unlink()
    with pytest.raises(CannotBuild, match=r"nightly: there is no Dockerfile in \./report"):
        image_tag(folder)


def test_the_image_of_a_sidecar_has_a_repository_of_its_own(aws: str, folder: Path) -> None:
    proxy = folder / "proxy"
    proxy.mkdir()
    (proxy / "Dockerfile").write_text("FROM scratch\n")
    jobs = JOB_FILE.replace("timeout: 1h", "timeout: 1h, sidecars: {proxy: {image: ./proxy}}")
    write_job_file(folder, jobs)
    _, image = project_images(load_job_text(folder, jobs))
    name = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/reports/nightly/proxy:{image.tag}"
    code, err, calls = deploy_with_fake_docker(folder, aws)
    assert code == 0, err
    assert f"docker build --platform linux/amd64 --tag {name} {proxy}" in calls
    assert f"docker push {name}" in calls
    ecs = make_client(aws, "ecs")
    described = ecs.describe_task_definition(taskDefinition="reports-nightly")["taskDefinition"]
    assert [each["image"] for each in described["containerDefinitions"]][1] == name


def test_an_image_is_built_and_pushed_and_an_unchanged_image_is_not(aws: str, folder: Path) -> None:
    name = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/reports/nightly:{image_tag(folder)}"
    code, err, calls = deploy_with_fake_docker(folder, aws)
    assert code == 0, err
    assert calls == [
        f"docker build --platform linux/amd64 --tag {name} {folder / 'report'}",
        "docker login --username AWS --password-stdin 123456789012.dkr.ecr.us-east-1.amazonaws.com",
        calls[2],
        f"docker push {name}",
    ]
    assert calls[2].endswith("-auth-token")
    assert make_client(aws, "ecr").describe_repositories()["repositories"][0]["imageTagMutability"] == "IMMUTABLE"
    (revision,) = make_client(aws, "ecs").list_task_definitions()["taskDefinitionArns"]
    task = make_client(aws, "ecs").describe_task_definition(taskDefinition=revision)["taskDefinition"]
    assert task["containerDefinitions"][0]["image"] == name

    kind = "application/vnd.docker.distribution.manifest.v2+json"
    manifest = {"schemaVersion": 2, "mediaType": kind, "config": {"digest": "sha256:1"}, "layers": []}
    make_client(aws, "ecr").put_image(
        repositoryName="reports/nightly", imageManifest=json.dumps(manifest), imageTag=image_tag(folder)
    )
    write_job_file(folder, JOB_FILE.replace("1h", "2h"))
    code, err, calls = deploy_with_fake_docker(folder, aws)
    assert (code, calls) == (0, []), err


def test_a_new_repository_has_the_tags_of_the_account(aws: str, folder: Path) -> None:
    write_job_file(folder, f"{JOB_FILE.rstrip()}\n    aws: {{tags: {{team: data}}}}\n")
    assert deploy_with_fake_docker(folder, aws)[0] == 0
    ecr = make_client(aws, "ecr")
    (repository,) = ecr.describe_repositories()["repositories"]
    assert ecr.list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"] == [
        {"Key": "team", "Value": "data"}
    ]


def test_a_failed_build_deploys_nothing(aws: str, folder: Path) -> None:
    code, err, calls = deploy_with_fake_docker(folder, aws, DOCKER_FAILS="build")
    assert (code, len(calls)) == (1, 1)
    assert "no, says docker" in err
    assert "the image of nightly cannot be built" in err
    assert make_client(aws, "cloudformation").describe_stacks()["Stacks"] == []


def test_a_failed_push_deploys_nothing(aws: str, folder: Path) -> None:
    code, err, _ = deploy_with_fake_docker(folder, aws, DOCKER_FAILS="push")
    assert (code, "the image of nightly cannot be pushed" in err) == (1, True)
    assert make_client(aws, "cloudformation").describe_stacks()["Stacks"] == []


def test_a_missing_docker_command_is_reported(aws: str, folder: Path) -> None:
    result = run_command(folder, "deploy", "--yes", "--endpoint-url", aws, PATH="/nowhere")
    assert (result.code, "the `docker` command, which builds images, is not installed" in result.err) == (1, True)


def test_diff_builds_no_image(aws: str, folder: Path) -> None:
    assert run_command(folder, "diff", "--endpoint-url", aws, PATH="/nowhere").code == 1
    assert make_client(aws, "ecr").describe_repositories()["repositories"] == []


@pytest.mark.docker
def test_deploy_to_a_local_engine_builds_the_image_without_a_push(folder: Path) -> None:
    # Tests share Docker: if another test builds the same content and removes its image, layers are missing here.
    project = f"t{uuid.uuid4().hex[:8]}"
    jobs = JOB_FILE.replace("project: reports", f"project: {project}")
    (folder / "report" / "report.py").write_text(f"print('{project}')\n")
    served = ServedEngine(folder / "data")
    name = f"{project}/nightly:{image_tag(folder, jobs)}"
    try:
        served.up()
        for _ in range(2):
            result = run_command(folder, "deploy", "--yes", "--endpoint-url", served.url)
            assert result.code == 0, result.err
        task = served.ecs.describe_task_definition(taskDefinition=f"{project}-nightly")["taskDefinition"]
        assert task["containerDefinitions"][0]["image"] == name
        assert subprocess.run(["docker", "image", "inspect", name], capture_output=True).returncode == 0
    finally:
        served.close()
        subprocess.run(["docker", "image", "rm", "--force", name], capture_output=True)
