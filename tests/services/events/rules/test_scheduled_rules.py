"""Rules that go by a schedule: each time once, at its time, whatever becomes of engine and clock."""

import pytest

from lamplighter.base.json_text import Json, loads
from tests.engines import DAY, HOUR, SECOND, Died, chain
from tests.services.events.hall import QUEUE, Hall, to, to_machine

MINUTE = 60 * SECOND


def schedule(hall: Hall, expression: str, **target: Json) -> str:
    return hall.rule(None, to(QUEUE, **target), ScheduleExpression=expression)


def times(hall: Hall) -> list[str]:
    return [message["time"] for message in hall.messages()]


def test_a_scheduled_event_has_the_form_that_eventbridge_gives_it(hall: Hall) -> None:
    rule = schedule(hall, "rate(5 minutes)")
    hall.advance(5 * MINUTE)
    (event,) = hall.messages()
    assert (event["source"], event["detail-type"], event["detail"]) == ("aws.events", "Scheduled Event", {})
    assert (event["resources"], event["time"]) == ([rule], "2026-01-01T00:05:00Z")


def test_a_rate_counts_from_when_the_rule_was_made(hall: Hall) -> None:
    hall.advance(17 * SECOND)
    schedule(hall, "rate(1 minute)")
    for _ in range(3):
        hall.advance(MINUTE)
    assert times(hall) == ["2026-01-01T00:01:17Z", "2026-01-01T00:02:17Z", "2026-01-01T00:03:17Z"]


def test_cron_goes_by_the_calendar_in_utc(hall: Hall) -> None:
    schedule(hall, "cron(30 2 ? * MON-FRI *)")
    for _ in range(5):
        hall.advance(DAY)
    assert times(hall) == ["2026-01-01T02:30:00Z", "2026-01-02T02:30:00Z", "2026-01-05T02:30:00Z"]


def test_times_that_passed_while_no_engine_ran_are_made_up_for(hall: Hall) -> None:
    schedule(hall, "rate(1 hour)")
    hall.down()
    hall.clock.advance(3 * HOUR + MINUTE)
    hall.up()
    assert times(hall) == ["2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z", "2026-01-01T03:00:00Z"]


def test_times_that_are_older_than_the_target_takes_are_not(hall: Hall) -> None:
    schedule(hall, "rate(1 hour)", RetryPolicy={"MaximumEventAgeInSeconds": 5400})
    hall.down()
    hall.clock.advance(100 * DAY + MINUTE)
    hall.up()
    assert times(hall) == ["2026-04-10T23:00:00Z", "2026-04-11T00:00:00Z"]


def test_times_that_are_too_old_are_logged_and_are_an_event(hall: Hall, caplog: pytest.LogCaptureFixture) -> None:
    schedule(hall, "rate(1 hour)", RetryPolicy={"MaximumEventAgeInSeconds": 5400})
    hall.down()
    hall.clock.advance(10 * HOUR)
    hall.up()
    hall.settle()
    found = [loads(each["Event"]) for each in hall.events("ListTraffic")["Events"]]
    found = [each for each in found if each["source"] == "lamplighter.events"]
    assert len(found) == 1
    assert [each["detail"]["Count"] for each in found] == [8]
    assert any("dropped 8 of its times" in record.message for record in caplog.records)


def test_a_rule_that_is_disabled_or_deleted_or_goes_by_another_schedule_keeps_still(hall: Hall) -> None:
    schedule(hall, "rate(1 minute)")
    hall.events("DisableRule", Name="rule")
    hall.advance(5 * MINUTE)
    assert times(hall) == []
    hall.events("EnableRule", Name="rule")
    hall.advance(MINUTE)
    assert times(hall) == ["2026-01-01T00:06:00Z"]
    hall.events("PutRule", Name="rule", ScheduleExpression="rate(1 hour)")
    hall.advance(MINUTE)
    assert len(times(hall)) == 1
    hall.events("RemoveTargets", Rule="rule", Ids=["1"])
    hall.events("DeleteRule", Name="rule")
    hall.advance(2 * HOUR)
    assert len(times(hall)) == 1
    assert hall.rows("SELECT * FROM timers") == []


def test_the_same_rule_put_again_keeps_its_times(hall: Hall) -> None:
    schedule(hall, "rate(5 minutes)")
    hall.advance(3 * MINUTE)
    schedule(hall, "rate(5 minutes)")
    hall.advance(2 * MINUTE)
    assert times(hall) == ["2026-01-01T00:05:00Z"]


def test_a_clock_that_is_set_back_tells_no_time_twice(hall: Hall) -> None:
    schedule(hall, "cron(0 * * * ? *)")
    hall.advance(HOUR)
    hall.clock.jump(-HOUR)
    hall.advance(5 * SECOND)
    hall.events("DisableRule", Name="rule")
    hall.events("EnableRule", Name="rule")
    hall.advance(2 * HOUR)
    assert times(hall) == ["2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z"]


def test_each_target_gets_it(hall: Hall) -> None:
    machine = hall.machine(chain({"Type": "Pass"}))
    hall.rule(None, to(QUEUE), to_machine(machine, Input='{"a":1}'), ScheduleExpression="rate(1 minute)")
    hall.advance(MINUTE)
    assert len(times(hall)) == 1
    assert len(hall.executions(machine)) == 1


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("commit", range(1, 6))
def test_an_engine_that_dies_anywhere_starts_one_execution_for_each_time(hall: Hall, commit: int, before: bool) -> None:
    machine = hall.machine(chain({"Type": "Pass"}))
    hall.rule(None, to_machine(machine, Input="{}"), ScheduleExpression="rate(1 minute)")
    hall.die_at(commit, before=before)
    for _ in range(3):
        try:
            hall.advance(MINUTE)
        except Died:
            hall.up()
    hall.settle()
    assert len(hall.executions(machine)) == 3
