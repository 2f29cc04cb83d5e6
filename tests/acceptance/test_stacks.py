"""Stacks through the aws CLI, which packages, deploys and waits, and through boto3, also after a kill -9."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import WaiterError
from moto.server import ThreadedMotoServer

from lamplighter.base.json_text import Json
from tests.served_engine import REGION, ServedEngine, eventually

BUCKET = "artifacts"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Start an S3 server with an empty bucket and return its URL."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    urllib.request.urlopen(f"{url}/moto-api/reset", data=b"").close()
    boto3.client("s3", endpoint_url=url, region_name=REGION).create_bucket(Bucket=BUCKET)
    yield url
    server.stop()


@pytest.fixture
def served(tmp_path: Path, s3: str) -> Iterator[ServedEngine]:
    """Start an engine with the endpoint of S3."""
    engine = ServedEngine(tmp_path / "data")
    engine.up("--endpoint", f"s3={s3}")
    yield engine
    engine.close()


def run_aws_cloudformation(served: ServedEngine, s3: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of `aws cloudformation`."""
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL_CLOUDFORMATION": served.url,
        "AWS_ENDPOINT_URL_S3": s3,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    command = [sys.executable, "-m", "awscli", "cloudformation", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def write_template(place: Path, template: Json) -> str:
    place.write_text(json.dumps(template))
    return str(place)


def queue(**properties: Json) -> Json:
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def wait_for_the_next_second() -> None:
    """Let the clock go on: the aws CLI puts the current second into the name of a change set."""
    second = int(time.time())
    eventually(lambda: int(time.time()) > second)


def test_the_aws_cli_deploys_and_deletes_a_stack(served: ServedEngine, s3: str, tmp_path: Path) -> None:
    template = {"Parameters": {"Delay": {"Type": "Number"}}, "Resources": {"Q": queue(DelaySeconds={"Ref": "Delay"})}}
    file = write_template(tmp_path / "template.json", template)
    deploy = ("deploy", "--stack-name", "batch", "--template-file", file, "--tags", "team=night")
    done = run_aws_cloudformation(served, s3, *deploy, "--parameter-overrides", "Delay=1")
    assert done.returncode == 0, done.stderr
    assert "Successfully created/updated stack - batch" in done.stdout
    wait_for_the_next_second()
    again = run_aws_cloudformation(served, s3, *deploy, "--no-fail-on-empty-changeset")
    assert (again.returncode, "No changes to deploy" in again.stdout) == (0, True), again.stderr
    wait_for_the_next_second()
    shown = run_aws_cloudformation(served, s3, *deploy, "--parameter-overrides", "Delay=2", "--no-execute-changeset")
    assert "Changeset created successfully" in shown.stdout, shown.stderr
    for arguments in (("delete-stack",), ("wait", "stack-delete-complete")):
        assert run_aws_cloudformation(served, s3, *arguments, "--stack-name", "batch").returncode == 0
    assert (
        "batch" in run_aws_cloudformation(served, s3, "list-stacks", "--stack-status-filter", "DELETE_COMPLETE").stdout
    )


def test_a_template_that_the_aws_cli_packaged_is_deployed(served: ServedEngine, s3: str, tmp_path: Path) -> None:
    write_template(
        tmp_path / "inner.json", {"Resources": {"Q": queue(QueueName="inner")}, "Outputs": {"N": {"Value": "n"}}}
    )
    tmp_path.joinpath("machine.asl.json").write_text('{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}')
    machine = {"DefinitionUri": "machine.asl.json", "Role": "arn:aws:iam::123456789012:role/batch"}
    outer = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {
            "Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "inner.json"}},
            "Machine": {"Type": "AWS::Serverless::StateMachine", "Properties": machine},
        },
        "Outputs": {"Inner": {"Value": {"Fn::GetAtt": ["Inner", "Outputs.N"]}}},
    }
    packaged = str(tmp_path / "packaged.yaml")
    source = ("--template-file", write_template(tmp_path / "outer.json", outer), "--output-template-file", packaged)
    done = run_aws_cloudformation(served, s3, "package", *source, "--s3-bucket", BUCKET)
    assert done.returncode == 0, done.stderr
    cf = served.client("cloudformation")
    text = Path(packaged).read_text()
    cf.create_stack(StackName="outer", TemplateBody=text, Capabilities=["CAPABILITY_AUTO_EXPAND"])
    quick = {"Delay": 0.1, "MaxAttempts": 1200}
    cf.get_waiter("stack_create_complete").wait(StackName="outer", WaiterConfig=quick)
    (stack,) = cf.describe_stacks(StackName="outer")["Stacks"]
    assert stack["Outputs"] == [{"OutputKey": "Inner", "OutputValue": "n"}]
    assert [each["name"].partition("-")[0] for each in served.sfn.list_state_machines()["stateMachines"]] == ["Machine"]


def test_waiters_see_how_stacks_and_change_sets_end(served: ServedEngine) -> None:
    cf = served.client("cloudformation")
    quick = {"Delay": 0.1, "MaxAttempts": 1200}
    body = json.dumps({"Resources": {"Q": queue()}})
    cf.create_stack(StackName="one", TemplateBody=body)
    for name in ("stack_exists", "stack_create_complete"):
        cf.get_waiter(name).wait(StackName="one", WaiterConfig=quick)
    change = {"StackName": "one", "ChangeSetName": "none", "TemplateBody": body}
    cf.create_change_set(**change)
    with pytest.raises(WaiterError):
        cf.get_waiter("change_set_create_complete").wait(StackName="one", ChangeSetName="none", WaiterConfig=quick)
    bad = json.dumps({"Resources": {"Q": queue(DelaySeconds=99_999)}})
    cf.update_stack(StackName="one", TemplateBody=bad, DisableRollback=True)
    with pytest.raises(WaiterError):
        cf.get_waiter("stack_update_complete").wait(StackName="one", WaiterConfig=quick)
    cf.rollback_stack(StackName="one")
    cf.get_waiter("stack_rollback_complete").wait(StackName="one", WaiterConfig=quick)
    cf.delete_stack(StackName="one")
    cf.get_waiter("stack_delete_complete").wait(StackName="one", WaiterConfig=quick)


def test_an_unsupported_operation_is_refused_in_aws_s_shape(served: ServedEngine) -> None:
    cf = served.client("cloudformation")
    with pytest.raises(
        cf.exceptions.ClientError, match="this engine does not support cloudformation:CreateGeneratedTemplate"
    ) as caught:
        cf.create_generated_template(GeneratedTemplateName="all")
    assert caught.value.response["Error"]["Code"] == "InvalidAction"


def test_a_large_stack_is_created_completely_despite_kill_9(served: ServedEngine) -> None:
    names = [f"queue{number}" for number in range(200)]
    template = {"Resources": {f"Q{at}": queue(QueueName=name) for at, name in enumerate(names)}}
    cf = served.client("cloudformation")
    cf.create_stack(StackName="large", TemplateBody=json.dumps(template))

    def count_queues() -> int:
        return len(served.client("sqs").list_queues(MaxResults=1000).get("QueueUrls", []))

    eventually(lambda: count_queues() > 20)
    served.kill()
    served.up()
    cf = served.client("cloudformation")
    eventually(lambda: cf.describe_stacks(StackName="large")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE", 60)
    assert count_queues() == len(names)
