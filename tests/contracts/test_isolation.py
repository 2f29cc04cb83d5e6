"""What every isolation guarantees: it returns the steps of the machine, and a request beyond a limit fails alone."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from lamplighter.asl.definition.parse import parse_definition
from lamplighter.asl.execution.frame import Execution
from lamplighter.asl.execution.messages import Started
from lamplighter.asl.execution.step import never_refuse
from lamplighter.base.json_text import Json, dumps
from lamplighter.isolation.limits import Limits
from lamplighter.isolation.port import Isolation, LimitExceeded
from lamplighter.isolation.processes import WorkerProcesses, _watch_cpu_time
from lamplighter.isolation.requests import Advanced, AdvanceExecution, RequestClock, definition_source
from tests.inline_isolation import InlineIsolation

ARN = "arn:aws:states:eu-west-1:123456789012:execution:night:one"
LITTLE_TIME, LITTLE_MEMORY = Limits(cpu_seconds=1), Limits(memory=400 * 1024 * 1024)


@pytest.fixture(params=[InlineIsolation, WorkerProcesses])
async def isolation(request: pytest.FixtureRequest) -> AsyncIterator[Isolation]:
    made = request.param()
    yield made
    await made.close()


def start_request(states: Json, document: Json = None, language: str = "JSONata") -> AdvanceExecution:
    """Return a request to start an execution of these states."""
    text = dumps({"StartAt": next(iter(states)), "QueryLanguage": language, "States": states})
    given = dumps(document)
    execution = Execution(ARN, "one", "role", "machine", "night", document, given, 0)
    return AdvanceExecution(
        definition_source(text, parse_definition(text), lambda _: {}),
        None,
        execution,
        (Started(),),
        RequestClock(5, 5, 1),
    )


def pass_state(expression: str) -> Json:
    return {"A": {"Type": "Pass", "Output": f"{{% {expression} %}}", "End": True}}


def long_request() -> AdvanceExecution:
    """Return a request of many quick expressions, which together take half a minute and little memory."""
    expression = "{% $sum($map([1..50000], function($n){ $n * 2 })) %}"
    return start_request({"A": {"Type": "Pass", "Output": [expression] * 2000, "End": True}})


async def run_to_end(isolation: Isolation, request: AdvanceExecution) -> tuple[str, str | None]:
    answer = await isolation.run(request, never_refuse)
    assert isinstance(answer, Advanced)
    *_, last = answer.steps(request.execution)
    assert last.finish is not None
    return last.finish.status, last.finish.output


async def test_the_answer_is_the_step_of_the_machine(isolation: Isolation) -> None:
    request = start_request(pass_state("$map([1..3], function($n){ $n * 2 })"))
    assert await run_to_end(isolation, request) == ("SUCCEEDED", "[2,4,6]")


async def test_the_same_request_always_has_the_same_answer(isolation: Isolation) -> None:
    request = start_request(pass_state("[$random(), $uuid(), $millis()]"))
    assert await run_to_end(isolation, request) == await run_to_end(isolation, request)


async def test_a_task_is_started_only_if_the_engine_does_not_reject_it(isolation: Isolation) -> None:
    task = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Arguments": {"Queue": "{% $x %}"}}
    states = {"S": {"Type": "Pass", "Assign": {"x": 5}, "Next": "A"}, "A": task | {"End": True}}
    calls: list[Json] = []

    def reject(resource: object, parameters: Json) -> str:
        calls.append((getattr(resource, "text", None), parameters))
        return "not with these"

    request = start_request(states)
    answer = await isolation.run(request, reject)
    assert isinstance(answer, Advanced)
    *_, last = answer.steps(request.execution)
    assert calls == [("arn:aws:states:::sqs:sendMessage", {"Queue": 5})]
    assert last.finish is not None
    assert (last.finish.status, last.finish.error) == ("FAILED", "States.Runtime")


@pytest.mark.parametrize(
    ("given", "limits", "reason"),
    [
        (start_request(pass_state(f"($s := $pad('x', 10000000); {'&'.join(['$s'] * 60)})")), LITTLE_MEMORY, "memory"),
        (long_request(), LITTLE_TIME, "processor time"),
    ],
)
async def test_a_request_beyond_a_limit_is_aborted_and_the_next_request_is_answered(
    given: AdvanceExecution, limits: Limits, reason: str
) -> None:
    processes = WorkerProcesses(limits)
    try:
        with pytest.raises(LimitExceeded, match=reason):
            await processes.run(given, never_refuse)
        assert await run_to_end(processes, start_request(pass_state("$sum([1..4])"))) == ("SUCCEEDED", "10")
    finally:
        await processes.close()


async def test_a_request_that_uses_much_processor_time_is_reported_while_it_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("lamplighter.isolation.processes.SLOW_SECONDS", 0.2)
    processes, slow = WorkerProcesses(), asyncio.Event()
    running = asyncio.ensure_future(processes.run(long_request(), never_refuse, slow.set))
    await slow.wait()
    assert not running.done()
    await processes.close()
    with pytest.raises(LimitExceeded):
        await running


async def test_a_process_that_waits_is_not_reported_as_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lamplighter.isolation.processes.SLOW_SECONDS", 0.001)
    monkeypatch.setattr("lamplighter.isolation.processes.MIN_CHECK_SECONDS", 0)
    reads: list[int] = []
    used = iter([5.0, 5.0, 5.0, 5.0005, 5.0005, 5.002])

    class WaitingProcess:
        @property
        def cpu_seconds(self) -> float:
            reads.append(0)
            return next(used)

    reports: list[int] = []
    await _watch_cpu_time(WaitingProcess(), lambda: reports.append(len(reads)))  # type: ignore[arg-type]  # has all that is read
    assert reports == [6]


async def test_closing_aborts_running_requests() -> None:
    processes = WorkerProcesses()
    request = long_request()
    assert await run_to_end(processes, start_request(pass_state("1"))) == ("SUCCEEDED", "1")
    running = asyncio.ensure_future(processes.run(request, never_refuse))
    await asyncio.sleep(0)
    await processes.close()
    with pytest.raises(LimitExceeded):
        await running
