"""A person starts a task with the parameters with which its schedule or rule starts it."""

import pytest

from lamplighter.base.json_text import Json, dumps
from lamplighter.runs.tasks.run_task_request import BadTarget, PersonStart, differing_starters, person_request
from lamplighter.runs.tasks.scheduled_tasks import TaskStarter, rule_starters, schedule_starter
from lamplighter.runs.tasks.task_run import COMMAND_PREFIX

CLUSTER = "arn:aws:ecs:us-east-1:123456789012:cluster/batch"
DEFINITION = "arn:aws:ecs:us-east-1:123456789012:task-definition/night:7"
NETWORK = {"awsvpcConfiguration": {"Subnets": ["subnet-1"], "SecurityGroups": ["sg-1"], "AssignPublicIp": "DISABLED"}}
VPC = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"}}
START = PersonStart(COMMAND_PREFIX, 1_767_225_600_000, "0b5c")
SCHEDULE_ARN = "arn:aws:scheduler:us-east-1:123456789012:schedule/default/nightly"
RULE_ARN = "arn:aws:events:us-east-1:123456789012:rule/nightly"


def schedule(target: Json, **given: Json) -> TaskStarter:
    found = schedule_starter(
        {"Name": "nightly", "Arn": SCHEDULE_ARN, "ScheduleExpression": "rate(1 day)", "Target": target, **given}
    )
    assert found is not None
    return found


def rule(target: Json) -> TaskStarter:
    described = {"Name": "nightly", "Arn": RULE_ARN, "ScheduleExpression": "rate(1 day)", "State": "ENABLED"}
    (found,) = rule_starters(described, [target])
    return found


def ecs_target(parameters: Json = None, **target: Json) -> Json:
    return {"Arn": CLUSTER, "EcsParameters": {"TaskDefinitionArn": DEFINITION, **(parameters or {})}, **target}


def request(starter: TaskStarter) -> Json:
    made = person_request(starter, START)
    assert (made.pop("startedBy"), made.pop("clientToken")) == ("lamplighter-run/nightly", "0b5c")
    return made


def test_the_parameters_of_a_schedule_are_those_of_the_task() -> None:
    parameters = {"TaskCount": 2, "LaunchType": "FARGATE", "NetworkConfiguration": NETWORK, "Tags": [{"team": "ops"}]}
    overrides = '{"containerOverrides": [{"name": "main", "command": ["<aws.scheduler.scheduled-time>"]}]}'
    assert request(schedule(ecs_target(parameters, Input=overrides))) == {
        "cluster": CLUSTER,
        "taskDefinition": DEFINITION,
        "count": 2,
        "launchType": "FARGATE",
        "networkConfiguration": VPC,
        "tags": [{"key": "team", "value": "ops"}],
        "overrides": {"containerOverrides": [{"name": "main", "command": ["2026-01-01T00:00:00Z"]}]},
    }


def test_the_parameters_of_a_universal_target_are_the_call_itself() -> None:
    given = {"TaskDefinition": DEFINITION, "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["subnet-1"]}},
             "ClientToken": "once", "StartedBy": "me"}  # fmt: skip
    target = {"Arn": "arn:aws:scheduler:::aws-sdk:ecs:runTask", "Input": dumps(given)}
    assert request(schedule(target)) == {
        "cluster": "default",
        "taskDefinition": DEFINITION,
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
    }


def test_the_overrides_of_a_rule_are_its_constant_or_made_from_the_event_of_now() -> None:
    constant = request(rule(ecs_target({"Tags": [{"Key": "a", "Value": "b"}]}, Input='{"cpu": "256"}')))
    assert (constant["overrides"], constant["tags"]) == ({"cpu": "256"}, [{"key": "a", "value": "b"}])
    transformer = {
        "InputPathsMap": {"when": "$.time"},
        "InputTemplate": '{"containerOverrides": [{"name": "main", "command": [<when>, "<aws.events.rule-name>"]}]}',
    }
    made = request(rule(ecs_target(InputTransformer=transformer)))
    assert made["overrides"]["containerOverrides"][0]["command"] == ["2026-01-01T00:00:00Z", "nightly"]
    assert "overrides" not in request(rule(ecs_target()))


def test_an_input_that_is_no_document_says_which_schedule_has_it() -> None:
    with pytest.raises(BadTarget, match="the input of the rule nightly cannot be used"):
        request(rule(ecs_target(Input="later")))


def test_schedules_that_start_the_same_are_no_choice() -> None:
    one, same = schedule(ecs_target(), State="DISABLED"), schedule(ecs_target())
    other = schedule(ecs_target(Input="{}"))
    assert differing_starters([one, same]) == [same]
    assert differing_starters([one, other, same]) == [other, same]
