"""The volumes of a job on both sides: file systems on AWS, with their permissions, and folders on this machine."""

from pathlib import Path

import pytest

from lamplighter.base.aws.task_definition_metadata import adapt_task_definition
from lamplighter.base.json_text import Json
from lamplighter.cli.up.stack_plan import localize_template
from lamplighter.jobs.stack.template import build_template
from tests.jobs.projects import load_project, resolve_stack

BOTH = "{host: ./data, efs: fs-01234567, path: /data, root: /reports}"
POINT = "{efs: fs-01234567, access-point: fsap-89abcdef, path: /p, read-only: true}"


def task_properties(folder: Path, body: str) -> Json:
    return resolve_stack(load_project(folder, f"a: {{image: x, {body}}}")).properties("ATask")


def local_properties(folder: Path, body: str) -> Json:
    """Return the task definition as this machine registers it."""
    document = localize_template(build_template(load_project(folder, f"a: {{image: x, {body}}}"), "here"), folder)
    resource = document["Resources"]["ATask"]
    return adapt_task_definition(resource["Properties"], resource["Metadata"]["Lamplighter"])


def test_on_aws_a_file_system_is_mounted_with_tls_and_iam(tmp_path: Path) -> None:
    properties = task_properties(tmp_path, f"volumes: [{BOTH}, {POINT}]")
    assert properties["Volumes"] == [
        {
            "Name": "volume-1",
            "EFSVolumeConfiguration": {
                "FilesystemId": "fs-01234567",
                "RootDirectory": "/reports",
                "TransitEncryption": "ENABLED",
                "AuthorizationConfig": {"IAM": "ENABLED"},
            },
        },
        {
            "Name": "volume-2",
            "EFSVolumeConfiguration": {
                "FilesystemId": "fs-01234567",
                "TransitEncryption": "ENABLED",
                "AuthorizationConfig": {"IAM": "ENABLED", "AccessPointId": "fsap-89abcdef"},
            },
        },
    ]
    (container,) = properties["ContainerDefinitions"]
    assert container["MountPoints"] == [
        {"SourceVolume": "volume-1", "ContainerPath": "/data", "ReadOnly": False},
        {"SourceVolume": "volume-2", "ContainerPath": "/p", "ReadOnly": True},
    ]


def test_the_task_role_may_mount_each_file_system_and_write_only_where_the_job_writes(tmp_path: Path) -> None:
    stack = resolve_stack(load_project(tmp_path, f"a: {{image: x, volumes: [{BOTH}, {POINT}]}}"))
    file_system = "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-01234567"
    mount, write = "elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"
    point = "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-89abcdef"
    assert stack.statements("ATaskRole") == [
        {"Effect": "Allow", "Action": [mount, write], "Resource": [file_system]},
        {
            "Effect": "Allow",
            "Action": [mount],
            "Resource": [file_system],
            "Condition": {"StringEquals": {"elasticfilesystem:AccessPointArn": point}},
        },
    ]


def test_on_this_machine_the_same_volume_is_a_folder_beside_the_job_file(tmp_path: Path) -> None:
    volumes = local_properties(tmp_path, f"volumes: [{BOTH}, '/srv/in:/in', 'cache:/cache']")["Volumes"]
    assert volumes == [
        {"Name": "volume-1", "Host": {"SourcePath": f"{tmp_path}/./data"}},
        {"Name": "volume-2", "Host": {"SourcePath": "/srv/in"}},
        {"Name": "reports-cache", "DockerVolumeConfiguration": {"Scope": "shared", "Autoprovision": True}},
    ]


def test_a_path_marks_the_folder_that_its_links_must_not_leave(tmp_path: Path) -> None:
    jobs = tmp_path / "jobs"
    jobs.mkdir()
    volumes = local_properties(jobs, "volumes: ['./a/../b:/a', '../shared/c:/b', '.:/c', '/srv/./d:/d']")["Volumes"]
    assert [each["Host"]["SourcePath"] for each in volumes] == [
        f"{jobs}/./b", f"{tmp_path}/./shared/c", f"{jobs}/./.", "/srv/d"
    ]  # fmt: skip


def test_a_volume_that_aws_cannot_mount_stays_in_the_template_so_that_aws_refuses_it(tmp_path: Path) -> None:
    properties = task_properties(tmp_path, "volumes: './in:/in'")
    assert properties["Volumes"] == [{"Name": "volume-1", "Host": {"SourcePath": "./in"}}]


def test_job_and_sidecar_share_a_volume_that_both_name(tmp_path: Path) -> None:
    body = "volumes: './x:/a', sidecars: {s: {image: y, volumes: ['./x:/b:ro', './y:/c']}}"
    properties = local_properties(tmp_path, body)
    assert [each["Host"]["SourcePath"] for each in properties["Volumes"]] == [f"{tmp_path}/./x", f"{tmp_path}/./y"]
    job, sidecar = properties["ContainerDefinitions"]
    assert [each["SourceVolume"] for each in job["MountPoints"]] == ["volume-1"]
    assert [each["SourceVolume"] for each in sidecar["MountPoints"]] == ["volume-1", "volume-2"]


def test_a_plain_process_is_held_only_to_a_memory_that_the_file_names(tmp_path: Path) -> None:
    resources = build_template(load_project(tmp_path, "a: {command: ls}\nb: {command: ls, memory: 512}"), "here")[
        "Resources"
    ]
    metadata = [resources[name]["Metadata"]["Lamplighter"] for name in ("ATask", "BTask")]
    assert metadata == [{"Process": True, "Directory": ".", "Unlimited": True}, {"Process": True, "Directory": "."}]


@pytest.mark.parametrize("what", ["command: ls", "image: x"])
def test_a_task_has_any_size_here_and_one_of_fargate_s_on_aws(tmp_path: Path, what: str) -> None:
    project = load_project(tmp_path, f"a: {{{what}, memory: 300, cpu: 100}}")
    resource = build_template(project, "here")["Resources"]["ATask"]
    properties = resource["Properties"]
    assert (properties["Cpu"], properties["Memory"]) == ("256", "512")
    adapted = adapt_task_definition(properties, resource["Metadata"]["Lamplighter"])
    assert (adapted["Cpu"], adapted["Memory"]) == ("100", "300")


def test_a_plain_process_has_no_volumes(tmp_path: Path) -> None:
    project = load_project(tmp_path, "a: {command: ls, volumes: './x:/a'}")
    properties = build_template(project)["Resources"]["ATask"]["Properties"]
    assert "Volumes" not in properties
    assert "MountPoints" not in properties["ContainerDefinitions"][0]
