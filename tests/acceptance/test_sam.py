"""SAM's own commands deploy and remove a batch, with nothing but the engine.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-cli-command-reference-sam-deploy.html
"""

import os
import subprocess
from pathlib import Path

import pytest

from tests.served_engine import REGION, ServedEngine

APPLICATION = Path(__file__).parents[2] / "tests" / "services" / "cloudformation" / "templates" / "sam_nightly"
SAM = Path(__file__).parents[2] / ".sam" / "bin" / "sam"
"""SAM has a virtual environment of its own, because it wants other versions of libraries."""
SECONDS = 300

pytestmark = pytest.mark.skipif(not SAM.exists(), reason="make .sam/ready makes it run")


def run_sam(engine: ServedEngine, directory: Path, *arguments: str) -> str:
    """Run a command of SAM in the environment of a user who has set the engine's address; return its output."""
    environment = {name: each for name, each in os.environ.items() if not name.startswith("AWS_")} | {
        "AWS_ENDPOINT_URL": engine.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "HOME": str(directory),
        "SAM_CLI_TELEMETRY": "0",
    }
    ran = subprocess.run(
        [str(SAM), *arguments],
        cwd=APPLICATION,
        env=environment,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
    )
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


def test_sam_deploys_a_batch_which_runs_is_changed_and_removed(served: ServedEngine, tmp_path: Path) -> None:
    deploy = (
        *("deploy", "--resolve-s3", "--stack-name", "nightly", "--capabilities", "CAPABILITY_IAM"),
        *("--no-confirm-changeset", "--no-fail-on-empty-changeset"),
    )
    run_sam(served, tmp_path, *deploy)
    (stack,) = served.client("cloudformation").describe_stacks(StackName="nightly")["Stacks"]
    (machine,) = (each["OutputValue"] for each in stack["Outputs"])
    assert served.ended(served.start(machine))["status"] == "SUCCEEDED"
    (schedule,) = served.client("scheduler").list_schedules()["Schedules"]
    assert schedule["Target"]["Arn"] == machine

    assert "No changes to deploy" in run_sam(served, tmp_path, *deploy)
    run_sam(served, tmp_path, *deploy, "--parameter-overrides", "Word=changed")
    newest = served.ecs.describe_task_definition(taskDefinition="nightly")["taskDefinition"]
    assert newest["containerDefinitions"][0]["command"] == ["sh", "-c", "echo changed"]

    run_sam(served, tmp_path, "delete", "--stack-name", "nightly", "--no-prompts")
    assert served.sfn.list_state_machines()["stateMachines"] == []
    assert served.client("scheduler").list_schedules()["Schedules"] == []
