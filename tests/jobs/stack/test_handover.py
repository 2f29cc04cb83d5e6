"""A handover divides the slots between two sides, and no alarm rings because of it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json, loads
from lamplighter.jobs.machine.platform import Platform
from lamplighter.jobs.stack.handover import NEVER, Handover, parse_handover, read_handover
from lamplighter.jobs.stack.template import build_template, to_json
from tests.engine_harness import ACCOUNT, HOUR, REGION
from tests.jobs.projects import load_job_text
from tests.jobs.test_alerts import QUEUE, AlertHarness

AT = "2026-01-01T00:10:59Z"
MINUTE = 60_000
FILE = f"""
project: p
channels: {{q: {{sqs: '{QUEUE}'}}}}
jobs:
  often: {{image: x, schedule: 'cron(* * * * ? *)', notify: {{did-not-start: q}}}}
  rare: {{image: x, schedule: 'cron(0 3 1 * ? *)', notify: {{did-not-start: q}}}}
  once: {{image: x, schedule: 'at(2026-01-01T09:00:00)'}}
  off: {{image: x, schedule: rate(1 hour), enabled: false}}
"""


def build(folder: Path, platform: Platform, handover: Handover | None) -> Json:
    return build_template(load_job_text(folder, FILE).project, platform, handover)


def schedules(template: Json) -> dict[str, tuple[str, str | None, str | None]]:
    """Return the state, the start and the end of each schedule."""
    found = (
        each["Properties"] for each in template["Resources"].values() if each["Type"] == "AWS::Scheduler::Schedule"
    )
    return {each["Name"]: (each["State"], each.get("StartDate"), each.get("EndDate")) for each in found}


def alarms(template: Json) -> list[str]:
    return [title for title in template["Resources"] if title.endswith("DidNotStart") and title != "DidNotStart"]


@pytest.mark.parametrize("platform", ["aws", "here"])
def test_a_side_that_waits_starts_nothing_and_has_no_alarm_for_runs_that_do_not_start(
    tmp_path: Path, platform: Platform
) -> None:
    template = build(tmp_path, platform, Handover("waits"))
    assert {state for state, _, _ in schedules(template).values()} == {"DISABLED"}
    assert (alarms(template), alarms(build(tmp_path, platform, None))) == ([], ["OftenDidNotStart"])


@pytest.mark.parametrize("platform", ["aws", "here"])
def test_a_side_that_ends_runs_only_what_has_a_date_and_keeps_the_rhythm_of_its_rates(
    tmp_path: Path, platform: Platform
) -> None:
    began = "2025-12-01T00:00:00Z"
    dates = {"p-often": AT, "p-rare": AT, "p-rare--slot": AT, "p-off": NEVER}
    template = build(tmp_path, platform, Handover("ends", AT, dates, {"p-often": began}))
    assert schedules(template) == {
        "p-often": ("ENABLED", began, AT),
        "p-rare": ("ENABLED", None, AT),
        "p-rare--slot": ("ENABLED", None, AT),
        "p-once": ("DISABLED", None, None),
        "p-off": ("DISABLED", None, None),
    }
    assert alarms(template) == []


@pytest.mark.parametrize("platform", ["aws", "here"])
def test_a_side_that_begins_also_runs_jobs_that_were_added_or_changed_later(tmp_path: Path, platform: Platform) -> None:
    same, other = "cron(0 3 1 * ? *)", "at(2025-01-01T09:00:00)"
    dates = {"p-often": AT, "p-rare": same, "p-rare--slot": same, "p-once": other, "p-removed": AT}
    template = build(tmp_path, platform, Handover("begins", AT, dates, minutes=11))
    assert schedules(template) == {
        "p-often": ("ENABLED", AT, None),
        "p-rare": ("DISABLED", None, None),
        "p-rare--slot": ("DISABLED", None, None),
        "p-once": ("ENABLED", None, None),
        "p-off": ("DISABLED", None, None),
    }
    handover = read_handover(template)
    assert handover is not None
    assert handover.dates == {name: date for name, date in dates.items() if name != "p-removed"}
    plain, delayed = (
        each["Resources"]["OftenDidNotStart"]["Properties"]["WarmUpConfiguration"]["WarmUpPeriodDurationInMinutes"]
        for each in (build(tmp_path, platform, None), template)
    )
    assert delayed == plain + 11


def test_a_template_holds_its_handover(tmp_path: Path) -> None:
    handover = Handover("ends", AT, {"p-often": AT}, {"p-often": AT}, 3)
    template = loads(to_json(build(tmp_path, "aws", handover)))
    assert read_handover(template) == handover
    assert read_handover(build(tmp_path, "aws", None)) is None
    assert parse_handover(loads(to_json(replace(handover, dates=None).to_json()))) == replace(handover, dates=None)


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[AlertHarness]:
    made = AlertHarness(tmp_path / "data")
    made.up()
    yield made
    made.close()


def deploy(harness: AlertHarness, folder: Path, handover: Handover, *, metadata: bool) -> None:
    document = build(folder, "here" if metadata else "aws", handover)
    for resource in document["Resources"].values():
        if not metadata:
            resource.pop("Metadata", None)  # AWS ignores it
    harness.create(to_json(document), Capabilities=["CAPABILITY_IAM"], values={})
    assert harness.state() == "CREATE_COMPLETE", harness.reasons()


def started(harness: AlertHarness) -> int:
    machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:p-often"
    return len(harness.call("states", "ListExecutions", stateMachineArn=machine)["executions"])


@pytest.mark.parametrize("metadata", [False, True])
def test_the_new_side_s_alarm_is_silent_until_the_handover_and_rings_if_then_no_run_begins(
    harness: AlertHarness, tmp_path: Path, *, metadata: bool
) -> None:
    harness.call("sqs", "CreateQueue", QueueName="alerts")
    deploy(harness, tmp_path, Handover("begins", AT, {"p-often": AT}, minutes=11), metadata=metadata)
    harness.advance(10 * MINUTE)
    assert (started(harness), harness.alerts()) == (0, [])
    for _ in range(10):
        harness.advance(MINUTE)
    assert (started(harness), harness.alerts()) == (10, [])
    harness.call("scheduler", "DeleteSchedule", Name="p-often", GroupName="p")
    for _ in range(10):
        harness.advance(MINUTE)
    (alert,) = harness.alerts()
    assert "often did not start" in alert


@pytest.mark.parametrize("metadata", [False, True])
def test_the_old_side_starts_its_last_slot_before_the_handover_and_stays_silent(
    harness: AlertHarness, tmp_path: Path, *, metadata: bool
) -> None:
    harness.call("sqs", "CreateQueue", QueueName="alerts")
    deploy(harness, tmp_path, Handover("ends", AT, {"p-often": AT, "p-rare--slot": AT}), metadata=metadata)
    for _ in range(11):
        harness.advance(MINUTE)
    assert started(harness) in (10, 11)
    last = started(harness)
    for _ in range(30):
        harness.advance(HOUR)
    assert (started(harness), harness.alerts()) == (last, [])
