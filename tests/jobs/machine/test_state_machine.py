"""Generated state machines on an engine whose containers do what the test scripts."""

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
from lamplighter.runtime.port import CannotStart, ContainerSpec, ImageUnavailable
from lamplighter.store.db import Tx
from tests.engine_harness import EngineHarness
from tests.fake_runtime import Script
from tests.inline_isolation import InlineIsolation
from tests.jobs.projects import deploy_project, load_project, scheduled_input

TOPIC = "arn:aws:sns:us-east-1:123456789012:reports-ops"
AWS_CONSOLE = "https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/"
HOUR = 3_600_000


class DeployedJobs:
    """An engine with the jobs of a file, whose SNS only records the messages."""

    def __init__(self, harness: EngineHarness, folder: Path) -> None:
        self.harness = harness
        self.folder = folder
        self.alerts: list[Json] = []
        self.machines: dict[str, str] = {}
        self.denies_publish = False
        served = {"Publish": Operation(write=self._publish), "ListSubscriptionsByTopic": Operation(write=self._publish)}
        harness.engine.bus.serve("sns", served)

    def _publish(self, _tx: Tx, _caller: Caller, params: Json) -> Json:
        if self.denies_publish:
            raise AwsError("no", code="AuthorizationError", status=403)
        self.alerts.append(params)
        return {"MessageId": "1"}

    def deploy(self, jobs: str, url: str = "", **files: str) -> None:
        self.machines = dict(deploy_project(self.harness, load_project(self.folder, jobs, **files), ConsoleUrl=url))

    def start_run(self, job: str = "job", **given: Json) -> str:
        execution = self.harness.start(self.machines[job], scheduled_input(**given))
        self.harness.settle()
        return execution

    def script_exits(self, *codes: int | Script) -> None:
        """Script how the next containers end, one after another; the last script repeats."""
        left = [each if isinstance(each, Script) else Script(code=each) for each in codes]
        for at, script in enumerate(left):
            last = at == len(left) - 1
            self.harness.runtime.script(script, self._select_container(at, last=last))

    def _select_container(self, at: int, *, last: bool) -> Callable[[ContainerSpec], bool]:
        start = len(self.harness.runtime.started)

        def is_selected(container: ContainerSpec) -> bool:
            number = list(self.harness.runtime.started).index(container.name) - start
            return number >= at if last else number == at

        return is_selected

    @property
    def containers(self) -> list[ContainerSpec]:
        return list(self.harness.runtime.started.values())

    def wait_until_ended(self, execution: str, step: int = 1_000, most: int = 400) -> Json:
        """Let time pass until the run ends, and return its description."""
        for _ in range(most):
            if self.harness.status(execution) != "RUNNING":
                break
            self.harness.advance(step)
        return self.harness.describe(execution)


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[DeployedJobs]:
    harness = EngineHarness(tmp_path / "data")
    harness.up()
    yield DeployedJobs(harness, tmp_path)
    harness.close()


def select_environment(container: ContainerSpec) -> dict[str, str]:
    return {
        name: value for name, value in container.environment.items() if name.startswith("LAMPLIGHTER_") or name == "X"
    }


# --- one attempt ------------------------------------------------------------------------------------------------------


def test_a_generated_retry_equals_the_article_s_retry(tmp_path: Path) -> None:
    made = load_project(tmp_path, "job: {image: busybox, retry: {attempts: 1, interval: 10s, backoff: 1}, timeout: 1h}")
    article = json.loads((Path(__file__).parents[1] / "data" / "state-machine.asl.json").read_text())
    generated = build_definition(made, "job")["States"]["Run"]
    written = article["States"]["ECS RunTask"]
    assert generated["Retry"] == written["Retry"]
    assert resolve_calls(generated["Resource"]) == written["Resource"]
    assert set(generated["Arguments"]) - {"Overrides"} == set(written["Parameters"])
    assert generated["TimeoutSeconds"] == 3600


def test_a_container_receives_its_run_attempt_scheduled_time_and_input(jobs: DeployedJobs) -> None:
    jobs.deploy("job: {image: busybox, environment: {X: here}, retry: {attempts: 1}}")
    jobs.script_exits(1, 0)
    execution = jobs.start_run(day="2026-11-24", rows=[1])
    assert jobs.wait_until_ended(execution)["status"] == "SUCCEEDED"
    first, second = map(select_environment, jobs.containers)
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


def test_a_run_needs_no_step_in_another_process(jobs: DeployedJobs) -> None:
    """A hundred jobs that are due together would wait for each other there."""
    jobs.deploy("job: {image: busybox, environment: {X: here}, retry: {attempts: 1}}")
    jobs.script_exits(1, 0)
    execution = jobs.start_run(day="2026-11-24", lamplighter={"environment": {"Y": "there"}})
    assert jobs.wait_until_ended(execution)["status"] == "SUCCEEDED"
    assert isinstance(jobs.harness.engine.isolation, InlineIsolation)
    assert jobs.harness.engine.isolation.requests == []


def test_a_run_may_override_the_command_and_the_environment(jobs: DeployedJobs) -> None:
    jobs.deploy("job: {image: busybox, command: [usual], environment: {X: usual}}")
    jobs.harness.start(jobs.machines["job"], {"lamplighter": {"command": ["other", "words"], "environment": {"X": 7}}})
    jobs.harness.settle()
    (container,) = jobs.containers
    assert (container.command, container.environment["X"]) == (("other", "words"), "7")
    jobs.harness.start(jobs.machines["job"], {})
    jobs.harness.settle()
    assert (jobs.containers[1].command, jobs.containers[1].environment["X"]) == (
        ("usual",),
        "usual",
    )


# --- attempts ---------------------------------------------------------------------------------------------------------


def run_attempts(jobs: DeployedJobs, retry: str, *scripts: int | Script, more: str = "") -> tuple[int, Json, list[int]]:
    """Run the job; return the number of attempts, the run's description and the seconds before each retry."""
    jobs.deploy(f"job: {{image: busybox, retry: {retry}{more}}}")
    jobs.script_exits(*scripts)
    execution = jobs.start_run()
    ended = jobs.wait_until_ended(execution)
    schedule = [each["timestamp"] for each in jobs.harness.history(execution) if each["type"] == "TaskScheduled"]
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
def test_each_class_of_failure_has_its_own_budget(
    jobs: DeployedJobs, retry: str, scripts: tuple[int | Script, ...], expected: int, status: str
) -> None:
    count, ended, _ = run_attempts(jobs, retry, *scripts)
    assert (count, ended["status"]) == (expected, status)


@pytest.mark.parametrize(
    "retry", ["{timeout: {attempts: 2}}", "{timeout: {attempts: 2}, exit: {codes: [9], attempts: 1}}"]
)
def test_an_attempt_that_exceeds_its_timeout_is_stopped_and_retried_within_the_timeout_budget(
    jobs: DeployedJobs, retry: str
) -> None:
    count, ended, _ = run_attempts(jobs, retry, FOREVER, FOREVER, 0, more=", timeout: 30s")
    assert (count, ended["status"]) == (3, "SUCCEEDED")
    assert [jobs.harness.runtime.count("stop", each.name) > 0 for each in jobs.containers] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("retry", ["{attempts: 1}", "{exit: {codes: [9], attempts: 1}}"])
def test_a_run_fails_with_the_error_of_its_last_attempt(jobs: DeployedJobs, retry: str) -> None:
    _, ended, _ = run_attempts(jobs, retry, 9)
    assert ended["error"] == "States.TaskFailed"
    assert loads(ended["cause"])["Containers"][0]["ExitCode"] == 9
    jobs.harness.runtime.script(FOREVER)


def test_a_timeout_without_a_retry_ends_the_run_with_states_timeout(jobs: DeployedJobs) -> None:
    count, ended, _ = run_attempts(jobs, "{exit: {codes: [9], attempts: 1}}", FOREVER, more=", timeout: 30s")
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
def test_retry_waits_grow_by_the_backoff_up_to_the_maximum(
    jobs: DeployedJobs, form: str, policy: str, expected: list[int]
) -> None:
    assert run_attempts(jobs, form.format(policy), 9)[2] == expected


def test_a_wait_with_jitter_is_no_longer_than_the_interval(jobs: DeployedJobs) -> None:
    _, _, waits = run_attempts(jobs, "{exit: {codes: [9], attempts: 4, interval: 30s, backoff: 1, jitter: true}}", 9)
    assert len(waits) == 4
    assert all(1 <= wait <= 30 for wait in waits)


def test_a_deadline_ends_the_run_at_any_attempt(jobs: DeployedJobs) -> None:
    jobs.deploy("job: {image: busybox, retry: {attempts: 99, interval: 1m, backoff: 1}, deadline: 10m}")
    jobs.script_exits(1)
    ended = jobs.wait_until_ended(jobs.start_run(), 10_000)
    assert (ended["status"], ended["stopDate"] - ended["startDate"]) == ("TIMED_OUT", 600)


def test_retry_budgets_survive_a_crash(jobs: DeployedJobs) -> None:
    jobs.deploy("job: {image: busybox, retry: {exit: {codes: [75], attempts: 2, interval: 1m}}}")
    jobs.script_exits(75)
    execution = jobs.start_run()
    jobs.harness.restart()
    jobs.harness.advance(60_000)
    jobs.harness.restart()
    assert jobs.wait_until_ended(execution, 10_000)["status"] == "FAILED"
    assert len(jobs.containers) == 3


# --- overlap ----------------------------------------------------------------------------------------------------------


def deploy_with_overlap(jobs: DeployedJobs, overlap: str, more: str = "") -> None:
    jobs.deploy(f"job: {{image: busybox, overlap: {overlap}{more}}}")
    jobs.script_exits(Script(after=HOUR))


def test_overlap_skip_skips_a_run_while_another_is_running(jobs: DeployedJobs) -> None:
    deploy_with_overlap(jobs, "skip")
    first, second = jobs.start_run(), jobs.start_run()
    ended = jobs.harness.describe(second)
    assert (ended["status"], len(jobs.containers)) == ("SUCCEEDED", 1)
    assert loads(ended["output"]) == {"skipped": True, "running": [first]}
    jobs.harness.advance(HOUR)
    assert jobs.harness.status(first) == "SUCCEEDED"
    jobs.start_run()
    assert len(jobs.containers) == 2


def test_overlap_skip_lets_one_of_several_simultaneous_runs_continue(jobs: DeployedJobs) -> None:
    deploy_with_overlap(jobs, "skip")
    runs = [jobs.harness.start(jobs.machines["job"], {}, name) for name in ("b", "a", "c")]
    jobs.harness.settle()
    assert sorted(jobs.harness.status(each) for each in runs) == ["RUNNING", "SUCCEEDED", "SUCCEEDED"]
    assert len(jobs.containers) == 1


def test_overlap_queue_runs_one_after_another_in_the_order_of_their_starts(jobs: DeployedJobs) -> None:
    deploy_with_overlap(jobs, "queue")
    runs = []
    for name in ("c", "a", "b"):
        runs.append(jobs.harness.start(jobs.machines["job"], {}, name))
        jobs.harness.advance(1_000)
    finished: list[str] = []
    for _ in range(80):
        jobs.harness.advance(HOUR // 20)
        finished += [each for each in runs if jobs.harness.status(each) == "SUCCEEDED" and each not in finished]
        assert sum(jobs.harness.runtime._is_running(each.name) for each in jobs.containers) <= 1
    assert finished == runs
    assert len(jobs.containers) == 3


@pytest.mark.parametrize("page", [1, 2, 3])
def test_queued_runs_do_not_overlap_with_several_pages_of_runs(
    jobs: DeployedJobs, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(overlap_states, "PAGE_SIZE", page)
    deploy_with_overlap(jobs, "queue")
    runs = [jobs.start_run() for _ in range(5)]
    finished: list[str] = []
    for _ in range(120):
        jobs.harness.advance(HOUR // 20)
        finished += [each for each in runs if jobs.harness.status(each) == "SUCCEEDED" and each not in finished]
        assert sum(jobs.harness.runtime._is_running(each.name) for each in jobs.containers) <= 1
    assert sorted(finished) == sorted(runs)


def test_a_run_is_skipped_although_younger_runs_fill_a_page(
    jobs: DeployedJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overlap_states, "PAGE_SIZE", 1)
    deploy_with_overlap(jobs, "skip")
    first = jobs.start_run()
    jobs.harness.advance(1_000)
    later = [jobs.start_run() for _ in range(3)]
    assert [jobs.harness.status(each) for each in (first, *later)] == ["RUNNING", *["SUCCEEDED"] * 3]


def test_a_page_of_runs_with_the_longest_names_fits_into_a_state_s_output() -> None:
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


def test_overlap_cancel_previous_stops_earlier_runs_and_their_containers(jobs: DeployedJobs) -> None:
    deploy_with_overlap(jobs, "cancel-previous")
    first = jobs.start_run()
    jobs.harness.advance(1_000)
    second = jobs.start_run()
    ended = jobs.harness.describe(first)
    assert (ended["status"], ended["error"]) == ("ABORTED", "Lamplighter.Superseded")
    assert ended["cause"] == f"A newer run of the job began: {second}"
    assert [jobs.harness.runtime._is_running(each.name) for each in jobs.containers] == [
        False,
        True,
    ]
    jobs.harness.advance(HOUR)
    assert jobs.harness.status(second) == "SUCCEEDED"


def test_overlap_allow_lets_runs_overlap(jobs: DeployedJobs) -> None:
    deploy_with_overlap(jobs, "allow")
    jobs.start_run()
    jobs.start_run()
    assert len(jobs.containers) == 2


# --- alerts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("retry", ["{attempts: 1}", "{exit: {codes: [3], attempts: 1}}"])
def test_a_caught_failure_sends_an_alert_with_reason_exit_code_and_attempts(jobs: DeployedJobs, retry: str) -> None:
    jobs.deploy(f"job: {{image: busybox, retry: {retry}, notify: {{caught: ops}}}}")
    jobs.script_exits(3)
    execution = jobs.start_run()
    ended = jobs.wait_until_ended(execution)
    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    assert loads(ended["cause"])["Containers"][0]["ExitCode"] == 3
    (mail,) = jobs.alerts
    assert (mail["TopicArn"], mail["Subject"]) == (TOPIC, "job failed: exit code 3 after 2 attempts")
    assert mail["Message"].splitlines() == [
        "job failed: exit code 3 after 2 attempts",
        "",
        "Exit code: 3",
        "Attempt:   2 of 2",
        "Scheduled: Wed 2026-11-25 03:00:00 (UTC)",
        "Started:   Thu 2026-01-01 00:00:00 (UTC)",
        "Ended:     Thu 2026-01-01 00:00:01 (UTC)",
        "Duration:  1 s",
        "Project:   reports",
        f"Look at:   {AWS_CONSOLE}{execution}",
        "Run again: lamplighter run reports-job --aws --region us-east-1",
    ]


def read_alerted_log_lines(jobs: DeployedJobs) -> list[str]:
    """Return the log lines in the last alert."""
    text: str = jobs.alerts[-1]["Message"]
    return text.partition("Last lines:\n")[2].splitlines()


@pytest.mark.parametrize("retry", ["{attempts: 1}", "{exit: {codes: [3], attempts: 1}}"])
def test_an_alert_contains_the_last_twenty_log_lines_of_the_last_attempt(jobs: DeployedJobs, retry: str) -> None:
    jobs.deploy(f"job: {{image: busybox, retry: {retry}, notify: {{caught: [ops, dev]}}}}")
    lines = tuple(("stdout", f"line {at}") for at in range(30))
    jobs.script_exits(Script(lines=(("stderr", "another attempt's"),), code=3), Script(lines=lines, code=3))  # type: ignore[arg-type]
    jobs.wait_until_ended(jobs.start_run())
    assert read_alerted_log_lines(jobs) == [f"  line {at}" for at in range(10, 30)]
    assert jobs.alerts[0]["Message"] == jobs.alerts[1]["Message"]


def test_an_alert_contains_at_most_500_characters_of_a_line(jobs: DeployedJobs) -> None:
    jobs.deploy("job: {image: busybox, notify: {caught: ops}}")
    jobs.script_exits(Script(lines=(("stdout", "äö" * 600), ("stdout", "{% no %} 'quoted' \"twice\"")), code=3))
    jobs.wait_until_ended(jobs.start_run())
    assert read_alerted_log_lines(jobs) == ["  " + "äö" * 250, "  {% no %} 'quoted' \"twice\""]


@pytest.mark.parametrize("long", [False, True])
def test_an_unreadable_log_changes_neither_the_alert_nor_the_run_s_end(jobs: DeployedJobs, long: bool) -> None:
    jobs.deploy("job: {image: busybox, notify: {caught: ops}}")
    lines = tuple(("stdout", "x" * 200_000) for _ in range(3)) if long else ()
    jobs.script_exits(Script(lines=lines, after=1_000, code=3))  # type: ignore[arg-type]
    execution = jobs.start_run()
    if not long:
        jobs.harness.call("logs", "DeleteLogGroup", logGroupName="/lamplighter/reports/job")
    ended = jobs.wait_until_ended(execution)
    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    assert "Exit code: 3" in jobs.alerts[0]["Message"]
    assert read_alerted_log_lines(jobs) == []


def test_on_a_local_engine_an_alert_links_to_the_engine_s_console(jobs: DeployedJobs) -> None:
    url = "http://127.0.0.1:4566"
    jobs.deploy("job: {image: busybox, late: 30m, notify: {caught: ops, late: ops}}", url)
    jobs.script_exits(Script(after=HOUR, code=3))
    execution = jobs.start_run()
    jobs.harness.advance(HOUR // 2)
    jobs.harness.advance(HOUR // 2)
    late, caught = (each["Message"].splitlines() for each in jobs.alerts)
    assert late[-1] == f"Look at:   {url}/runs/{execution}"
    assert caught[-2:] == [f"Look at:   {url}/runs/{execution}", "Run again: lamplighter run reports-job"]


def test_an_alert_for_a_container_that_cannot_start_contains_its_error(jobs: DeployedJobs) -> None:
    jobs.deploy("job: {image: busybox, notify: {caught: [ops, dev]}}")
    jobs.script_exits(MISSING)
    jobs.wait_until_ended(jobs.start_run())
    assert [each["TopicArn"].rpartition(":")[2] for each in jobs.alerts] == ["reports-ops", "dev"]
    assert "CannotPullContainerError: manifest unknown" in jobs.alerts[0]["Message"]
    assert "Exit code" not in jobs.alerts[0]["Message"]


def test_a_timeout_without_a_cause_sends_an_alert(jobs: DeployedJobs) -> None:
    jobs.deploy("job: {image: busybox, timeout: 30s, notify: {caught: ops}}")
    jobs.script_exits(FOREVER)
    execution = jobs.start_run()
    assert jobs.wait_until_ended(execution)["error"] == "States.Timeout"
    assert jobs.alerts[0]["Message"].splitlines()[:3] == [
        "job failed: took longer than its timeout of 30s",
        "",
        "Attempt:   1 of 1",
    ]
    assert "Last lines" not in list_entered_states(jobs, execution)


def list_entered_states(jobs: DeployedJobs, execution: str) -> list[str]:
    """Return the states that a run entered."""
    events = jobs.harness.call("states", "GetExecutionHistory", executionArn=execution, maxResults=1000)["events"]
    return [each["stateEnteredEventDetails"]["name"] for each in events if "stateEnteredEventDetails" in each]


@pytest.mark.parametrize("retry", ["{attempts: 0}", "{exit: {codes: [3], attempts: 1}}"])
def test_the_log_of_a_container_that_never_ran_is_not_read(jobs: DeployedJobs, retry: str) -> None:
    jobs.deploy(f"job: {{image: busybox, retry: {retry}, notify: {{caught: ops}}}}")
    jobs.script_exits(MISSING)
    execution = jobs.start_run()
    jobs.wait_until_ended(execution)
    assert "Last lines" not in list_entered_states(jobs, execution)
    assert len(jobs.alerts) == 1


def test_a_reason_of_both_task_and_container_appears_once_in_the_alert(jobs: DeployedJobs) -> None:
    jobs.deploy("job: {image: busybox, notify: {caught: ops}}")
    jobs.script_exits(MISSING)
    jobs.wait_until_ended(jobs.start_run())
    assert jobs.alerts[0]["Message"].count("CannotPullContainerError: manifest unknown") == 1


def test_a_failed_publish_does_not_change_how_the_run_ends(jobs: DeployedJobs) -> None:
    jobs.deploy("job: {image: busybox, notify: {caught: ops}}")
    jobs.script_exits(3)
    jobs.denies_publish = True
    ended = jobs.wait_until_ended(jobs.start_run(), 10_000)
    assert (ended["status"], ended["error"], jobs.alerts) == ("FAILED", "States.TaskFailed", [])


def test_a_late_run_is_reported_and_continues(jobs: DeployedJobs) -> None:
    jobs.deploy("job: {image: busybox, late: 30m, notify: {late: [ops, dev]}}")
    jobs.script_exits(Script(after=HOUR))
    execution = jobs.start_run()
    jobs.harness.advance(HOUR // 2 - 1_000)
    assert jobs.alerts == []
    jobs.harness.advance(1_000)
    assert [each["Subject"] for each in jobs.alerts] == ["job is late: still running after 30m"] * 2
    assert jobs.alerts[0]["Message"] == (
        "job is late: still running after 30m\n\n"
        "Scheduled: Wed 2026-11-25 03:00:00 (UTC)\n"
        "Started:   Thu 2026-01-01 00:00:00 (UTC)\n"
        "Project:   reports\n"
        f"Look at:   {AWS_CONSOLE}{execution}\n"
    )
    jobs.harness.advance(HOUR)
    assert jobs.harness.status(execution) == "SUCCEEDED"


def test_a_late_run_whose_container_waits_says_what_it_waits_for(jobs: DeployedJobs) -> None:
    late = "image: busybox, memory: 1024, late: 30m, notify: {late: ops}"
    jobs.deploy(f"first: {{image: busybox, memory: 1024}}\njob: {{{late}}}")
    jobs.harness.call("ecs", "SetCapacityLimits", Memory=1_500)
    jobs.script_exits(FOREVER)
    jobs.start_run("first")
    jobs.start_run()
    jobs.harness.advance(HOUR // 2)
    (alert,) = jobs.alerts
    words = "its container has not started after 30m: waits for 1,024 MiB of memory (1 running task has 1,024 of 1,500)"
    assert alert["Message"].startswith(f"job is late: {words}\n\nScheduled: ")
    assert alert["Subject"].startswith("job is late: its container has not started after 30m: waits for 1,024 MiB of ")


def test_a_run_that_ends_in_time_sends_no_late_alert(jobs: DeployedJobs) -> None:
    jobs.deploy("job: {image: busybox, late: 30m, notify: {late: ops}}")
    jobs.start_run()
    jobs.harness.advance(HOUR)
    assert jobs.alerts == []


# --- workflows --------------------------------------------------------------------------------------------------------

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
def test_steps_run_their_jobs_with_those_jobs_retries(jobs: DeployedJobs, steps: str) -> None:
    jobs.deploy(WORKFLOW, steps_yaml=steps)
    jobs.harness.runtime.script(Script(code=75), lambda each: each.environment["LAMPLIGHTER_ATTEMPT"] == "1")
    jobs.harness.runtime.script(Script(), lambda each: each.image == "extract")
    ended = jobs.wait_until_ended(jobs.start_run(day="monday"))
    assert ended["status"] == "SUCCEEDED"
    items = ["a.csv", "b.csv"] if steps is JSONATA else ["main"]
    assert loads(ended["output"]) == items
    begun = [(each.image, each.environment["LAMPLIGHTER_ATTEMPT"]) for each in jobs.containers]
    assert begun == [("extract", "1"), *[("load", "1")] * len(items), *[("load", "2")] * len(items)]
    assert [each.environment["LAMPLIGHTER_INPUT"] for each in jobs.containers[1:]] == items * 2
    assert loads(jobs.containers[0].environment["LAMPLIGHTER_INPUT"]) == {"day": "monday"}


@pytest.mark.parametrize("steps", [JSONATA, JSONPATH], ids=["JSONata", "JSONPath"])
def test_a_failed_step_fails_the_run_with_its_error_and_sends_one_alert(jobs: DeployedJobs, steps: str) -> None:
    jobs.deploy(WORKFLOW, steps_yaml=steps)
    jobs.script_exits(0, Script(lines=(("stderr", "it broke"),), code=3))
    execution = jobs.start_run()
    ended = jobs.wait_until_ended(execution)
    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    assert [each["Subject"] for each in jobs.alerts] == ["job failed: exit code 3"]
    assert "Exit code: 3" in jobs.alerts[0]["Message"]
    assert read_alerted_log_lines(jobs) == ["  it broke"]
    assert "Step:      job load, attempt 1\n" in jobs.alerts[0]["Message"]
    assert "Attempt:" not in jobs.alerts[0]["Message"]


@pytest.mark.parametrize("steps", [JSONATA, JSONPATH], ids=["JSONata", "JSONPath"])
def test_an_alert_for_a_step_that_exceeds_its_timeout_states_the_timeout(jobs: DeployedJobs, steps: str) -> None:
    jobs.deploy(WORKFLOW.replace("{image: extract}", "{image: extract, timeout: 30s}"), steps_yaml=steps)
    jobs.script_exits(FOREVER)
    execution = jobs.start_run()
    assert jobs.wait_until_ended(execution)["error"] == "States.Timeout"
    assert jobs.alerts[0]["Subject"] == "job failed: a step took longer than its timeout"
    assert "job: Last lines" not in list_entered_states(jobs, execution)


def test_a_step_s_container_receives_the_step_s_arguments(jobs: DeployedJobs) -> None:
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
    jobs.deploy("load: {image: load}\njob: {workflow: steps.yaml}", steps_yaml=steps)
    ended = jobs.wait_until_ended(jobs.start_run(folder="in"))
    assert (ended["status"], ended["output"]) == ("SUCCEEDED", "0")
    assert loads(jobs.containers[0].environment["LAMPLIGHTER_INPUT"]) == {"file": "in/a.csv", "rows": [1, 2]}


@pytest.mark.parametrize("retry", ["{}", "{exit: {codes: [75], attempts: 1}}"], ids=["native", "judged"])
@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
def test_a_step_passes_its_input_on_and_its_output_may_use_the_task_s_result(
    jobs: DeployedJobs, language: str, retry: str
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
    jobs.deploy(f"load: {{image: load, retry: {retry}}}\njob: {{workflow: steps.yaml}}", steps_yaml=steps)
    ended = jobs.wait_until_ended(jobs.start_run(day="monday"))
    assert (ended["status"], loads(ended["output"])) == ("SUCCEEDED", {"code": 0, "day": "monday"})
    assert [loads(each.environment["LAMPLIGHTER_INPUT"]) for each in jobs.containers] == [{"day": "monday"}] * 2


@pytest.mark.parametrize("retry", ["{}", "{exit: {codes: [75], attempts: 1}}"], ids=["native", "judged"])
def test_a_step_s_catch_works_and_its_retry_replaces_the_job_s(jobs: DeployedJobs, retry: str) -> None:
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
    jobs.deploy(f"load: {{image: load, retry: {retry}}}\njob: {{workflow: steps.yaml}}", steps_yaml=steps)
    jobs.script_exits(3, 3, 3, 0)
    ended = jobs.wait_until_ended(jobs.start_run())
    assert (ended["status"], loads(ended["output"])) == ("SUCCEEDED", ["States.TaskFailed", 0])
    assert len(jobs.containers) == 4


# --- overlap, deadline and late alerts of workflows, in both languages ------------------------------------------------


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
@pytest.mark.parametrize("overlap", ["skip", "queue", "cancel-previous", "allow"])
def test_a_workflow_has_the_overlap_policies_of_a_job(jobs: DeployedJobs, language: str, overlap: str) -> None:
    steps = f"QueryLanguage: {language}\nStartAt: A\nStates: {{A: {{Type: Task, Job: one, End: true}}}}"
    jobs.deploy(f"one: {{image: x}}\njob: {{workflow: steps.yaml, overlap: {overlap}}}", steps_yaml=steps)
    jobs.script_exits(Script(after=HOUR))
    first = jobs.start_run()
    jobs.harness.advance(1_000)
    second = jobs.start_run()
    expected = {
        "skip": ("RUNNING", "SUCCEEDED"),
        "queue": ("RUNNING", "RUNNING"),
        "cancel-previous": ("ABORTED", "RUNNING"),
        "allow": ("RUNNING", "RUNNING"),
    }
    assert (jobs.harness.status(first), jobs.harness.status(second)) == expected[overlap]
    assert len(jobs.containers) == {"skip": 1, "queue": 1, "cancel-previous": 2, "allow": 2}[overlap]
    for _ in range(30):
        jobs.harness.advance(HOUR // 10)
    assert jobs.harness.status(second) == "SUCCEEDED"


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
def test_a_workflow_has_a_deadline_a_late_alert_and_a_caught_alert(jobs: DeployedJobs, language: str) -> None:
    steps = f"QueryLanguage: {language}\nStartAt: A\nStates: {{A: {{Type: Task, Job: one, End: true}}}}"
    job = "{workflow: steps.yaml, deadline: 2h, late: 1h, notify: {late: ops, caught: dev}}"
    jobs.deploy(f"one: {{image: x, timeout: 90m}}\njob: {job}", steps_yaml=steps)
    jobs.script_exits(FOREVER)
    execution = jobs.start_run(day="monday")
    jobs.harness.advance(HOUR)
    assert [each["Subject"] for each in jobs.alerts] == ["job is late: still running after 1h"]
    jobs.harness.advance(HOUR // 2)
    assert jobs.harness.describe(execution)["error"] == "States.Timeout"
    assert [each["TopicArn"].rpartition(":")[2] for each in jobs.alerts] == ["reports-ops", "dev"]
    assert jobs.harness.runtime.count("stop", jobs.containers[0].name) > 0


def test_a_workflow_s_deadline_stops_the_running_step(jobs: DeployedJobs) -> None:
    steps = "StartAt: A\nStates: {A: {Type: Task, Job: one, End: true}}"
    jobs.deploy("one: {image: x}\njob: {workflow: steps.yaml, deadline: 1h}", steps_yaml=steps)
    jobs.script_exits(FOREVER)
    execution = jobs.start_run()
    jobs.harness.advance(HOUR)
    assert jobs.harness.status(execution) == "TIMED_OUT"
    assert jobs.harness.runtime.count("stop", jobs.containers[0].name) > 0


# --- starts that AWS refuses ------------------------------------------------------------------------------------------


def refuse_starts(jobs: DeployedJobs, errors: list[tuple[str, str]]) -> dict[int, str]:
    """Let RunTask fail with these codes and messages, one at each moment; return the capacity providers of all calls.

    The engine may repeat a call that failed within a larger transaction, at the same moment.
    """
    bus = jobs.harness.engine.bus
    operations = bus._services["ecs"]
    run_task = operations["RunTask"].write
    assert run_task is not None
    providers: dict[int, str] = {}

    def refuse(tx: Tx, caller: Caller, params: Json) -> Json:
        strategy = params.get("capacityProviderStrategy") or [{"capacityProvider": "none"}]
        providers[int(jobs.harness.clock.now())] = strategy[0]["capacityProvider"]
        if len(providers) <= len(errors):
            code, message = errors[len(providers) - 1]
            raise AwsError(message, code=code)
        return run_task(tx, caller, params)

    bus.serve("ecs", {**operations, "RunTask": Operation(write=refuse)})
    return providers


THROTTLED = ("ThrottlingException", "Rate exceeded")
NO_CAPACITY = ("AmazonECSException", "Capacity is unavailable at this time. Please try again later")
WRAPPED = ("ClientException", "Rate exceeded (Service: AmazonECS; Status Code: 400)")


@pytest.mark.parametrize("retry", ["", "retry: {timeout: {attempts: 1}}", "retry: {exit: {codes: 75, attempts: 1}}"])
def test_a_start_that_aws_throttles_or_has_no_capacity_for_is_repeated_and_counts_as_no_attempt(
    jobs: DeployedJobs, retry: str
) -> None:
    jobs.deploy(f"job: {{image: x, timeout: 1h, {retry}}}")
    refuse_starts(jobs, [THROTTLED, NO_CAPACITY] * 4 + [WRAPPED] * 3)
    execution = jobs.start_run()
    assert jobs.wait_until_ended(execution, 10_000)["status"] == "SUCCEEDED"
    numbers = [each.environment["LAMPLIGHTER_ATTEMPT"] for each in jobs.containers]
    assert numbers == ["2" if "timeout" in retry else "1"]


def test_a_start_that_aws_always_refuses_fails_the_run_within_two_minutes_and_without_capacity_within_a_quarter_hour(
    jobs: DeployedJobs,
) -> None:
    jobs.deploy("job: {image: x, timeout: 1h}")
    for error, limit in ((WRAPPED, 130), (NO_CAPACITY, 870)):
        refuse_starts(jobs, [error] * 100)
        found = jobs.wait_until_ended(jobs.start_run())
        while found["status"] == "RUNNING":
            found = jobs.wait_until_ended(found["executionArn"])
        assert found["error"] == f"ECS.{error[0]}"
        assert found["stopDate"] - found["startDate"] <= limit
    assert jobs.containers == []


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ("retry: {attempts: 0}", "AmazonECSException"),
        ("retry: {infra: {attempts: 0}}", "AmazonECSException"),
        ("", "ServerException"),
    ],
)
def test_a_start_is_not_repeated_if_the_file_says_so_or_if_a_task_may_have_started(
    jobs: DeployedJobs, settings: str, code: str
) -> None:
    jobs.deploy(f"job: {{image: x, timeout: 1h, {settings}}}")
    refuse_starts(jobs, [(code, "no")])
    assert jobs.wait_until_ended(jobs.start_run())["error"] == f"ECS.{code}"


def test_a_step_of_a_workflow_repeats_its_start(jobs: DeployedJobs) -> None:
    steps = "StartAt: A\nStates: {A: {Type: Task, Job: one, RETRY End: true}}"
    jobs.deploy("one: {image: x}\njob: {workflow: steps.yaml}", steps_yaml=steps.replace("RETRY", ""))
    refuse_starts(jobs, [THROTTLED])
    assert jobs.wait_until_ended(jobs.start_run())["status"] == "SUCCEEDED"


def test_a_step_of_a_workflow_with_its_own_retry_does_not_repeat_its_start(jobs: DeployedJobs) -> None:
    steps = "StartAt: A\nStates: {A: {Type: Task, Job: one, Retry: [], End: true}}"
    jobs.deploy("one: {image: x}\njob: {workflow: steps.yaml}", steps_yaml=steps)
    refuse_starts(jobs, [THROTTLED])
    assert jobs.wait_until_ended(jobs.start_run())["status"] == "FAILED"


SPOT_OR_FARGATE = "launch: fargate-spot-or-fargate, timeout: 1h"


@pytest.mark.parametrize("retry", ["", ", retry: {attempts: 0}", ", retry: {spot: {attempts: 1}}"])
def test_a_start_without_spot_capacity_is_repeated_on_fargate(jobs: DeployedJobs, retry: str) -> None:
    jobs.deploy(f"job: {{image: x, {SPOT_OR_FARGATE}{retry}}}")
    providers = refuse_starts(jobs, [NO_CAPACITY])
    assert jobs.wait_until_ended(jobs.start_run())["status"] == "SUCCEEDED"
    assert list(providers.values()) == ["FARGATE_SPOT", "FARGATE"]


def test_an_attempt_that_fails_by_itself_is_repeated_on_spot(jobs: DeployedJobs) -> None:
    jobs.deploy(f"job: {{image: x, {SPOT_OR_FARGATE}, retry: {{attempts: 1}}}}")
    jobs.script_exits(3, 0)
    providers = refuse_starts(jobs, [])
    assert jobs.wait_until_ended(jobs.start_run())["status"] == "SUCCEEDED"
    assert list(providers.values()) == ["FARGATE_SPOT", "FARGATE_SPOT"]


def test_a_step_with_its_own_retry_falls_back_to_fargate_too(jobs: DeployedJobs) -> None:
    steps = "StartAt: A\nStates: {A: {Type: Task, Job: one, Retry: [], End: true}}"
    jobs.deploy(f"one: {{image: x, {SPOT_OR_FARGATE}}}\njob: {{workflow: steps.yaml}}", steps_yaml=steps)
    providers = refuse_starts(jobs, [NO_CAPACITY])
    assert jobs.wait_until_ended(jobs.start_run())["status"] == "SUCCEEDED"
    assert list(providers.values()) == ["FARGATE_SPOT", "FARGATE"]


def test_a_job_with_an_interrupted_spot_task_goes_on_with_fargate(jobs: DeployedJobs) -> None:
    made = load_project(jobs.folder, f"job: {{image: x, {SPOT_OR_FARGATE}}}")
    states = build_definition(made, "job")["States"]
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "Begin",
        "States": {
            **{name: states[name] for name in ("Begin", "Judge", "Again?", "Count", "Failed")},
            "Run": {"Type": "Pass", "Assign": {"failure": "{% $states.input %}"}, "Next": "Judge"},
            "Pause": {"Type": "Pass", "Output": "{% $provider %}", "End": True},
        },
    }
    task = {"TaskArn": "arn:aws:ecs:us-east-1:123456789012:task/c/1", "Group": "family:x", **TASK_FAILURES["spot"]}
    failure = {"Error": "States.TaskFailed", "Cause": json.dumps(task)}
    execution = jobs.harness.start(jobs.harness.machine(definition), failure)
    jobs.harness.settle()
    assert jobs.harness.describe(execution)["output"] == '"FARGATE"'


# --- failures that only AWS causes ------------------------------------------------------------------------------------

TASK_FAILURES: dict[str, Json] = {
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
ALL_CLASSES = f"spot: {ONCE}, infra: {ONCE}, start-failure: {ONCE}, timeout: {ONCE}, exit: {{codes: 75, attempts: 1}}"


@pytest.mark.parametrize("failure_name", TASK_FAILURES)
def test_a_task_s_cause_determines_the_class_of_its_failure(jobs: DeployedJobs, failure_name: str) -> None:
    task = {
        "TaskArn": "arn:aws:ecs:us-east-1:123456789012:task/c/1",
        "Group": "family:x",
        **TASK_FAILURES[failure_name],
    }
    failure = {"Error": "States.TaskFailed", "Cause": json.dumps(task)}
    assert classify_failure(jobs, failure) == failure_name.partition(",")[0]


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
def test_an_error_name_of_the_call_determines_the_class_of_the_failure(
    jobs: DeployedJobs, error: str, expected: str
) -> None:
    assert classify_failure(jobs, {"Error": error, "Cause": "no JSON"}) == expected
    assert classify_failure(jobs, {"Error": error}) == expected


def classify_failure(jobs: DeployedJobs, failure: Json) -> str:
    """Return the class that the state `Judge` of a job with every class assigns to a failure."""
    made = load_project(
        jobs.folder,
        f"job: {{image: x, launch: fargate-spot, timeout: 1h, retry: {{{ALL_CLASSES}, attempts: 1}}}}",
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
    execution = jobs.harness.start(jobs.harness.machine(definition), failure)
    jobs.harness.settle()
    answer: str = loads(jobs.harness.describe(execution)["output"])
    return answer
