"""What a schedule starts, and when."""

from datetime import UTC, datetime

import pytest

from lamplighter.base.json_text import Json, dumps
from lamplighter.runs.jobs.schedules import names_target_in_input, schedule_timetable, started_arn, target_input
from lamplighter.runs.jobs.upcoming_times import Timetable

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:nightly"
CALL = {"Arn": "arn:aws:scheduler:::aws-sdk:sfn:startExecution"}


def test_a_target_is_the_machine_a_version_of_it_or_a_call_that_names_it() -> None:
    assert started_arn({"Arn": MACHINE}) == MACHINE
    assert started_arn({"Arn": f"{MACHINE}:live"}) == MACHINE
    assert started_arn(CALL | {"Input": dumps({"StateMachineArn": f"{MACHINE}:3"})}) == MACHINE
    assert started_arn({"Arn": f"{MACHINE}-weekly"}) != MACHINE


@pytest.mark.parametrize("given", [{}, {"Input": "not JSON"}, {"Input": "[1]"}, {"Input": "{}"}])
def test_of_a_call_that_names_none_nobody_can_tell_what_it_starts(given: Json) -> None:
    assert started_arn(CALL | given) == ""


def test_times_are_the_same_through_boto3_and_over_the_wire() -> None:
    began = datetime(2026, 1, 1, tzinfo=UTC)
    wire = {"ScheduleExpression": "rate(1 hour)", "StartDate": began.timestamp(), "State": "DISABLED"}
    expected = Timetable(
        "rate(1 hour)", enabled=False, anchor=round(began.timestamp() * 1000), start=round(began.timestamp() * 1000)
    )
    assert schedule_timetable(wire) == schedule_timetable(wire | {"StartDate": began}) == expected


def test_a_schedule_for_one_time_has_no_dates_between_which_it_holds() -> None:
    once = {"ScheduleExpression": "at(2026-12-31T03:00:00)", "StartDate": 1.0, "EndDate": 2.0}
    assert (schedule_timetable(once).start, schedule_timetable(once).end) == (None, None)


START = MACHINE.replace("nightly", "reports--start")


def test_through_the_machine_that_starts_runs_is_seen_what_it_starts_and_what_that_is_given() -> None:
    target = {"Arn": START, "Input": dumps({"machine": MACHINE, "input": {"a": 1}, "scheduled": "x", "suffix": ""})}
    assert names_target_in_input(target)
    assert started_arn(target) == MACHINE
    assert target_input(target) == '{"a":1}'


def test_what_a_run_is_given_is_read_from_each_kind_of_target() -> None:
    assert target_input({"Arn": MACHINE, "Input": '{"a": 1}'}) == '{"a": 1}'
    assert target_input({"Arn": MACHINE}) is None
    assert target_input(CALL | {"Input": dumps({"StateMachineArn": MACHINE, "Input": '{"a": 1}'})}) == '{"a": 1}'
    for target in (CALL | {"Input": "[1]"}, {"Arn": START, "Input": "{}"}, {"Arn": START}):
        assert target_input(target) is None
