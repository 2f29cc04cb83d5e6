"""What a job reaches on one side only is reported, with what to write for the other side."""

from pathlib import Path

import pytest

from lamplighter.jobs.lint.denied_jobs import denied_jobs
from lamplighter.jobs.lint.lint import lint_job_file
from lamplighter.jobs.lint.machine_access import missing_folders
from tests.jobs.projects import load_job_text

JOB = "project: p\njobs:\n  a:\n    timeout: 10m\n    {image}\n    {key}\n"


def lint_key(folder: Path, key: str, image: str = "image: busybox", **files: str) -> list[str]:
    """Return the findings on the lines of `key`."""
    found = lint_job_file(load_job_text(folder, JOB.format(image=image, key=key), **files))
    return [f"{each.severity}: {each.message} -> {each.advice}" for each in found if each.position.line > 5]


@pytest.mark.parametrize(
    ("key", "finding"),
    [
        (
            "volumes: ['./in:/in:ro', 'cache:/cache']",
            (
                "warning: a: AWS refuses the job, because Fargate cannot mount ./in, cache "
                "-> name a file system for AWS, too: {host: ./in, efs: fs-…, path: /in}"
            ),
        ),
        (
            "docker-network: backend",
            (
                "warning: a: AWS has no networks of Docker, so `docker-network` has no effect there "
                "-> write `network:` with subnets of the VPC that the job needs on AWS"
            ),
        ),
        (
            "extra-hosts: {db.local: 10.0.0.5}",
            (
                "warning: a: Fargate tasks have no extra hosts: on AWS the job does not know db.local "
                "-> add records to a private hosted zone of Route 53 for AWS"
            ),
        ),
        (
            "gpus: all",
            (
                "warning: a: Fargate has no GPUs: on AWS the job runs without one "
                "-> on AWS, run the job with AWS Batch, or with ECS on EC2"
            ),
        ),
    ],
)
def test_what_aws_does_not_have_is_a_warning(tmp_path: Path, key: str, finding: str) -> None:
    assert lint_key(tmp_path, key) == [finding]


@pytest.mark.parametrize(
    "key", ["volumes: './in:/in'", "docker-network: backend", "extra-hosts: {db: 10.0.0.5}", "gpus: 1"]
)
def test_what_a_plain_process_ignores_is_a_warning(tmp_path: Path, key: str) -> None:
    (finding,) = lint_key(tmp_path, key, image="command: 'true'")
    name = key.partition(":")[0]
    assert f"so `{name}` has no effect -> remove it, or add `image:`" in finding


def test_a_volume_with_places_on_both_sides_needs_only_the_network_of_its_file_system(tmp_path: Path) -> None:
    found = lint_key(tmp_path, "volumes: {host: ./data, efs: fs-01234567, path: /data}")
    assert [each.partition(":")[0] for each in found] == ["info"]
    assert "only from its VPC, and if its security group allows port 2049" in found[0]


def test_a_file_system_alone_is_a_volume_of_docker_on_this_machine(tmp_path: Path) -> None:
    found = lint_key(tmp_path, "volumes: {efs: fs-01234567, path: /data}")
    assert any("on this machine fs-01234567 is a volume of Docker with this name" in each for each in found)


def test_a_secret_in_a_file_of_variables_is_reported_at_the_file_s_name(tmp_path: Path) -> None:
    (finding,) = lint_key(tmp_path, "env-file: report.env", report_env="DB_PASSWORD=x\nREGION=eu\n")
    assert "everyone who can read the template can read the value of DB_PASSWORD" in finding


def test_secrets_of_this_machine_in_a_file_of_variables_do_not_get_into_the_environment(tmp_path: Path) -> None:
    key = "env-file: .env\n    secrets: {DB_PASSWORD: 'ssm:/db'}"
    (tmp_path / ".env").write_text("DB_PASSWORD=x\nssm:/db=y\nREGION=eu\n")
    loaded = load_job_text(tmp_path, JOB.format(image="image: busybox", key=key))
    assert loaded.project.jobs["a"].environment == {"REGION": "eu"}


def test_a_missing_folder_is_named_with_its_job_and_an_existing_one_is_not(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    key = "volumes: ['./in:/in', './out/../none:/out']\n    sidecars: {s: {image: x, volumes: '/nowhere/at/all:/x'}}"
    loaded = load_job_text(tmp_path, JOB.format(image="image: busybox", key=key))
    found = [(each.job, str(each.folder)) for each in missing_folders(loaded.project, tmp_path)]
    assert found == [("a", str(tmp_path / "none")), ("a", "/nowhere/at/all")]


def test_deny_rules_see_what_only_this_machine_has(tmp_path: Path) -> None:
    key = "volumes: {host: ./in, efs: fs-01234567, path: /in}\n    docker-network: host"
    loaded = load_job_text(tmp_path, JOB.format(image="image: busybox", key=key))
    (mounts,) = denied_jobs(loaded, {"host-mounts"})
    assert "(--deny host-mounts): ./in is a path of this machine" in mounts.message
    (network,) = denied_jobs(loaded, {"privileged"})
    assert "container main has the network of this machine" in network.message
    assert list(denied_jobs(loaded, {"commands"})) == []
