"""What a job file says, done: its machine on an engine whose containers do what the test says."""

import json
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.bus import Caller, Operation
from lamplighter.jobs.file.cross_checks import MAX_MACHINE_NAME_LENGTH
from lamplighter.jobs.machine import overlap_states
from lamplighter.jobs.machine.integrations import resolve_calls
from lamplighter.jobs.machine.state_machine import build_definition
from lamplighter.runtime.fake import Script
from lamplighter.runtime.port import CannotStart, ContainerSpec, ImageUnavailable
from lamplighter.store.db import Tx
from tests.engine_harness import EngineHarness
from tests.jobs.projects import deploy, project, scheduled_input

TOPIC = "arn:aws:sns:us-east-1:123456789012:reports-ops"
AWS_CONSOLE = "https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/"
HOUR = 3_600_000


class Night:
    """A harness on which the jobs of a file are deployed, and somebody who is told."""

    def __init__(self, harness: EngineHarness, folder: Path) -> None:
        self.harness = harness
        self.folder = folder
        self.mail: list[Json] = []
        self.machines: dict[str, str] = {}
        self.refuses = False
        harness.engine.bus.serve("sns", {"Publish": Operation(write=self._publish)})

    def _publish(self, _tx: Tx, _caller: Caller, params: Json) -> Json:
        if self.refuses:
            raise AwsError("no", code="AuthorizationError", status=403)
        self.mail.append(params)
        return {"MessageId": "1"}

    def deploy(self, jobs: str, url: str = "", **files: str) -> None:
        self.machines = dict(deploy(self.harness, project(self.folder, jobs, **files), ConsoleUrl=url))

    def run(self, job: str = "job", **given: Json) -> str:
        execution = self.harness.start(self.machines[job], scheduled_input(**given))
        self.harness.settle()
        return execution

    def codes(self, *codes: int | Script) -> None:
        """What the containers to come end with, one after another; the last goes on for ever."""
        left = [each if isinstance(each, Script) else Script(code=each) for each in codes]
        for at, script in enumerate(left):
            last = at == len(left) - 1
            self.harness.runtime.script(script, self._nth(at, last=last))

    def _nth(self, at: int, *, last: bool) -> Callable[[ContainerSpec], bool]:
        start = len(self.harness.runtime.begun)

        def fits(container: ContainerSpec) -> bool:
            number = list(self.harness.runtime.begun).index(container.name) - start
            return number >= at if last else number == at

        return fits

    @property
    def begun(self) -> list[ContainerSpec]:
        return list(self.harness.runtime.begun.values())

    def until_over(self, execution: str, step: int = 1_000, most: int = 400) -> Json:
        """Let time pass until a run is over; how it ended."""
        for _ in range(most):
            if self.harness.status(execution) != "RUNNING":
                break
            self.harness.advance(step)
        return self.harness.describe(execution)


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    harness = EngineHarness(tmp_path / "data")
    harness.up()
    yield Night(harness, tmp_path)
    harness.close()


def environment(container: ContainerSpec) -> dict[str, str]:
    return {
        name: value for name, value in container.environment.items() if name.startswith("LAMPLIGHTER_") or name == "X"
    }


# --- one attempt ------------------------------------------------------------------------------------------------------


def test_the_article_s_retry_is_the_article_s_words(tmp_path: Path) -> None:
    made = project(tmp_path, "job: {image: busybox, retry: {attempts: 1, interval: 10s, backoff: 1}, timeout: 1h}")
    article = json.loads((Path(__file__).parents[1] / "data" / "state-machine.asl.json").read_text())
    ours = build_definition(made, "job")["States"]["Run"]
    theirs = article["States"]["ECS RunTask"]
    assert ours["Retry"] == theirs["Retry"]
    assert resolve_calls(ours["Resource"]) == theirs["Resource"]
    assert set(ours["Arguments"]) - {"Overrides"} == set(theirs["Parameters"])
    assert ours["TimeoutSeconds"] == 3600


def test_a_job_knows_its_run_its_attempt_its_time_and_its_input(night: Night) -> None:
    night.deploy("job: {image: busybox, environment: {X: here}, retry: {attempts: 1}}")
    night.codes(1, 0)
    execution = night.run(day="2026-11-24", rows=[1])
    assert night.until_over(execution)["status"] == "SUCCEEDED"
    first, second = map(environment, night.begun)
    assert loads(first.pop("LAMPLIGHTER_INPUT")) == {"day": "2026-11-24", "rows": [1]}
    assert first.pop("LAMPLIGHTER_TASK_ARN")
    assert first == {
        "X": "here",
        "LAMPLIGHTER_ATTEMPT": "1",
        "LAMPLIGHTER_RUN": execution.rpartition(":")[2],
        "LAMPLIGHTER_RUN_ARN": execution,
        "LAMPLIGHTER_SCHEDULED": "2026-11-25T03:00:00Z",
    }
    assert second["LAMPLIGHTER_ATTEMPT"] == "2"


def test_a_run_may_be_given_another_command_and_other_variables(night: Night) -> None:
    night.deploy("job: {image: busybox, command: [usual], environment: {X: usual}}")
    night.harness.start(
        night.machines["job"], {"lamplighter": {"command": ["other", "words"], "environment": {"X": 7}}}
    )
    night.harness.settle()
    (container,) = night.begun
    assert (container.command, container.environment["X"]) == (("other", "words"), "7")
    night.harness.start(night.machines["job"], {})
    night.harness.settle()
    assert (night.begun[1].command, night.begun[1].environment["X"]) == (("usual",), "usual")


# --- attempts ---------------------------------------------------------------------------------------------------------


def attempts(night: Night, retry: str, *scripts: int | Script, more: str = "") -> tuple[int, Json, list[int]]:
    """How many attempts there were, how the run ended, and after how many seconds each retry began."""
    night.deploy(f"job: {{image: busybox, retry: {retry}{more}}}")
    night.codes(*scripts)
    execution = night.run()
    ended = night.until_over(execution)
    schedule = [each["timestamp"] for each in night.harness.history(execution) if each["type"] == "TaskScheduled"]
    return (
        len(schedule),
        ended,
        [round(later - earlier) for earlier, later in pairwise(schedule)],
    )


BROKEN = Script(failure=CannotStart("CannotStartContainerError: no such program"))
MISSING = Script(failure=ImageUnavailable("CannotPullContainerError: manifest unknown"))
NO_NETWORK = Script(failure=CannotStart("ResourceInitializationError: network interface could not be provisioned"))
FOREVER = Script(after=None)


@pytest.mark.parametrize(
    ("retry", "scripts", "expected", "status"),
    [
        ("{}", (1,), 1, "FAILED"),
        ("{attempts: 0}", (1,), 1, "FAILED"),
        ("{attempts: 2}", (1,), 3, "FAILED"),
        ("{attempts: 2}", (1, 0), 2, "SUCCEEDED"),
        ("{exit: {codes: [75], attempts: 2}}", (75, 75, 0), 3, "SUCCEEDED"),
        ("{exit: {codes: [75], attempts: 2}}", (75,), 3, "FAILED"),
        ("{exit: {codes: [75], attempts: 2}}", (1, 0), 1, "FAILED"),
        ("{exit: {codes: [75], attempts: 2}}", (BROKEN, 0), 1, "FAILED"),
        ("{exit: {codes: [75], attempts: 0}, attempts: 2}", (75, 0), 1, "FAILED"),
        ("{exit: {codes: [75], attempts: 2}, attempts: 1}", (1, 75, 75, 0), 4, "SUCCEEDED"),
        ("{exit: {codes: [75], attempts: 2}, attempts: 1}", (1, 75, 1, 0), 3, "FAILED"),
        ("{exit: [{codes: [75], attempts: 1}, {codes: [76, 77], attempts: 2}]}", (75, 77, 76, 0), 4, "SUCCEEDED"),
        ("{exit: [{codes: [75], attempts: 1}, {codes: [76, 77], attempts: 2}]}", (75, 77, 75), 3, "FAILED"),
        ("{start-failure: {attempts: 2}}", (BROKEN, MISSING, 0), 3, "SUCCEEDED"),
        ("{start-failure: {attempts: 2}}", (1, 0), 1, "FAILED"),
        ("{start-failure: {attempts: 1}, infra: {attempts: 1}}", (BROKEN, NO_NETWORK, 0), 3, "SUCCEEDED"),
        ("{infra: {attempts: 2}}", (NO_NETWORK, NO_NETWORK, 0), 3, "SUCCEEDED"),
        ("{infra: {attempts: 2}}", (BROKEN, 0), 1, "FAILED"),
        ("{infra: {attempts: 2}}", (3, 0), 1, "FAILED"),
        ("{spot: {attempts: 2}}", (1, 0), 1, "FAILED"),
        ("{spot: {attempts: 2}, attempts: 1}", (1, 0), 2, "SUCCEEDED"),
    ],
)
def test_each_class_of_trouble_has_a_budget_of_its_own(
    night: Night, retry: str, scripts: tuple[int | Script, ...], expected: int, status: str
) -> None:
    count, ended, _ = attempts(night, retry, *scripts)
    assert (count, ended["status"]) == (expected, status)


@pytest.mark.parametrize(
    "retry", ["{timeout: {attempts: 2}}", "{timeout: {attempts: 2}, exit: {codes: [9], attempts: 1}}"]
)
def test_an_attempt_that_takes_too_long_is_stopped_and_tried_again_by_its_own_budget(night: Night, retry: str) -> None:
    count, ended, _ = attempts(night, retry, FOREVER, FOREVER, 0, more=", timeout: 30s")
    assert (count, ended["status"]) == (3, "SUCCEEDED")
    assert [night.harness.runtime.count("stop", each.name) > 0 for each in night.begun] == [True, True, False]


@pytest.mark.parametrize("retry", ["{attempts: 1}", "{exit: {codes: [9], attempts: 1}}"])
def test_a_run_fails_with_the_error_of_its_last_attempt(night: Night, retry: str) -> None:
    _, ended, _ = attempts(night, retry, 9)
    assert ended["error"] == "States.TaskFailed"
    assert loads(ended["cause"])["Containers"][0]["ExitCode"] == 9
    night.harness.runtime.script(FOREVER)


def test_a_timeout_that_nothing_retries_ends_the_run_as_a_timeout(night: Night) -> None:
    count, ended, _ = attempts(night, "{exit: {codes: [9], attempts: 1}}", FOREVER, more=", timeout: 30s")
    assert (count, ended["status"], ended["error"]) == (1, "FAILED", "States.Timeout")


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("attempts: 3, interval: 10s", [10, 20, 40]),
        ("attempts: 3, interval: 10s, backoff: 1", [10, 10, 10]),
        ("attempts: 3, interval: 10s, backoff: 1.5, max-interval: 20s", [10, 15, 20]),
    ],
)
@pytest.mark.parametrize("form", ["{{{}}}", "{{exit: {{codes: [9], {}}}}}"])
def test_the_waits_grow_by_the_backoff_up_to_their_longest(
    night: Night, form: str, policy: str, expected: list[int]
) -> None:
    assert attempts(night, form.format(policy), 9)[2] == expected


def test_a_wait_with_jitter_is_no_longer_than_the_wait(night: Night) -> None:
    _, _, waits = attempts(night, "{exit: {codes: [9], attempts: 4, interval: 30s, backoff: 1, jitter: true}}", 9)
    assert len(waits) == 4
    assert all(1 <= wait <= 30 for wait in waits)


def test_a_deadline_ends_the_run_whatever_attempt_it_is_at(night: Night) -> None:
    night.deploy("job: {image: busybox, retry: {attempts: 99, interval: 1m, backoff: 1}, deadline: 10m}")
    night.codes(1)
    ended = night.until_over(night.run(), 10_000)
    assert (ended["status"], ended["stopDate"] - ended["startDate"]) == ("TIMED_OUT", 600)


def test_budgets_survive_a_crash(night: Night) -> None:
    night.deploy("job: {image: busybox, retry: {exit: {codes: [75], attempts: 2, interval: 1m}}}")
    night.codes(75)
    execution = night.run()
    night.harness.restart()
    night.harness.advance(60_000)
    night.harness.restart()
    assert night.until_over(execution, 10_000)["status"] == "FAILED"
    assert len(night.begun) == 3


# --- the others -------------------------------------------------------------------------------------------------------


def overlapping(night: Night, overlap: str, more: str = "") -> None:
    night.deploy(f"job: {{image: busybox, overlap: {overlap}{more}}}")
    night.codes(Script(after=HOUR))


def test_skip_leaves_a_run_alone_that_still_goes_on(night: Night) -> None:
    overlapping(night, "skip")
    first, second = night.run(), night.run()
    ended = night.harness.describe(second)
    assert (ended["status"], len(night.begun)) == ("SUCCEEDED", 1)
    assert loads(ended["output"]) == {"skipped": True, "running": [first]}
    night.harness.advance(HOUR)
    assert night.harness.status(first) == "SUCCEEDED"
    night.run()
    assert len(night.begun) == 2


def test_of_two_runs_that_begin_in_the_same_moment_skip_lets_one_go_on(night: Night) -> None:
    overlapping(night, "skip")
    runs = [night.harness.start(night.machines["job"], {}, name) for name in ("b", "a", "c")]
    night.harness.settle()
    assert sorted(night.harness.status(each) for each in runs) == ["RUNNING", "SUCCEEDED", "SUCCEEDED"]
    assert len(night.begun) == 1


def test_queue_runs_one_after_another_in_the_order_in_which_they_came(night: Night) -> None:
    overlapping(night, "queue")
    runs = []
    for name in ("c", "a", "b"):
        runs.append(night.harness.start(night.machines["job"], {}, name))
        night.harness.advance(1_000)
    finished: list[str] = []
    for _ in range(80):
        night.harness.advance(HOUR // 20)
        finished += [each for each in runs if night.harness.status(each) == "SUCCEEDED" and each not in finished]
        assert sum(night.harness.runtime._is_running(each.name) for each in night.begun) <= 1
    assert finished == runs
    assert len(night.begun) == 3


@pytest.mark.parametrize("page", [1, 2, 3])
def test_however_many_pages_the_runs_fill_they_come_one_after_another(
    night: Night, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(overlap_states, "PAGE_SIZE", page)
    overlapping(night, "queue")
    runs = [night.run() for _ in range(5)]
    finished: list[str] = []
    for _ in range(120):
        night.harness.advance(HOUR // 20)
        finished += [each for each in runs if night.harness.status(each) == "SUCCEEDED" and each not in finished]
        assert sum(night.harness.runtime._is_running(each.name) for each in night.begun) <= 1
    assert sorted(finished) == sorted(runs)


def test_a_run_is_skipped_though_those_that_are_younger_fill_a_page(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overlap_states, "PAGE_SIZE", 1)
    overlapping(night, "skip")
    first = night.run()
    night.harness.advance(1_000)
    later = [night.run() for _ in range(3)]
    assert [night.harness.status(each) for each in (first, *later)] == ["RUNNING", *["SUCCEEDED"] * 3]


def test_a_page_of_runs_with_the_longest_names_is_no_more_than_a_state_may_pass_on() -> None:
    place, machine = "states:us-gov-west-1:123456789012", "j" * MAX_MACHINE_NAME_LENGTH
    longest = {
        "ExecutionArn": f"arn:aws-us-gov:{place}:execution:{machine}:{'n' * 80}",
        "Name": "n" * 80,
        "StartDate": "2026-01-01T00:00:00.000Z",
        "StateMachineArn": f"arn:aws-us-gov:{place}:stateMachine:{machine}",
        "Status": "RUNNING",
        "RedriveCount": 0,
    }
    assert len(dumps({"Executions": [longest] * overlap_states.PAGE_SIZE, "NextToken": "t" * 1024})) <= 256 * 1024


def test_cancel_previous_stops_the_runs_before_and_their_containers(night: Night) -> None:
    overlapping(night, "cancel-previous")
    first = night.run()
    night.harness.advance(1_000)
    second = night.run()
    ended = night.harness.describe(first)
    assert (ended["status"], ended["error"]) == ("ABORTED", "Lamplighter.Superseded")
    assert ended["cause"] == f"A newer run of the job began: {second}"
    assert [night.harness.runtime._is_running(each.name) for each in night.begun] == [False, True]
    night.harness.advance(HOUR)
    assert night.harness.status(second) == "SUCCEEDED"


def test_a_job_that_may_overlap_does(night: Night) -> None:
    overlapping(night, "allow")
    night.run()
    night.run()
    assert len(night.begun) == 2


# --- who is told ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("retry", ["{attempts: 1}", "{exit: {codes: [3], attempts: 1}}"])
def test_a_failure_that_was_caught_is_told_with_reason_exit_code_and_attempt(night: Night, retry: str) -> None:
    night.deploy(f"job: {{image: busybox, retry: {retry}, notify: {{caught: ops}}}}")
    night.codes(3)
    execution = night.run()
    ended = night.until_over(execution)
    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    assert loads(ended["cause"])["Containers"][0]["ExitCode"] == 3
    (mail,) = night.mail
    assert (mail["TopicArn"], mail["Subject"]) == (TOPIC, "reports: job failed")
    assert mail["Message"].splitlines() == [
        "reports: the job job failed.",
        "",
        "Error:     States.TaskFailed",
        "Reason:    Essential container in task exited",
        "Exit code: 3",
        "Attempts:  2",
        f"Run:       {execution}",
        f"Look at:   {AWS_CONSOLE}{execution}",
        "Run again: lamplighter run reports-job --aws --region us-east-1",
    ]


def told(night: Night) -> list[str]:
    """The last lines of the log that somebody was told of."""
    text: str = night.mail[-1]["Message"]
    return text.partition("Last lines:\n")[2].splitlines()


@pytest.mark.parametrize("retry", ["{attempts: 1}", "{exit: {codes: [3], attempts: 1}}"])
def test_the_last_twenty_lines_of_the_last_attempt_are_told(night: Night, retry: str) -> None:
    night.deploy(f"job: {{image: busybox, retry: {retry}, notify: {{caught: [ops, dev]}}}}")
    lines = tuple(("stdout", f"line {at}") for at in range(30))
    night.codes(Script(lines=(("stderr", "another attempt's"),), code=3), Script(lines=lines, code=3))  # type: ignore[arg-type]
    night.until_over(night.run())
    assert told(night) == [f"  line {at}" for at in range(10, 30)]
    assert night.mail[0]["Message"] == night.mail[1]["Message"]


def test_a_line_is_told_up_to_its_five_hundredth_character(night: Night) -> None:
    night.deploy("job: {image: busybox, notify: {caught: ops}}")
    night.codes(Script(lines=(("stdout", "äö" * 600), ("stdout", "{% no %} 'quoted' \"twice\"")), code=3))
    night.until_over(night.run())
    assert told(night) == ["  " + "äö" * 250, "  {% no %} 'quoted' \"twice\""]


@pytest.mark.parametrize("long", [False, True])
def test_a_log_that_cannot_be_read_changes_nothing_about_the_alert_and_how_the_run_ends(
    night: Night, long: bool
) -> None:
    night.deploy("job: {image: busybox, notify: {caught: ops}}")
    lines = tuple(("stdout", "x" * 200_000) for _ in range(3)) if long else ()
    night.codes(Script(lines=lines, after=1_000, code=3))  # type: ignore[arg-type]
    execution = night.run()
    if not long:
        night.harness.call("logs", "DeleteLogGroup", logGroupName="/lamplighter/reports/job")
    ended = night.until_over(execution)
    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    assert "Exit code: 3" in night.mail[0]["Message"]
    assert told(night) == []


def test_on_one_box_an_alert_leads_to_the_engine_s_own_console(night: Night) -> None:
    url = "http://127.0.0.1:4566"
    night.deploy("job: {image: busybox, late: 30m, notify: {caught: ops, late: ops}}", url)
    night.codes(Script(after=HOUR, code=3))
    execution = night.run()
    night.harness.advance(HOUR // 2)
    night.harness.advance(HOUR // 2)
    late, caught = (each["Message"].splitlines() for each in night.mail)
    assert late[-1] == f"Look at:   {url}/runs/{execution}"
    assert caught[-2:] == [f"Look at:   {url}/runs/{execution}", "Run again: lamplighter run reports-job"]


def test_a_job_that_could_not_be_started_is_told_with_what_the_container_says(night: Night) -> None:
    night.deploy("job: {image: busybox, notify: {caught: [ops, dev]}}")
    night.codes(MISSING)
    night.until_over(night.run())
    assert [each["TopicArn"].rpartition(":")[2] for each in night.mail] == ["reports-ops", "dev"]
    assert "CannotPullContainerError: manifest unknown" in night.mail[0]["Message"]
    assert "Exit code" not in night.mail[0]["Message"]


def test_a_timeout_has_no_cause_and_is_told_all_the_same(night: Night) -> None:
    night.deploy("job: {image: busybox, timeout: 30s, notify: {caught: ops}}")
    night.codes(FOREVER)
    execution = night.run()
    assert night.until_over(execution)["error"] == "States.Timeout"
    assert night.mail[0]["Message"].splitlines()[2:5] == [
        "Error:     States.Timeout",
        "Reason:    an attempt took longer than its timeout of 30s",
        "Attempts:  1",
    ]
    assert "Last lines" not in entered(night, execution)


def entered(night: Night, execution: str) -> list[str]:
    """The states that a run came to."""
    events = night.harness.call("states", "GetExecutionHistory", executionArn=execution, maxResults=1000)["events"]
    return [each["stateEnteredEventDetails"]["name"] for each in events if "stateEnteredEventDetails" in each]


@pytest.mark.parametrize("retry", ["{attempts: 0}", "{exit: {codes: [3], attempts: 1}}"])
def test_no_log_is_read_of_a_container_that_never_ran(night: Night, retry: str) -> None:
    night.deploy(f"job: {{image: busybox, retry: {retry}, notify: {{caught: ops}}}}")
    night.codes(MISSING)
    execution = night.run()
    night.until_over(execution)
    assert "Last lines" not in entered(night, execution)
    assert len(night.mail) == 1


def test_a_reason_that_the_task_and_its_container_share_is_told_once(night: Night) -> None:
    night.deploy("job: {image: busybox, notify: {caught: ops}}")
    night.codes(MISSING)
    night.until_over(night.run())
    assert night.mail[0]["Message"].count("CannotPullContainerError: manifest unknown") == 1


def test_an_alert_that_cannot_be_sent_changes_nothing_about_how_the_run_ends(night: Night) -> None:
    night.deploy("job: {image: busybox, notify: {caught: ops}}")
    night.codes(3)
    night.refuses = True
    ended = night.until_over(night.run(), 10_000)
    assert (ended["status"], ended["error"], night.mail) == ("FAILED", "States.TaskFailed", [])


def test_a_run_that_is_late_is_told_of_and_goes_on(night: Night) -> None:
    night.deploy("job: {image: busybox, late: 30m, notify: {late: [ops, dev]}}")
    night.codes(Script(after=HOUR))
    execution = night.run()
    night.harness.advance(HOUR // 2 - 1_000)
    assert night.mail == []
    night.harness.advance(1_000)
    assert [each["Subject"] for each in night.mail] == ["reports: job is late"] * 2
    assert night.mail[0]["Message"] == (
        "reports: a run of the job job still goes on after 30m.\n\n"
        f"Run:       {execution}\nLook at:   {AWS_CONSOLE}{execution}\n"
    )
    night.harness.advance(HOUR)
    assert night.harness.status(execution) == "SUCCEEDED"


def test_a_run_that_is_in_time_is_not_told_of(night: Night) -> None:
    night.deploy("job: {image: busybox, late: 30m, notify: {late: ops}}")
    night.run()
    night.harness.advance(HOUR)
    assert night.mail == []


# --- several steps ----------------------------------------------------------------------------------------------------

STEPS = """
    {language}
    StartAt: Extract
    States:
      Extract: {{Type: Task, Job: extract, Output: "{{% $states.result %}}", Next: Load}}
      Load:
        Type: Map
        {items}
        ItemProcessor:
          StartAt: One
          States:
            One: {{Type: Task, Job: load, End: true}}
        End: true
"""
JSONATA = STEPS.format(language="QueryLanguage: JSONata", items="Items: [a.csv, b.csv]")
JSONPATH = STEPS.format(language="", items="ItemsPath: $.Containers[*].Name")
WORKFLOW = """
    extract: {image: extract}
    load: {image: load, retry: {exit: {codes: [75], attempts: 1, interval: 10s}}}
    job: {workflow: steps.yaml, notify: {caught: ops}, overlap: queue, late: 1h}
"""


@pytest.mark.parametrize("steps", [JSONATA, JSONPATH], ids=["JSONata", "JSONPath"])
def test_steps_run_the_jobs_that_they_name_with_those_jobs_retries(night: Night, steps: str) -> None:
    night.deploy(WORKFLOW, steps_yaml=steps)
    night.harness.runtime.script(Script(code=75), lambda each: each.environment["LAMPLIGHTER_ATTEMPT"] == "1")
    night.harness.runtime.script(Script(), lambda each: each.image == "extract")
    ended = night.until_over(night.run(day="monday"))
    assert ended["status"] == "SUCCEEDED"
    items = ["a.csv", "b.csv"] if steps is JSONATA else ["main"]
    assert loads(ended["output"]) == items
    begun = [(each.image, each.environment["LAMPLIGHTER_ATTEMPT"]) for each in night.begun]
    assert begun == [("extract", "1"), *[("load", "1")] * len(items), *[("load", "2")] * len(items)]
    assert [each.environment["LAMPLIGHTER_INPUT"] for each in night.begun[1:]] == items * 2
    assert loads(night.begun[0].environment["LAMPLIGHTER_INPUT"]) == {"day": "monday"}


@pytest.mark.parametrize("steps", [JSONATA, JSONPATH], ids=["JSONata", "JSONPath"])
def test_a_step_that_fails_fails_the_run_with_its_error_and_is_told_of_once(night: Night, steps: str) -> None:
    night.deploy(WORKFLOW, steps_yaml=steps)
    night.codes(0, Script(lines=(("stderr", "it broke"),), code=3))
    execution = night.run()
    ended = night.until_over(execution)
    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    assert [each["Subject"] for each in night.mail] == ["reports: job failed"]
    assert "Exit code: 3" in night.mail[0]["Message"]
    assert told(night) == ["  it broke"]
    assert "Step:      job load, attempt 1\n" in night.mail[0]["Message"]
    assert "Attempts:" not in night.mail[0]["Message"]


@pytest.mark.parametrize("steps", [JSONATA, JSONPATH], ids=["JSONata", "JSONPath"])
def test_a_step_that_takes_too_long_is_told_as_that(night: Night, steps: str) -> None:
    night.deploy(WORKFLOW.replace("{image: extract}", "{image: extract, timeout: 30s}"), steps_yaml=steps)
    night.codes(FOREVER)
    execution = night.run()
    assert night.until_over(execution)["error"] == "States.Timeout"
    assert "Reason:    a step took longer than its timeout\nRun: " in night.mail[0]["Message"]
    assert "job: Last lines" not in entered(night, execution)


def test_a_step_reads_what_its_arguments_say(night: Night) -> None:
    steps = """
        QueryLanguage: JSONata
        StartAt: One
        States:
          One:
            Type: Task
            Job: load
            Arguments: {file: "{% $states.input.folder & '/a.csv' %}", rows: [1, 2]}
            Output: "{% $states.result.Containers[0].ExitCode %}"
            End: true
    """
    night.deploy("load: {image: load}\njob: {workflow: steps.yaml}", steps_yaml=steps)
    ended = night.until_over(night.run(folder="in"))
    assert (ended["status"], ended["output"]) == ("SUCCEEDED", "0")
    assert loads(night.begun[0].environment["LAMPLIGHTER_INPUT"]) == {"file": "in/a.csv", "rows": [1, 2]}


@pytest.mark.parametrize("retry", ["{}", "{exit: {codes: [75], attempts: 1}}"], ids=["native", "judged"])
@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
def test_a_step_passes_its_input_on_and_says_of_its_task_what_it_is_asked(
    night: Night, language: str, retry: str
) -> None:
    steps = f"""
        QueryLanguage: {language}
        StartAt: One
        States:
          One: {{Type: Task, Job: load, Next: Two}}
          Two:
            Type: Task
            Job: load
            Output: {{code: "{{% $states.result.Containers[0].ExitCode %}}", day: "{{% $states.input.day %}}"}}
            End: true
    """
    night.deploy(f"load: {{image: load, retry: {retry}}}\njob: {{workflow: steps.yaml}}", steps_yaml=steps)
    ended = night.until_over(night.run(day="monday"))
    assert (ended["status"], loads(ended["output"])) == ("SUCCEEDED", {"code": 0, "day": "monday"})
    assert [loads(each.environment["LAMPLIGHTER_INPUT"]) for each in night.begun] == [{"day": "monday"}] * 2


@pytest.mark.parametrize("retry", ["{}", "{exit: {codes: [75], attempts: 1}}"], ids=["native", "judged"])
def test_a_step_s_own_catch_leads_on_and_its_own_retry_is_in_place_of_the_job_s(night: Night, retry: str) -> None:
    steps = """
        QueryLanguage: JSONata
        StartAt: One
        States:
          One:
            Type: Task
            Job: load
            Catch: [{ErrorEquals: [States.TaskFailed], Output: "{% $states.errorOutput.Error %}", Next: Two}]
            End: true
          Two:
            Type: Task
            Job: load
            Retry: [{ErrorEquals: [States.ALL], IntervalSeconds: 1, MaxAttempts: 3}]
            Assign: {code: "{% $states.result.Containers[0].ExitCode %}"}
            Next: Three
          Three: {Type: Pass, Output: "{% [$states.input, $code] %}", End: true}
    """
    night.deploy(f"load: {{image: load, retry: {retry}}}\njob: {{workflow: steps.yaml}}", steps_yaml=steps)
    night.codes(3, 3, 3, 0)
    ended = night.until_over(night.run())
    assert (ended["status"], loads(ended["output"])) == ("SUCCEEDED", ["States.TaskFailed", 0])
    assert len(night.begun) == 4


# --- what comes before and after, in both languages -------------------------------------------------------------------


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
@pytest.mark.parametrize("overlap", ["skip", "queue", "cancel-previous", "allow"])
def test_a_workflow_minds_the_others_as_a_job_does(night: Night, language: str, overlap: str) -> None:
    steps = f"QueryLanguage: {language}\nStartAt: A\nStates: {{A: {{Type: Task, Job: one, End: true}}}}"
    night.deploy(f"one: {{image: x}}\njob: {{workflow: steps.yaml, overlap: {overlap}}}", steps_yaml=steps)
    night.codes(Script(after=HOUR))
    first = night.run()
    night.harness.advance(1_000)
    second = night.run()
    expected = {
        "skip": ("RUNNING", "SUCCEEDED"),
        "queue": ("RUNNING", "RUNNING"),
        "cancel-previous": ("ABORTED", "RUNNING"),
        "allow": ("RUNNING", "RUNNING"),
    }
    assert (night.harness.status(first), night.harness.status(second)) == expected[overlap]
    assert len(night.begun) == {"skip": 1, "queue": 1, "cancel-previous": 2, "allow": 2}[overlap]
    for _ in range(30):
        night.harness.advance(HOUR // 10)
    assert night.harness.status(second) == "SUCCEEDED"


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
def test_a_workflow_has_a_deadline_and_is_told_of_when_it_is_late(night: Night, language: str) -> None:
    steps = f"QueryLanguage: {language}\nStartAt: A\nStates: {{A: {{Type: Task, Job: one, End: true}}}}"
    job = "{workflow: steps.yaml, deadline: 2h, late: 1h, notify: {late: ops, caught: dev}}"
    night.deploy(f"one: {{image: x, timeout: 90m}}\njob: {job}", steps_yaml=steps)
    night.codes(FOREVER)
    execution = night.run(day="monday")
    night.harness.advance(HOUR)
    assert [each["Subject"] for each in night.mail] == ["reports: job is late"]
    night.harness.advance(HOUR // 2)
    assert night.harness.describe(execution)["error"] == "States.Timeout"
    assert [each["TopicArn"].rpartition(":")[2] for each in night.mail] == ["reports-ops", "dev"]
    assert night.harness.runtime.count("stop", night.begun[0].name) > 0


def test_a_workflow_s_deadline_stops_the_step_that_is_at_work(night: Night) -> None:
    steps = "StartAt: A\nStates: {A: {Type: Task, Job: one, End: true}}"
    night.deploy("one: {image: x}\njob: {workflow: steps.yaml, deadline: 1h}", steps_yaml=steps)
    night.codes(FOREVER)
    execution = night.run()
    night.harness.advance(HOUR)
    assert night.harness.status(execution) == "TIMED_OUT"
    assert night.harness.runtime.count("stop", night.begun[0].name) > 0


# --- what AWS does and no container of ours can -----------------------------------------------------------------------

TROUBLES: dict[str, Json] = {
    "spot": {"StopCode": "SpotInterruption", "StoppedReason": "Your Spot Task was interrupted."},
    "spot, on notice": {"StopCode": "TerminationNotice", "StoppedReason": "Task terminated"},
    "infra": {
        "StopCode": "TaskFailedToStart",
        "StoppedReason": "Timeout waiting for network interface provisioning to complete.",
    },
    "infra, while it ran": {"StopCode": "InfrastructureHealth", "StoppedReason": "Host died"},
    "start-failure": {"StopCode": "TaskFailedToStart", "StoppedReason": "CannotPullContainerError: not found"},
    "exit": {
        "StopCode": "EssentialContainerExited",
        "Containers": [{"Name": "proxy", "ExitCode": 0}, {"Name": "main", "ExitCode": 75}],
    },
    "any": {"StopCode": "EssentialContainerExited", "Containers": [{"Name": "main", "ExitCode": 1}]},
}
ONCE = "{attempts: 1}"
EVERY = f"spot: {ONCE}, infra: {ONCE}, start-failure: {ONCE}, timeout: {ONCE}, exit: {{codes: 75, attempts: 1}}"


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_task_s_own_words_say_which_class_of_trouble_it_met(night: Night, trouble: str) -> None:
    task = {"TaskArn": "arn:aws:ecs:us-east-1:123456789012:task/c/1", "Group": "family:x", **TROUBLES[trouble]}
    failure = {"Error": "States.TaskFailed", "Cause": json.dumps(task)}
    assert kind_of(night, failure) == trouble.partition(",")[0]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("AmazonECS.Unknown", "infra"),
        ("ECS.ThrottlingException", "infra"),
        ("ECS.ServerException", "infra"),
        ("ECS.AmazonECSException", "infra"),
        ("States.Timeout", "timeout"),
        ("ECS.InvalidParameterException", "any"),
        ("States.Permissions", "any"),
    ],
)
def test_an_error_of_the_call_says_its_class_by_its_name(night: Night, error: str, expected: str) -> None:
    assert kind_of(night, {"Error": error, "Cause": "no JSON"}) == expected
    assert kind_of(night, {"Error": error}) == expected


def kind_of(night: Night, failure: Json) -> str:
    """What the state `Judge` of a job with every class says of a failure."""
    made = project(
        night.folder, f"job: {{image: x, launch: fargate-spot, timeout: 1h, retry: {{{EVERY}, attempts: 1}}}}"
    )
    judge = build_definition(made, "job")["States"]["Judge"]
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "Failed",
        "States": {
            "Failed": {"Type": "Pass", "Assign": {"failure": "{% $states.input %}"}, "Next": "Judge"},
            "Judge": {**judge, "Next": "Say"},
            "Say": {"Type": "Pass", "Output": "{% $kind %}", "End": True},
        },
    }
    execution = night.harness.start(night.harness.machine(definition), failure)
    night.harness.settle()
    answer: str = loads(night.harness.describe(execution)["output"])
    return answer
