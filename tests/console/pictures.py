"""`make pictures`: write the pictures of the console in docs/, from a real engine with jobs."""

import json
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, expect

from lamplighter.base.json_text import Json
from tests.console import real_browser, sample_jobs
from tests.served_engine import ServedEngine

DOCS = Path(__file__).parents[2] / "docs"
EXPORT_COMMAND = (
    'echo "exporting $REPORT"; for i in 1 2 3 4; do echo "batch $i of 4: 2500 rows"; sleep 0.{pace}; done; '
)
LOSE_CONNECTION = "if mkdir '{flag}'; then echo 'ERROR: lost the connection to the database'; exit 3; fi; echo done"


def main() -> None:
    """Write all pictures."""
    DOCS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        served = ServedEngine(Path(folder) / "data")
        served.up()
        try:
            served.ecs.create_cluster(clusterName="default")
            run = create_jobs(served, Path(folder))
            with real_browser.start_chromium() as browser:
                take_job_pictures(browser, served, run)
                take_other_pictures(browser, served)
        finally:
            served.close()


def create_jobs(served: ServedEngine, folder: Path) -> str:
    """Create jobs with runs, one of which is running, and return the ARN of the run to show."""
    nightly = served.machine(build_pipeline(served, folder), "reports-nightly")
    weekly = sample_jobs.create_job(
        served, "reports-weekly", EXPORT_COMMAND.format(pace=1) + "echo 'no such table: invoices' >&2; exit 2"
    )
    mirror = sample_jobs.create_job(
        served, "mirror-bucket", EXPORT_COMMAND.format(pace=2) + f"test ! -e {folder}/slow || sleep 60"
    )
    cleanup = sample_jobs.create_job(served, "cleanup", "sleep 0.2")
    sample_jobs.create_schedule(served, "reports-nightly", nightly, "cron(0 3 * * ? *)")
    sample_jobs.create_schedule(served, "reports-weekly", weekly, "cron(30 6 ? * MON *)", "Europe/Berlin")
    sample_jobs.create_schedule(served, "cleanup", cleanup, "rate(6 hours)", "UTC")
    create_alert_rules(served)
    for at in range(12):
        served.ended(served.start(cleanup))
        if at % 3 == 0:
            served.ended(served.start(mirror))
            served.ended(served.start(weekly))
            served.ended(served.start(nightly, {"day": f"2026-11-{at + 10}", "parts": ["a", "b"]}))
    (folder / "lost").rmdir()
    run = served.start(nightly, {"day": "2026-11-25", "parts": ["orders", "invoices", "refunds"]}, "2026-11-25")
    served.ended(run)
    (folder / "slow").touch()
    served.start(mirror)
    return run


def create_alert_rules(served: ServedEngine) -> None:
    """Create rules that report failed attempts and failed runs."""
    events = served.client("events")
    topic = served.client("sns").create_topic(Name="ops")["TopicArn"]
    failed = {"lastStatus": ["STOPPED"], "containers": {"exitCode": [{"anything-but": 0}]}}
    attempt = {"source": ["aws.ecs"], "detail-type": ["ECS Task State Change"], "detail": failed}
    run = {"source": ["aws.states"], "detail": {"status": ["FAILED", "TIMED_OUT", "ABORTED"]}}
    for name, pattern in (("attempt-failed", attempt), ("run-failed", run)):
        events.put_rule(Name=name, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=name, Targets=[{"Id": "ops", "Arn": topic}])


def build_pipeline(served: ServedEngine, folder: Path) -> Json:
    """Return a definition of several steps, the first of which fails once."""
    command = EXPORT_COMMAND.format(pace=3) + LOSE_CONNECTION.format(flag=folder / "lost")
    upload: Json = {"StartAt": "Upload", "States": {"Upload": {"Type": "Wait", "Seconds": 1, "End": True}}}
    each = {"Type": "Map", "ItemsPath": "$.parts", "ItemProcessor": upload, "End": True}
    check = sample_jobs.build_task_state(served, "check", "sleep 0.6", End=True)
    branches = [
        {"StartAt": "Check sums", "States": {"Check sums": check}},
        {"StartAt": "Parts", "States": {"Parts": each}},
    ]
    extract = sample_jobs.build_task_state(
        served, "extract", command, Retry=sample_jobs.RETRY, ResultPath="$.report", Next="Publish"
    )
    extract["Catch"] = [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "Tell people"}]
    alert_people = {"Type": "Pass", "Next": "Failed"}
    states = {
        "Extract": extract,
        "Publish": {"Type": "Parallel", "Branches": branches, "Next": "Done"},
        "Done": {"Type": "Succeed"},
        "Tell people": alert_people,
        "Failed": {"Type": "Fail", "Error": "ReportFailed"},
    }
    return {"StartAt": "Extract", "States": json.loads(json.dumps(states))}


def take_job_pictures(browser: Browser, served: ServedEngine, run: str) -> None:
    """Take the pictures of jobs and runs."""
    attempt = next(event["id"] for event in served.history(run) if event["type"] == "TaskScheduled")
    take_picture(browser, served, "/", "jobs.png", height=430)
    take_picture(browser, served, f"/runs/{run}?state=Extract", "run.png", scheme="dark", height=1120)
    take_picture(browser, served, f"/runs/{run}/logs?attempt={attempt}", "log.png", scheme="dark", height=430)
    take_picture(browser, served, f"/runs/{run}", "phone.png", width=390, height=844)


def take_other_pictures(browser: Browser, served: ServedEngine) -> None:
    """Take the pictures of other pages: the calendar, and why a rule matched an event."""
    take_picture(browser, served, "/calendar?zone=Europe/Berlin", "calendar.png", height=440)
    with real_browser.open_page(browser, height=640) as page:
        page.goto(f"{served.url}/events")
        page.locator("tr", has_text="attempt-failed").first.get_by_role("link").first.click()
        page.screenshot(path=DOCS / "event.png")


def take_picture(
    browser: Browser,
    served: ServedEngine,
    path: str,
    name: str,
    scheme: real_browser.Scheme = "light",
    width: int = 1280,
    height: int = 800,
) -> None:
    """Take one picture."""
    with real_browser.open_page(browser, scheme, width, height) as page:
        page.goto(served.url + path)
        expect(page.locator("main")).to_be_visible()
        time.sleep(0.5)  # until the graph is drawn and deferred parts are loaded
        page.screenshot(path=DOCS / name)


if __name__ == "__main__":
    main()
