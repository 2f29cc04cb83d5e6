"""The lists of topics, queues, rules and stacks: filters in the URL, numbered pages, and refreshes."""

import re

import pytest

from lamplighter.base.json_text import dumps
from lamplighter.console.data import listing
from tests.console.http_browser import Browser
from tests.engine_harness import EngineHarness

TEMPLATE = dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})


def create(harness: EngineHarness, kind: str, name: str) -> None:
    if kind == "topics":
        harness.call("sns", "CreateTopic", Name=name)
    elif kind == "queues":
        harness.call("sqs", "CreateQueue", QueueName=name)
    elif kind == "rules":
        harness.call("events", "PutRule", Name=name, EventPattern='{"source":["shop"]}')
    else:
        harness.call("cloudformation", "CreateStack", StackName=name, TemplateBody=TEMPLATE)
    harness.settle()


def shown(browser: Browser, url: str) -> list[str]:
    """Return the names in the rows of a list, in order."""
    return re.findall(r'<tr id="[a-z]+-([^"]+)">', browser.get(url).body)


@pytest.mark.parametrize("kind", ["topics", "queues", "rules", "stacks"])
def test_a_list_is_filtered_by_parts_of_names_and_says_if_nothing_fits(
    harness: EngineHarness, browser: Browser, kind: str
) -> None:
    for name in ("orders-night", "orders-day", "customers-night"):
        create(harness, kind, name)
    assert sorted(shown(browser, f"/{kind}")) == ["customers-night", "orders-day", "orders-night"]
    assert sorted(shown(browser, f"/{kind}?q=NIGHT")) == ["customers-night", "orders-night"]
    assert shown(browser, f"/{kind}?q=night+orders") == ["orders-night"]
    page = browser.get(f"/{kind}?q=%3Cnothing%3E")
    assert "None with this name" in page.text
    assert 'value="&lt;nothing&gt;"' in page.body
    assert f'id="{kind}" class="stack" data-refresh="5.0"' in page.body


@pytest.mark.parametrize(("kind", "size"), [("topics", 25), ("queues", 25), ("rules", 50), ("stacks", 50)])
def test_a_long_list_has_numbered_pages(harness: EngineHarness, browser: Browser, kind: str, size: int) -> None:
    names = [f"a-{number:03}" for number in range(2 * size + 1)]
    for name in names:
        create(harness, kind, name)
    pages = [shown(browser, f"/{kind}?q=a-&page={number}") for number in (1, 2, 3)]
    assert sorted(name for page in pages for name in page) == names
    assert [len(page) for page in pages] == [size, size, 1]
    second = browser.get(f"/{kind}?q=a-&page=2")
    assert 'rel="prev" href="?q=a-&amp;page=1"' in second.body
    assert 'rel="next" href="?q=a-&amp;page=3"' in second.body
    assert f"{size + 1} to {2 * size} of {2 * size + 1} {kind}" in second.text


def test_rules_are_filtered_by_state(harness: EngineHarness, browser: Browser) -> None:
    for name in ("one", "two", "three"):
        create(harness, "rules", name)
    harness.call("events", "DisableRule", Name="two")
    assert shown(browser, "/rules?state=DISABLED") == ["two"]
    assert sorted(shown(browser, "/rules?state=ENABLED")) == ["one", "three"]
    assert '<option value="ENABLED">enabled (2)</option>' in browser.get("/rules").body
    assert '<option value="ENABLED">enabled (0)</option>' in browser.get("/rules?q=two").body


def test_the_filter_of_rules_keeps_the_bus(harness: EngineHarness, browser: Browser) -> None:
    harness.call("events", "CreateEventBus", Name="orders")
    harness.call("events", "PutRule", Name="r", EventBusName="orders", EventPattern='{"source":["x"]}')
    assert '<input type="hidden" name="bus" value="orders">' in browser.get("/rules?bus=orders").body
    assert shown(browser, "/rules?bus=orders&state=ENABLED") == ["r"]


def test_a_list_that_is_too_long_says_so(
    harness: EngineHarness, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MAX_CALLS", 1)
    for number in range(101):
        create(harness, "topics", f"t{number:03}")
    assert "There are more than 100 topics: only these are listed and searched." in browser.get("/topics").text


def test_a_link_to_a_page_escapes_what_is_searched(browser: Browser, harness: EngineHarness) -> None:
    for number in range(26):
        create(harness, "topics", f"t-{number}")
    assert 'value="t&#34;&gt;"' in browser.get("/topics?q=t%22%3E").body
    assert "q=t-&amp;page=2" in browser.get("/topics?q=t-").body


def test_the_calendar_refreshes_by_itself(browser: Browser) -> None:
    assert 'id="calendar" class="stack" data-refresh="60"' in browser.get("/calendar").body
