"""The switch for the time zone, on all pages."""

import re
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.console.view import templates
from tests.console.http_browser import Browser, Response
from tests.engine_harness import ROLE, EngineHarness, chain

BERLIN, SEOUL = "Europe/Berlin", "Asia/Seoul"
WAIT: Json = {"Type": "Wait", "Seconds": 600}


def create_schedule(harness: EngineHarness, machine: str, zone: str, name: str = "nightly") -> None:
    harness.call(
        "scheduler",
        "CreateSchedule",
        Name=name,
        ScheduleExpression="cron(0 3 * * ? *)",
        ScheduleExpressionTimezone=zone,
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": machine, "RoleArn": ROLE},
    )


def page_zone(page: Response) -> str:
    """Return the zone that the header of a page names."""
    found = re.search('id="clock" data-zone="([^"]*)"', page.body)
    assert found is not None
    return found[1]


def start_scheduled_run(harness: EngineHarness, zone: str = BERLIN) -> tuple[str, str]:
    """Create a machine with a schedule, and return its ARN and that of a run that starts now."""
    machine = harness.machine(chain(WAIT))
    create_schedule(harness, machine, zone)
    return machine, harness.start(machine)


LISTS = ("/", "/jobs", "/calendar", "/tasks", "/events", "/audit", "/search?q=machine")


def list_pages(machine: str, run: str) -> list[str]:
    return [*LISTS, f"/jobs/{machine}", f"/runs/{run}", f"/runs/{run}/history", f"/runs/{run}/logs"]


def test_all_pages_are_in_the_zone_that_all_schedules_have(harness: EngineHarness, browser: Browser) -> None:
    machine, run = start_scheduled_run(harness)
    other = harness.machine(chain(WAIT), "other")
    for path in (*list_pages(machine, run), *list_pages(other, harness.start(other))):
        page = browser.get(path)
        assert (path, page_zone(page)) == (path, BERLIN)
        assert "data-several" not in page.body
    assert "machine, run of Thu 01 Jan 01:00" in browser.get(f"/runs/{run}").text
    assert "Thu 01 Jan 01:00:00" in browser.get(f"/jobs/{machine}").text
    assert 'title="2026-01-01 00:00:00 UTC"' in browser.get(f"/jobs/{machine}").body


@pytest.mark.parametrize("zones", [(), (BERLIN, SEOUL)])
def test_without_one_zone_of_all_schedules_a_script_chooses_that_of_the_browser_and_others_see_utc(
    harness: EngineHarness, browser: Browser, zones: tuple[str, ...]
) -> None:
    machine = harness.machine(chain(WAIT))
    run = harness.start(machine)
    for each in zones:
        create_schedule(harness, machine, each, each.rpartition("/")[2])
    for path in list_pages(machine, run):
        page = browser.get(path)
        assert (path, page_zone(page)) == (path, "UTC")
        assert "data-several" in page.body


def test_a_chosen_zone_is_remembered_for_all_pages_and_streams(harness: EngineHarness, browser: Browser) -> None:
    machine, run = start_scheduled_run(harness)
    answer = browser.post_form("/clock", {"zone": SEOUL, "back": f"/runs/{run}"})
    assert (answer.status, answer.headers["location"]) == (303, f"/runs/{run}")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Max-Age=31536000" in cookie
    for path in (f"/jobs/{machine}", f"/runs/{run}", "/", "/tasks", "/calendar", "/audit"):
        assert page_zone(browser.get(path)) == SEOUL
    assert "run of Thu 01 Jan 09:00" in browser.get(f"/runs/{run}").text
    received = browser.open_stream(f"/streams?of=/runs/{run}/live")
    harness.advance(1000)
    assert "Thu 01 Jan 09:00:00" in "".join(received)


def test_a_url_shows_another_zone_once_and_its_parts_follow_it(harness: EngineHarness, browser: Browser) -> None:
    _, run = start_scheduled_run(harness)
    page = browser.get(f"/runs/{run}?zone=Asia/Seoul")
    assert page_zone(page) == SEOUL
    assert f"/runs/{run}/live?zone=Asia%2FSeoul" in page.body
    assert f"/runs/{run}/title?zone=Asia%2FSeoul" in page.body
    assert page_zone(browser.get(f"/runs/{run}")) == BERLIN
    assert "set-cookie" not in page.headers or "zone" not in page.headers["set-cookie"]


def test_a_page_links_to_itself_with_the_zone_that_it_shows(harness: EngineHarness, browser: Browser) -> None:
    machine, _ = start_scheduled_run(harness)
    browser.post_form("/clock", {"zone": f"mine:{SEOUL}"})
    page = browser.get(f"/jobs/{machine}?status=RUNNING")
    assert f'href="/jobs/{machine}?status=RUNNING&amp;zone=mine%3AAsia%2FSeoul"' in page.body
    assert f'name="back" value="/jobs/{machine}?status=RUNNING"' in page.body
    assert page_zone(page) == SEOUL


def test_a_schedule_names_its_zone_if_it_is_not_that_of_the_page(harness: EngineHarness, browser: Browser) -> None:
    start_scheduled_run(harness)
    assert "cron(0 3 * * ? *) Pause Thu 01 Jan 03:00" in browser.get("/jobs").text
    assert "cron(0 3 * * ? *) Europe/Berlin Pause Thu 01 Jan 11:00" in browser.get("/jobs?zone=Asia/Seoul").text
    assert "Thu 03:00 Berlin" in browser.get("/calendar?zone=Asia/Seoul").text


@pytest.mark.parametrize("zone", ["Nowhere", "../../../etc/passwd", "<script>", "mine:x", "x" * 3000])
def test_an_unknown_zone_is_refused_in_the_form_ignored_in_the_cookie_and_reported_for_a_url(
    browser: Browser, zone: str
) -> None:
    answer = browser.post_form("/clock", {"other": zone, "back": "/tasks"})
    assert answer.status == 422
    assert "There is no time zone" in answer.text
    assert 'aria-invalid="true"' in answer.body
    assert 'name="back" value="/tasks"' in answer.body
    assert "<script>" not in answer.body.replace("<script src", "")
    shown = browser.get(f"/tasks?zone={zone.replace('<', '%3C').replace('>', '%3E')}")
    assert "Unknown time zone" in shown.text
    browser.cookies["lamplighter-zone"] = zone
    assert page_zone(browser.get("/tasks")) == "UTC"


def test_the_way_back_leads_nowhere_else(browser: Browser) -> None:
    assert browser.post_form("/clock", {"zone": "UTC", "back": "//evil.example"}).headers["location"] == "/"


def test_every_template_gives_its_macros_the_clock_of_the_page() -> None:
    """Without the context, a macro knows neither the clock nor the form's token."""
    files = (Path(templates.PACKAGE) / "templates").glob("*.html")
    without = [each.name for each in files if re.search('import "macros.html" as m %}', each.read_text())]
    assert without == []
