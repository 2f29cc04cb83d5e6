"""The list of recent events: its filters and what each event is about."""

import re

from lamplighter.base.json_text import Json, dumps
from tests.console.http_browser import Browser
from tests.engine_harness import ACCOUNT, REGION, ROLE, EngineHarness, chain

JOB = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:"


def put_event(harness: EngineHarness, detail: Json, source: str = "shop", kind: str = "sale", **more: Json) -> None:
    entry = {"Source": source, "DetailType": kind, "Detail": dumps(detail), **more}
    harness.call("events", "PutEvents", Entries=[entry])
    harness.settle()


def watch(harness: EngineHarness) -> None:
    """Create a rule, without which events are not recorded."""
    harness.call("events", "PutRule", Name="all", EventPattern='{"account":["123456789012"]}')


def count(browser: Browser, url: str) -> int:
    return len(re.findall(r'<tr id="event-\d+">', browser.get(url).body))


def test_an_event_of_a_run_leads_to_the_run(harness: EngineHarness, browser: Browser) -> None:
    watch(harness)
    execution = harness.run_machine({"Type": "Pass"})
    job, run = execution.split(":")[6:8]
    body = browser.get("/events").body
    assert f'<a href="/runs/{execution}">run {job} {run}</a>' in body
    number = re.findall(r'<tr id="event-(\d+)">', body)[0]
    assert f'<a href="/runs/{execution}">run {job} {run}</a>' in browser.get(f"/events/{number}").body


def test_an_event_about_a_schedule_leads_to_its_job(harness: EngineHarness, browser: Browser) -> None:
    watch(harness)
    machine = harness.machine(chain({"Type": "Pass"}))
    target = {"Arn": machine, "RoleArn": ROLE}
    arn = harness.call(
        "scheduler", "CreateSchedule", Name="nightly", ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"}, Target=target,
    )["ScheduleArn"]  # fmt: skip
    put_event(harness, {}, Resources=[arn])
    put_event(harness, {}, Resources=[arn.replace("nightly", "gone")])
    body = browser.get("/events").body
    assert f'<a href="/jobs/{machine}">schedule nightly</a>' in body
    assert "<td>schedule gone</td>" in body


def test_events_are_filtered_by_source_type_status_and_job(harness: EngineHarness, browser: Browser) -> None:
    watch(harness)
    execution = harness.run_machine({"Type": "Pass"})
    job = execution.split(":")[6]
    put_event(harness, {"status": "SUCCEEDED"})
    put_event(harness, {"status": "FAILED"}, kind="return")
    assert count(browser, "/events") == 4
    assert count(browser, "/events?source=shop") == 2
    assert count(browser, "/events?type=return") == 1
    assert count(browser, "/events?status=SUCCEEDED") == 2
    assert count(browser, f"/events?job={job}") == 2
    assert count(browser, f"/events?job={job}&status=SUCCEEDED") == 1
    body = browser.get("/events?source=shop").body
    assert '<option value="shop" selected>shop (2)</option>' in body
    assert '<option value="SUCCEEDED">SUCCEEDED (1)</option>' in body
    assert '<option value="return">return (1)</option>' in body


def test_events_are_searched_by_text_but_not_by_secrets(harness: EngineHarness, browser: Browser) -> None:
    watch(harness)
    put_event(harness, {"order": "A-17", "password": "hunter2"})
    put_event(harness, {"order": "B-18"})
    assert count(browser, "/events?q=a-17") == 1
    assert count(browser, "/events?q=order") == 2
    assert count(browser, "/events?q=hunter2") == 0
    assert "No such event." in browser.get("/events?q=hunter2").text


def test_events_have_numbered_pages(harness: EngineHarness, browser: Browser) -> None:
    watch(harness)
    for number in range(51):
        put_event(harness, {"number": number})
    assert count(browser, "/events?source=shop") == 50
    second = browser.get("/events?source=shop&page=2")
    assert count(browser, "/events?source=shop&page=2") == 1
    assert 'rel="prev" href="?source=shop&amp;page=1"' in second.body


def test_the_list_refreshes_by_itself_also_while_it_is_empty(harness: EngineHarness, browser: Browser) -> None:
    assert 'id="events" class="stack" data-refresh="5.0"' in browser.get("/events").body
