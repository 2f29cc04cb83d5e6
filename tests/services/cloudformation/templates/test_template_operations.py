"""Existing templates of the article, the CDK, SAM and Copilot work unchanged."""

import os
import subprocess
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from tests.engine_harness import ACCOUNT, DAY, HOUR, REGION
from tests.fake_runtime import Script
from tests.services.cloudformation.cloudformation_harness import TEMPLATES, CloudFormationHarness, queue, template

IAM = ["CAPABILITY_IAM"]
RAW = {"RawMessageDelivery": "true"}
CDK = TEMPLATES / "cdk"


def executions(harness: CloudFormationHarness, machine: str) -> list[Json]:
    listed: list[Json] = harness.call("states", "ListExecutions", stateMachineArn=machine)["executions"]
    return listed


def test_the_article_s_batch_runs_its_container_at_the_scheduled_hour(
    harness: CloudFormationHarness,
) -> None:
    harness.create(template("article.yaml"), name="nightly", Capabilities=IAM)
    assert harness.state("nightly") == "CREATE_COMPLETE", harness.reasons("nightly")
    machine = harness.outputs("nightly")["Machine"]
    harness.runtime.script(Script(after=None))
    # 02:00 in Seoul is 17:00 UTC; the day begins at midnight.
    harness.advance(17 * HOUR - 1)
    assert harness.runtime.started == {}
    harness.advance(1)
    (run,) = executions(harness, machine)
    assert run["status"] == "RUNNING"
    harness.finish_containers(0)
    (run,) = executions(harness, machine)
    assert run["status"] == "SUCCEEDED"
    (container,) = harness.runtime.started.values()
    assert container.environment["STAGE"] == "nightly"


def test_the_article_s_batch_is_retried_after_ten_seconds(harness: CloudFormationHarness) -> None:
    harness.runtime.script(Script(after=None))
    harness.create(template("article.yaml"), name="nightly", Capabilities=IAM)
    harness.advance(17 * HOUR)
    harness.finish_containers(3)
    harness.advance(10_000)
    harness.finish_containers(0)
    (run,) = executions(harness, harness.outputs("nightly")["Machine"])
    assert run["status"] == "SUCCEEDED"
    assert len(harness.runtime.started) == 2


def test_deleting_the_article_s_stack_deletes_its_schedule_machine_and_rule(harness: CloudFormationHarness) -> None:
    key = harness.create(template("article.yaml"), name="nightly", Capabilities=IAM)
    harness.delete("nightly")
    assert harness.state(key) == "DELETE_COMPLETE", harness.reasons(key)
    assert harness.call("scheduler", "ListSchedules")["Schedules"] == []
    assert harness.call("states", "ListStateMachines")["stateMachines"] == []
    assert harness.call("events", "ListRules")["Rules"] == []


def test_an_update_changes_the_scheduled_hour_of_the_article_s_batch(harness: CloudFormationHarness) -> None:
    harness.create(template("article.yaml"), name="nightly", Capabilities=IAM)
    harness.update(None, name="nightly", values={"Hour": "3"}, Capabilities=IAM)
    (schedule,) = harness.call("scheduler", "ListSchedules")["Schedules"]
    found = harness.call("scheduler", "GetSchedule", Name=schedule["Name"])
    assert found["ScheduleExpression"] == "cron(0 3 * * ? *)"


def fail_then_succeed(harness: CloudFormationHarness) -> Json:
    """Let the first attempt fail and the second succeed; return the environment of the second."""
    harness.finish_containers(3)
    harness.advance(10_000)
    harness.finish_containers(0)
    first, second = harness.runtime.started.values()
    assert first.environment.items() - second.environment.items() <= {
        ("LAMPLIGHTER_TASK_ARN", first.environment["LAMPLIGHTER_TASK_ARN"])
    }
    return second.environment


def stopped_tasks(harness: CloudFormationHarness, cluster: str) -> list[Json]:
    """Return the stopped tasks of a cluster."""
    listed = harness.call("ecs", "ListTasks", cluster=cluster, desiredStatus="STOPPED")["taskArns"]
    described: list[Json] = harness.call("ecs", "DescribeTasks", cluster=cluster, tasks=listed)["tasks"]
    return described


def test_a_scheduled_fargate_task_of_the_cdk_runs_its_container(harness: CloudFormationHarness) -> None:
    harness.create(template("cdk/ScheduledFargate.template.json"), Capabilities=IAM)
    assert harness.state() == "CREATE_COMPLETE", harness.reasons()
    harness.advance(2 * HOUR)
    (container,) = harness.runtime.started.values()
    assert container.environment["MODE"] == "nightly"
    assert container.command == ("sh", "-c", "echo hello")
    (task,) = stopped_tasks(harness, harness.physical("ClusterEB0386A7"))
    assert (task["lastStatus"], task["containers"][0]["exitCode"]) == ("STOPPED", 0)


def test_a_schedule_of_the_cdk_starts_its_state_machine_which_retries(harness: CloudFormationHarness) -> None:
    harness.runtime.script(Script(after=None))
    harness.create(template("cdk/ScheduledMachine.template.json"), Capabilities=IAM)
    assert harness.state() == "CREATE_COMPLETE", harness.reasons()
    harness.advance(17 * HOUR)
    assert fail_then_succeed(harness)["DAY"].startswith("2026-01-01T17:00:00")
    (run,) = executions(harness, harness.outputs()["MachineArn"])
    assert run["status"] == "SUCCEEDED"


def test_a_state_machine_of_the_cdk_sends_an_alert_after_its_last_attempt(
    harness: CloudFormationHarness,
) -> None:
    harness.runtime.script(Script(after=None))
    harness.create(template("cdk/ScheduledMachine.template.json"), Capabilities=IAM)
    queue_url = harness.call("sqs", "CreateQueue", QueueName="told")["QueueUrl"]
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:told"
    topic = harness.physical("Alerts91F83244")
    harness.call("sns", "Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes=RAW)
    harness.advance(17 * HOUR)
    for wait in (10_000, 20_000, 0):
        harness.finish_containers(3)
        harness.advance(wait)
    (run,) = executions(harness, harness.outputs()["MachineArn"])
    assert run["status"] == "FAILED"
    (message,) = harness.call("sqs", "ReceiveMessage", QueueUrl=queue_url)["Messages"]
    assert loads(message["Body"])["Error"] == "States.TaskFailed"


def test_a_schedule_of_the_cdk_in_a_schedule_group_runs_its_task(harness: CloudFormationHarness) -> None:
    harness.create(template("cdk/ScheduledTask.template.json"), Capabilities=IAM)
    assert harness.state() == "CREATE_COMPLETE", harness.reasons()
    (schedule,) = harness.call("scheduler", "ListSchedules", GroupName=harness.physical("GroupC77FDACD"))["Schedules"]
    assert schedule["State"] == "ENABLED"
    # The first slot of a rate schedule is its creation.
    (container,) = harness.runtime.started.values()
    assert container.environment["MODE"] == "direct"
    (task,) = stopped_tasks(harness, harness.physical("ClusterEB0386A7"))
    assert (task["lastStatus"], task["capacityProviderName"]) == ("STOPPED", "FARGATE_SPOT")


def test_other_resources_of_the_cdk_are_created_and_the_unsimulated_ones_are_listed(
    harness: CloudFormationHarness,
) -> None:
    harness.create(template("cdk/Surroundings.template.json"), Capabilities=IAM)
    assert harness.state() == "CREATE_COMPLETE", harness.reasons()
    listed = harness.stack()["StackStatusReason"]
    assert "Seed]" in listed
    assert "SeederD17DDE2F" in listed
    assert "Alerts" not in listed
    (rule,) = harness.call("events", "ListRules")["Rules"]
    assert loads(rule["EventPattern"])["source"] == ["aws.states"]
    assert harness.outputs()["SeedValue"]


@pytest.mark.skipif(
    not CDK.joinpath("node_modules/aws-cdk-lib").exists(), reason="npm install in templates/cdk makes it run"
)
def test_the_cdk_still_generates_the_stored_templates(tmp_path: Path) -> None:
    environment = {**os.environ, "CDK_OUTDIR": str(tmp_path)}
    subprocess.run(["node", "app.mjs"], cwd=CDK, env=environment, check=True, capture_output=True, timeout=300)
    written = {path.name: loads(path.read_text()) for path in tmp_path.glob("*.template.json")}
    assert written == {path.name: loads(path.read_text()) for path in CDK.glob("*.template.json")}


def test_schedules_of_a_sam_template_start_its_state_machine_which_retries(harness: CloudFormationHarness) -> None:
    harness.runtime.script(Script(after=None))
    harness.create(template("sam_batch.yaml"), Capabilities=[*IAM, "CAPABILITY_AUTO_EXPAND"])
    assert harness.state() == "CREATE_COMPLETE", harness.reasons()
    harness.advance(12 * HOUR)
    (container,) = harness.runtime.started.values()
    assert container.environment["BY"] == "rule"
    harness.finish_containers(0)
    harness.runtime.started.clear()
    harness.advance(5 * HOUR)
    assert fail_then_succeed(harness)["BY"] == "scheduler"
    assert {run["status"] for run in executions(harness, harness.outputs()["Nightly"])} == {"SUCCEEDED"}


def test_all_events_of_a_sam_template_start_its_state_machine(harness: CloudFormationHarness) -> None:
    harness.create(template("sam.yaml"), Capabilities=[*IAM, "CAPABILITY_AUTO_EXPAND"])
    assert harness.state() == "CREATE_COMPLETE", harness.reasons()
    machine = harness.outputs()["Machine"]
    harness.advance(DAY)
    entry = {"Source": "shop", "DetailType": "Ordered", "Detail": "{}"}
    harness.call("events", "PutEvents", Entries=[entry])
    harness.settle()
    runs = [harness.describe(each["executionArn"]) for each in executions(harness, machine)]
    assert sorted(loads(run["input"]).get("by", "event") for run in runs) == ["event", "rule", "schedule"]
    assert {loads(run["output"]) for run in runs} == {"hello"}
    processed = loads(harness.cloudformation("GetTemplate", StackName="stack")["TemplateBody"])
    assert "Transform" not in processed
    assert harness.cloudformation("GetTemplate", StackName="stack", TemplateStage="Original")[
        "TemplateBody"
    ] == template("sam.yaml")


def test_a_transform_needs_a_capability_and_reports_errors(harness: CloudFormationHarness) -> None:
    with pytest.raises(AwsError, match="CAPABILITY_AUTO_EXPAND"):
        harness.create(template("sam.yaml"), Capabilities=IAM)
    broken = dumps(
        {
            "Transform": "AWS::Serverless-2016-10-31",
            "Resources": {"F": {"Type": "AWS::Serverless::StateMachine", "Properties": {"Nonsense": 1}}},
        }
    )
    harness.create(broken, Capabilities=["CAPABILITY_AUTO_EXPAND"])
    assert harness.state() == "ROLLBACK_COMPLETE"
    assert any("Invalid Serverless Application Specification document" in each for each in harness.reasons())


def test_a_scheduled_job_of_copilot_runs(harness: CloudFormationHarness) -> None:
    environment = {
        "Resources": {"Cluster": {"Type": "AWS::ECS::Cluster"}},
        "Outputs": {
            name: {"Value": value, "Export": {"Name": f"app-test-{name}"}}
            for name, value in {
                "ClusterId": {"Ref": "Cluster"},
                "PublicSubnets": "subnet-1,subnet-2",
                "EnvironmentSecurityGroup": "sg-1",
            }.items()
        },
    }
    harness.create(dumps(environment), name="app-test")
    values = {
        "AppName": "app",
        "EnvName": "test",
        "WorkloadName": "job",
        "Schedule": "rate(1 hour)",
        "ContainerImage": "busybox",
        "TaskCPU": "256",
        "TaskMemory": "512",
        "TaskCount": "1",
        "LogRetention": "30",
        "ArtifactKeyARN": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1",
    }
    harness.runtime.script(Script(after=None))
    harness.create(template("copilot.yaml"), name="app-test-job", values=values, Capabilities=IAM)
    assert harness.state("app-test-job") == "CREATE_COMPLETE", harness.reasons("app-test-job")
    harness.advance(HOUR)
    assert fail_then_succeed(harness)["COPILOT_SERVICE_NAME"] == "job"
    (run,) = executions(harness, harness.physical("StateMachine", "app-test-job"))
    assert run["status"] == "SUCCEEDED"
    logged = harness.call("logs", "FilterLogEvents", logGroupName="/copilot/app-test-job")["events"]
    assert any("ExecutionSucceeded" in event["message"] for event in logged)


@pytest.mark.parametrize("value", [{"Fn::Length": ["a"]}, {"Fn::Join": ["", [{"Fn::ToJsonString": {"a": 1}}]]}])
def test_a_function_of_the_language_extensions_needs_their_transform(
    harness: CloudFormationHarness, value: Json
) -> None:
    document = {"Resources": {"Q": queue()}, "Outputs": {"Value": {"Value": value}}}
    with pytest.raises(AwsError, match="Encountered unsupported function: Fn::"):
        harness.create(dumps(document))
    harness.create(dumps(document | {"Transform": "AWS::LanguageExtensions"}), Capabilities=["CAPABILITY_AUTO_EXPAND"])
    assert harness.state() == "CREATE_COMPLETE"
