"""A schedule fires at its slots, once each, and everything about a slot is on record."""

import itertools
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from tests.engines import ACCOUNT, REGION, ROLE, job
from tests.services.scheduler.desk import DAY, HOUR, MINUTE, QUEUE, Desk, instant, text

SECOND = 1_000


def test_a_cron_fires_at_its_minute_and_not_a_millisecond_before(desk: Desk) -> None:
    desk.schedule("cron(30 6 * * ? *)")
    desk.advance(6 * HOUR + 30 * MINUTE - 1)
    assert desk.bodies() == []
    desk.advance(1)
    assert desk.bodies() == ["2026-01-01T06:30:00Z"]
    slot = desk.slots()[0]
    assert (slot.outcome, slot.late, text(slot.slot)) == ("DELIVERED", 0, "2026-01-01T06:30:00")


def test_a_month_of_nights_in_new_york_takes_no_time(desk: Desk) -> None:
    desk.at("2026-02-20T00:00:00")
    desk.schedule("cron(30 2 * * ? *)", ScheduleExpressionTimezone="America/New_York")
    for _ in range(31 * 48):
        desk.advance(HOUR // 2)
    nights = [body[5:16] for body in desk.bodies()]
    assert len(nights) == 30, "the night of March 8 has no half past two"
    assert nights[:2] + nights[15:17] == ["02-20T07:30", "02-21T07:30", "03-07T07:30", "03-09T06:30"]
    assert {slot.late for slot in desk.slots()} == {0}


def test_a_rate_starts_at_once_and_is_counted_from_there(desk: Desk) -> None:
    desk.advance(17 * SECOND)
    desk.schedule("rate(5 minutes)")
    desk.settle()
    assert desk.bodies() == ["2026-01-01T00:00:17Z"]
    for _ in range(10):
        desk.advance(MINUTE)
    assert desk.bodies()[1:] == ["2026-01-01T00:05:17Z", "2026-01-01T00:10:17Z"]


def test_a_rate_starts_at_once_although_its_creation_takes_time(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "data")
    ticks = itertools.count()
    desk._world = replace(desk._world, now=lambda: desk.clock.now() + next(ticks))
    desk.up()
    for number in range(5):
        desk.schedule("rate(1 hour)", f"job-{number}")
    desk.advance(SECOND)
    assert len(desk.bodies()) == 5
    desk.close()


def test_a_rate_with_a_start_starts_then_and_stops_at_its_end(desk: Desk) -> None:
    start, end = instant("2026-01-01T01:00:00") / 1000, instant("2026-01-01T02:10:00") / 1000
    desk.schedule("rate(30 minutes)", StartDate=start, EndDate=end)
    for _ in range(300):
        desk.advance(MINUTE)
    assert [body[11:16] for body in desk.bodies()] == ["01:00", "01:30", "02:00"]
    assert desk.rows("SELECT * FROM timers") == []


def test_at_fires_once_and_the_schedule_stays_unless_it_is_to_go(desk: Desk) -> None:
    desk.schedule("at(2026-01-01T09:00:00)", "stays", ScheduleExpressionTimezone="Asia/Seoul")
    desk.schedule("at(2026-01-01T00:00:00)", "goes", ActionAfterCompletion="DELETE", ScheduleExpressionTimezone="UTC")
    desk.settle()
    desk.advance(DAY)
    assert sorted(desk.bodies()) == ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"]
    assert [each["Name"] for each in desk.call("scheduler", "ListSchedules")["Schedules"]] == ["stays"]
    assert desk.get("stays")["State"] == "ENABLED"


def test_a_schedule_that_is_to_go_goes_after_its_last_slot_and_with_all_that_is_on_record(desk: Desk) -> None:
    desk.schedule("rate(1 minute)", ActionAfterCompletion="DELETE", EndDate=instant("2026-01-01T00:02:30") / 1000)
    desk.settle()
    desk.advance(MINUTE)
    assert desk.outcomes() == ["DELIVERED", "DELIVERED"]
    desk.advance(MINUTE)
    assert len(desk.bodies()) == 3
    assert desk.rows("SELECT * FROM schedules") == desk.rows("SELECT * FROM slots") == []


def test_a_schedule_that_is_to_go_waits_for_the_last_try_of_its_last_letter(desk: Desk) -> None:
    desk.engine.faults.extend([AwsError("later", code="ThrottlingException")] * 2)
    desk.schedule("at(2026-01-01T00:01:00)", ActionAfterCompletion="DELETE")
    desk.advance(MINUTE)
    assert desk.outcomes() == ["SENT"]
    for _ in range(30):
        desk.advance(SECOND)
    assert (len(desk.bodies()), desk.call("scheduler", "ListSchedules")["Schedules"]) == (1, [])


def test_a_recurring_schedule_without_an_end_does_not_go(desk: Desk) -> None:
    desk.schedule("cron(1 0 1 1 ? 2026)", ActionAfterCompletion="DELETE")
    desk.advance(MINUTE)
    assert desk.outcomes() == ["DELIVERED"]
    assert desk.rows("SELECT * FROM timers") == []


def test_a_time_that_is_over_fires_at_once(desk: Desk) -> None:
    desk.schedule("at(2022-12-31T23:59:59)")
    desk.settle()
    assert desk.bodies() == ["2022-12-31T23:59:59Z"]
    desk.call("scheduler", "UpdateSchedule", **UPDATE)
    desk.settle()
    assert len(desk.bodies()) == 1, "and once only"


UPDATE: Json = {
    "Name": "job",
    "ScheduleExpression": "at(2022-12-31T23:59:59)",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": {"Arn": QUEUE, "RoleArn": ROLE, "Input": "again"},
}


def test_a_disabled_schedule_does_not_fire_and_goes_on_when_it_is_enabled(desk: Desk) -> None:
    desk.schedule("cron(0 * * * ? *)", State="DISABLED")
    desk.advance(3 * HOUR + MINUTE)
    assert (desk.bodies(), desk.slots()) == ([], [])
    desk.call("scheduler", "UpdateSchedule", **UPDATE | {"ScheduleExpression": "cron(0 * * * ? *)"})
    desk.advance(HOUR)
    assert [text(slot.slot)[11:16] for slot in desk.slots()] == ["04:00"]


def test_a_one_time_schedule_that_is_enabled_after_its_time_fires_at_once(desk: Desk) -> None:
    desk.schedule("at(2026-01-01T00:30:00)", State="DISABLED")
    desk.advance(HOUR)
    desk.call("scheduler", "UpdateSchedule", **UPDATE | {"ScheduleExpression": "at(2026-01-01T00:30:00)"})
    desk.settle()
    assert desk.bodies() == ["again"]


def test_an_update_keeps_the_beat_of_a_rate_and_a_new_rate_counts_from_then_without_firing(desk: Desk) -> None:
    desk.schedule("rate(10 minutes)")
    desk.settle()
    desk.advance(3 * MINUTE)
    desk.call("scheduler", "UpdateSchedule", **UPDATE | {"ScheduleExpression": "rate(10 minutes)"})
    desk.settle()
    desk.advance(7 * MINUTE)
    assert [text(slot.slot)[11:16] for slot in desk.slots()] == ["00:00", "00:10"]
    desk.advance(3 * MINUTE)
    desk.call("scheduler", "UpdateSchedule", **UPDATE | {"ScheduleExpression": "rate(20 minutes)"})
    desk.settle()
    desk.advance(20 * MINUTE)
    assert [text(slot.slot)[11:16] for slot in desk.slots()] == ["00:00", "00:10", "00:33"]


def test_a_flexible_schedule_fires_within_its_window_and_its_slots_keep_their_times(desk: Desk) -> None:
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15}
    desk.schedule("rate(5 minutes)", FlexibleTimeWindow=window)
    desk.settle()
    for _ in range(600):
        desk.advance(6 * SECOND)
    done = [slot for slot in desk.slots() if slot.outcome == "DELIVERED"]
    waits = [slot.due - slot.slot for slot in done]
    assert len(done) >= 9
    assert all(0 <= wait < 15 * MINUTE for wait in waits)
    assert len(set(waits)) > 5, "chance chooses"
    assert all(slot.late is not None and 0 <= slot.late <= 6 * SECOND for slot in done)
    assert {later.slot - earlier.slot for earlier, later in pairwise(desk.slots())} == {5 * MINUTE}


def test_a_slot_that_waits_in_its_window_does_not_fire_after_a_change(desk: Desk) -> None:
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1440}
    desk.schedule("at(2026-01-01T00:01:00)", FlexibleTimeWindow=window)
    desk.advance(MINUTE)
    assert desk.outcomes() == ["WAITING"]
    disabled = {"ScheduleExpression": "at(2026-01-01T00:01:00)", "State": "DISABLED"}
    desk.call("scheduler", "UpdateSchedule", **UPDATE | disabled)
    desk.advance(2 * DAY)
    assert (desk.bodies(), desk.outcomes()) == ([], ["MISSED"])


def test_an_execution_is_named_after_its_slot(desk: Desk) -> None:
    desk.schedule(
        "cron(0 1 * * ? *)", "n" * 64, desk.pass_machine() | {"Input": '{"at":"<aws.scheduler.scheduled-time>"}'}
    )
    desk.advance(HOUR)
    arn = desk.slots("n" * 64)[0].detail
    assert arn is not None
    found = desk.describe(arn)
    assert found["name"].startswith(f"{'n' * 46}-20260101T010000Z-")
    assert len(found["name"]) == 80
    assert (found["status"], loads(found["input"])) == ("SUCCEEDED", {"at": "2026-01-01T01:00:00Z"})


def test_a_task_of_ecs_runs(desk: Desk) -> None:
    definition = desk.define_task()
    ecs = {"TaskDefinitionArn": definition, "LaunchType": "EC2", "Tags": [{"key": "team", "value": "night"}]}
    environment = [{"name": "SLOT", "value": "<aws.scheduler.scheduled-time>"}]
    overrides = dumps({"containerOverrides": [{"name": "main", "environment": environment}]})
    cluster = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/default"
    desk.schedule(
        "at(2026-01-01T01:00:00)",
        "nightly",
        {"Arn": cluster, "RoleArn": ROLE, "EcsParameters": ecs, "Input": overrides},
    )
    desk.advance(HOUR)
    (container,) = desk.runtime.begun.values()
    assert container.environment["SLOT"] == "2026-01-01T01:00:00Z"
    task = desk.call("ecs", "DescribeTasks", tasks=[desk.slots("nightly")[0].detail], include=["TAGS"])["tasks"][0]
    assert (task["startedBy"], task["tags"]) == ("chronos-schedule/nightly", [{"key": "team", "value": "night"}])


def test_a_state_machine_that_starts_a_task_runs_from_a_schedule_to_its_end(desk: Desk) -> None:
    desk.define_task()
    machine = desk.machine({"StartAt": "A", "States": {"A": job() | {"End": True}}})
    desk.schedule("at(2026-01-01T01:00:00)", target={"Arn": machine, "RoleArn": ROLE})
    desk.advance(HOUR)
    desk.advance(SECOND)
    (execution,) = desk.call("states", "ListExecutions", stateMachineArn=machine)["executions"]
    assert execution["status"] == "SUCCEEDED"
    told = loads(desk.describe(execution["executionArn"])["input"])
    assert (told["source"], told["detail-type"], told["time"]) == (
        "aws.scheduler",
        "Scheduled Event",
        "2026-01-01T01:00:00Z",
    )


def test_a_schedule_of_the_same_name_made_anew_starts_its_own_execution(desk: Desk) -> None:
    target = desk.pass_machine()
    for _ in range(2):
        desk.schedule("at(2026-01-01T01:00:00)", target=target)
        desk.advance(HOUR)
        assert desk.outcomes() == ["DELIVERED"]
        desk.call("scheduler", "DeleteSchedule", Name="job")
    assert len(desk.call("states", "ListExecutions", stateMachineArn=target["Arn"])["executions"]) == 2


def test_what_a_target_refuses_is_tried_again_and_each_try_has_its_number(desk: Desk) -> None:
    desk.engine.faults.extend([AwsError("later", code="ThrottlingException")] * 3)
    body = "<aws.scheduler.attempt-number>/<aws.scheduler.execution-id>/<aws.scheduler.schedule-arn>"
    arn = desk.schedule("at(2026-01-01T00:01:00)", target={"Arn": QUEUE, "RoleArn": ROLE, "Input": body})
    for _ in range(90):
        desk.advance(SECOND)
    number, execution, *schedule = desk.bodies()[0].split("/")
    assert (number, len(execution), "/".join(schedule)) == ("4", 16, arn)


def test_what_cannot_be_delivered_goes_to_the_dead_letter_queue_with_all_that_aws_tells(desk: Desk) -> None:
    desk.engine.faults.extend([AwsError("later", code="ThrottlingException")] * 3)
    dead = {"DeadLetterConfig": {"Arn": QUEUE.replace("jobs", "dead")}, "RetryPolicy": {"MaximumRetryAttempts": 1}}
    arn = desk.schedule("at(2026-01-01T00:01:00)", target={"Arn": QUEUE, "RoleArn": ROLE, "Input": "hello"} | dead)
    for _ in range(90):
        desk.advance(SECOND)
    (delivery,) = desk.calls(dead=True)
    assert loads(delivery["MessageBody"])["MessageBody"] == "hello"
    said = {name: value["StringValue"] for name, value in delivery["MessageAttributes"].items()}
    assert len(said.pop("EXECUTION_ID")) == 16
    assert said == {
        "ERROR_CODE": "ThrottlingException",
        "ERROR_MESSAGE": "later",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": "1",
        "SCHEDULED_TIME": "2026-01-01T00:01:00Z",
        "SCHEDULE_ARN": arn,
        "TARGET_ARN": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage",
    }
    assert (desk.outcomes(), desk.slots()[0].detail) == (["FAILED"], "ThrottlingException: later")


def test_a_target_that_is_not_there_fails_without_a_retry(desk: Desk) -> None:
    machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:gone"
    desk.schedule("at(2026-01-01T00:01:00)", target={"Arn": machine, "RoleArn": ROLE})
    desk.advance(MINUTE)
    slot = desk.slots()[0]
    assert slot.outcome == "FAILED"
    assert slot.detail is not None
    assert slot.detail.startswith("StateMachineDoesNotExist")


def test_parameters_that_do_not_fit_their_call_fail_and_the_schedule_goes_on(desk: Desk) -> None:
    universal = {"Arn": "arn:aws:scheduler:::aws-sdk:sfn:startExecution", "RoleArn": ROLE, "Input": '{"Input":7}'}
    desk.schedule("rate(1 minute)", target=universal)
    desk.settle()
    desk.advance(MINUTE)
    assert desk.outcomes() == ["FAILED", "FAILED"]


@pytest.mark.parametrize("member", ["StateMachineArn", "stateMachineArn"])
def test_a_universal_target_calls_any_operation_whatever_the_case_of_its_members(desk: Desk, member: str) -> None:
    machine = desk.pass_machine()["Arn"]
    given = f'{{"{member}":"{machine}","Name":"n-<aws.scheduler.execution-id>"}}'
    target = {"Arn": "arn:aws:scheduler:::aws-sdk:sfn:startExecution", "RoleArn": ROLE, "Input": given}
    desk.schedule("at(2026-01-01T00:01:00)", target=target)
    desk.advance(MINUTE)
    (execution,) = desk.call("states", "ListExecutions", stateMachineArn=machine)["executions"]
    assert execution["name"].startswith("n-")


def test_a_universal_target_may_delete_its_own_schedule(desk: Desk) -> None:
    arn = "arn:aws:scheduler:::aws-sdk:scheduler:deleteSchedule"
    desk.schedule("rate(1 minute)", target={"Arn": arn, "RoleArn": ROLE, "Input": '{"name":"job"}'})
    desk.settle()
    assert desk.rows("SELECT * FROM schedules") == desk.rows("SELECT * FROM timers") == []


def test_schedules_that_are_due_together_share_their_commits(desk: Desk) -> None:
    for number in range(300):
        desk.schedule("at(2026-01-01T01:00:00)", f"job-{number}")
    before = desk.disk.commits
    desk.advance(HOUR)
    assert len(desk.bodies()) == 300
    assert desk.disk.commits - before < 30


def test_topics_and_event_buses_get_their_input(desk: Desk) -> None:
    bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
    parameters = {"Source": "mine", "DetailType": "hour"}
    desk.schedule(
        "at(2026-01-01T00:01:00)", "a", {"Arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:t", "RoleArn": ROLE, "Input": "hi"}
    )
    desk.schedule(
        "at(2026-01-01T00:02:00)",
        "b",
        {"Arn": bus, "RoleArn": ROLE, "Input": '{"n":1}', "EventBridgeParameters": parameters},
    )
    desk.advance(MINUTE)
    desk.advance(MINUTE)
    entry = {"Source": "mine", "DetailType": "hour", "Detail": '{"n":1}', "EventBusName": bus}
    topic = {"TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:t", "Message": "hi"}
    assert desk.calls() == [topic, {"Entries": [entry]}]


def test_only_the_last_thousand_slots_are_on_record(desk: Desk) -> None:
    desk.schedule("rate(1 minute)")
    desk.settle()
    for _ in range(1_100):
        desk.advance(MINUTE)
    found = desk.slots()
    assert (len(found), len(desk.bodies())) == (1_000, 1_101)
    assert text(found[-1].slot) == "2026-01-01T18:20:00"
