"""More jobs with images of their own than a stack has parameters: `lint` accepts them, and `deploy` deploys them."""

import os
from pathlib import Path

import pytest

from lamplighter.jobs.lint.lint import lint_job_file
from tests.cli.aws_account import run_command
from tests.cli.deploy.test_job_images import FAKE_DOCKER
from tests.jobs.projects import load_job_text
from tests.served_engine import ServedEngine

JOBS = 250


def write_project(folder: Path, jobs: int) -> str:
    job = "{{image: ./images/{0}, timeout: 1h, network: {{subnets: [subnet-1]}}}}"
    text = "project: many\njobs:\n" + "".join(f"  job-{at}: {job.format(at)}\n" for at in range(jobs))
    (folder / "lamplighter.yaml").write_text(text)
    for at in range(jobs):
        image = folder / "images" / str(at)
        image.mkdir(parents=True)
        (image / "Dockerfile").write_text(f"FROM scratch\nLABEL job={at}\n")
    programs = folder / "bin"
    programs.mkdir()
    (programs / "docker").write_text(FAKE_DOCKER)
    (programs / "docker").chmod(0o755)
    return text


@pytest.mark.timeout(300)
def test_250_jobs_with_an_image_of_their_own_are_deployed_in_nested_stacks(
    aws: str, engine: ServedEngine, tmp_path: Path
) -> None:
    loaded = load_job_text(tmp_path, write_project(tmp_path, JOBS))
    assert [each for each in lint_job_file(loaded, 0) if each.severity == "error"] == []
    given = {
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "DOCKER_SAID": os.devnull,
        "DOCKER_FAILS": "nothing",
        "AWS_ENDPOINT_URL": engine.url,
        "AWS_ENDPOINT_URL_ECR": aws,
        "AWS_REGION": "us-east-1",
    }
    deployed = run_command(tmp_path, "deploy", "--yes", **given)
    assert deployed.code == 0, deployed
    found = engine.client("ecs").describe_task_definition(taskDefinition="many-job-249")["taskDefinition"]
    (container,) = found["containerDefinitions"]
    assert container["image"].partition(":")[0].endswith("/many/job-249")
    (stack,) = engine.client("cloudformation").describe_stacks(StackName="many")["Stacks"]
    assert stack.get("Parameters", []) == []
    assert run_command(tmp_path, "diff", **given).code == 0
