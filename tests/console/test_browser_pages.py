"""Every page in a real browser, on a phone and a screen, in light and dark, with the longest names that AWS allows."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from lamplighter.base.json_text import Json
from tests.console import real_browser, sample_jobs
from tests.console.full_engine import QUEUE, create_removed_job, fill_engine
from tests.served_engine import ServedEngine, eventually

LONG = "nightly-import-of-all-orders-and-invoices-of-every-branch-office-in-all-regions-x"[:80]
"""A name as long as those of state machines, runs, states and queues may be. Rules and schedules have shorter ones."""
SHORTER = LONG[:64]
PHONE, SCREEN = 390, 1280
WIDE_TABLES = """
[...document.querySelectorAll(".scroll")].filter((each) => each.scrollWidth > each.clientWidth)
  .map((each) => `a table that scrolls sideways: ${each.innerText.slice(0, 60)}`)
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedEngine]:
    engine = ServedEngine(tmp_path_factory.mktemp("pages") / "data")
    engine.up()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def paths(served: ServedEngine, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The paths of all pages, each in an engine with something to show."""
    around = [*fill_engine(served), *create_removed_job(served)]
    return [*around, *create_long_names(served), *create_runs(served, tmp_path_factory.mktemp("flags"))]


def create_runs(served: ServedEngine, folder: Path) -> list[str]:
    """Create runs in all states, and return the paths of the pages of jobs and runs."""
    machine = sample_jobs.create_flaky_job(served, LONG, folder / "flag")
    sample_jobs.create_schedule(served, SHORTER, machine, "cron(0 18 ? * MON-FRI *)", "America/Argentina/Buenos_Aires")
    ended = served.start(machine, {"text": "x" * 200}, LONG)
    failed = served.start(sample_jobs.create_job(served, "broken", f"echo {'x' * 300}; exit 2"))
    endless = served.start(sample_jobs.create_job(served, "endless", "echo on; sleep 600"))
    stopped = served.start(sample_jobs.create_job(served, "stopped", "sleep 600"))
    eventually(lambda: "TaskSubmitted" in [event["type"] for event in served.history(endless)])
    served.sfn.stop_execution(executionArn=stopped)
    items = sample_jobs.start_map_run(served, 12)
    for each in (ended, failed, items):
        served.ended(each)
    map_run = served.sfn.list_map_runs(executionArn=items)["mapRuns"][0]["mapRunArn"]
    runs = [ended, failed, endless, stopped, items]
    views = [f"/runs/{run}{view}" for run in runs for view in ("", "/logs", "/history")]
    jobs = [
        "/",
        "/?status=failed&sort=job&since=soon",
        "/jobs",
        f"/jobs/{machine}",
        f"/jobs/{machine}/start",
        f"/jobs/{machine}?status=RUNNING",
    ]
    return [*jobs, *views, f"/runs/{ended}?state=Report", f"/runs/{map_run}/items", "/clock", "/nowhere"]


def create_long_names(served: ServedEngine) -> list[str]:
    """Create resources with long names around the jobs, and return the paths of the pages that have nothing else."""
    activity = served.sfn.create_activity(name=LONG)["activityArn"]
    state: Json = {"Type": "Task", "Resource": activity, "End": True}
    machine = served.machine({"StartAt": LONG, "States": {LONG: state}}, LONG[::-1])
    run = served.start(machine)
    topic = served.client("sns").create_topic(Name=LONG)["TopicArn"]
    queue = served.client("sqs").create_queue(QueueName=LONG)["QueueUrl"]
    served.client("sqs").send_message(QueueUrl=queue, MessageBody="y" * 300)
    served.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE + LONG)
    pattern = json.dumps({"source": ["x" * 100], "detail": {"z" * 90: [{"exists": True}]}})
    rule = served.client("events").put_rule(Name=SHORTER, EventPattern=pattern)["RuleArn"]
    served.client("events").put_targets(Rule=SHORTER, Targets=[{"Id": SHORTER, "Arn": QUEUE + LONG}])
    served.client("events").put_events(Entries=[{"Source": "x" * 100, "DetailType": LONG, "Detail": "{}"}])
    return [f"/runs/{run}", f"/jobs/{machine}", f"/topics/{topic}", f"/queues/{QUEUE}{LONG}", f"/rules/{rule}"]


@pytest.mark.parametrize("scheme", get_args(real_browser.Scheme))
@pytest.mark.parametrize("width", [PHONE, SCREEN])
def test_every_page_fits_its_screen_and_axe_finds_nothing(
    served: ServedEngine, paths: list[str], chromium: Browser, scheme: real_browser.Scheme, width: int
) -> None:
    found: list[str] = []
    with real_browser.open_page(chromium, scheme, width, 844, strict=False) as page:
        for path in paths:
            page.goto(served.url + path)
            found += [f"{path}: {each}" for each in (*find_overflow(page, width), *find_problems(page))]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("width", [PHONE, SCREEN])
def test_the_header_is_one_row_whatever_the_zone(served: ServedEngine, chromium: Browser, width: int) -> None:
    with real_browser.open_page(chromium, "light", width, 844) as page:
        page.goto(f"{served.url}/stacks?zone=America/Argentina/ComodRivadavia")
        header = page.locator("header.top").bounding_box()
        assert header is not None
        assert header["height"] <= 50
        assert not find_overflow(page, width)
        current = page.locator("header nav [aria-current]").bounding_box()
        assert current is not None
        assert 0 <= current["x"] <= width - current["width"]


def find_overflow(page: Page, width: int) -> list[str]:
    """Return by how many pixels the page is wider than the screen; on a phone, also the tables that scroll sideways."""
    excess = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    tables: list[str] = page.evaluate(WIDE_TABLES) if width == PHONE else []
    return [*([f"{excess} px wider than the screen"] if excess > 0 else []), *tables]


def find_problems(page: Page) -> list[str]:
    """Return all problems that axe-core finds."""
    found: list[Json] = Axe().run(page, options={"rules": {"target-size": {"enabled": True}}}).response["violations"]
    return [f"{each['id']}: {node['target']} {node['failureSummary']}" for each in found for node in each["nodes"]]
