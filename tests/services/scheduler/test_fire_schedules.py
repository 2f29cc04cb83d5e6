"""A schedule fires once at each of its slots, and each slot is recorded."""

import itertools
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from tests.engine_harness import ACCOUNT, REGION, ROLE, job
from tests.services.scheduler.scheduler_harness import (
    DAY,
    HOUR,
    MINUTE,
    QUEUE,
    SchedulerHarness,
    format_time,
    parse_time,
)

SECOND = 1_000


def test_a_cron_schedule_fires_exactly_at_its_minute(harness: SchedulerHarness) -> None:
    harness.create_schedule("cron(30 6 * * ? *)")
    harness.advance(6 * HOUR + 30 * MINUTE - 1)
    assert harness.bodies() == []
    harness.advance(1)
    assert harness.bodies() == ["2026-01-01T06:30:00Z"]
    slot = harness.slots()[0]
    assert (slot.outcome, slot.late, format_time(slot.slot)) == ("DELIVERED", 0, "2026-01-01T06:30:00")


def test_a_nightly_schedule_in_new_york_follows_daylight_saving_time_and_is_never_late(
    harness: SchedulerHarness,
) -> None:
    harness.advance_to("2026-02-20T00:00:00")
    harness.create_schedule("cron(30 2 * * ? *)", ScheduleExpressionTimezone="America/New_York")
    for _ in range(31 * 48):
        harness.advance(HOUR // 2)
    nights = [body[5:16] for body in harness.bodies()]
    assert len(nights) == 30, "the night of March 8 has no half past two"
    assert nights[:2] + nights[15:17] == ["02-20T07:30", "02-21T07:30", "03-07T07:30", "03-09T06:30"]
    assert {slot.late for slot in harness.slots()} == {0}


def test_a_rate_fires_immediately_and_counts_from_its_creation(harness: SchedulerHarness) -> None:
    harness.advance(17 * SECOND)
    harness.create_schedule("rate(5 minutes)")
    harness.settle()
    assert harness.bodies() == ["2026-01-01T00:00:17Z"]
    for _ in range(10):
        harness.advance(MINUTE)
    assert harness.bodies()[1:] == ["2026-01-01T00:05:17Z", "2026-01-01T00:10:17Z"]


def test_a_rate_fires_immediately_even_if_its_creation_takes_time(tmp_path: Path) -> None:
    harness = SchedulerHarness(tmp_path / "data")
    ticks = itertools.count()
    harness._world = replace(harness._world, now=lambda: harness.clock.now() + next(ticks))
    harness.up()
    for number in range(5):
        harness.create_schedule("rate(1 hour)", f"job-{number}")
    harness.advance(SECOND)
    assert len(harness.bodies()) == 5
    harness.close()


def test_a_rate_fires_from_its_start_date_to_its_end_date(harness: SchedulerHarness) -> None:
    start, end = parse_time("2026-01-01T01:00:00") / 1000, parse_time("2026-01-01T02:10:00") / 1000
    harness.create_schedule("rate(30 minutes)", StartDate=start, EndDate=end)
    for _ in range(300):
        harness.advance(MINUTE)
    assert [body[11:16] for body in harness.bodies()] == ["01:00", "01:30", "02:00"]
    assert harness.rows("SELECT * FROM timers") == []


def test_a_one_time_schedule_fires_once_and_is_deleted_only_with_action_delete(harness: SchedulerHarness) -> None:
    harness.create_schedule("at(2026-01-01T09:00:00)", "stays", ScheduleExpressionTimezone="Asia/Seoul")
    harness.create_schedule(
        "at(2026-01-01T00:00:00)", "goes", ActionAfterCompletion="DELETE", ScheduleExpressionTimezone="UTC"
    )
    harness.settle()
    harness.advance(DAY)
    assert sorted(harness.bodies()) == ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"]
    assert [each["Name"] for each in harness.call("scheduler", "ListSchedules")["Schedules"]] == ["stays"]
    assert harness.get_schedule("stays")["State"] == "ENABLED"


def test_a_schedule_with_action_delete_is_deleted_with_its_slots_after_the_last_slot(
    harness: SchedulerHarness,
) -> None:
    harness.create_schedule(
        "rate(1 minute)", ActionAfterCompletion="DELETE", EndDate=parse_time("2026-01-01T00:02:30") / 1000
    )
    harness.settle()
    harness.advance(MINUTE)
    assert harness.outcomes() == ["DELIVERED", "DELIVERED"]
    harness.advance(MINUTE)
    assert len(harness.bodies()) == 3
    assert harness.rows("SELECT * FROM schedules") == harness.rows("SELECT * FROM slots") == []


def test_a_schedule_with_action_delete_waits_for_its_last_delivery(harness: SchedulerHarness) -> None:
    harness.engine.next_errors.extend([AwsError("later", code="ThrottlingException")] * 2)
    harness.create_schedule("at(2026-01-01T00:01:00)", ActionAfterCompletion="DELETE")
    harness.advance(MINUTE)
    assert harness.outcomes() == ["SENT"]
    for _ in range(30):
        harness.advance(SECOND)
    assert (len(harness.bodies()), harness.call("scheduler", "ListSchedules")["Schedules"]) == (1, [])


def test_a_recurring_schedule_without_an_end_date_is_not_deleted(harness: SchedulerHarness) -> None:
    harness.create_schedule("cron(1 0 1 1 ? 2026)", ActionAfterCompletion="DELETE")
    harness.advance(MINUTE)
    assert harness.outcomes() == ["DELIVERED"]
    assert harness.rows("SELECT * FROM timers") == []


def test_a_one_time_schedule_in_the_past_fires_immediately_and_once(harness: SchedulerHarness) -> None:
    harness.create_schedule("at(2022-12-31T23:59:59)")
    harness.settle()
    assert harness.bodies() == ["2022-12-31T23:59:59Z"]
    harness.call("scheduler", "UpdateSchedule", **UPDATE_REQUEST)
    harness.settle()
    assert len(harness.bodies()) == 1, "and once only"


UPDATE_REQUEST: Json = {
    "Name": "job",
    "ScheduleExpression": "at(2022-12-31T23:59:59)",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": {"Arn": QUEUE, "RoleArn": ROLE, "Input": "again"},
}


def test_a_disabled_schedule_does_not_fire_and_continues_when_it_is_enabled(harness: SchedulerHarness) -> None:
    harness.create_schedule("cron(0 * * * ? *)", State="DISABLED")
    harness.advance(3 * HOUR + MINUTE)
    assert (harness.bodies(), harness.slots()) == ([], [])
    harness.call("scheduler", "UpdateSchedule", **UPDATE_REQUEST | {"ScheduleExpression": "cron(0 * * * ? *)"})
    harness.advance(HOUR)
    assert [format_time(slot.slot)[11:16] for slot in harness.slots()] == ["04:00"]


def test_a_one_time_schedule_that_is_enabled_after_its_time_fires_immediately(harness: SchedulerHarness) -> None:
    harness.create_schedule("at(2026-01-01T00:30:00)", State="DISABLED")
    harness.advance(HOUR)
    harness.call("scheduler", "UpdateSchedule", **UPDATE_REQUEST | {"ScheduleExpression": "at(2026-01-01T00:30:00)"})
    harness.settle()
    assert harness.bodies() == ["again"]


def test_an_update_keeps_the_slots_of_a_rate_and_a_new_rate_counts_from_the_update(
    harness: SchedulerHarness,
) -> None:
    harness.create_schedule("rate(10 minutes)")
    harness.settle()
    harness.advance(3 * MINUTE)
    harness.call("scheduler", "UpdateSchedule", **UPDATE_REQUEST | {"ScheduleExpression": "rate(10 minutes)"})
    harness.settle()
    harness.advance(7 * MINUTE)
    assert [format_time(slot.slot)[11:16] for slot in harness.slots()] == ["00:00", "00:10"]
    harness.advance(3 * MINUTE)
    harness.call("scheduler", "UpdateSchedule", **UPDATE_REQUEST | {"ScheduleExpression": "rate(20 minutes)"})
    harness.settle()
    harness.advance(20 * MINUTE)
    assert [format_time(slot.slot)[11:16] for slot in harness.slots()] == ["00:00", "00:10", "00:33"]


def test_a_flexible_schedule_fires_within_its_window_and_its_slots_keep_their_times(harness: SchedulerHarness) -> None:
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15}
    harness.create_schedule("rate(5 minutes)", FlexibleTimeWindow=window)
    harness.settle()
    for _ in range(600):
        harness.advance(6 * SECOND)
    delivered = [slot for slot in harness.slots() if slot.outcome == "DELIVERED"]
    waits = [slot.due - slot.slot for slot in delivered]
    assert len(delivered) >= 9
    assert all(0 <= wait < 15 * MINUTE for wait in waits)
    assert len(set(waits)) > 5, "chance chooses"
    assert all(slot.late is not None and 0 <= slot.late <= 6 * SECOND for slot in delivered)
    assert {later.slot - earlier.slot for earlier, later in pairwise(harness.slots())} == {5 * MINUTE}


def test_a_slot_that_waits_in_its_window_is_missed_if_the_schedule_changes(harness: SchedulerHarness) -> None:
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1440}
    harness.create_schedule("at(2026-01-01T00:01:00)", FlexibleTimeWindow=window)
    harness.advance(MINUTE)
    assert harness.outcomes() == ["WAITING"]
    disabled = {"ScheduleExpression": "at(2026-01-01T00:01:00)", "State": "DISABLED"}
    harness.call("scheduler", "UpdateSchedule", **UPDATE_REQUEST | disabled)
    harness.advance(2 * DAY)
    assert (harness.bodies(), harness.outcomes()) == ([], ["MISSED"])


def test_an_execution_is_named_after_its_slot(harness: SchedulerHarness) -> None:
    harness.create_schedule(
        "cron(0 1 * * ? *)",
        "n" * 64,
        harness.create_machine_target() | {"Input": '{"at":"<aws.scheduler.scheduled-time>"}'},
    )
    harness.advance(HOUR)
    arn = harness.slots("n" * 64)[0].detail
    assert arn is not None
    found = harness.describe(arn)
    assert found["name"].startswith(f"{'n' * 46}-20260101T010000Z-")
    assert len(found["name"]) == 80
    assert (found["status"], loads(found["input"])) == ("SUCCEEDED", {"at": "2026-01-01T01:00:00Z"})


def test_a_schedule_runs_an_ecs_task(harness: SchedulerHarness) -> None:
    definition = harness.define_task()
    ecs = {"TaskDefinitionArn": definition, "LaunchType": "EC2", "Tags": [{"key": "team", "value": "night"}]}
    environment = [{"name": "SLOT", "value": "<aws.scheduler.scheduled-time>"}]
    overrides = dumps({"containerOverrides": [{"name": "main", "environment": environment}]})
    cluster = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/default"
    harness.create_schedule(
        "at(2026-01-01T01:00:00)",
        "nightly",
        {"Arn": cluster, "RoleArn": ROLE, "EcsParameters": ecs, "Input": overrides},
    )
    harness.advance(HOUR)
    (container,) = harness.runtime.started.values()
    assert container.environment["SLOT"] == "2026-01-01T01:00:00Z"
    task = harness.call("ecs", "DescribeTasks", tasks=[harness.slots("nightly")[0].detail], include=["TAGS"])["tasks"][
        0
    ]
    assert (task["startedBy"], task["tags"]) == ("chronos-schedule/nightly", [{"key": "team", "value": "night"}])


def test_a_scheduled_state_machine_with_an_ecs_task_runs_to_its_end(harness: SchedulerHarness) -> None:
    harness.define_task()
    machine = harness.machine({"StartAt": "A", "States": {"A": job() | {"End": True}}})
    harness.create_schedule("at(2026-01-01T01:00:00)", target={"Arn": machine, "RoleArn": ROLE})
    harness.advance(HOUR)
    harness.advance(SECOND)
    (execution,) = harness.call("states", "ListExecutions", stateMachineArn=machine)["executions"]
    assert execution["status"] == "SUCCEEDED"
    execution_input = loads(harness.describe(execution["executionArn"])["input"])
    assert (execution_input["source"], execution_input["detail-type"], execution_input["time"]) == (
        "aws.scheduler",
        "Scheduled Event",
        "2026-01-01T01:00:00Z",
    )


def test_a_recreated_schedule_of_the_same_name_starts_its_own_execution(harness: SchedulerHarness) -> None:
    target = harness.create_machine_target()
    for _ in range(2):
        harness.create_schedule("at(2026-01-01T01:00:00)", target=target)
        harness.advance(HOUR)
        assert harness.outcomes() == ["DELIVERED"]
        harness.call("scheduler", "DeleteSchedule", Name="job")
    assert len(harness.call("states", "ListExecutions", stateMachineArn=target["Arn"])["executions"]) == 2


def test_a_throttled_call_is_retried_and_each_attempt_has_its_number(harness: SchedulerHarness) -> None:
    harness.engine.next_errors.extend([AwsError("later", code="ThrottlingException")] * 3)
    body = "<aws.scheduler.attempt-number>/<aws.scheduler.execution-id>/<aws.scheduler.schedule-arn>"
    arn = harness.create_schedule("at(2026-01-01T00:01:00)", target={"Arn": QUEUE, "RoleArn": ROLE, "Input": body})
    for _ in range(90):
        harness.advance(SECOND)
    number, execution, *schedule = harness.bodies()[0].split("/")
    assert (number, len(execution), "/".join(schedule)) == ("4", 16, arn)


def test_an_undeliverable_message_goes_to_the_dead_letter_queue_with_the_attributes_of_aws(
    harness: SchedulerHarness,
) -> None:
    harness.engine.next_errors.extend([AwsError("later", code="ThrottlingException")] * 3)
    dead = {"DeadLetterConfig": {"Arn": QUEUE.replace("jobs", "dead")}, "RetryPolicy": {"MaximumRetryAttempts": 1}}
    arn = harness.create_schedule(
        "at(2026-01-01T00:01:00)", target={"Arn": QUEUE, "RoleArn": ROLE, "Input": "hello"} | dead
    )
    for _ in range(90):
        harness.advance(SECOND)
    (delivery,) = harness.calls(dead=True)
    assert loads(delivery["MessageBody"])["MessageBody"] == "hello"
    attributes = {name: value["StringValue"] for name, value in delivery["MessageAttributes"].items()}
    assert len(attributes.pop("EXECUTION_ID")) == 16
    assert attributes == {
        "ERROR_CODE": "ThrottlingException",
        "ERROR_MESSAGE": "later",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": "1",
        "SCHEDULED_TIME": "2026-01-01T00:01:00Z",
        "SCHEDULE_ARN": arn,
        "TARGET_ARN": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage",
    }
    assert (harness.outcomes(), harness.slots()[0].detail) == (["FAILED"], "ThrottlingException: later")


def test_a_missing_target_fails_without_a_retry(harness: SchedulerHarness) -> None:
    machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:gone"
    harness.create_schedule("at(2026-01-01T00:01:00)", target={"Arn": machine, "RoleArn": ROLE})
    harness.advance(MINUTE)
    slot = harness.slots()[0]
    assert slot.outcome == "FAILED"
    assert slot.detail is not None
    assert slot.detail.startswith("StateMachineDoesNotExist")


def test_invalid_parameters_fail_the_slot_and_the_schedule_continues(harness: SchedulerHarness) -> None:
    universal = {"Arn": "arn:aws:scheduler:::aws-sdk:sfn:startExecution", "RoleArn": ROLE, "Input": '{"Input":7}'}
    harness.create_schedule("rate(1 minute)", target=universal)
    harness.settle()
    harness.advance(MINUTE)
    assert harness.outcomes() == ["FAILED", "FAILED"]


@pytest.mark.parametrize("member", ["StateMachineArn", "stateMachineArn"])
def test_a_universal_target_accepts_parameter_names_in_either_case(harness: SchedulerHarness, member: str) -> None:
    machine = harness.create_machine_target()["Arn"]
    given = f'{{"{member}":"{machine}","Name":"n-<aws.scheduler.execution-id>"}}'
    target = {"Arn": "arn:aws:scheduler:::aws-sdk:sfn:startExecution", "RoleArn": ROLE, "Input": given}
    harness.create_schedule("at(2026-01-01T00:01:00)", target=target)
    harness.advance(MINUTE)
    (execution,) = harness.call("states", "ListExecutions", stateMachineArn=machine)["executions"]
    assert execution["name"].startswith("n-")


def test_a_universal_target_may_delete_its_own_schedule(harness: SchedulerHarness) -> None:
    arn = "arn:aws:scheduler:::aws-sdk:scheduler:deleteSchedule"
    harness.create_schedule("rate(1 minute)", target={"Arn": arn, "RoleArn": ROLE, "Input": '{"name":"job"}'})
    harness.settle()
    assert harness.rows("SELECT * FROM schedules") == harness.rows("SELECT * FROM timers") == []


def test_schedules_that_are_due_at_the_same_time_share_commits(harness: SchedulerHarness) -> None:
    for number in range(300):
        harness.create_schedule("at(2026-01-01T01:00:00)", f"job-{number}")
    before = harness.disk.commits
    harness.advance(HOUR)
    assert len(harness.bodies()) == 300
    assert harness.disk.commits - before < 30


def test_topics_and_event_buses_receive_their_input(harness: SchedulerHarness) -> None:
    bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
    parameters = {"Source": "mine", "DetailType": "hour"}
    harness.create_schedule(
        "at(2026-01-01T00:01:00)", "a", {"Arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:t", "RoleArn": ROLE, "Input": "hi"}
    )
    harness.create_schedule(
        "at(2026-01-01T00:02:00)",
        "b",
        {"Arn": bus, "RoleArn": ROLE, "Input": '{"n":1}', "EventBridgeParameters": parameters},
    )
    harness.advance(MINUTE)
    harness.advance(MINUTE)
    entry = {"Source": "mine", "DetailType": "hour", "Detail": '{"n":1}', "EventBusName": bus}
    topic = {"TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:t", "Message": "hi"}
    assert harness.calls() == [topic, {"Entries": [entry]}]


def test_only_the_last_thousand_slots_are_kept(harness: SchedulerHarness) -> None:
    harness.create_schedule("rate(1 minute)")
    harness.settle()
    for _ in range(1_100):
        harness.advance(MINUTE)
    found = harness.slots()
    assert (len(found), len(harness.bodies())) == (1_000, 1_101)
    assert format_time(found[-1].slot) == "2026-01-01T18:20:00"
