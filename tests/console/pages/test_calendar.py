"""The calendar page."""

import pytest

from lamplighter.base.json_text import dumps
from lamplighter.services.scheduler import night_slots
from tests.console.http_browser import Browser
from tests.engine_harness import ACCOUNT, REGION, ROLE, EngineHarness

MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:report"


def create_schedule(
    harness: EngineHarness, name: str, expression: str, zone: str = "UTC", state: str = "ENABLED"
) -> None:
    harness.call(
        "scheduler",
        "CreateSchedule",
        Name=name,
        ScheduleExpression=expression,
        ScheduleExpressionTimezone=zone,
        State=state,
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": "arn:aws:scheduler:::aws-sdk:sfn:startExecution",
            "RoleArn": ROLE,
            "Input": dumps({"StateMachineArn": MACHINE}),
        },
    )


def test_schedules_and_rules_are_shown_with_what_they_start(harness: EngineHarness, browser: Browser) -> None:
    create_schedule(harness, "nightly", "cron(0 18 * * ? *)", "Asia/Seoul")
    create_schedule(harness, "paused", "cron(0 18 * * ? *)", state="DISABLED")
    harness.call("events", "PutRule", Name="hourly", ScheduleExpression="rate(1 hour)")
    harness.call("events", "PutRule", Name="noon", ScheduleExpression="cron(0 12 * * ? *)")
    harness.call("events", "PutRule", Name="by-pattern", EventPattern='{"source":["x"]}')
    page = browser.get("/calendar")
    assert "Thu 01 Jan 09:00 report Thu 18:00 Seoul 12:00 noon Fri 02 Jan" in page.text
    assert "hourly rate(1 hour)" in page.text
    assert "paused" not in page.text
    assert "by-pattern" not in page.text
    assert f'href="/jobs/{MACHINE}"' in page.body


def test_times_are_shown_in_the_chosen_time_zone(harness: EngineHarness, browser: Browser) -> None:
    create_schedule(harness, "nightly", "cron(0 18 * * ? *)", "Asia/Seoul")
    assert "18:00 report Fri 02 Jan" in browser.get("/calendar?zone=Asia/Seoul").text


def test_an_unknown_time_zone_is_reported_and_escaped(browser: Browser) -> None:
    page = browser.get("/calendar?zone=%3Cb%3ENowhere")
    assert "Unknown time zone <b>Nowhere" in page.text
    assert "<b>Nowhere" not in page.body


def test_the_day_of_a_clock_change_is_marked(harness: EngineHarness, browser: Browser) -> None:
    harness.advance(65 * 86_400_000)  # 7 March
    create_schedule(harness, "early", "cron(30 2 * * ? *)", "America/New_York")
    text = browser.get("/calendar?zone=America/New_York").text
    assert "clocks go forward from 02:00 to 03:00: 23 hours 02:30 report skipped" in text


def test_a_schedule_that_only_checks_another_one_is_not_listed(harness: EngineHarness, browser: Browser) -> None:
    """The checks of weekly jobs whose `did-not-start` has a channel are such schedules."""
    create_schedule(harness, "weekly", "cron(30 7 ? * FRI *)")
    check = {"Arn": f"{MACHINE}--slots", "RoleArn": ROLE, "Input": "{}"}
    given = {"ScheduleExpression": "cron(30 7 ? * FRI *)", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": check}
    harness.call("scheduler", "CreateSchedule", Name="weekly--slot", **given)
    harness.advance(30 * 3_600_000)
    for path in ("/calendar", "/"):
        page = browser.get(path)
        assert (path, f'href="/jobs/{MACHINE}"' in page.body) == (path, True)
        assert "slot" not in page.text


def test_frequent_schedules_are_apart_from_those_whose_times_nobody_knows(
    harness: EngineHarness, browser: Browser
) -> None:
    create_schedule(harness, "often", "cron(0/1 4-5 * * ? *)")
    assert "Frequent report cron(0/1 4-5 * * ? *)" in browser.get("/calendar").text
    harness.call("events", "PutRule", Name="hourly", ScheduleExpression="rate(1 hour)")
    assert "At times that only EventBridge knows hourly rate(1 hour)" in browser.get("/calendar").text


def test_all_schedules_of_an_engine_are_shown_however_many_there_are(
    harness: EngineHarness, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(night_slots, "PAGE_SIZE", 2)
    for number in range(5):
        create_schedule(harness, f"nightly-{number}", f"cron({number} 18 * * ? *)")
    text = browser.get("/calendar").text
    assert [number for number in range(9) if f"0{number} report" in text] == [0, 1, 2, 3, 4]
