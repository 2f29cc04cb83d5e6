"""Create, show, update, delete and list schedules, and refuse invalid ones."""

from collections.abc import Mapping

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from tests.engine_harness import ACCOUNT, REGION, ROLE
from tests.services.scheduler.scheduler_harness import (
    DEAD_LETTER_QUEUE,
    HOUR,
    OFF,
    QUEUE,
    SchedulerHarness,
    parse_time,
    schedule_request,
)

SDK = "arn:aws:scheduler:::aws-sdk:"
LAMBDA = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"


def expect_error(harness: SchedulerHarness, operation: str, **params: Json) -> tuple[str, str]:
    """Call an operation that must fail, and return the code and the message of its error."""
    with pytest.raises(AwsError) as caught:
        harness.call("scheduler", operation, **params)
    return caught.value.code, caught.value.message


def expect_validation_error(harness: SchedulerHarness, **params: Json) -> str:
    """Call CreateSchedule, which must fail with a ValidationException, and return the message."""
    code, message = expect_error(harness, "CreateSchedule", **schedule_request("rate(1 hour)") | params)
    assert code == "ValidationException"
    return message


def list_names(harness: SchedulerHarness, **params: Json) -> list[str]:
    return [each["Name"] for each in harness.call("scheduler", "ListSchedules", **params)["Schedules"]]


def test_a_schedule_is_shown_with_its_defaults(harness: SchedulerHarness) -> None:
    arn = harness.create_schedule("rate(1 hour)")
    now = harness.clock.now() / 1000
    assert harness.get_schedule() == {
        "Arn": arn,
        "Name": "job",
        "GroupName": "default",
        "State": "ENABLED",
        "CreationDate": now,
        "LastModificationDate": now,
        "ScheduleExpression": "rate(1 hour)",
        "ScheduleExpressionTimezone": "UTC",
        "FlexibleTimeWindow": OFF,
        "ActionAfterCompletion": "NONE",
        "Target": {
            "Arn": QUEUE,
            "RoleArn": ROLE,
            "Input": "<aws.scheduler.scheduled-time>",
            "RetryPolicy": {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185},
        },
    }


def test_an_update_replaces_all_settings(harness: SchedulerHarness) -> None:
    harness.create_schedule(
        "rate(1 hour)", Description="before", StartDate=parse_time("2026-02-01") / 1000, State="DISABLED"
    )
    created = harness.get_schedule()["CreationDate"]
    harness.advance(HOUR)
    harness.call("scheduler", "UpdateSchedule", **schedule_request("cron(0 1 * * ? *)"))
    found = harness.get_schedule()
    assert (found["State"], found["CreationDate"]) == ("ENABLED", created)
    assert found["LastModificationDate"] == created + 3600
    assert not {"Description", "StartDate"} & found.keys()


def test_the_error_for_a_missing_schedule_contains_its_name(harness: SchedulerHarness) -> None:
    expected = ("ResourceNotFoundException", "Schedule job does not exist.")
    assert expect_error(harness, "GetSchedule", Name="job") == expected
    assert expect_error(harness, "DeleteSchedule", Name="job") == expected
    assert expect_error(harness, "UpdateSchedule", **schedule_request("rate(1 hour)")) == expected


def test_the_name_of_a_schedule_is_unique_in_its_group_and_account(harness: SchedulerHarness) -> None:
    harness.call("scheduler", "CreateScheduleGroup", Name="other")
    harness.create_schedule("rate(1 hour)")
    harness.create_schedule("rate(1 hour)", GroupName="other")
    again = expect_error(harness, "CreateSchedule", **schedule_request("rate(1 hour)"))
    assert again == ("ConflictException", "Schedule job already exists.")
    elsewhere = Caller("999999999999", REGION)
    harness.run(harness.engine.call(elsewhere, "scheduler", "CreateSchedule", schedule_request("rate(1 hour)")))
    assert list_names(harness) == ["job", "job"]


def test_a_schedule_is_deleted_with_its_timers(harness: SchedulerHarness) -> None:
    harness.create_schedule("cron(0 1 * * ? *)")
    harness.call("scheduler", "DeleteSchedule", Name="job")
    harness.advance(2 * HOUR)
    assert harness.calls() == harness.rows("SELECT * FROM timers") == harness.rows("SELECT * FROM schedules") == []


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"ScheduleExpression": "rate(10 seconds)"}, "Invalid Schedule Expression rate(10 seconds)."),
        ({"ScheduleExpressionTimezone": "Mars/Olympus"}, "Invalid Schedule Expression Timezone Mars/Olympus."),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "MaximumWindowInMinutes must be provided"),
        ({"FlexibleTimeWindow": {"Mode": "OFF", "MaximumWindowInMinutes": 5}}, "MaximumWindowInMinutes must not be"),
        (
            {"StartDate": parse_time("2025-12-31T23:54:59") / 1000},
            "The StartDate you specify cannot be earlier than 5 minutes ago.",
        ),
        ({"EndDate": parse_time("2025-12-31T23:59:59") / 1000}, "The EndDate you specify cannot be in the past."),
        (
            {"StartDate": parse_time("2026-02-01") / 1000, "EndDate": parse_time("2026-01-15") / 1000},
            "The EndDate you specify must come after the StartDate.",
        ),
    ],
)
def test_an_invalid_schedule_is_refused(harness: SchedulerHarness, params: Mapping[str, Json], message: str) -> None:
    assert expect_validation_error(harness, **params).startswith(message)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"Arn": "nonsense"}, "Provided Arn is not in correct format."),
        ({"Arn": f"arn:aws:backup:{REGION}:{ACCOUNT}:vault:v"}, "backup is not a supported service for a target."),
        ({"Arn": f"arn:aws:scheduler:{REGION}:{ACCOUNT}:x"}, "scheduler is not a supported service for a target."),
        ({"Arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:g"}, "logs is not a supported service for a target."),
        ({"Arn": f"arn:aws:states:{REGION}:{ACCOUNT}:activity:a"}, "Provided Arn is not in correct format."),
        ({"Arn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/c"}, "EcsParameters must be provided"),
        ({"Arn": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/b"}, "EventBridgeParameters must be provided"),
        ({"Arn": f"{QUEUE}.fifo"}, "MessageGroupId must be provided"),
        ({"Arn": LAMBDA, "Input": "no JSON"}, "The Input of this target must be well-formed JSON."),
        (
            {"Arn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/c", "EcsParameters": {}, "Input": "[]"},
            "The Input of this target must be a JSON object.",
        ),
        ({"Arn": f"{SDK}sqs:getQueueUrl", "Input": "{}"}, "getQueueUrl API is not supported."),
        ({"Arn": f"{SDK}sqs:ListQueues", "Input": "{}"}, "ListQueues API is not supported."),
        ({"Arn": f"{SDK}dynamodb:batchGetItem", "Input": "{}"}, "batchGetItem API is not supported."),
        ({"Arn": f"{SDK}sqs:fly", "Input": "{}"}, "fly API is not supported."),
        ({"Arn": f"{SDK}moon:land", "Input": "{}"}, "moon is not a supported service for a target."),
        ({"Arn": f"{SDK}sqs", "Input": "{}"}, "Provided Arn is not in correct format."),
        ({"Arn": f"{SDK}sqs:sendMessage"}, "You must provide an input to set this target for your schedule."),
        ({"Arn": f"{SDK}sqs:sendMessage", "Input": "[]"}, "The Input of a universal target must be a JSON object"),
    ],
)
def test_an_invalid_target_is_refused(harness: SchedulerHarness, target: Mapping[str, Json], message: str) -> None:
    assert expect_validation_error(harness, Target={"RoleArn": ROLE, **target}).startswith(message)


@pytest.mark.parametrize(
    "arn",
    [
        f"{SDK}ec2:startInstances",
        f"{SDK}sqs:sendMessage",
        f"{SDK}eventbridge:putEvents",
        f"{SDK}ecs:RunTask",
        f"{SDK}applicationautoscaling:putScheduledAction",
        f"{SDK}cognitoidentityprovider:adminDisableUser",
    ],
)
def test_every_aws_call_that_changes_something_may_be_a_universal_target(harness: SchedulerHarness, arn: str) -> None:
    harness.create_schedule("rate(1 hour)", target={"Arn": arn, "RoleArn": ROLE, "Input": "{}"}, State="DISABLED")
    assert harness.get_schedule()["Target"]["Arn"] == arn


def test_an_update_may_keep_a_start_date_in_the_past(harness: SchedulerHarness) -> None:
    start = harness.clock.now() / 1000
    harness.create_schedule("rate(1 hour)", StartDate=start)
    harness.advance(HOUR)
    harness.call("scheduler", "UpdateSchedule", **schedule_request("rate(2 hours)", StartDate=start))
    changed = schedule_request("rate(2 hours)", StartDate=start + 1)
    assert expect_error(harness, "UpdateSchedule", **changed)[1].startswith(
        "The StartDate you specify cannot be earlier"
    )


def test_a_request_with_a_client_token_is_carried_out_once(harness: SchedulerHarness) -> None:
    first = harness.create_schedule("rate(1 hour)", ClientToken="token")
    assert harness.create_schedule("rate(1 hour)", ClientToken="token") == first
    other = expect_error(harness, "CreateSchedule", **schedule_request("rate(2 hours)", ClientToken="token"))
    assert other[0] == "ConflictException"
    for _ in range(2):
        assert harness.call("scheduler", "DeleteSchedule", Name="job", ClientToken="gone") == {}


def test_a_refused_request_may_be_sent_again_with_its_client_token(harness: SchedulerHarness) -> None:
    refused_request = schedule_request("rate(1 hour)", GroupName="later", ClientToken="token")
    assert expect_error(harness, "CreateSchedule", **refused_request) == (
        "ResourceNotFoundException",
        "Schedule group later does not exist.",
    )
    harness.call("scheduler", "CreateScheduleGroup", Name="later")
    harness.call("scheduler", "CreateSchedule", **refused_request)
    assert list_names(harness, GroupName="later") == ["job"]


def test_schedules_are_listed_in_pages_by_group_prefix_and_state(harness: SchedulerHarness) -> None:
    harness.call("scheduler", "CreateScheduleGroup", Name="z")
    for name in ("b-1", "a-2", "a-1", "c"):
        harness.create_schedule("rate(1 hour)", name, State="DISABLED" if name == "c" else "ENABLED")
    harness.create_schedule("rate(1 hour)", "a-3", GroupName="z")
    assert list_names(harness) == ["a-1", "a-2", "b-1", "c", "a-3"]
    assert list_names(harness, GroupName="default") == ["a-1", "a-2", "b-1", "c"]
    assert list_names(harness, GroupName="default", NamePrefix="a-") == ["a-1", "a-2"]
    assert list_names(harness, NamePrefix="a-") == ["a-1", "a-2", "a-3"]
    assert list_names(harness, State="DISABLED") == ["c"]
    assert expect_error(harness, "ListSchedules", GroupName="nowhere") == (
        "ResourceNotFoundException",
        "Schedule group nowhere does not exist.",
    )
    for bad in ("nonsense", "arn:aws:scheduler:us-east-1:123456789012:schedule-group/z"):
        assert expect_error(harness, "ListSchedules", NextToken=bad)[0] == "ValidationException"
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = harness.call("scheduler", "ListSchedules", MaxResults=2, **token)
        found += [each["Name"] for each in page["Schedules"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert found == ["a-1", "a-2", "b-1", "c", "a-3"]
    assert page["Schedules"][0]["Target"] == {"Arn": QUEUE}


def test_dead_letter_queue_and_ecs_parameters_are_stored_unchanged(harness: SchedulerHarness) -> None:
    network = {"awsvpcConfiguration": {"Subnets": ["subnet-1"], "AssignPublicIp": "ENABLED"}}
    target = {
        "Arn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/c",
        "RoleArn": ROLE,
        "DeadLetterConfig": {"Arn": DEAD_LETTER_QUEUE},
        "RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60},
        "EcsParameters": {"TaskDefinitionArn": "job", "LaunchType": "FARGATE", "NetworkConfiguration": network},
    }
    harness.create_schedule("cron(0 1 * * ? *)", target=target)
    harness.restart()
    assert harness.get_schedule()["Target"] == target
