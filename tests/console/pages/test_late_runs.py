"""A run that takes longer than its job's `late` is late on every page that shows it."""

import re
from pathlib import Path

import pytest

from lamplighter.base.json_text import dumps
from lamplighter.jobs.stack.template import build_template
from tests.console.http_browser import Browser
from tests.engine_harness import ACCOUNT, REGION, SECOND, EngineHarness
from tests.fake_runtime import Script
from tests.jobs.projects import load_job_text

JOB_FILE = """
project: shop
channels: {ops: {email: ops@example.com}}
jobs:
  night: {image: "alpine:3", command: "true", late: 5m, deadline: 1h, notify: {late: ops}}
  flow: {workflow: flow.json, late: 5m, notify: {late: ops}}
  other: {image: "alpine:3", command: "true"}
"""
MINUTE = 60 * SECOND
FLOW = dumps({"StartAt": "Sum", "States": {"Sum": {"Job": "night", "Type": "Task", "End": True}}})


def machine(name: str) -> str:
    return f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:shop-{name}"


@pytest.fixture
def harness(harness: EngineHarness, tmp_path: Path) -> EngineHarness:
    """An engine with the jobs of the file."""
    body = dumps(build_template(load_job_text(tmp_path, JOB_FILE, flow_json=FLOW).project, "here"))
    harness.call("cloudformation", "CreateStack", StackName="shop", TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
    harness.settle()
    return harness


def start(harness: EngineHarness, name: str, minutes: int) -> str:
    """Start a run that takes so many minutes, and let six minutes pass."""
    harness.runtime.script(Script(after=minutes * MINUTE))
    run = harness.start(machine(name), {})
    harness.settle()
    harness.advance(6 * MINUTE)
    return run


@pytest.mark.parametrize("minutes", [6, 60])
@pytest.mark.parametrize("job", ["night", "flow"])
def test_a_run_that_is_late_says_so_on_every_page(
    harness: EngineHarness, browser: Browser, job: str, minutes: int
) -> None:
    run = start(harness, job, minutes)
    late = "late after 5 min 00 s"
    assert late in browser.get("/").text
    assert late in browser.get(f"/runs/{run}").text
    page = browser.get(f"/jobs/{machine(job)}")
    assert ">late</span>" in page.body.partition('id="runs"')[2]
    assert late in page.body.partition('id="chart"')[2]
    assert re.search(f" {job} shop (running|succeeded) late ", browser.get("/jobs").text)


def test_the_night_counts_late_runs_and_shows_them_alone(harness: EngineHarness, browser: Browser) -> None:
    start(harness, "other", 6)
    assert "status=late" not in browser.get("/").body
    start(harness, "night", 6)
    page = browser.get("/?status=late")
    assert "<b>1</b> late" in page.body
    assert page.body.count('name="run"') == 1
    assert ">night</a>" in page.body
