"""The console in Firefox: what the tests of `test_browser.py` show for Chromium, for the ways that matter most."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.console import real_firefox, sample_jobs
from tests.console.real_firefox import FirefoxPage
from tests.console.test_browser import RECORD_REPORT
from tests.served_engine import ServedEngine, eventually

STATUS = "#summary .status"


@pytest.fixture
def firefox(tmp_path: Path) -> Iterator[FirefoxPage]:
    real_firefox.require_firefox()
    profile = tmp_path / "profile"
    profile.mkdir()
    with real_firefox.start_firefox(profile) as page:
        yield page


def stop_run(firefox: FirefoxPage) -> None:
    """Press Stop, and press it again while it asks for confirmation, which it does for six seconds."""
    for _ in range(10):
        firefox.click("form[action$='/stop'] button")
        with suppress(AssertionError):
            firefox.click("form[action$='/stop'] button[data-asked]", seconds=5)
            return
    raise AssertionError("it was never pressed in time")


def test_a_run_that_a_click_starts_fails_is_retried_and_succeeds_on_the_open_page(
    served: ServedEngine, firefox: FirefoxPage, tmp_path: Path
) -> None:
    gate, command = tmp_path / "gate", sample_jobs.FAIL_ONCE_COMMAND.format(flag=tmp_path / "flag")
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 15, "MaxAttempts": 1}]
    machine = sample_jobs.create_job(
        served, "nightly", f"while ! test -e '{gate}'; do sleep 0.05; done; {command}", Retry=retry
    )
    firefox.goto(f"{served.url}/jobs/{machine}")
    firefox.click("form[action$='/start'] button")
    firefox.wait_for("location.pathname.startsWith('/runs/') && document.querySelector('#summary') && true")
    firefox.evaluate("window.unchanged = true")
    firefox.wait_for_text(STATUS, "running")
    firefox.evaluate(f"({RECORD_REPORT})()")
    gate.touch()
    firefox.wait_for("window.reported.some(each => each.startsWith('RETRYING'))")
    firefox.wait_for_text("#timeline", "exit 3")
    firefox.wait_for_text(STATUS, "succeeded")
    firefox.wait_for("document.querySelector('.graph .node[data-name=Report]').dataset.status === 'SUCCEEDED'")
    assert firefox.evaluate("window.unchanged"), "the page was loaded again"


def test_a_log_is_shown_while_it_is_written(served: ServedEngine, firefox: FirefoxPage, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    command = f"echo 'before <b>the gate</b>'; while ! test -e '{gate}'; do sleep 0.05; done; echo after it"
    execution = served.start(sample_jobs.create_job(served, "chatty", command))
    eventually(lambda: "TaskSubmitted" in [event["type"] for event in served.history(execution)])
    firefox.goto(f"{served.url}/runs/{execution}/logs")
    firefox.wait_for_text("#log", "before <b>the gate</b>")
    gate.touch()
    firefox.wait_for_text("#log", "after it")


def test_an_invalid_input_is_reported_before_anything_starts(served: ServedEngine, firefox: FirefoxPage) -> None:
    machine = served.machine({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}, "nightly")
    firefox.goto(f"{served.url}/jobs/{machine}/start")
    firefox.fill("#input", '{"day": ')
    firefox.wait_for("document.getElementById('input').getAttribute('aria-invalid') === 'true'")
    firefox.click("main form button.primary")
    firefox.wait_for_text("#wrong", "This is not JSON")
    firefox.fill("#input", '{"day": 1}')
    firefox.click("main form button.primary")
    firefox.wait_for_text("#detail", '"day": 1')


def test_a_run_is_redriven_from_the_failed_state(served: ServedEngine, firefox: FirefoxPage, tmp_path: Path) -> None:
    execution = served.start(sample_jobs.create_job(served, "broken", f"test -e {tmp_path}/mended"))
    served.ended(execution)
    (tmp_path / "mended").touch()
    firefox.goto(f"{served.url}/runs/{execution}")
    firefox.click("form[action$='/redrive'] button")
    firefox.wait_for_text(STATUS, "succeeded")


def test_a_run_is_stopped_after_a_question(served: ServedEngine, firefox: FirefoxPage) -> None:
    execution = served.start(sample_jobs.create_job(served, "endless", "sleep 600"))
    firefox.goto(f"{served.url}/runs/{execution}")
    firefox.wait_for_text(STATUS, "running")
    stop_run(firefox)
    firefox.wait_for_text(STATUS, "stopped")
    assert served.ended(execution)["cause"] == "Stopped in the console"
