"""Rules that go by a schedule: each time once, at its time, whatever becomes of engine and clock."""

import pytest

from lamplighter.base.json_text import Json, loads
from tests.engine_harness import DAY, HOUR, SECOND, EngineDied, chain
from tests.services.events.events_harness import QUEUE, EventsHarness, to, to_machine

MINUTE = 60 * SECOND


def schedule(harness: EventsHarness, expression: str, **target: Json) -> str:
    return harness.rule(None, to(QUEUE, **target), ScheduleExpression=expression)


def times(harness: EventsHarness) -> list[str]:
    return [message["time"] for message in harness.messages()]


def test_a_scheduled_event_has_the_form_that_eventbridge_gives_it(harness: EventsHarness) -> None:
    rule = schedule(harness, "rate(5 minutes)")
    harness.advance(5 * MINUTE)
    (event,) = harness.messages()
    assert (event["source"], event["detail-type"], event["detail"]) == ("aws.events", "Scheduled Event", {})
    assert (event["resources"], event["time"]) == ([rule], "2026-01-01T00:05:00Z")


def test_a_rate_counts_from_when_the_rule_was_made(harness: EventsHarness) -> None:
    harness.advance(17 * SECOND)
    schedule(harness, "rate(1 minute)")
    for _ in range(3):
        harness.advance(MINUTE)
    assert times(harness) == ["2026-01-01T00:01:17Z", "2026-01-01T00:02:17Z", "2026-01-01T00:03:17Z"]


def test_cron_goes_by_the_calendar_in_utc(harness: EventsHarness) -> None:
    schedule(harness, "cron(30 2 ? * MON-FRI *)")
    for _ in range(5):
        harness.advance(DAY)
    assert times(harness) == ["2026-01-01T02:30:00Z", "2026-01-02T02:30:00Z", "2026-01-05T02:30:00Z"]


def test_times_that_passed_while_no_engine_ran_are_made_up_for(harness: EventsHarness) -> None:
    schedule(harness, "rate(1 hour)")
    harness.down()
    harness.clock.advance(3 * HOUR + MINUTE)
    harness.up()
    assert times(harness) == ["2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z", "2026-01-01T03:00:00Z"]


def test_times_that_are_older_than_the_target_takes_are_not(harness: EventsHarness) -> None:
    schedule(harness, "rate(1 hour)", RetryPolicy={"MaximumEventAgeInSeconds": 5400})
    harness.down()
    harness.clock.advance(100 * DAY + MINUTE)
    harness.up()
    assert times(harness) == ["2026-04-10T23:00:00Z", "2026-04-11T00:00:00Z"]


def test_times_that_are_too_old_are_logged_and_are_an_event(
    harness: EventsHarness, caplog: pytest.LogCaptureFixture
) -> None:
    schedule(harness, "rate(1 hour)", RetryPolicy={"MaximumEventAgeInSeconds": 5400})
    harness.down()
    harness.clock.advance(10 * HOUR)
    harness.up()
    harness.settle()
    found = [loads(each["Event"]) for each in harness.events("ListTraffic")["Events"]]
    found = [each for each in found if each["source"] == "lamplighter.events"]
    assert len(found) == 1
    assert [each["detail"]["Count"] for each in found] == [8]
    assert any("8 scheduled times" in record.message for record in caplog.records)


def test_a_rule_that_is_disabled_or_deleted_or_goes_by_another_schedule_keeps_still(harness: EventsHarness) -> None:
    schedule(harness, "rate(1 minute)")
    harness.events("DisableRule", Name="rule")
    harness.advance(5 * MINUTE)
    assert times(harness) == []
    harness.events("EnableRule", Name="rule")
    harness.advance(MINUTE)
    assert times(harness) == ["2026-01-01T00:06:00Z"]
    harness.events("PutRule", Name="rule", ScheduleExpression="rate(1 hour)")
    harness.advance(MINUTE)
    assert len(times(harness)) == 1
    harness.events("RemoveTargets", Rule="rule", Ids=["1"])
    harness.events("DeleteRule", Name="rule")
    harness.advance(2 * HOUR)
    assert len(times(harness)) == 1
    assert harness.rows("SELECT * FROM timers") == []


def test_the_same_rule_put_again_keeps_its_times(harness: EventsHarness) -> None:
    schedule(harness, "rate(5 minutes)")
    harness.advance(3 * MINUTE)
    schedule(harness, "rate(5 minutes)")
    harness.advance(2 * MINUTE)
    assert times(harness) == ["2026-01-01T00:05:00Z"]


def test_a_clock_that_is_set_back_tells_no_time_twice(harness: EventsHarness) -> None:
    schedule(harness, "cron(0 * * * ? *)")
    harness.advance(HOUR)
    harness.clock.jump(-HOUR)
    harness.advance(5 * SECOND)
    harness.events("DisableRule", Name="rule")
    harness.events("EnableRule", Name="rule")
    harness.advance(2 * HOUR)
    assert times(harness) == ["2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z"]


def test_each_target_gets_it(harness: EventsHarness) -> None:
    machine = harness.machine(chain({"Type": "Pass"}))
    harness.rule(None, to(QUEUE), to_machine(machine, Input='{"a":1}'), ScheduleExpression="rate(1 minute)")
    harness.advance(MINUTE)
    assert len(times(harness)) == 1
    assert len(harness.executions(machine)) == 1


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("commit", range(1, 6))
def test_an_engine_that_dies_anywhere_starts_one_execution_for_each_time(
    harness: EventsHarness, commit: int, before: bool
) -> None:
    machine = harness.machine(chain({"Type": "Pass"}))
    harness.rule(None, to_machine(machine, Input="{}"), ScheduleExpression="rate(1 minute)")
    harness.die_at(commit, before=before)
    for _ in range(3):
        try:
            harness.advance(MINUTE)
        except EngineDied:
            harness.up()
    harness.settle()
    assert len(harness.executions(machine)) == 3
