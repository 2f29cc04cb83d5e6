"""The CI page of the manual works: its roles, with the policies that it makes, and its workflow's commands.

The commands run in a new virtual environment with what the workflow installs. An engine that enforces IAM stands for
AWS. It knows no tokens of GitHub, so the test assumes the roles itself.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from lamplighter.base.json_text import Json
from tests.cli.aws_account import command_environment
from tests.docs.pages import DOCS, Block, Page
from tests.packaging.distributions import ROOT, build, pip_settings
from tests.served_engine import ACCOUNT, ServedEngine

PAGE = DOCS / "manual" / "deploy.md"
PULL_REQUEST, PUSH = "diff", "deploy"
"""The jobs of the workflow."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[ServedEngine]:
    served = ServedEngine(tmp_path / "data")
    served.up("--enforce-iam")
    yield served
    served.close()


@pytest.fixture
def blocks() -> list[Block]:
    return list(Page(PAGE.name, PAGE.read_text()).blocks)


def read_workflow(blocks: list[Block]) -> Json:
    (block,) = (each for each in blocks if "GitHub Actions" in each.marks.get("not a job file", ""))
    return yaml.safe_load(block.text)["jobs"]


def steps(job: Json) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def role_of(job: Json) -> str:
    (found,) = (step["with"]["role-to-assume"] for step in job["steps"] if "role-to-assume" in step.get("with", {}))
    return str(found)


def test_a_pull_request_gets_the_role_that_reads_and_only_the_environment_gets_the_other(blocks: list[Block]) -> None:
    workflow = read_workflow(blocks)
    assert {name: "environment" in job for name, job in workflow.items()} == {PULL_REQUEST: False, PUSH: True}
    assert "pull_request" in workflow[PULL_REQUEST]["if"]
    assert [role_of(job).rpartition("-")[2] for job in workflow.values()] == ["read", "deploy"]
    assert all("pip install 'lamplighter[aws]'" in steps(job) for job in workflow.values())


@pytest.mark.index
@pytest.mark.timeout(900)
def test_the_page_s_roles_and_the_commands_of_its_workflow_work(
    engine: ServedEngine, blocks: list[Block], tmp_path: Path
) -> None:
    build(ROOT, tmp_path / "dist", "--wheel")
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "environment")], check=True, timeout=600)
    folder = tmp_path / "project"
    folder.mkdir()
    write_files(folder, blocks)
    workflow = read_workflow(blocks)
    make_roles(engine, folder, blocks)
    for name in (PULL_REQUEST, PUSH, PULL_REQUEST):
        keys = assume(engine, role_of(workflow[name]))
        for command in steps(workflow[name]):
            said = run_step(command, folder, tmp_path, {**keys, "AWS_ENDPOINT_URL": engine.url})
    assert "as the file says" in said
    assert [line for line in engine.lines if "denied" in line] == []


def write_files(folder: Path, blocks: list[Block]) -> None:
    """Write the page's job file with an account, and the files that the reader writes."""
    (job_file,) = (each for each in blocks if each.language == "yaml" and "prod: {aws: {account" in each.text)
    (folder / "lamplighter.yaml").write_text(job_file.text)
    for each in blocks:
        if "file" in each.marks:
            (folder / each.marks["file"]).write_text(each.text)


def make_roles(engine: ServedEngine, folder: Path, blocks: list[Block]) -> None:
    """Run the page's commands that make the roles, with the programs of this environment."""
    (block,) = (each for each in blocks if "create-role" in each.text and each.is_shell)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    variables = command_environment(AWS_ENDPOINT_URL=engine.url, PATH=path)
    run_script(block.text, folder, variables)


def assume(engine: ServedEngine, role: str) -> dict[str, str]:
    """Return the credentials of a role, in whose trust policy the account stands for GitHub."""
    iam, name = engine.client("iam"), role.rpartition("/")[2]
    trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=document)
    keys = engine.client("sts").assume_role(RoleArn=role, RoleSessionName="github")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }


def run_step(command: str, folder: Path, place: Path, keys: dict[str, str]) -> str:
    """Run a step as GitHub does, where pip finds the wheel of this source."""
    path = f"{place / 'environment' / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin"
    settings = {**pip_settings(), "PIP_FIND_LINKS": str(place / "dist"), "PIP_ROOT_USER_ACTION": "ignore"}
    variables = {**command_environment(**keys), **settings, "PATH": path, "AWS_REGION": "eu-west-1"}
    python = {name for name in variables if re.match("PYTHON|VIRTUAL_ENV", name)}
    return run_script(command, folder, {key: value for key, value in variables.items() if key not in python})


def run_script(script: str, folder: Path, variables: Mapping[str, str]) -> str:
    """Run lines of a shell until one fails; return what they print."""
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr
