"""The search: what it finds, what it says about each hit, and what it must not reveal."""

import html
import re
from urllib.parse import quote

import pytest

from lamplighter.base.json_text import Json
from lamplighter.console.data.runs import found_runs
from lamplighter.console.pages import search as search_page
from lamplighter.console.ports.local import LocalPort
from lamplighter.console.ports.port import Place
from lamplighter.services.ecs.tasks import search_output
from tests.console.http_browser import Browser, Response
from tests.console.pages.test_job import copy_runs, job_arn
from tests.engine_harness import ACCOUNT, DAY, REGION, ROLE, SECOND, EngineHarness, chain, job
from tests.fake_runtime import Script

PASS: Json = {"Type": "Pass"}
FAIL: Json = {"Type": "Fail", "Error": "Sales.Missing", "Cause": "there are no Umsätze of Tuesday"}
LOG_OPTIONS = {"awslogs-group": "/jobs", "awslogs-region": REGION, "awslogs-stream-prefix": "job"}


def search(browser: Browser, words: str, filters: str = "") -> Response:
    """Open the page of a search, which must not lead elsewhere."""
    page = browser.get(f"/search?q={quote(words)}{filters}")
    assert page.status == 200
    return page


def hits(page: Response) -> list[str]:
    """Return the paths of what was found, in order."""
    return re.findall(r'<li>\s*<p class="line"><a href="([^"]+)">', page.body)


def places(page: Response) -> list[str]:
    """Return where words were found, with the excerpts."""
    pattern = r'<p class="small"><span class="quiet">(.*?)</span> <span class="mono">(.*?)</span></p>'
    return [f"{where}: {excerpt}" for where, excerpt in re.findall(pattern, page.body)]


def run_with_input(harness: EngineHarness, document: Json, name: str, machine: str = "night") -> str:
    """Start a run with an input; its state machine is created with the first one."""
    known = harness.call("states", "ListStateMachines")["stateMachines"]
    if machine not in [each["name"] for each in known]:
        harness.machine(chain(PASS), machine)
    execution = harness.start(job_arn(machine), document, name)
    harness.settle()
    return execution


def fail_with_log(harness: EngineHarness, *lines: str, name: str = "import") -> str:
    """Run a job whose container writes these lines and fails."""
    harness.call("ecs", "CreateCluster")
    container = {"name": "main", "image": "busybox", "memory": 128}
    container["logConfiguration"] = {"logDriver": "awslogs", "options": LOG_OPTIONS | {"awslogs-create-group": "true"}}
    defined = harness.call("ecs", "RegisterTaskDefinition", family=name, containerDefinitions=[container])
    harness.runtime.script(Script(code=2, lines=tuple(("stdout", line) for line in lines)))
    execution = harness.run_machine(job(defined["taskDefinition"]["taskDefinitionArn"]), name=name)
    harness.advance(5 * SECOND)
    return execution


# --- what it finds ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["sales NIGHTLY", "retail", "data TEAM", "sums takings"])
def test_a_job_is_found_by_name_project_tag_and_description(
    harness: EngineHarness, browser: Browser, words: str
) -> None:
    arn = harness.machine({"Comment": "Sums up the takings.", **chain(PASS)}, "nightly-sales")
    tags = {"lamplighter:project": "retail", "owner": "data team", "api_key": "hunter2"}
    listed = [{"key": key, "value": value} for key, value in tags.items()]
    harness.call("states", "TagResource", resourceArn=arn, tags=listed)
    harness.machine(chain(PASS), "nightly-stock")
    assert hits(search(browser, words)) == [f"/jobs/{arn}"]
    assert hits(search(browser, "hunter2")) == []


def test_the_job_with_exactly_this_name_comes_first_and_those_that_begin_with_it_next(
    harness: EngineHarness, browser: Browser
) -> None:
    for name in ("all-orders", "Orders-new", "orders"):
        harness.machine(chain(PASS), name)
    found = hits(search(browser, "orders"))
    assert found == [f"/jobs/{job_arn(name)}" for name in ("orders", "Orders-new", "all-orders")]


def test_a_removed_job_is_found(harness: EngineHarness, browser: Browser) -> None:
    harness.run_machine(PASS, name="old-import")
    harness.call("states", "DeleteStateMachine", stateMachineArn=job_arn("old-import"))
    page = search(browser, "import old")
    assert f"/jobs/{job_arn('old-import')}" in hits(page)
    assert "removed job" in page.text


def test_a_scheduled_task_is_found_and_its_schedule_leads_to_it(harness: EngineHarness, browser: Browser) -> None:
    definition = harness.define_task("sync-stock")
    cluster = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/default"
    target = {"Arn": cluster, "RoleArn": ROLE, "EcsParameters": {"TaskDefinitionArn": definition}}
    harness.call(
        "scheduler", "CreateSchedule", Name="every-hour", ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow={"Mode": "OFF"}, Target=target,
    )  # fmt: skip
    assert f"/scheduled-tasks/{cluster}/sync-stock" in hits(search(browser, "STOCK"))
    (path,) = hits(search(browser, "every hour", "&kind=others"))
    arn = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/every-hour"
    assert browser.get(f"/search?q={arn}").headers["location"] == path
    assert browser.get(path).headers["location"] == f"/scheduled-tasks/{cluster}/sync-stock"


def test_a_state_is_found_and_leads_to_the_job_with_the_state_selected(
    harness: EngineHarness, browser: Browser
) -> None:
    inner = {"StartAt": "Load file", "States": {"Load file": PASS | {"End": True}}}
    outer = {"Type": "Map", "ItemProcessor": inner, "End": True}
    arn = harness.machine({"StartAt": "Each", "States": {"Each": outer}}, "orders")
    page = search(browser, "FILE load")
    assert hits(page) == [f"/jobs/{arn}?state=Load%20file#graph"]
    assert "of orders" in page.text


def test_a_state_is_found_with_the_name_of_its_job_but_not_by_that_alone(
    harness: EngineHarness, browser: Browser
) -> None:
    harness.machine({"StartAt": "Load", "States": {"Load": PASS | {"End": True}}}, "orders")
    assert hits(search(browser, "orders load")) == [f"/jobs/{job_arn('orders')}?state=Load#graph"]
    assert hits(search(browser, "orders")) == [f"/jobs/{job_arn('orders')}"]


def test_runs_are_found_by_input_newest_first_with_the_words_highlighted(
    harness: EngineHarness, browser: Browser
) -> None:
    first = run_with_input(harness, {"file": "orders-7.csv", "customer": "Acme"}, "one")
    harness.advance(SECOND)
    second = run_with_input(harness, {"customer": "ACME", "file": "orders-8.csv"}, "two")
    run_with_input(harness, {"customer": "Other", "file": "orders-9.csv"}, "three")
    page = search(browser, "acme orders")
    assert hits(page) == [f"/runs/{second}", f"/runs/{first}"]
    marked = "{&#34;customer&#34;:&#34;<mark>ACME</mark>&#34;,&#34;file&#34;:&#34;<mark>orders</mark>-8.csv&#34;}"
    assert places(page)[0] == f"in the input: {marked}"


def test_a_word_of_an_input_is_found_in_the_other_case_and_behind_escapes(
    harness: EngineHarness, browser: Browser
) -> None:
    machine = harness.machine(chain(PASS), "night")
    harness.call("states", "StartExecution", stateMachineArn=machine, name="a", input='{"city": "M\\u00fcnchen\\/S"}')
    harness.settle()
    assert len(hits(search(browser, "MÜNCHEN/s"))) == 1


def test_a_failed_run_is_found_by_its_error_and_its_cause(harness: EngineHarness, browser: Browser) -> None:
    execution = harness.run_machine(FAIL, name="night")
    harness.run_machine(PASS, name="day")
    page = search(browser, "tuesday UMSÄTZE missing night")
    assert hits(page) == [f"/runs/{execution}"]
    assert "in the error: Sales.<mark>Missing</mark>" in places(page)
    assert "in the cause: there are no <mark>Umsätze</mark> of <mark>Tuesday</mark>" in places(page)


def test_a_line_of_output_is_found_wherever_it_stands(harness: EngineHarness, browser: Browser) -> None:
    fail_with_log(harness, "begin", "\x1b[31mDisk QUOTA\x1b[0m exceeded", *["at x"] * 63)
    page = search(browser, "quota disk")
    assert "Output" in page.text
    assert places(page) == ["in the output: <mark>Disk</mark> <mark>QUOTA</mark> exceeded"]
    (path,) = hits(page)
    assert "line 2" in page.text
    (marked,) = re.findall(r'<div class="l marked" .*?</div>', browser.get(html.unescape(path)).body)
    assert "QUOTA" in marked
    searched, size = re.findall(r"Of the output of the last 24 hours, (.*) of (.*) were searched\.", page.text)[0]
    assert searched == size


def test_a_search_of_much_output_goes_on_where_it_stopped(
    harness: EngineHarness, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_output, "SEARCH_MILLISECONDS", 0)
    for name in ("first", "second"):
        fail_with_log(harness, "disk quota", name=name)
    page = search(browser, "quota")
    assert page.text.count("disk quota") == 1
    link = "/search" + html.unescape(re.findall(r'<a href="([^"]+)">Go on</a>', page.body)[0])
    rest = browser.get(link)
    assert rest.text.count("disk quota") == 1
    assert hits(rest) != hits(page)
    assert browser.get(re.sub("output=[^&]*", "output=changed", link)).status == 200


def test_of_output_that_was_searched_in_part_the_page_says_only_that_nothing_was_found_so_far(
    harness: EngineHarness, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_output, "SEARCH_MILLISECONDS", 0)
    for name, line in (("old", "disk quota"), ("new", "all is well")):
        fail_with_log(harness, line, name=name)
    page = search(browser, "quota")
    assert "Nothing has all of these words so far" in page.text
    rest = browser.get("/search" + html.unescape(re.findall(r'<a href="([^"]+)">Go on</a>', page.body)[0]))
    assert rest.text.count("disk quota") == 1
    assert "so far" not in search(browser, "nowhere", "&kind=jobs").text


def test_a_run_of_which_only_the_job_has_the_words_is_not_found(harness: EngineHarness, browser: Browser) -> None:
    run_with_input(harness, {}, "first", "sales")
    page = search(browser, "sales")
    assert hits(page) == [f"/jobs/{job_arn('sales')}"]


def test_what_is_around_the_jobs_is_found_by_name(harness: EngineHarness, browser: Browser) -> None:
    harness.define_task("shop-job")
    machine = harness.machine(chain(PASS), "other")
    harness.call("sns", "CreateTopic", Name="shop-alerts")
    harness.call("sqs", "CreateQueue", QueueName="shop-dead")
    harness.call("events", "PutRule", Name="shop-sale", ScheduleExpression="rate(1 day)")
    template = '{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}'
    stack = harness.call("cloudformation", "CreateStack", StackName="shop", TemplateBody=template)["StackId"]
    harness.call(
        "scheduler", "CreateSchedule", Name="shop-nightly", ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow={"Mode": "OFF"}, Target={"Arn": machine, "RoleArn": ROLE},
    )  # fmt: skip
    harness.settle()
    found = hits(search(browser, "shop", "&kind=others"))
    place = f"{REGION}:{ACCOUNT}"
    expected = [
        f"/search/schedule/arn:aws:scheduler:{place}:schedule/default/shop-nightly",
        f"/rules/arn:aws:events:{place}:rule/shop-sale", f"/topics/arn:aws:sns:{place}:shop-alerts",
        f"/queues/arn:aws:sqs:{place}:shop-dead", f"/stacks/{stack}",
        f"/definitions/arn:aws:ecs:{place}:task-definition/shop-job",
    ]  # fmt: skip
    assert [path for path in expected if path not in found] == []
    assert browser.get(expected[0]).headers["location"] == f"/jobs/{machine}"
    assert [path for path in expected[1:] if browser.get(path).status != 200] == []


# --- where it leads ---------------------------------------------------------------------------------------------------


def test_an_arn_and_the_exact_name_of_a_run_lead_straight_to_its_page(harness: EngineHarness, browser: Browser) -> None:
    execution = run_with_input(harness, {"see": "run-17"}, "run-17")
    run_with_input(harness, {"see": "run-17"}, "run-178")
    for words in (execution, "run-17"):
        answer = browser.get(f"/search?q={words}")
        assert (answer.status, answer.headers["location"]) == (303, f"/runs/{execution}")
    assert len(hits(search(browser, "RUN-17"))) == 2


def test_a_name_that_two_runs_have_leads_to_both(harness: EngineHarness, browser: Browser) -> None:
    for machine in ("a", "b"):
        run_with_input(harness, {}, "same-name", machine)
    assert len(hits(search(browser, "same-name"))) == 2


def test_runs_have_numbered_pages(harness: EngineHarness, browser: Browser) -> None:
    harness.machine(chain(PASS), "copies-of")
    harness.run_machine(PASS, name="night")
    copy_runs(harness, 120, "COPIES")
    first = search(browser, "copies")
    assert "All 120 runs" in first.text
    page = search(browser, "copies", "&kind=runs&page=3")
    assert "Previous 1 2 3 101 to 120 of 120 found" in page.text
    assert len(hits(page)) == 20


def test_a_search_that_ended_goes_on_with_older_runs(
    harness: EngineHarness, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(found_runs, "MAX_RUNS", 100)
    harness.run_machine(PASS, name="night")
    copy_runs(harness, 250, "COPIES")
    url, found = "/search?q=copies&kind=runs", list[str]()
    numbers = []
    while url:
        page = browser.get(url)
        numbers.append(re.findall(r"to \d+ of (\d+) found", page.body))
        for number in (1, 2):
            found += hits(browser.get(f"{url}&page={number}")) if number == 1 or numbers[-1] else []
        older = re.search(r'<a href="([^"]+)">Search older runs</a>', page.body)
        url = f"/search{html.unescape(older[1])}" if older else ""
    assert (len(found), len(set(found))) == (250, 250)
    assert "Runs were searched back to" not in page.text


def test_filters_of_the_url_select_runs(harness: EngineHarness, browser: Browser) -> None:
    run_with_input(harness, {"word": 1}, "old")
    harness.advance(2 * DAY)
    failed = harness.run_machine(FAIL | {"Error": "Word"}, name="fails")
    new = run_with_input(harness, {"word": 1}, "new", "other")
    assert hits(search(browser, "word", "&since=1")) == [f"/runs/{new}", f"/runs/{failed}"]
    assert hits(search(browser, "word", "&status=FAILED")) == [f"/runs/{failed}"]
    assert hits(search(browser, "word", "&job=other")) == [f"/runs/{new}"]
    nothing = search(browser, "word", "&job=other&status=FAILED")
    assert (hits(nothing), "Nothing has all of these words" in nothing.text) == ([], True)
    assert 'href="/search?q=word"' in nothing.body or 'href="?q=word"' in nothing.body


def test_without_words_the_page_explains_the_search(browser: Browser) -> None:
    assert "Type words in any order" in search(browser, "").text


def test_every_page_has_the_search_field_as_a_form_that_works_without_scripts(browser: Browser) -> None:
    for path in ("/", "/jobs", "/queues", "/search?q=a%22b"):
        body = browser.get(path).body
        assert '<form class="search" action="/search" role="search"' in body
        assert '<input type="search" id="search" name="q"' in body
    assert 'name="q" value="a&#34;b"' in browser.get("/search?q=a%22b").body


def test_the_short_list_has_the_first_results_and_leads_to_all(harness: EngineHarness, browser: Browser) -> None:
    for number in range(20):
        run_with_input(harness, {"word": number}, f"run-{number}")
    part = browser.get("/search?q=word&brief=1").body
    assert part.count('role="option"') == search_page.MAX_BRIEF + 1
    assert 'data-path="/search?q=word"' in part
    assert "<html" not in part


# --- what it must not do ----------------------------------------------------------------------------------------------


def test_names_and_excerpts_are_escaped(harness: EngineHarness, browser: Browser) -> None:
    machine = harness.machine({"StartAt": "<script>", "States": {"<script>": PASS | {"End": True}}}, "night")
    harness.start(machine, {"x": "<script>alert(1)</script>"}, "a")
    harness.settle()
    for query in ("", "&brief=1"):
        body = browser.get(f"/search?q=%3Cscript%3E{query}").body
        assert "<mark>&lt;script&gt;</mark>" in body
        assert "<script>" not in body
        assert "alert(1)" in body


def test_a_secret_finds_nothing_and_is_not_shown(harness: EngineHarness, browser: Browser) -> None:
    run_with_input(harness, {"db_password": "hunter2", "report": "daily"}, "a")
    run_with_input(harness, {"env": [{"Name": "API_TOKEN", "Value": "hunter2"}], "report": "daily"}, "b")
    run_with_input(harness, {"text": '{"secret": "hunter2"}', "report": "daily"}, "c")
    assert hits(search(browser, "hunter2")) == []
    assert hits(search(browser, "hunter2 daily")) == []
    page = search(browser, "daily")
    assert len(hits(page)) == 3
    assert "hunter2" not in page.body
    assert "••••••" in page.body


def test_a_secret_in_a_cause_finds_nothing_and_is_not_shown(harness: EngineHarness, browser: Browser) -> None:
    overrides = {"ContainerOverrides": [{"Name": "main", "Environment": [{"Name": "TOKEN", "Value": "hunter2"}]}]}
    harness.runtime.script(Script(code=3))
    of_task = harness.run_machine(job(harness.define_task(), Parameters={"Overrides": overrides}), name="night")
    written = harness.run_machine(FAIL | {"Cause": '{"reason": "exit 3", "token": "hunter2"}'}, name="day")
    assert [each for each in (of_task, written) if "hunter2" not in harness.describe(each)["cause"]] == []
    assert hits(search(browser, "hunter2")) == []
    page = search(browser, "exit 3", "&kind=runs")
    assert hits(page) == [f"/runs/{written}", f"/runs/{of_task}"]
    assert "hunter2" not in page.body


def test_of_a_failed_container_only_what_people_read_is_searched(harness: EngineHarness, browser: Browser) -> None:
    harness.runtime.script(Script(code=3))
    execution = harness.run_machine(job(harness.define_task()), name="night")
    assert "cpu-architecture" in harness.describe(execution)["cause"]
    assert hits(search(browser, "cpu-architecture")) == []
    task = harness.call("ecs", "ListTasks", desiredStatus="STOPPED")["taskArns"][0].rpartition("/")[2]
    assert hits(search(browser, task)) == [f"/runs/{execution}"]


def test_the_number_of_calls_does_not_grow_with_the_number_of_runs_found(
    harness: EngineHarness, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.run_machine(PASS, name="night")
    copy_runs(harness, 3)
    calls: list[str] = []
    original = LocalPort.call_internal

    async def count(port: LocalPort, place: Place, service: str, operation: str, *more: Json) -> Json:
        calls.append(operation)
        return await original(port, place, service, operation, *more)

    monkeypatch.setattr(LocalPort, "call_internal", count)
    for common in ("succeeded", "nothing-has-this"):
        search(browser, common)
    few, calls[:] = len(calls), []
    copy_runs(harness, 9_990, "ABORTED")
    copy_runs(harness, 200, "FAILED")
    assert "500+" in search(browser, "aborted", "&kind=runs").text
    search(browser, "nothing-has-this")
    # A call for a hundred hits or for 2,000 runs.
    assert calls.count("SearchRuns") <= 5 + 6 + 2
    assert len(calls) <= few + 20


# --- AWS --------------------------------------------------------------------------------------------------------------


def test_on_aws_jobs_states_and_names_of_runs_are_found_and_the_page_says_what_is_not(
    harness: EngineHarness, browser: Browser, as_on_aws: list[str]
) -> None:
    definition = {"StartAt": "Import it", "States": {"Import it": PASS | {"End": True}}}
    arn = harness.machine({"Comment": "import of all", **definition}, "orders")
    execution = harness.start(arn, {"import": "input"}, "import-7")
    harness.settle()
    page = search(browser, "import")
    assert hits(page) == [f"/jobs/{arn}", f"/runs/{execution}", f"/jobs/{arn}?state=Import%20it#graph"]
    assert "AWS cannot search inputs, errors and output" in page.text
    assert hits(search(browser, "input")) == []
    assert (as_on_aws.count("DescribeStateMachine"), as_on_aws.count("ListExecutions")) == (1, 1)
    brief = browser.get("/search?q=import&brief=1").body
    assert f'data-path="/jobs/{arn}"' in brief
