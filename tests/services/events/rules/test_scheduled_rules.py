"""Scheduled rules send one event for each scheduled time, even if the engine stops or the clock is set."""

import pytest

from lamplighter.base.json_text import Json, loads
from tests.engine_harness import DAY, HOUR, SECOND, EngineDied, chain
from tests.services.events.events_harness import QUEUE, EventsHarness, make_machine_target, make_target

MINUTE = 60 * SECOND


def put_scheduled_rule(harness: EventsHarness, expression: str, **target: Json) -> str:
    return harness.put_rule(None, make_target(QUEUE, **target), ScheduleExpression=expression)


def event_times(harness: EventsHarness) -> list[str]:
    return [message["time"] for message in harness.messages()]


def test_a_scheduled_event_has_the_format_of_eventbridge(harness: EventsHarness) -> None:
    rule = put_scheduled_rule(harness, "rate(5 minutes)")
    harness.advance(5 * MINUTE)
    (event,) = harness.messages()
    assert (event["source"], event["detail-type"], event["detail"]) == ("aws.events", "Scheduled Event", {})
    assert (event["resources"], event["time"]) == ([rule], "2026-01-01T00:05:00Z")


def test_a_rate_counts_from_the_creation_of_the_rule(harness: EventsHarness) -> None:
    harness.advance(17 * SECOND)
    put_scheduled_rule(harness, "rate(1 minute)")
    for _ in range(3):
        harness.advance(MINUTE)
    assert event_times(harness) == ["2026-01-01T00:01:17Z", "2026-01-01T00:02:17Z", "2026-01-01T00:03:17Z"]


def test_a_cron_expression_follows_the_calendar_in_utc(harness: EventsHarness) -> None:
    put_scheduled_rule(harness, "cron(30 2 ? * MON-FRI *)")
    for _ in range(5):
        harness.advance(DAY)
    assert event_times(harness) == ["2026-01-01T02:30:00Z", "2026-01-02T02:30:00Z", "2026-01-05T02:30:00Z"]


def test_events_for_times_that_passed_while_no_engine_ran_are_sent_late(harness: EventsHarness) -> None:
    put_scheduled_rule(harness, "rate(1 hour)")
    harness.down()
    harness.clock.advance(3 * HOUR + MINUTE)
    harness.up()
    assert event_times(harness) == ["2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z", "2026-01-01T03:00:00Z"]


def test_times_older_than_the_maximum_event_age_of_the_target_are_dropped(harness: EventsHarness) -> None:
    put_scheduled_rule(harness, "rate(1 hour)", RetryPolicy={"MaximumEventAgeInSeconds": 5400})
    harness.down()
    harness.clock.advance(100 * DAY + MINUTE)
    harness.up()
    assert event_times(harness) == ["2026-04-10T23:00:00Z", "2026-04-11T00:00:00Z"]


def test_dropped_times_are_logged_and_published_as_an_event(
    harness: EventsHarness, caplog: pytest.LogCaptureFixture
) -> None:
    put_scheduled_rule(harness, "rate(1 hour)", RetryPolicy={"MaximumEventAgeInSeconds": 5400})
    harness.down()
    harness.clock.advance(10 * HOUR)
    harness.up()
    harness.settle()
    found = [loads(each["Event"]) for each in harness.events("ListRecentEvents")["Events"]]
    found = [each for each in found if each["source"] == "lamplighter.events"]
    assert len(found) == 1
    assert [each["detail"]["Count"] for each in found] == [8]
    assert any("8 scheduled times" in record.message for record in caplog.records)


def test_a_disabled_deleted_or_changed_rule_sends_no_event_at_its_old_times(harness: EventsHarness) -> None:
    put_scheduled_rule(harness, "rate(1 minute)")
    harness.events("DisableRule", Name="rule")
    harness.advance(5 * MINUTE)
    assert event_times(harness) == []
    harness.events("EnableRule", Name="rule")
    harness.advance(MINUTE)
    assert event_times(harness) == ["2026-01-01T00:06:00Z"]
    harness.events("PutRule", Name="rule", ScheduleExpression="rate(1 hour)")
    harness.advance(MINUTE)
    assert len(event_times(harness)) == 1
    harness.events("RemoveTargets", Rule="rule", Ids=["1"])
    harness.events("DeleteRule", Name="rule")
    harness.advance(2 * HOUR)
    assert len(event_times(harness)) == 1
    assert harness.rows("SELECT * FROM timers") == []


def test_putting_the_same_rule_again_keeps_its_times(harness: EventsHarness) -> None:
    put_scheduled_rule(harness, "rate(5 minutes)")
    harness.advance(3 * MINUTE)
    put_scheduled_rule(harness, "rate(5 minutes)")
    harness.advance(2 * MINUTE)
    assert event_times(harness) == ["2026-01-01T00:05:00Z"]


def test_setting_the_clock_back_repeats_no_event(harness: EventsHarness) -> None:
    put_scheduled_rule(harness, "cron(0 * * * ? *)")
    harness.advance(HOUR)
    harness.clock.jump(-HOUR)
    harness.advance(5 * SECOND)
    harness.events("DisableRule", Name="rule")
    harness.events("EnableRule", Name="rule")
    harness.advance(2 * HOUR)
    assert event_times(harness) == ["2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z"]


def test_each_target_receives_the_scheduled_event(harness: EventsHarness) -> None:
    machine = harness.machine(chain({"Type": "Pass"}))
    harness.put_rule(
        None, make_target(QUEUE), make_machine_target(machine, Input='{"a":1}'), ScheduleExpression="rate(1 minute)"
    )
    harness.advance(MINUTE)
    assert len(event_times(harness)) == 1
    assert len(harness.list_executions(machine)) == 1


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("commit", range(1, 6))
def test_each_time_starts_one_execution_if_the_engine_is_killed_at_any_commit(
    harness: EventsHarness, commit: int, before: bool
) -> None:
    machine = harness.machine(chain({"Type": "Pass"}))
    harness.put_rule(None, make_machine_target(machine, Input="{}"), ScheduleExpression="rate(1 minute)")
    harness.die_at(commit, before=before)
    for _ in range(3):
        try:
            harness.advance(MINUTE)
        except EngineDied:
            harness.up()
    harness.settle()
    assert len(harness.list_executions(machine)) == 3
