"""A form that starts a run, sent more than once."""

import re

import pytest

from lamplighter.base.json_text import Json, dumps
from tests.console.http_browser import Browser, Response
from tests.engine_harness import EngineHarness, chain


def read_once(page: Response) -> str:
    """Return the name that a page has for the run that its form starts."""
    found = re.search('name="once" value="([^"]*)"', page.body)
    assert found is not None
    return found[1]


def count_runs(harness: EngineHarness, machine: str) -> int:
    return len(harness.call("states", "ListExecutions", stateMachineArn=machine)["executions"])


@pytest.mark.parametrize("kind", ["Pass", "Wait"])
def test_a_form_that_is_sent_twice_starts_one_run(harness: EngineHarness, browser: Browser, kind: str) -> None:
    state: Json = {"Type": kind, "Seconds": 600} if kind == "Wait" else {"Type": kind}
    machine = harness.machine(chain(state))
    given = {"once": read_once(browser.get(f"/jobs/{machine}"))}
    first = browser.post_form(f"/jobs/{machine}/start", given)
    harness.settle()
    again = browser.post_form(f"/jobs/{machine}/start", given)
    assert (first.status, again.headers["location"]) == (303, first.headers["location"])
    assert count_runs(harness, machine) == 1


def test_a_form_that_is_sent_again_with_another_input_starts_another_run(
    harness: EngineHarness, browser: Browser
) -> None:
    machine = harness.machine(chain({"Type": "Pass"}))
    once = read_once(browser.get(f"/jobs/{machine}/start"))
    for day in (1, 2):
        browser.post(f"/jobs/{machine}/start", {"once": once, "input": dumps({"day": day})})
    assert count_runs(harness, machine) == 2


def test_what_is_no_generated_name_does_not_name_the_run(harness: EngineHarness, browser: Browser) -> None:
    machine = harness.machine(chain({"Type": "Pass"}))
    location = browser.post_form(f"/jobs/{machine}/start", {"once": "tonight"}).headers["location"]
    assert not location.endswith(":tonight")
