"""The pages of a run's logs, without a browser."""

import re
from urllib.parse import urlencode

import pytest

from lamplighter.base.json_text import Json
from lamplighter.console.data.logs import numbered_log
from lamplighter.console.page import Page
from lamplighter.services.logs import read_lines
from tests.console.http_browser import Browser, stream_events
from tests.console.pages.log_pages import (
    cursor,
    forget_numbers,
    put_lines,
    read_all,
    shown_lines,
    start_run,
    stream_names,
    texts,
)
from tests.engine_harness import DAY, SECOND, EngineHarness

MANY = [f"line {number} {'of TEN' if number % 10 == 0 else ''}".strip() for number in range(1, 1201)]


@pytest.fixture
def run(harness: EngineHarness) -> str:
    """A run whose container wrote nothing, so that a test adds the lines."""
    return start_run(harness)


@pytest.fixture(params=["numbers", "times"])
def log(request: pytest.FixtureRequest, harness: EngineHarness, run: str) -> str:
    """The parts of a log of 1,200 lines, with line numbers, or without them as on AWS."""
    put_lines(harness, MANY[:700])
    harness.clock.advance(5)
    put_lines(harness, MANY[700:])
    if request.param == "times":
        forget_numbers(harness)
    return f"/runs/{run}/logs/lines?container=main"


def test_a_log_opens_at_its_end_and_leads_to_its_beginning(harness: EngineHarness, browser: Browser, run: str) -> None:
    put_lines(harness, MANY)
    page = browser.get(f"/runs/{run}/logs")
    assert texts(page.body)[-1] == "line 1199"[:-4] + "1200 of TEN"
    assert "1,200 lines" in page.text
    assert "Complete" in page.text
    first = browser.get(f"/runs/{run}/logs?at=first")
    assert texts(first.body)[0] == "line 1"
    assert "Earlier" not in first.text
    assert "Later" in first.text


@pytest.mark.parametrize("forward", [True, False])
def test_the_parts_of_a_log_have_each_line_once(browser: Browser, log: str, *, forward: bool) -> None:
    assert read_all(browser, log, forward=forward) == MANY


def grep(lines: list[str], find: str, context: int) -> list[str]:
    """Return what a search must show: matches with their context, and a gap where lines are left out between them."""
    shown = [
        at
        for at in range(len(lines))
        if any(find in each.lower() for each in lines[max(0, at - context) : at + context + 1])
    ]
    found: list[str] = []
    for before, at in zip([*shown[:1], *shown], shown, strict=False):
        found += ["⋯"] if context and at > before + 1 else []
        found.append(lines[at])
    return found


@pytest.mark.parametrize("context", [0, 2, 5, 20])
@pytest.mark.parametrize("forward", [True, False])
def test_a_search_shows_each_match_once_with_its_context_in_both_directions(
    browser: Browser, log: str, context: int, *, forward: bool
) -> None:
    for find in ("of ten", "line 1", "LINE 345", "7", "nothing at all"):
        found = read_all(browser, f"{log}&find={find}&context={context}", forward=forward)
        assert found == grep(MANY, find.lower(), context), find


def test_a_search_that_stops_for_others_misses_nothing(
    browser: Browser, log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_lines, "MAX_EXAMINED_BYTES", 1)
    monkeypatch.setattr(numbered_log, "FEW_MATCHES", 1)
    for forward in (True, False):
        found = read_all(browser, f"{log}&find=of ten&context=2", forward=forward)
        assert found == grep(MANY, "of ten", 2)


def test_matches_are_marked_counted_and_found_without_regard_to_case(
    harness: EngineHarness, browser: Browser, run: str
) -> None:
    put_lines(harness, ["An Error", "fine", "<error> twice: ERROR", "\x1b[31mEr\x1b[0mror"])
    page = browser.get(f"/runs/{run}/logs?find=error")
    assert "3 matches" in page.text
    assert [text for _, text in shown_lines(page.body)] == [
        "An <mark>Error</mark>",
        "&lt;<mark>error</mark>&gt; twice: <mark>ERROR</mark>",
        '<mark class="colour-1">Er</mark><mark>ror</mark>',
    ]
    assert "1 match " in browser.get(f"/runs/{run}/logs?find=fine").text
    assert "No line contains “missing”." in browser.get(f"/runs/{run}/logs?find=missing").text


def test_a_long_count_is_not_finished(
    harness: EngineHarness, browser: Browser, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numbered_log, "MAX_COUNTED_MATCHES", 1000)
    put_lines(harness, MANY)
    put_lines(harness, MANY)
    assert re.search("at least [12],[0-9]{3} matches", browser.get(f"/runs/{run}/logs?find=line").text)


@pytest.mark.parametrize("place", [0, 1, 350, 699, 700, 1199])
def test_the_link_of_a_line_opens_the_log_around_it(browser: Browser, log: str, place: int) -> None:
    found: dict[str, str] = {}
    body = browser.get(f"{log}&at=first").body
    while True:
        found |= {text: key for key, text in shown_lines(body)}
        if not cursor(body, "later"):
            break
        body = browser.get(f"{log}&after={cursor(body, 'later')}").body
    line = found[MANY[place]]
    page = browser.get(f"{log.replace('/lines', '')}&line={line}").body
    assert f'<div class="l marked" id="L{line}">' in page
    assert page.count("l marked") == 1
    shown = texts(page)
    assert shown == MANY[max(0, place - 150) : place + 150]
    assert cursor(page, "earlier") == ("" if place <= 150 else found[shown[0]])
    assert f"line={line}#L{line}" in page


def test_a_link_can_name_a_range_and_says_if_a_line_does_not_exist(
    harness: EngineHarness, browser: Browser, run: str
) -> None:
    put_lines(harness, MANY)
    page = browser.get(f"/runs/{run}/logs?line=10..12").body
    assert re.findall('l marked" id="L([0-9]+)"', page) == ["10", "11", "12"]
    for wrong in ("1201", "9" * 30, "x", "1-2", "5..x", "<script>"):
        page = browser.get(f"/runs/{run}/logs?line={wrong}").body
        assert "This log has no line" in page
        assert "l marked" not in page
        assert "<script>" not in page.replace("<script src", "")


def test_a_log_without_numbers_says_so(harness: EngineHarness, browser: Browser, run: str) -> None:
    put_lines(harness, ["one"])
    forget_numbers(harness)
    page = browser.get(f"/runs/{run}/logs")
    assert "Lines have no numbers here, because an earlier version stored this log." in page.text
    ((line, _),) = shown_lines(page.body)
    assert line == f"{harness.clock.now()}-0"


def test_aws_returns_empty_pages_and_no_numbers_and_all_lines_are_read(
    harness: EngineHarness, browser: Browser, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ "This operation can return empty results while there are more log events available through the token." """
    put_lines(harness, MANY)
    empty_pages = 0
    original = Page.call

    async def call(page: Page, service: str, operation: str, **params: Json) -> Json:
        nonlocal empty_pages
        token = params.pop("nextToken", "")
        if operation == "GetLogEvents" and not token.endswith("/empty"):
            empty_pages += 1
            return {"events": [], "nextForwardToken": f"{token}/empty", "nextBackwardToken": f"{token}/empty"}
        given = token.removesuffix("/empty")
        answer = await original(page, service, operation, **params, **({"nextToken": given} if given else {}))
        ends = {name: token for name in ("nextForwardToken", "nextBackwardToken") if answer.get(name) == given}
        return answer | ends

    async def call_internal(page: Page, service: str, operation: str, **params: Json) -> Json:
        del page, service, operation, params

    monkeypatch.setattr(Page, "call", call)
    monkeypatch.setattr(Page, "call_internal", call_internal)
    assert "because CloudWatch Logs numbers no lines" in browser.get(f"/runs/{run}/logs").text
    for forward in (True, False):
        assert read_all(browser, f"/runs/{run}/logs/lines?container=main", forward=forward) == MANY
    assert empty_pages > 10


def test_the_file_of_a_log_is_named_after_its_run(harness: EngineHarness, browser: Browser, run: str) -> None:
    put_lines(harness, ["one", "<two>"])
    answer = browser.get(f"/runs/{run}/logs/file")
    name = run.rpartition(":")[2]
    assert answer.headers["content-disposition"] == f'attachment; filename="nightly-{name}-A-1-main.log"'
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.body == "one\n<two>\n"


def test_a_very_long_line_is_cut_and_has_a_link_to_all_of_it(
    harness: EngineHarness, browser: Browser, run: str
) -> None:
    line = "x" * 9_000 + " needle " + "y" * 200_000
    put_lines(harness, ["short", line])
    page = browser.get(f"/runs/{run}/logs")
    assert len(page.body) < 30_000
    assert "whole line (209,008 characters)" in page.text
    link = re.search('href="([^"]*/logs/line[^"]*)"', page.body)
    assert link is not None
    whole = browser.get(link[1].replace("&amp;", "&"))
    assert whole.body == f"{line}\n"
    assert whole.headers["content-type"].startswith("text/plain")
    assert "<mark>needle</mark>" in browser.get(f"/runs/{run}/logs?find=needle").body
    assert browser.get(f"/runs/{run}/logs/line?line=77").status == 404


def test_lines_that_retention_deleted_are_reported(harness: EngineHarness, browser: Browser, run: str) -> None:
    put_lines(harness, MANY)
    harness.call("logs", "PutRetentionPolicy", logGroupName="/night", retentionInDays=3)
    harness.clock.advance(4 * DAY)
    harness.settle()
    assert "All 1,200 lines are gone: the log group keeps lines for 3 days." in browser.get(f"/runs/{run}/logs").text
    put_lines(harness, ["a late line"])
    page = browser.get(f"/runs/{run}/logs")
    assert "Lines 1 to 1,200 are gone: the log group keeps lines for 3 days." in page.text
    assert shown_lines(page.body) == [("1201", "a late line")]


def test_a_deleted_log_is_reported(harness: EngineHarness, browser: Browser, run: str) -> None:
    assert "No output." in browser.get(f"/runs/{run}/logs").text
    harness.call("logs", "DeleteLogStream", **stream_names(harness))
    assert "The log stream of this container does not exist" in browser.get(f"/runs/{run}/logs").text
    harness.call("logs", "DeleteLogGroup", logGroupName="/night")
    page = browser.get(f"/runs/{run}/logs")
    assert (page.status, "The log group /night does not exist." in page.text) == (200, True)
    assert browser.get(f"/runs/{run}/logs?line=5&find=x").status == 200


def test_new_lines_and_new_matches_are_streamed_until_the_log_is_complete(
    harness: EngineHarness, browser: Browser
) -> None:
    run = start_run(harness, "one match", running=True)
    harness.advance(2 * SECOND)  # the line is sent
    streams = {
        name: browser.open_stream("/streams?" + urlencode({"of": f"/runs/{run}/logs/live?{query}"}))
        for name, query in {"all": "after=1", "found": "find=MATCH&context=1&after=1~1", "new": ""}.items()
    }
    for text in ("two", "three", "four match", "five", "six", "seven"):
        put_lines(harness, [text])
        harness.advance(SECOND)
    harness.runtime.finish(list(harness.runtime.started)[-1], 0)
    for _ in range(10):
        harness.advance(SECOND)
    events = {name: [each for each in stream_events(got) if each["of"]] for name, got in streams.items()}
    received = {name: "".join(each["text"] for each in found) for name, found in events.items()}
    assert texts(received["all"]) == ["two", "three", "four match", "five", "six", "seven"]
    assert texts(received["new"]) == ["one match", *texts(received["all"])]
    assert texts(received["found"]) == ["two", "three", "four match", "five"]
    assert {found[-1]["event"] for found in events.values()} == {"end"}
