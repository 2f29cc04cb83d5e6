"""Templates that somebody has already come up here unchanged, and do what they say."""

import os
import subprocess
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.runtime.fake import Script
from tests.engines import ACCOUNT, DAY, HOUR, REGION
from tests.services.cloudformation.office import TEMPLATES, Office, template

IAM = ["CAPABILITY_IAM"]
RAW = {"RawMessageDelivery": "true"}
CDK = TEMPLATES / "cdk"


def executions(office: Office, machine: str) -> list[Json]:
    listed: list[Json] = office.call("states", "ListExecutions", stateMachineArn=machine)["executions"]
    return listed


def test_the_article_s_batch_comes_up_and_runs_its_container_to_the_end_at_its_hour(office: Office) -> None:
    office.create(template("article.yaml"), name="nightly", Capabilities=IAM)
    assert office.state("nightly") == "CREATE_COMPLETE", office.reasons("nightly")
    machine = office.outputs("nightly")["Machine"]
    office.runtime.script(Script(after=None))
    # 02:00 in Seoul is 17:00 UTC; the day begins at midnight.
    office.advance(17 * HOUR - 1)
    assert office.runtime.begun == {}
    office.advance(1)
    (run,) = executions(office, machine)
    assert run["status"] == "RUNNING"
    office.finish_containers(0)
    (run,) = executions(office, machine)
    assert run["status"] == "SUCCEEDED"
    (container,) = office.runtime.begun.values()
    assert container.environment["STAGE"] == "nightly"


def test_the_article_s_batch_tries_again_after_ten_seconds(office: Office) -> None:
    office.runtime.script(Script(after=None))
    office.create(template("article.yaml"), name="nightly", Capabilities=IAM)
    office.advance(17 * HOUR)
    office.finish_containers(3)
    office.advance(10_000)
    office.finish_containers(0)
    (run,) = executions(office, office.outputs("nightly")["Machine"])
    assert run["status"] == "SUCCEEDED"
    assert len(office.runtime.begun) == 2


def test_the_article_s_batch_goes_as_it_came(office: Office) -> None:
    key = office.create(template("article.yaml"), name="nightly", Capabilities=IAM)
    office.delete("nightly")
    assert office.state(key) == "DELETE_COMPLETE", office.reasons(key)
    assert office.call("scheduler", "ListSchedules")["Schedules"] == []
    assert office.call("states", "ListStateMachines")["stateMachines"] == []
    assert office.call("events", "ListRules")["Rules"] == []


def test_the_article_s_batch_moves_to_another_hour(office: Office) -> None:
    office.create(template("article.yaml"), name="nightly", Capabilities=IAM)
    office.update(None, name="nightly", values={"Hour": "3"}, Capabilities=IAM)
    (schedule,) = office.call("scheduler", "ListSchedules")["Schedules"]
    found = office.call("scheduler", "GetSchedule", Name=schedule["Name"])
    assert found["ScheduleExpression"] == "cron(0 3 * * ? *)"


def retried(office: Office) -> Json:
    """Let the container that runs fail, and its next attempt be good; the environment that it had."""
    office.finish_containers(3)
    office.advance(10_000)
    office.finish_containers(0)
    first, second = office.runtime.begun.values()
    assert first.environment.items() - second.environment.items() <= {
        ("LAMPLIGHTER_TASK_ARN", first.environment["LAMPLIGHTER_TASK_ARN"])
    }
    return second.environment


def tasks(office: Office, cluster: str) -> list[Json]:
    """The tasks of a cluster that ended."""
    listed = office.call("ecs", "ListTasks", cluster=cluster, desiredStatus="STOPPED")["taskArns"]
    described: list[Json] = office.call("ecs", "DescribeTasks", cluster=cluster, tasks=listed)["tasks"]
    return described


def test_a_scheduled_fargate_task_of_the_cdk_runs_its_container(office: Office) -> None:
    office.create(template("cdk/ScheduledFargate.template.json"), Capabilities=IAM)
    assert office.state() == "CREATE_COMPLETE", office.reasons()
    office.advance(2 * HOUR)
    (container,) = office.runtime.begun.values()
    assert container.environment["MODE"] == "nightly"
    assert container.command == ("sh", "-c", "echo hello")
    (task,) = tasks(office, office.physical("ClusterEB0386A7"))
    assert (task["lastStatus"], task["containers"][0]["exitCode"]) == ("STOPPED", 0)


def test_a_schedule_of_the_cdk_starts_its_state_machine_which_tries_again(office: Office) -> None:
    office.runtime.script(Script(after=None))
    office.create(template("cdk/ScheduledMachine.template.json"), Capabilities=IAM)
    assert office.state() == "CREATE_COMPLETE", office.reasons()
    office.advance(17 * HOUR)
    assert retried(office)["DAY"].startswith("2026-01-01T17:00:00")
    (run,) = executions(office, office.outputs()["MachineArn"])
    assert run["status"] == "SUCCEEDED"


def test_a_state_machine_of_the_cdk_tells_of_its_failure_when_its_attempts_are_spent(office: Office) -> None:
    office.runtime.script(Script(after=None))
    office.create(template("cdk/ScheduledMachine.template.json"), Capabilities=IAM)
    told = office.call("sqs", "CreateQueue", QueueName="told")["QueueUrl"]
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:told"
    topic = office.physical("Alerts91F83244")
    office.call("sns", "Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes=RAW)
    office.advance(17 * HOUR)
    for wait in (10_000, 20_000, 0):
        office.finish_containers(3)
        office.advance(wait)
    (run,) = executions(office, office.outputs()["MachineArn"])
    assert run["status"] == "FAILED"
    (message,) = office.call("sqs", "ReceiveMessage", QueueUrl=told)["Messages"]
    assert loads(message["Body"])["Error"] == "States.TaskFailed"


def test_a_task_that_the_cdk_has_scheduler_run_is_run_in_its_own_group(office: Office) -> None:
    office.create(template("cdk/ScheduledTask.template.json"), Capabilities=IAM)
    assert office.state() == "CREATE_COMPLETE", office.reasons()
    (schedule,) = office.call("scheduler", "ListSchedules", GroupName=office.physical("GroupC77FDACD"))["Schedules"]
    assert schedule["State"] == "ENABLED"
    # The first time of a rate is when its schedule begins.
    (container,) = office.runtime.begun.values()
    assert container.environment["MODE"] == "direct"
    (task,) = tasks(office, office.physical("ClusterEB0386A7"))
    assert (task["lastStatus"], task["capacityProviderName"]) == ("STOPPED", "FARGATE_SPOT")


def test_what_surrounds_a_batch_of_the_cdk_comes_up_and_what_is_not_simulated_is_listed(office: Office) -> None:
    office.create(template("cdk/Surroundings.template.json"), Capabilities=IAM)
    assert office.state() == "CREATE_COMPLETE", office.reasons()
    listed = office.stack()["StackStatusReason"]
    assert "Seed]" in listed
    assert "SeederD17DDE2F" in listed
    assert "Alerts" not in listed
    (rule,) = office.call("events", "ListRules")["Rules"]
    assert loads(rule["EventPattern"])["source"] == ["aws.states"]
    assert office.outputs()["SeedValue"]


@pytest.mark.skipif(
    not CDK.joinpath("node_modules/aws-cdk-lib").exists(), reason="npm install in templates/cdk makes it run"
)
def test_the_cdk_still_writes_its_templates_as_they_are_kept_here(tmp_path: Path) -> None:
    environment = {**os.environ, "CDK_OUTDIR": str(tmp_path)}
    subprocess.run(["node", "app.mjs"], cwd=CDK, env=environment, check=True, capture_output=True, timeout=300)
    written = {path.name: loads(path.read_text()) for path in tmp_path.glob("*.template.json")}
    assert written == {path.name: loads(path.read_text()) for path in CDK.glob("*.template.json")}


def test_a_batch_of_sam_is_run_by_its_schedule_and_tries_again(office: Office) -> None:
    office.runtime.script(Script(after=None))
    office.create(template("sam_batch.yaml"), Capabilities=[*IAM, "CAPABILITY_AUTO_EXPAND"])
    assert office.state() == "CREATE_COMPLETE", office.reasons()
    office.advance(12 * HOUR)
    (container,) = office.runtime.begun.values()
    assert container.environment["BY"] == "rule"
    office.finish_containers(0)
    office.runtime.begun.clear()
    office.advance(5 * HOUR)
    assert retried(office)["BY"] == "scheduler"
    assert {run["status"] for run in executions(office, office.outputs()["Nightly"])} == {"SUCCEEDED"}


def test_a_template_of_sam_comes_up_with_all_its_events(office: Office) -> None:
    office.create(template("sam.yaml"), Capabilities=[*IAM, "CAPABILITY_AUTO_EXPAND"])
    assert office.state() == "CREATE_COMPLETE", office.reasons()
    machine = office.outputs()["Machine"]
    office.advance(DAY)
    entry = {"Source": "shop", "DetailType": "Ordered", "Detail": "{}"}
    office.call("events", "PutEvents", Entries=[entry])
    office.settle()
    runs = [office.describe(each["executionArn"]) for each in executions(office, machine)]
    assert sorted(loads(run["input"]).get("by", "event") for run in runs) == ["event", "rule", "schedule"]
    assert {loads(run["output"]) for run in runs} == {"hello"}
    processed = loads(office.cf("GetTemplate", StackName="stack")["TemplateBody"])
    assert "Transform" not in processed
    assert office.cf("GetTemplate", StackName="stack", TemplateStage="Original")["TemplateBody"] == template("sam.yaml")


def test_a_transform_needs_a_capability_and_says_what_is_wrong(office: Office) -> None:
    with pytest.raises(AwsError, match="CAPABILITY_AUTO_EXPAND"):
        office.create(template("sam.yaml"), Capabilities=IAM)
    broken = dumps(
        {
            "Transform": "AWS::Serverless-2016-10-31",
            "Resources": {"F": {"Type": "AWS::Serverless::StateMachine", "Properties": {"Nonsense": 1}}},
        }
    )
    with pytest.raises(AwsError, match="Invalid Serverless Application Specification document"):
        office.create(broken, Capabilities=["CAPABILITY_AUTO_EXPAND"])
    with pytest.raises(AwsError, match="No transform named Mine found"):
        office.create(dumps({"Transform": "Mine", "Resources": {}}), Capabilities=["CAPABILITY_AUTO_EXPAND"])


def test_a_scheduled_job_of_copilot_runs(office: Office) -> None:
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
    office.create(dumps(environment), name="app-test")
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
    office.runtime.script(Script(after=None))
    office.create(template("copilot.yaml"), name="app-test-job", values=values, Capabilities=IAM)
    assert office.state("app-test-job") == "CREATE_COMPLETE", office.reasons("app-test-job")
    office.advance(HOUR)
    assert retried(office)["COPILOT_SERVICE_NAME"] == "job"
    (run,) = executions(office, office.physical("StateMachine", "app-test-job"))
    assert run["status"] == "SUCCEEDED"
    logged = office.call("logs", "FilterLogEvents", logGroupName="/copilot/app-test-job")["events"]
    assert any("ExecutionSucceeded" in event["message"] for event in logged)
