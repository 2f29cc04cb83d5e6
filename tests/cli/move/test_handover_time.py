"""Which time a handover has, and to which side each slot belongs."""

from datetime import UTC, datetime

import pytest

from lamplighter.base.json_text import Json
from lamplighter.cli.move.handover_time import (
    MINUTE,
    begin_schedules,
    choose_time,
    end_schedules,
    missed_slots,
    to_date,
    to_instant,
)
from lamplighter.jobs.stack.handover import NEVER

NOW = to_instant("2026-03-01T10:00:00Z")
AT = to_instant("2026-03-01T10:05:59Z")
START_RUN = "arn:aws:states:us-east-1:1:stateMachine:p--start"


def schedule(expression: str, *, arn: str = "arn:aws:states:us-east-1:1:stateMachine:p-job", **more: Json) -> Json:
    created = datetime(2026, 3, 1, 9, 0, 30, tzinfo=UTC)
    shared = {"State": "ENABLED", "CreationDate": created, "Target": {"Arn": arn, "Input": "{}"}}
    return {**shared, "ScheduleExpression": expression, "LastModificationDate": created, **more}


def window(minutes: int) -> Json:
    return {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": minutes}


@pytest.mark.parametrize(
    ("schedules", "expected"),
    [
        ([], "10:00:59"),
        (["cron(0 10 * * ? *)"], "10:01:59"),
        (["cron(*/5 * * * ? *)", "cron(1 * * * ? *)"], "10:02:59"),
        (["cron(* * * * ? *)"], "10:00:59"),
        (["cron(*/2 * * * ? *)"], "10:01:59"),
    ],
)
def test_a_handover_is_in_the_first_minute_in_which_no_run_is_due_if_there_is_one(
    schedules: list[str], expected: str
) -> None:
    found = choose_time({each: schedule(each) for each in schedules}, NOW)
    assert to_date(found) == f"2026-03-01T{expected}Z"


def test_a_handover_waits_for_the_end_of_a_flexible_window_and_not_for_a_paused_job() -> None:
    wide = schedule("cron(55 9 * * ? *)", FlexibleTimeWindow=window(10))
    assert to_date(choose_time({"p": wide}, NOW)) == "2026-03-01T10:06:59Z"
    assert to_date(choose_time({"p": {**wide, "State": "DISABLED"}}, NOW)) == "2026-03-01T10:00:59Z"


def test_the_old_side_ends_paused_jobs_and_one_time_jobs_of_later_at_once() -> None:
    left = {
        "cron": schedule("cron(0 * * * ? *)", StartDate=datetime(2026, 2, 1, tzinfo=UTC)),
        "paused": schedule("cron(0 * * * ? *)", State="DISABLED"),
        "before": schedule("at(2026-03-01T10:05:00)"),
        "after": schedule("at(2026-03-01T10:06:00)"),
    }
    ends = end_schedules(left, AT)
    date = to_date(AT)
    assert (ends.role, ends.at) == ("ends", date)
    assert ends.dates == {"cron": date, "paused": NEVER, "before": date}
    assert ends.starts == {"cron": "2026-02-01T00:00:00Z"}
    begins = begin_schedules(left, ends, AT, NOW)
    assert begins.dates == {"cron": date, "paused": "cron(0 * * * ? *)", "before": "at(2026-03-01T10:05:00)"}
    assert (begins.at, begins.minutes) == (date, 6)


def test_a_rate_keeps_its_rhythm_on_the_other_side() -> None:
    left = {"rate": schedule("rate(7 minutes)")}
    begins = begin_schedules(left, end_schedules(left, AT), AT, NOW)
    assert begins.dates == {"rate": "2026-03-01T10:10:30Z"}


def test_slots_between_the_handover_and_a_later_beginning_are_missed_and_no_others() -> None:
    left = {
        "often": schedule("cron(*/2 * * * ? *)", EndDate=datetime(2026, 3, 1, 10, 5, 59, tzinfo=UTC)),
        "paused": schedule("cron(* * * * ? *)", State="DISABLED"),
        "once": schedule("at(2026-03-01T10:07:00)"),
    }
    begins = begin_schedules(left, end_schedules(left, AT), AT + 4 * MINUTE, NOW)
    found = [to_date(each.instant) for each in missed_slots(left, left, begins, NOW)]
    assert found == ["2026-03-01T10:06:00Z", "2026-03-01T10:08:00Z"]


def test_slots_that_came_before_a_schedule_was_changed_are_missed() -> None:
    left = {"often": schedule("cron(*/2 * * * ? *)"), "once": schedule("at(2026-03-01T10:07:00)")}
    begins = begin_schedules(left, end_schedules(left, AT), AT, NOW)
    changed = {"LastModificationDate": datetime(2026, 3, 1, 10, 8, 0, 400_000, tzinfo=UTC)}
    by_name = {name: {**each, **changed, "Target": {"Arn": START_RUN}} for name, each in left.items()}
    found = [(each.schedule, to_date(each.instant)[14:16]) for each in missed_slots(left, by_name, begins, NOW)]
    assert found == [("often", "06"), ("once", "07"), ("often", "08")]
    directly = {name: {**each, **changed} for name, each in left.items()}
    found = [(each.schedule, to_date(each.instant)[14:16]) for each in missed_slots(left, directly, begins, NOW)]
    assert found == [("often", "06"), ("often", "08")]
