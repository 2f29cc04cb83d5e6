"""The CDK's own commands deploy, compare and remove a batch, with nothing but the engine.

https://docs.aws.amazon.com/cdk/v2/guide/cli.html
"""

import json
import os
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest

from lamplighter.base.json_text import Json
from tests.cli.up_folder import UpFolder
from tests.served_engine import ACCOUNT, REGION, ServedEngine

APP = Path(__file__).parents[2] / "tests" / "services" / "cloudformation" / "templates" / "cdk"
CDK = APP / "node_modules" / ".bin" / "cdk"
SECONDS = 300

pytestmark = pytest.mark.skipif(not CDK.exists(), reason="npm install in templates/cdk makes it run")


class Cdk:
    """The CDK's command line in the environment of a user who has set the engine's address."""

    def __init__(self, engine: ServedEngine, directory: Path, app: str = "nightly.mjs", **variables: str) -> None:
        self._directory = directory
        self._app = app
        self._environment = {name: each for name, each in os.environ.items() if not name.startswith("AWS_")} | {
            "AWS_ENDPOINT_URL": engine.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "HOME": str(directory),
            "CI": "true",
            **variables,
        }

    def run(self, *arguments: str, status: int = 0) -> str:
        """Run a command, which must exit with the status; return its output."""
        command = [str(CDK), "--app", f"node {self._app}", "--output", str(self._directory / "cdk.out"), *arguments]
        ran = subprocess.run(
            command,
            cwd=APP,
            env=self._environment,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
        )
        assert ran.returncode == status, ran.stdout
        return ran.stdout


def test_the_cdk_deploys_a_batch_which_runs_and_is_compared_and_removed(served: ServedEngine, tmp_path: Path) -> None:
    cdk = Cdk(served, tmp_path)
    cdk.run("bootstrap", f"aws://{ACCOUNT}/{REGION}")
    cdk.run("deploy", "--require-approval", "never")
    machine = outputs(served)["MachineArn"]
    assert served.ended(served.start(machine))["status"] == "SUCCEEDED"
    assert "no differences" in cdk.run("diff", "--fail")
    assert "No drift detected" in cdk.run("drift", "--fail")

    changed = cdk.run("diff", "--context", "word=changed", "--fail", status=1)
    assert "echo changed" in changed
    cdk.run("deploy", "--require-approval", "never", "--context", "word=changed")
    assert "echo changed" in str(running_definition(served, machine))

    scheduler = served.client("scheduler")
    (listed,) = scheduler.list_schedules()["Schedules"]
    found = scheduler.get_schedule(Name=listed["Name"])
    kept = {name: found[name] for name in ("Name", "FlexibleTimeWindow", "Target", "State")}
    scheduler.update_schedule(**kept, ScheduleExpression="cron(0 3 * * ? *)")
    assert "cron(0 3 * * ? *)" in cdk.run("drift", "--fail", "--context", "word=changed", status=1)

    cdk.run("destroy", "--force")
    assert served.sfn.list_state_machines()["stateMachines"] == []
    assert served.client("scheduler").list_schedules()["Schedules"] == []
    assert served.client("sqs").list_queues().get("QueueUrls", []) == []


def test_the_cdk_s_roles_decide_if_iam_is_enforced(up_folder: UpFolder, tmp_path: Path) -> None:
    """The role of the bootstrap deploys; without a permission the update fails in AWS's words and is rolled back."""
    up_folder.up("--enforce-iam")
    cdk = Cdk(up_folder, tmp_path)
    cdk.run("bootstrap", f"aws://{ACCOUNT}/{REGION}")
    cdk.run("deploy", "--require-approval", "never")
    machine = outputs(up_folder)["MachineArn"]
    assert up_folder.ended(up_folder.start(machine))["status"] == "SUCCEEDED"

    role, iam = f"cdk-hnb659fds-cfn-exec-role-{ACCOUNT}-{REGION}", up_folder.client("iam")
    deny = {"Effect": "Deny", "Action": "ecs:RegisterTaskDefinition", "Resource": "*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    iam.put_role_policy(RoleName=role, PolicyName="deny", PolicyDocument=text)
    changed = ("deploy", "--require-approval", "never", "--context", "word=changed")
    failed = cdk.run(*changed, status=1)
    assert f"assumed-role/{role}/AWSCloudFormation is not authorized to perform: ecs:RegisterTaskDefinition" in failed
    (stack,) = up_folder.client("cloudformation").describe_stacks(StackName="Nightly")["Stacks"]
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "echo hello" in str(running_definition(up_folder, machine))
    iam.delete_role_policy(RoleName=role, PolicyName="deny")
    cdk.run(*changed)
    assert "echo changed" in str(running_definition(up_folder, machine))
    cdk.run("destroy", "--force")
    assert up_folder.sfn.list_state_machines()["stateMachines"] == []


@pytest.mark.docker
def test_the_cdk_builds_and_pushes_an_image_which_a_task_runs(
    docker_engine: ServedEngine, docker_image: str, tmp_path: Path
) -> None:
    folder = tmp_path / "image"
    folder.mkdir()
    # The label makes it an image that Docker does not have yet, so that it must be built and pushed.
    (folder / "Dockerfile").write_text(f'FROM {docker_image}\nLABEL run={uuid4()}\nCMD ["sh", "-c", "exit 7"]\n')
    cdk = Cdk(docker_engine, tmp_path, "image.mjs", IMAGE_FOLDER=str(folder))
    cdk.run("bootstrap", f"aws://{ACCOUNT}/{REGION}")
    cdk.run("deploy", "--require-approval", "never")
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
    given = {"cluster": "default", "taskDefinition": "built", "launchType": "FARGATE", "networkConfiguration": network}
    (task,) = docker_engine.ecs.run_task(**given)["tasks"]
    docker_engine.ecs.get_waiter("tasks_stopped").wait(tasks=[task["taskArn"]], WaiterConfig={"Delay": 1})
    (ended,) = docker_engine.ecs.describe_tasks(tasks=[task["taskArn"]])["tasks"]
    assert ended["containers"][0]["exitCode"] == 7, ended
    found = subprocess.run(
        ["docker", "image", "inspect", "--format={{.Id}}", ended["containers"][0]["image"]],
        check=True,
        capture_output=True,
        text=True,
    )
    subprocess.run(["docker", "rmi", "--force", found.stdout.strip()], check=True, capture_output=True)


def outputs(served: ServedEngine) -> Json:
    """Return the outputs of the stack."""
    (stack,) = served.client("cloudformation").describe_stacks(StackName="Nightly")["Stacks"]
    return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}


def running_definition(served: ServedEngine, machine: str) -> Json:
    """Return the task definition that the state machine runs."""
    definition = json.loads(served.sfn.describe_state_machine(stateMachineArn=machine)["definition"])
    name = definition["States"]["Run"]["Parameters"]["TaskDefinition"]
    return served.ecs.describe_task_definition(taskDefinition=name)["taskDefinition"]
