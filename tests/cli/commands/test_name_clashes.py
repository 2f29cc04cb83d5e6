"""Two projects whose resources would have one name: the second is refused before anything is changed."""

from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json
from lamplighter.jobs.stack.name_clashes import may_clash
from tests.cli.aws_account import run_command
from tests.cli.up_folder import UpFolder
from tests.served_engine import ServedEngine, eventually

JOB = "{image: busybox, timeout: 1h, network: {subnets: [subnet-0a1b2c3d]}}"


def write_project(folder: Path, project: str, job: str) -> Path:
    made = folder / project
    made.mkdir()
    (made / "lamplighter.yaml").write_text(f"project: {project}\njobs: {{{job}: {JOB}}}")
    return made


def check_second_project_is_refused(folder: Path, cloudformation: Json, *words: str, **environment: str) -> None:
    first = run_command(write_project(folder, "a", "b-c"), "deploy", "--yes", *words, **environment)
    assert first.code == 0, first
    second = write_project(folder, "a-b", "c")
    for command in ("diff", "deploy"):
        refused = run_command(second, command, *words, **environment)
        assert refused.code == (2 if command == "diff" else 1)
        assert "the project a has a-b-c already: rename this, or one of the two projects" in refused.err
    with pytest.raises(ClientError, match="does not exist"):
        cloudformation.describe_stacks(StackName="a-b")


def test_deploy_to_aws_refuses_names_that_another_project_has(engine: ServedEngine, tmp_path: Path) -> None:
    given = {"AWS_ENDPOINT_URL": engine.url, "AWS_REGION": "us-east-1"}
    check_second_project_is_refused(tmp_path, engine.client("cloudformation"), **given)


def test_deploy_to_an_engine_refuses_names_that_another_project_has(engine: ServedEngine, tmp_path: Path) -> None:
    check_second_project_is_refused(tmp_path, engine.client("cloudformation"), "--endpoint-url", engine.url)


def test_projects_whose_names_begin_alike_are_deployed_side_by_side(engine: ServedEngine, tmp_path: Path) -> None:
    for project, job in (("a", "b-c"), ("a-b", "d"), ("ab", "c")):
        folder = write_project(tmp_path, project, job)
        deployed = run_command(folder, "deploy", "--yes", "--endpoint-url", engine.url)
        assert deployed.code == 0, deployed


@pytest.mark.parametrize(
    ("one", "other", "expected"), [("a", "a-b", True), ("a-b", "a", True), ("a", "ab", False), ("a", "a", False)]
)
def test_only_projects_of_which_one_name_continues_the_other_may_clash(one: str, other: str, *, expected: bool) -> None:
    assert may_clash(one, other) is expected


def test_up_holds_back_the_job_whose_name_another_project_has_and_applies_the_others(
    home: UpFolder, tmp_path: Path
) -> None:
    home.write("first: {command: 'true'}", project="a-b")
    home.up_and_apply()
    folder = write_project(tmp_path, "a", "b-c")
    deployed = run_command(folder, "deploy", "--yes", "--endpoint-url", home.url)
    assert deployed.code == 0, deployed
    home.write("first: {command: 'true'}\nc: {command: 'true'}\nsecond: {command: 'true'}", project="a-b")
    home.wait_for_line("c: the project a has a-b-c already: rename this, or one of the two projects")
    eventually(lambda: "a-b-second" in home.list_machines())
    assert sorted(home.list_machines()) == ["a-b-c", "a-b-first", "a-b-second"]
    tasks = home.client("ecs").list_task_definitions(familyPrefix="a-b-c")["taskDefinitionArns"]
    assert len(tasks) == 1
