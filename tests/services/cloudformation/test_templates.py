"""Templates that somebody has already come up here unchanged, and do what they say."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.jsontext import Json, dumps, loads
from lamplighter.runtime.fake import Script
from tests.engines import DAY, HOUR
from tests.services.cloudformation.office import Office, template

IAM = ["CAPABILITY_IAM"]


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


def test_a_scheduled_fargate_task_of_the_cdk_runs_its_container(office: Office) -> None:
    office.create(template("cdk_scheduled_fargate.json"), Capabilities=IAM)
    assert office.state() == "CREATE_COMPLETE", office.reasons()
    office.advance(2 * HOUR)
    (container,) = office.runtime.begun.values()
    assert container.environment["MODE"] == "nightly"


def test_a_schedule_of_the_cdk_starts_its_state_machine(office: Office) -> None:
    office.create(template("cdk_scheduled_machine.json"), Capabilities=IAM)
    assert office.state() == "CREATE_COMPLETE", office.reasons()
    office.advance(17 * HOUR)
    (run,) = executions(office, office.physical("Machine6FC8AE80"))
    assert run["status"] == "SUCCEEDED"
    (container,) = office.runtime.begun.values()
    assert container.environment["DAY"].startswith("2026-01-01T17:00:00")


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
    }
    office.create(template("copilot.yaml"), name="app-test-job", values=values, Capabilities=IAM)
    assert office.state("app-test-job") == "CREATE_COMPLETE", office.reasons("app-test-job")
    office.advance(HOUR)
    (run,) = executions(office, office.physical("StateMachine", "app-test-job"))
    assert run["status"] == "SUCCEEDED"
