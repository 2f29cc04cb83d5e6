"""What every isolation promises: the answer is the one that the machine gives, and what it cannot give costs itself."""

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


def started(states: Json, document: Json = None, language: str = "JSONata") -> AdvanceExecution:
    """A request to begin an execution of these states."""
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


def passing(expression: str) -> Json:
    return {"A": {"Type": "Pass", "Output": f"{{% {expression} %}}", "End": True}}


def searching() -> AdvanceExecution:
    """A request of many expressions, each of them quick, that takes half a minute and little memory."""
    one = "{% $sum($map([1..50000], function($n){ $n * 2 })) %}"
    return started({"A": {"Type": "Pass", "Output": [one] * 2000, "End": True}})


async def outcome(isolation: Isolation, request: AdvanceExecution) -> tuple[str, str | None]:
    answer = await isolation.run(request, never_refuse)
    assert isinstance(answer, Advanced)
    *_, last = answer.steps(request.execution)
    assert last.finish is not None
    return last.finish.status, last.finish.output


async def test_a_step_is_answered_as_the_machine_makes_it(isolation: Isolation) -> None:
    request = started(passing("$map([1..3], function($n){ $n * 2 })"))
    assert await outcome(isolation, request) == ("SUCCEEDED", "[2,4,6]")


async def test_the_same_request_has_the_same_answer_however_often_it_is_made(isolation: Isolation) -> None:
    request = started(passing("[$random(), $uuid(), $millis()]"))
    assert await outcome(isolation, request) == await outcome(isolation, request)


async def test_a_task_is_begun_only_if_the_engine_does_not_refuse_it(isolation: Isolation) -> None:
    task = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Arguments": {"Queue": "{% $x %}"}}
    states = {"S": {"Type": "Pass", "Assign": {"x": 5}, "Next": "A"}, "A": task | {"End": True}}
    asked: list[Json] = []

    def refuses(resource: object, parameters: Json) -> str:
        asked.append((getattr(resource, "text", None), parameters))
        return "not with these"

    request = started(states)
    answer = await isolation.run(request, refuses)
    assert isinstance(answer, Advanced)
    *_, last = answer.steps(request.execution)
    assert asked == [("arn:aws:states:::sqs:sendMessage", {"Queue": 5})]
    assert last.finish is not None
    assert (last.finish.status, last.finish.error) == ("FAILED", "States.Runtime")


@pytest.mark.parametrize(
    ("given", "limits", "reason"),
    [
        (started(passing("$pad('x', 1000000000)")), LITTLE_MEMORY, "memory"),
        (searching(), LITTLE_TIME, "processor time"),
    ],
)
async def test_what_takes_too_much_is_broken_off_and_the_next_request_is_answered(
    given: AdvanceExecution, limits: Limits, reason: str
) -> None:
    processes = WorkerProcesses(limits)
    try:
        with pytest.raises(LimitExceeded, match=reason):
            await processes.run(given, never_refuse)
        assert await outcome(processes, started(passing("$sum([1..4])"))) == ("SUCCEEDED", "10")
    finally:
        await processes.close()


async def test_work_that_uses_much_processor_time_is_told_of_while_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lamplighter.isolation.processes.SLOW_SECONDS", 0.2)
    processes, slow = WorkerProcesses(), asyncio.Event()
    under_way = asyncio.ensure_future(processes.run(searching(), never_refuse, slow.set))
    await slow.wait()
    assert not under_way.done()
    await processes.close()
    with pytest.raises(LimitExceeded):
        await under_way


async def test_work_that_waits_is_not_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lamplighter.isolation.processes.SLOW_SECONDS", 0.001)
    monkeypatch.setattr("lamplighter.isolation.processes.MIN_CHECK_SECONDS", 0)
    told: list[int] = []
    used = iter([5.0, 5.0, 5.0, 5.0005, 5.0005, 5.002])

    class Waiting:
        @property
        def cpu_seconds(self) -> float:
            told.append(0)
            return next(used)

    slow: list[int] = []
    await _watch_cpu_time(Waiting(), lambda: slow.append(len(told)))  # type: ignore[arg-type]  # as far as it is looked at
    assert slow == [6]


async def test_closing_breaks_off_what_is_under_way() -> None:
    processes = WorkerProcesses()
    endless = searching()
    assert await outcome(processes, started(passing("1"))) == ("SUCCEEDED", "1")
    under_way = asyncio.ensure_future(processes.run(endless, never_refuse))
    await asyncio.sleep(0)
    await processes.close()
    with pytest.raises(LimitExceeded):
        await under_way
