"""Operations on schedules: what they keep, show and refuse."""

from collections.abc import Mapping

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from tests.engine_harness import ACCOUNT, REGION, ROLE
from tests.services.scheduler.scheduler_harness import DEAD, HOUR, OFF, QUEUE, SchedulerHarness, instant, request

SDK = "arn:aws:scheduler:::aws-sdk:"
LAMBDA = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"


def refusal(harness: SchedulerHarness, operation: str, **params: Json) -> tuple[str, str]:
    """The code and the message of an error."""
    with pytest.raises(AwsError) as caught:
        harness.call("scheduler", operation, **params)
    return caught.value.code, caught.value.message


def refused(harness: SchedulerHarness, **params: Json) -> str:
    """The message of CreateSchedule's ValidationException."""
    code, message = refusal(harness, "CreateSchedule", **request("rate(1 hour)") | params)
    assert code == "ValidationException"
    return message


def names(harness: SchedulerHarness, **params: Json) -> list[str]:
    return [each["Name"] for each in harness.call("scheduler", "ListSchedules", **params)["Schedules"]]


def test_a_schedule_is_shown_with_all_that_was_not_said(harness: SchedulerHarness) -> None:
    arn = harness.schedule("rate(1 hour)")
    now = harness.clock.now() / 1000
    assert harness.get() == {
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


def test_an_update_replaces_everything(harness: SchedulerHarness) -> None:
    harness.schedule("rate(1 hour)", Description="before", StartDate=instant("2026-02-01") / 1000, State="DISABLED")
    created = harness.get()["CreationDate"]
    harness.advance(HOUR)
    harness.call("scheduler", "UpdateSchedule", **request("cron(0 1 * * ? *)"))
    found = harness.get()
    assert (found["State"], found["CreationDate"]) == ("ENABLED", created)
    assert found["LastModificationDate"] == created + 3600
    assert not {"Description", "StartDate"} & found.keys()


def test_a_schedule_that_is_not_there_is_told_by_its_name(harness: SchedulerHarness) -> None:
    expected = ("ResourceNotFoundException", "Schedule job does not exist.")
    assert refusal(harness, "GetSchedule", Name="job") == expected
    assert refusal(harness, "DeleteSchedule", Name="job") == expected
    assert refusal(harness, "UpdateSchedule", **request("rate(1 hour)")) == expected


def test_a_name_is_taken_once_in_a_group_and_an_account(harness: SchedulerHarness) -> None:
    harness.call("scheduler", "CreateScheduleGroup", Name="other")
    harness.schedule("rate(1 hour)")
    harness.schedule("rate(1 hour)", GroupName="other")
    again = refusal(harness, "CreateSchedule", **request("rate(1 hour)"))
    assert again == ("ConflictException", "Schedule job already exists.")
    elsewhere = Caller("999999999999", REGION)
    harness.run(harness.engine.call(elsewhere, "scheduler", "CreateSchedule", request("rate(1 hour)")))
    assert names(harness) == ["job", "job"]


def test_a_schedule_is_deleted_with_its_timers(harness: SchedulerHarness) -> None:
    harness.schedule("cron(0 1 * * ? *)")
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
            {"StartDate": instant("2025-12-31T23:54:59") / 1000},
            "The StartDate you specify cannot be earlier than 5 minutes ago.",
        ),
        ({"EndDate": instant("2025-12-31T23:59:59") / 1000}, "The EndDate you specify cannot be in the past."),
        (
            {"StartDate": instant("2026-02-01") / 1000, "EndDate": instant("2026-01-15") / 1000},
            "The EndDate you specify must come after the StartDate.",
        ),
    ],
)
def test_what_makes_no_schedule_is_refused(harness: SchedulerHarness, params: Mapping[str, Json], message: str) -> None:
    assert refused(harness, **params).startswith(message)


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
def test_what_is_no_target_is_refused(harness: SchedulerHarness, target: Mapping[str, Json], message: str) -> None:
    assert refused(harness, Target={"RoleArn": ROLE, **target}).startswith(message)


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
def test_every_call_of_aws_that_changes_something_is_a_target(harness: SchedulerHarness, arn: str) -> None:
    harness.schedule("rate(1 hour)", target={"Arn": arn, "RoleArn": ROLE, "Input": "{}"}, State="DISABLED")
    assert harness.get()["Target"]["Arn"] == arn


def test_an_old_start_may_stay_when_something_else_changes(harness: SchedulerHarness) -> None:
    start = harness.clock.now() / 1000
    harness.schedule("rate(1 hour)", StartDate=start)
    harness.advance(HOUR)
    harness.call("scheduler", "UpdateSchedule", **request("rate(2 hours)", StartDate=start))
    changed = request("rate(2 hours)", StartDate=start + 1)
    assert refusal(harness, "UpdateSchedule", **changed)[1].startswith("The StartDate you specify cannot be earlier")


def test_the_same_request_with_its_token_is_carried_out_once(harness: SchedulerHarness) -> None:
    first = harness.schedule("rate(1 hour)", ClientToken="token")
    assert harness.schedule("rate(1 hour)", ClientToken="token") == first
    other = refusal(harness, "CreateSchedule", **request("rate(2 hours)", ClientToken="token"))
    assert other[0] == "ConflictException"
    for _ in range(2):
        assert harness.call("scheduler", "DeleteSchedule", Name="job", ClientToken="gone") == {}


def test_a_refused_request_may_be_sent_again_with_its_token(harness: SchedulerHarness) -> None:
    wrong = request("rate(1 hour)", GroupName="later", ClientToken="token")
    assert refusal(harness, "CreateSchedule", **wrong) == (
        "ResourceNotFoundException",
        "Schedule group later does not exist.",
    )
    harness.call("scheduler", "CreateScheduleGroup", Name="later")
    harness.call("scheduler", "CreateSchedule", **wrong)
    assert names(harness, GroupName="later") == ["job"]


def test_lists_come_in_pages_by_group_prefix_and_state(harness: SchedulerHarness) -> None:
    harness.call("scheduler", "CreateScheduleGroup", Name="z")
    for name in ("b-1", "a-2", "a-1", "c"):
        harness.schedule("rate(1 hour)", name, State="DISABLED" if name == "c" else "ENABLED")
    harness.schedule("rate(1 hour)", "a-3", GroupName="z")
    assert names(harness) == ["a-1", "a-2", "b-1", "c", "a-3"]
    assert names(harness, GroupName="default") == ["a-1", "a-2", "b-1", "c"]
    assert names(harness, GroupName="default", NamePrefix="a-") == ["a-1", "a-2"]
    assert names(harness, NamePrefix="a-") == ["a-1", "a-2", "a-3"]
    assert names(harness, State="DISABLED") == ["c"]
    assert refusal(harness, "ListSchedules", GroupName="nowhere") == (
        "ResourceNotFoundException",
        "Schedule group nowhere does not exist.",
    )
    for bad in ("nonsense", "arn:aws:scheduler:us-east-1:123456789012:schedule-group/z"):
        assert refusal(harness, "ListSchedules", NextToken=bad)[0] == "ValidationException"
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


def test_dead_letter_queue_and_ecs_parameters_are_kept_as_they_were_given(harness: SchedulerHarness) -> None:
    network = {"awsvpcConfiguration": {"Subnets": ["subnet-1"], "AssignPublicIp": "ENABLED"}}
    target = {
        "Arn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/c",
        "RoleArn": ROLE,
        "DeadLetterConfig": {"Arn": DEAD},
        "RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60},
        "EcsParameters": {"TaskDefinitionArn": "job", "LaunchType": "FARGATE", "NetworkConfiguration": network},
    }
    harness.schedule("cron(0 1 * * ? *)", target=target)
    harness.restart()
    assert harness.get()["Target"] == target
