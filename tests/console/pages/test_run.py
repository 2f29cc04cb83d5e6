"""The pages of a run, with an engine in this process."""

import html
import re
from collections.abc import Callable

import pytest

from lamplighter.base.json_text import Json
from lamplighter.runtime.port import ContainerSpec
from tests.console.http_browser import Browser, stream_events
from tests.engine_harness import SECOND, EngineHarness, chain, job
from tests.fake_runtime import Script

NASTY = "<script>alert('x')</script>"


def test_user_text_is_escaped_on_every_page_of_a_run(harness: EngineHarness, browser: Browser) -> None:
    states: Json = {NASTY: {"Type": "Fail", "Error": NASTY, "Cause": NASTY}}
    execution = harness.start(harness.machine({"StartAt": NASTY, "States": states}), {NASTY: NASTY})
    harness.settle()
    for path in ("", "/history", "/logs", "/detail?state=%3Cscript%3E"):
        body = browser.get(f"/runs/{execution}{path}").body
        assert "<script>" not in body, path
        assert "alert" in body or path in ("/logs", "/detail?state=%3Cscript%3E")
    whole = browser.get(f"/runs/{execution}/document?of=input")
    assert whole.headers["content-type"].startswith("text/plain")
    assert whole.headers["x-content-type-options"] == "nosniff"


def test_secrets_are_masked_on_every_page_of_a_run(harness: EngineHarness, browser: Browser) -> None:
    execution = harness.start(harness.machine(chain({"Type": "Pass"})), {"password": "hunter2"})
    harness.settle()
    for path in ("", "?state=A", "/history", "/document?of=input", "/document?of=2"):
        assert "hunter2" not in browser.get(f"/runs/{execution}{path}").body, path


def test_a_run_shows_its_attempts_and_the_available_actions(harness: EngineHarness, browser: Browser) -> None:
    harness.runtime.script(Script(code=3))
    state = job(harness.define_task(), Retry=[{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 1}])
    execution = harness.start(harness.machine(chain(state)))
    harness.settle()
    page = browser.get(f"/runs/{execution}")
    assert "A #1" in page.text
    assert "exit 3" in page.text
    assert "Next attempt" in page.text
    assert "live_run.js" in page.body
    assert "Redrive" not in page.text
    harness.advance(2 * SECOND)
    harness.advance(SECOND)
    page = browser.get(f"/runs/{execution}")
    assert "after a wait of 2.0 s" in page.text
    assert "Redrive" in page.text
    assert "live_run.js" not in page.body


def test_the_stream_of_an_ended_run_sends_all_parts_and_ends(harness: EngineHarness, browser: Browser) -> None:
    execution = harness.run_machine({"Type": "Pass"})
    received = browser.open_stream(f"/streams?of=/runs/{execution}/live")
    harness.settle()
    names = [each["event"] for each in stream_events(received)]
    assert names == ["alive", "summary", "states", "timeline", "maps", "end"]


def test_run_again_uses_the_same_input(harness: EngineHarness, browser: Browser) -> None:
    machine = harness.machine(chain({"Type": "Pass"}))
    execution = harness.start(machine, {"day": 7})
    harness.settle()
    browser.post(f"/runs/{execution}/again", {})
    runs = harness.call("states", "ListExecutions", stateMachineArn=machine)["executions"]
    assert len(runs) == 2
    assert {harness.describe(each["executionArn"])["input"] for each in runs} == {'{"day":7}'}


def test_no_page_of_a_long_run_is_larger_than_300_kilobytes(harness: EngineHarness, browser: Browser) -> None:
    loop: Json = {
        "StartAt": "Work",
        "States": {
            "Work": {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": _wait_processor(), "End": True},
        },
    }
    execution = harness.start(harness.machine(loop), {"items": [{"text": '"' * 40, "at": at} for at in range(1000)]})
    harness.settle()
    for _ in range(30):
        harness.advance(2 * SECOND)
    assert harness.status(execution) == "SUCCEEDED"
    for path in ("", "?state=Pause", "/history", "/logs"):
        assert len(browser.get(f"/runs/{execution}{path}").body.encode()) < 300_000, path
    received = browser.open_stream(f"/streams?of=/runs/{execution}/live")
    harness.settle()
    assert stream_events(received)[-1]["event"] == "end"
    assert len("".join(received).encode()) < 300_000


def _wait_processor() -> Json:
    return {"StartAt": "Pause", "States": {"Pause": {"Type": "Wait", "Seconds": 1, "End": True}}}


def test_an_unknown_run_is_not_found(browser: Browser) -> None:
    answer = browser.get("/runs/arn:aws:states:us-east-1:123456789012:execution:machine:nothing")
    assert answer.status == 404
    assert "<h1>Not found</h1>" in answer.body
    assert "404 ExecutionDoesNotExist" in answer.text
    refused = browser.get("/runs/nonsense")
    assert refused.status == 400
    for page in (answer, refused, browser.get("/nothing")):
        assert 'aria-label="Sections"' in page.body
        assert 'role="search"' in page.body


def test_of_many_visits_failed_ones_can_be_selected_and_all_are_shown_page_by_page(
    harness: EngineHarness, browser: Browser
) -> None:
    choice = {"Type": "Choice", "Choices": [{"Variable": "$", "NumericEquals": 7, "Next": "No"}], "Default": "Yes"}
    steps: Json = {"Look": choice, "No": {"Type": "Fail", "Error": "Seven"}, "Yes": {"Type": "Pass", "End": True}}
    each: Json = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": {"StartAt": "Look", "States": steps}}
    execution = harness.start(harness.machine(chain(each)), {"items": list(range(60))})
    harness.settle()
    failed = browser.get(f"/runs/{execution}/detail?state=No&only=failed").text
    assert "A[7]" in failed
    first = browser.get(f"/runs/{execution}/detail?state=No").text
    assert "A[7]" in first
    seen: list[str] = []
    url = f"/runs/{execution}/detail?state=Look"
    while url:
        body = browser.get(url).body
        seen += re.findall(r'<span class="tag">(A\[[0-9]+\])</span>', body)
        found = re.search(r'href="[^"]*(\?state=Look&amp;only=all&amp;before=[0-9]+)"', body)
        url = f"/runs/{execution}/detail{html.unescape(found[1])}" if found else ""
    assert len(seen) == len(set(seen)) > 20


def test_a_run_that_exceeded_its_deadline_shows_the_deadline_first(harness: EngineHarness, browser: Browser) -> None:
    harness.runtime.script(Script(after=None))
    machine = harness.machine(chain(job(harness.define_task())) | {"TimeoutSeconds": 3})
    execution = harness.start(machine)
    harness.settle()
    harness.advance(3 * SECOND)
    page = browser.get(f"/runs/{execution}")
    assert (
        "The run The run took longer than its deadline of 3s A, attempt 1 log task was stopped together with the run"
        in page.text
    )
    assert "stopped log task the run took longer than its deadline of 3s" in page.text


def test_the_failure_of_a_run_is_explained_before_its_cause(harness: EngineHarness, browser: Browser) -> None:
    harness.runtime.script(Script(code=137))
    execution = harness.run_machine(job(harness.define_task()))
    text = browser.get(f"/runs/{execution}").text
    explanation = text.partition("The run A, attempt 1 exit 137 log task ")[2].partition(" Cause ")[0]
    meaning = "exit 137: it was killed (SIGKILL), possibly because memory ran out"
    assert explanation == f"killed (exit code 137) {meaning}"


def test_the_last_log_lines_are_shown_beside_the_failure(harness: EngineHarness, browser: Browser) -> None:
    harness.call("ecs", "CreateCluster")
    options = {"awslogs-group": "/jobs", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "job"}
    container = {"name": "main", "image": "busybox", "memory": 128}
    container["logConfiguration"] = {"logDriver": "awslogs", "options": options}
    harness.call("logs", "CreateLogGroup", logGroupName="/jobs")
    defined = harness.call("ecs", "RegisterTaskDefinition", family="job", containerDefinitions=[container])
    harness.runtime.script(Script(code=2, lines=tuple(("stdout", f"<line {number}>") for number in range(20))))
    execution = harness.run_machine(job(defined["taskDefinition"]["taskDefinitionArn"]))
    page = browser.get(f"/runs/{execution}")
    assert "&lt;line 8&gt;\n&lt;line 9&gt;" in page.body
    assert "&lt;line 19&gt;" in page.body
    assert "&lt;line 7&gt;" not in page.body


def test_a_run_that_was_stopped_by_hand_is_not_shown_as_a_failure(harness: EngineHarness, browser: Browser) -> None:
    harness.runtime.script(Script(after=None))
    execution = harness.run_machine(job(harness.define_task()))
    harness.call("states", "StopExecution", executionArn=execution, error="Operator", cause="by hand")
    harness.settle()
    page = browser.get(f"/runs/{execution}")
    assert 'class="fault stack stopped"' in page.body
    assert "Operator : by hand A, attempt 1 log task the run was stopped" in page.text
    assert "Attempts 1 Error" in page.text


def test_a_late_redrive_is_shown_and_does_not_count_as_running_time(harness: EngineHarness, browser: Browser) -> None:
    harness.runtime.script(Script(code=3))
    machine = harness.machine(chain(job(harness.define_task())), "night")
    execution = harness.start(machine)
    harness.settle()
    harness.advance(3 * SECOND)
    harness.advance(1200 * SECOND)
    harness.runtime.script(Script())
    harness.call("states", "RedriveExecution", executionArn=execution)
    harness.settle()
    harness.advance(3 * SECOND)
    assert harness.describe(execution)["status"] == "SUCCEEDED"
    page = browser.get(f"/runs/{execution}")
    assert "Redriven 1×, 20 min 0" in page.text
    assert "after the run ended" in page.text
    duration = page.text.partition(" Took ")[2].split()
    assert duration[1] == "s", duration
    for path in ("/", f"/jobs/{machine}"):
        body = browser.get(path).body
        assert "night" in body
        assert "20 min" not in body, path


def test_a_redrive_that_can_only_fail_again_is_not_offered(harness: EngineHarness, browser: Browser) -> None:
    catchers = [{"ErrorEquals": ["States.ALL"], "Next": "Judge"}]
    states = {
        "Run": job(harness.define_task(), Catch=catchers, End=True),
        "Judge": {"Type": "Pass", "Next": "Failed"},
        "Failed": {"Type": "Fail", "Error": "Nightly"},
    }
    harness.runtime.script(Script(code=3))
    execution = harness.start(harness.machine({"StartAt": "Run", "States": states}))
    harness.settle()
    harness.advance(SECOND)
    page = browser.get(f"/runs/{execution}")
    assert 'id="redrive"' not in page.body
    assert "it would continue in the state Failed, from which the run can only fail again" in page.text
    assert "Run again" in page.text


def test_a_red_state_shows_its_unsuccessful_visits_first(harness: EngineHarness, browser: Browser) -> None:
    work = job(harness.define_task(), Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Done"}], Next="Done")
    steps: Json = {"Work": work, "Done": {"Type": "Pass", "End": True}}
    each: Json = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": {"StartAt": "Work", "States": steps}}
    names: list[str] = []

    def is_first(container: ContainerSpec) -> bool:
        names.append(container.name)
        return container.name == names[0]

    harness.runtime.script(Script(code=3), is_first)
    execution = harness.start(harness.machine(chain(each | {"MaxConcurrency": 1})), {"items": [{}, {}]})
    harness.settle()
    for _ in range(4):
        harness.advance(SECOND)
    assert harness.describe(execution)["status"] == "SUCCEEDED"
    assert re.findall(r"A\[[0-9]\]", browser.get(f"/runs/{execution}/detail?state=Work").text) == ["A[0]"]
    assert "A[1]" in browser.get(f"/runs/{execution}/detail?state=Work&only=all").text


def test_a_run_shows_why_its_task_waits(harness: EngineHarness, browser: Browser) -> None:
    harness.runtime.script(Script(after=SECOND))
    harness.call("ecs", "SetCapacityLimits", Tasks=1)
    machine = harness.machine(chain(job(harness.define_task())))
    first, second = harness.start(machine), harness.start(machine)
    harness.settle()
    assert "waits for" not in browser.get(f"/runs/{first}").text
    assert "A waits for its turn (1 of 1 tasks run)." in browser.get(f"/runs/{second}").text
    harness.advance(SECOND)
    assert "waits for" not in browser.get(f"/runs/{second}").text


def test_a_run_shows_that_it_waits_for_an_earlier_one(harness: EngineHarness, browser: Browser) -> None:
    machine = harness.machine(chain({"Type": "Wait", "Seconds": 1}))
    harness.call("states", "TagResource", resourceArn=machine, tags=[{"key": "lamplighter:overlap", "value": "queue"}])
    first, second = harness.start(machine), harness.start(machine)
    harness.settle()
    text = "The run waits for its turn: an earlier run has to end first."
    assert text not in browser.get(f"/runs/{first}").text
    assert text in browser.get(f"/runs/{second}").text
    harness.advance(SECOND)
    assert text not in browser.get(f"/runs/{second}").text


def test_a_run_is_stopped_only_after_it_was_confirmed(harness: EngineHarness, browser: Browser) -> None:
    execution = harness.start(harness.machine(chain({"Type": "Wait", "Seconds": 600})))
    asked = browser.post(f"/runs/{execution}/stop", {})
    assert "Stop machine, run of Thu 01 Jan 00:00?" in asked.text
    assert f'action="/runs/{execution}/stop"' in asked.body
    assert harness.status(execution) == "RUNNING"
    browser.post(f"/runs/{execution}/stop", {"confirmed": "yes"})
    assert harness.status(execution) == "ABORTED"


def test_stop_comes_first_while_a_run_goes_on_and_run_again_afterwards(
    harness: EngineHarness, browser: Browser
) -> None:
    execution = harness.start(harness.machine(chain({"Type": "Wait", "Seconds": 600})))
    buttons = _list_buttons(browser, execution)
    assert (buttons[0], "again" in dict(buttons)) == (("stop", True), False)
    browser.post(f"/runs/{execution}/stop", {"confirmed": "yes"})
    assert _list_buttons(browser, execution)[0] == ("again", True)


def _list_buttons(browser: Browser, execution: str) -> list[tuple[str, bool]]:
    """Return the buttons of a run in their order, and whether each is the primary one."""
    summary = browser.get(f"/runs/{execution}").body.partition('<div id="summary"')[2].partition('class="facts"')[0]
    return [(name, "primary" in rest) for name, rest in re.findall('<button id="([^"]*)"([^>]*)>', summary)]


def test_a_run_that_is_redriven_twice_continues_once(harness: EngineHarness, browser: Browser) -> None:
    harness.runtime.script(Script(code=3))
    execution = harness.start(harness.machine(chain(job(harness.define_task()))))
    harness.settle()
    harness.advance(SECOND)
    assert harness.status(execution) == "FAILED"
    harness.runtime.script(Script(after=None))
    for _ in range(2):
        assert browser.post_form(f"/runs/{execution}/redrive", {}).status == 303
    assert harness.describe(execution)["redriveCount"] == 1


def test_every_page_of_a_run_shows_its_state_in_the_title_and_the_icon(
    harness: EngineHarness, browser: Browser
) -> None:
    execution = harness.start(harness.machine(chain({"Type": "Wait", "Seconds": 1})), {}, "tonight")
    for status, icon in (("running", "running"), ("succeeded", "succeeded")):
        for path in ("", "/logs", "/history"):
            page = browser.get(f"/runs/{execution}{path}")
            assert f"<title>{status}: machine, run of Thu 01 Jan 00:00 · lamplighter</title>" in page.body
            assert f'<link rel="icon" href="/static/lamp-{icon}.svg' in page.body
            assert ("data-title-stream" in page.body) == (status == "running")
            assert 'data-copy="tonight"' in page.body
        harness.advance(SECOND)


def test_the_scheduled_time_names_a_run_that_started_later(harness: EngineHarness, browser: Browser) -> None:
    given = {"lamplighter": {"scheduled": "2025-12-31T22:30:00Z"}}
    page = browser.get(f"/runs/{harness.start(harness.machine(chain({'Type': 'Pass'})), given)}")
    assert "machine, run of Wed 31 Dec 2025 22:30" in page.text
    assert "Scheduled for Wed 31 Dec 2025 22:30:00 Started Thu 01 Jan 00:00:00" in page.text


def list_pages_of_run(execution: str) -> list[str]:
    """Return the pages that show how a run stands."""
    machine = execution.replace(":execution:", ":stateMachine:").rpartition(":")[0]
    return [*(f"/runs/{execution}{view}" for view in ("", "/history", "/logs")), f"/jobs/{machine}", "/jobs", "/"]


def find_pages_with(browser: Browser, execution: str, word: str) -> list[str]:
    """Return the pages of a run that say the word in its place."""
    return [path for path in list_pages_of_run(execution) if f" {word} " in browser.get(path).text]


def wait_for_worker(harness: EngineHarness) -> tuple[str, Callable[[], object]]:
    activity = harness.call("states", "CreateActivity", name="approve")["activityArn"]
    execution = harness.start(harness.machine(chain({"Type": "Task", "Resource": activity})))
    return execution, lambda: harness.call("states", "GetActivityTask", activityArn=activity)


def wait_for_turn(harness: EngineHarness) -> tuple[str, Callable[[], object]]:
    machine = harness.machine(chain({"Type": "Wait", "Seconds": 600}))
    harness.call("states", "TagResource", resourceArn=machine, tags=[{"key": "lamplighter:overlap", "value": "queue"}])
    first = harness.start(machine)
    return harness.start(machine), lambda: harness.call("states", "StopExecution", executionArn=first)


def wait_for_room(harness: EngineHarness) -> tuple[str, Callable[[], object]]:
    harness.runtime.script(Script(after=None))
    harness.call("ecs", "SetCapacityLimits", Tasks=1)
    machine = harness.machine(chain(job(harness.define_task())))
    first = harness.start(machine)
    harness.settle()
    return harness.start(machine), lambda: harness.call("states", "StopExecution", executionArn=first)


@pytest.mark.parametrize("wait", [wait_for_worker, wait_for_turn, wait_for_room])
def test_a_run_that_waits_is_called_waiting_on_every_page(
    harness: EngineHarness, browser: Browser, wait: Callable[[EngineHarness], tuple[str, Callable[[], object]]]
) -> None:
    execution, end_wait = wait(harness)
    harness.settle()
    assert find_pages_with(browser, execution, "waiting") == list_pages_of_run(execution)
    assert "Waits for" in browser.get(f"/runs/{execution}").text
    assert "waiting: " in browser.get(f"/runs/{execution}").body.partition("<title>")[2].partition("<")[0]
    end_wait()
    harness.settle()
    harness.advance(SECOND)
    assert find_pages_with(browser, execution, "waiting") == []
    assert "Took" in browser.get(f"/runs/{execution}").text


def test_a_run_that_also_does_something_else_does_not_wait(harness: EngineHarness, browser: Browser) -> None:
    harness.runtime.script(Script(after=None))
    harness.call("ecs", "SetCapacityLimits", Tasks=1)
    task = job(harness.define_task()) | {"End": True}
    both = {"Type": "Parallel", "Branches": [{"StartAt": name, "States": {name: task}} for name in "XY"]}
    execution = harness.start(harness.machine(chain(both)))
    harness.settle()
    assert find_pages_with(browser, execution, "waiting") == []
    assert "waits for its turn" in browser.get(f"/runs/{execution}").text


def test_a_run_that_was_stopped_is_called_so_on_every_page(harness: EngineHarness, browser: Browser) -> None:
    execution = harness.start(harness.machine(chain({"Type": "Wait", "Seconds": 600})))
    harness.call("states", "StopExecution", executionArn=execution)
    harness.settle()
    assert find_pages_with(browser, execution, "stopped") == list_pages_of_run(execution)
    assert [path for path in list_pages_of_run(execution) if " aborted " in browser.get(path).text] == []


def test_a_task_that_waits_is_called_waiting_beside_the_word_of_ecs(harness: EngineHarness, browser: Browser) -> None:
    wait_for_room(harness)
    harness.settle()
    assert "waiting provisioning" in browser.get("/tasks").text
    task = next(each for each in harness.call("ecs", "ListWaitingTasks")["TaskArns"])
    assert "waiting provisioning" in browser.get(f"/tasks/{task}").text


def test_a_success_with_a_sidecar_that_was_killed_names_the_containers_and_shows_no_failure(
    harness: EngineHarness, browser: Browser
) -> None:
    containers = [{"name": name, "image": "busybox", "memory": 128} for name in ("main", "proxy")]
    harness.call("ecs", "CreateCluster")
    defined = harness.call("ecs", "RegisterTaskDefinition", family="job", containerDefinitions=containers)
    harness.runtime.script(Script(after=None, stop_code=137))
    caught = {"ErrorEquals": ["States.ALL"], "Next": "Ended well"}
    states = {
        "Run": job(defined["taskDefinition"]["taskDefinitionArn"], Catch=[caught], End=True),
        "Ended well": {"Type": "Pass", "End": True},
    }
    execution = harness.start(harness.machine({"StartAt": "Run", "States": states}))
    harness.settle()
    harness.runtime.finish(next(name for name in harness.runtime.remaining() if name.endswith("main")))
    harness.settle()
    harness.advance(60 * SECOND)
    assert harness.describe(execution)["status"] == "SUCCEEDED"
    page = browser.get(f"/runs/{execution}")
    assert "main exit 0 proxy exit 137" in page.text
    assert 'class="tag bad"' not in page.body
    taken = re.findall(r'data-name="([^"]+)"[^>]* data-taken="([^"]+)"', page.body)
    assert taken == [("Run", "[0]"), ("Ended well", "[-1]")]


def test_an_item_of_an_inline_map_is_chosen_by_its_index(harness: EngineHarness, browser: Browser) -> None:
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 7, "Next": "No"}], "Default": "Yes"}
    no = {"Type": "Fail", "Error": "Seven", "Cause": "it is seven"}
    steps: Json = {
        "Begin": {"Type": "Wait", "Seconds": 1, "Next": "Look"},
        "Look": choice,
        "No": no,
        "Yes": {"Type": "Wait", "Seconds": 5, "End": True},
    }
    each: Json = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": {"StartAt": "Begin", "States": steps}}
    items = [{"n": at, "password": "hunter2"} for at in range(30)]
    execution = harness.start(harness.machine(chain(each)), {"items": items})
    harness.settle()
    harness.advance(SECOND)
    panel = browser.get(f"/runs/{execution}?state=A").text
    assert 'A[7] failed Seven: it is seven {"n":7,"password":"••••••"}' in panel
    assert "1 failed all 30" in panel
    second = browser.get(f"/runs/{execution}/detail?state=A&items=all&page=2")
    assert ("A[20]" in second.text, "A[19]" in second.text) == (True, False)
    chosen = browser.get(f"/runs/{execution}?state=A&index=5")
    assert "Only the item A[5]" in chosen.text
    assert "stopped A[5]" in chosen.text
    assert 'data-name="Yes" data-status="ABORTED"' in chosen.body
    assert 'data-name="No"' not in chosen.body
    assert "hunter2" not in chosen.body
    failed = browser.get(f"/runs/{execution}?state=No&item=A%5B7%5D")
    assert 'data-name="No" data-status="FAILED"' in failed.body
    assert 'data-name="Yes"' not in failed.body
    assert "The run has not begun A[99]" in browser.get(f"/runs/{execution}?state=A&index=99").text
