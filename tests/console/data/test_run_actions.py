"""Actions on runs by several people: what failed runs again once, however many people press at the same moment."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from lamplighter.base.json_text import Json, loads
from lamplighter.console.calls import CallContext, Calls
from lamplighter.console.data.runs.run_actions import (
    ACKNOWLEDGE,
    AGAIN,
    REDRIVE,
    REPEATED,
    ActionRequest,
    ActionResult,
    PlannedAction,
    act,
)
from lamplighter.console.data.runs.run_actions import plan_actions as plan
from lamplighter.console.ports.local import LocalPort
from lamplighter.console.ports.port import Place
from lamplighter.store.audit_log import Actor
from tests.console.pages.test_night import JOB, create_schedule, create_task_schedule, miss_slots, run
from tests.engine_harness import ACCOUNT, HOUR, REGION, SECOND, EngineHarness
from tests.fake_runtime import Script

ANNA = Actor("anna", "console", "")
STARTS = ("StartExecution", "RunTask", "RedriveExecution")


@dataclass(frozen=True, slots=True)
class TogetherPort(LocalPort):
    """A port that holds starts until as many people as it is for have pressed; they have read the same before."""

    people: int = 1
    on_aws: bool = False
    arrived: list[str] = field(default_factory=list)
    all_arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def call(self, place: Place, service: str, operation: str, params: Json, actor: Actor | None = None) -> Json:
        """Call an operation."""
        if operation in STARTS:
            self.arrived.append(operation)
            if len(self.arrived) >= self.people:
                self.all_arrived.set()
            await self.all_arrived.wait()
        return await LocalPort.call(self, place, service, operation, params, actor or ANNA)

    async def call_internal(
        self, place: Place, service: str, operation: str, params: Json, actor: Actor | None = None
    ) -> Json:
        """Call an operation that only an engine has."""
        if self.on_aws and operation == "FindRepetitions":
            return None
        return await LocalPort.call_internal(self, place, service, operation, params, actor)


def press(
    harness: EngineHarness, action: str, arn: str, people: int = 1, *, on_aws: bool = False
) -> list[ActionResult]:
    """Let several people press the button of an action at the same moment."""

    async def press_all() -> list[ActionResult]:
        calls = make_calls(harness, people, on_aws=on_aws)
        return await asyncio.gather(*(act(calls, ActionRequest(action), arn) for _ in range(people)))

    results = harness.run(press_all())
    harness.settle()
    harness.advance(SECOND)
    return results


def make_calls(harness: EngineHarness, people: int = 1, *, on_aws: bool = False) -> Calls:
    port = TogetherPort(harness.engine, people=people, on_aws=on_aws)
    return Calls(CallContext(port, harness.engine.world), Place(ACCOUNT, REGION))


def plan_actions(harness: EngineHarness, action: str, *arns: str) -> Sequence[PlannedAction]:
    return harness.run(plan(make_calls(harness), action, arns))


def list_runs(harness: EngineHarness, machine: str) -> list[str]:
    """Return the names of all runs of a machine, the oldest first."""
    listed = harness.call("states", "ListExecutions", stateMachineArn=machine)["executions"]
    return [each["name"] for each in reversed(listed)]


@pytest.mark.parametrize("on_aws", [False, True])
@pytest.mark.parametrize("given", [{"fail": True}, {"wait": 1}])
def test_two_people_who_press_at_the_same_moment_start_one_run(
    harness: EngineHarness, given: Json, *, on_aws: bool
) -> None:
    machine = harness.machine(JOB, "job")
    failed = run(harness, machine, **given)
    if "wait" in given:
        harness.call("states", "StopExecution", executionArn=failed)
    one, other = press(harness, AGAIN, failed, 2, on_aws=on_aws)
    first, second = list_runs(harness, machine)
    assert (second, one.started) == (f"{first}--again-1", other.started)
    assert (one.done, other.done) == (True, True)


@pytest.mark.parametrize("actions", [(AGAIN, REDRIVE), (REDRIVE, AGAIN)])
def test_of_a_redrive_and_a_new_run_at_the_same_moment_only_the_first_runs(
    harness: EngineHarness, actions: Sequence[str]
) -> None:
    machine = harness.machine(JOB, "job")
    failed = run(harness, machine, wait=1)
    harness.call("states", "StopExecution", executionArn=failed)

    async def press_both() -> list[ActionResult]:
        calls = make_calls(harness, people=2)
        return await asyncio.gather(*(act(calls, ActionRequest(action), failed) for action in actions))

    results = harness.run(press_both())
    redriven, runs = harness.describe(failed)["redriveCount"], len(list_runs(harness, machine))
    assert (redriven, runs) in [(1, 1), (0, 2)]
    assert sum(each.done and not each.words.startswith(REPEATED) for each in results) == 1


def test_runs_for_one_time_with_other_inputs_run_again_beside_each_other(harness: EngineHarness) -> None:
    """A workflow starts a job once for each customer, with the time of its own schedule."""
    machine = harness.machine(JOB, "job")
    runs = [
        run(harness, machine, wait=1, customer=each, lamplighter={"scheduled": "2026-01-01T00:00:00Z"})
        for each in ("anna", "bert")
    ]
    for each in runs:
        harness.call("states", "StopExecution", executionArn=each)
    (result,) = press(harness, AGAIN, runs[0])
    assert result.started is not None
    planned = plan_actions(harness, AGAIN, *runs)
    assert [each.possible for each in planned] == [False, True]
    same = harness.start(machine, read_input(harness, runs[1]))
    (left_out,) = plan_actions(harness, AGAIN, runs[1])
    assert left_out.repetition is not None
    assert left_out.repetition.arn == same


def read_input(harness: EngineHarness, execution: str) -> Json:
    return loads(harness.describe(execution)["input"])


@pytest.mark.parametrize("on_aws", [False, True])
def test_a_form_that_is_sent_again_later_starts_nothing_although_the_run_has_failed_meanwhile(
    harness: EngineHarness, *, on_aws: bool
) -> None:
    machine = harness.machine(JOB, "job")
    failed = run(harness, machine, fail=True)
    (first,) = press(harness, AGAIN, failed, on_aws=on_aws)
    (later,) = press(harness, AGAIN, failed, on_aws=on_aws)
    assert (later.done, later.started, len(list_runs(harness, machine))) == (True, first.started, 2)
    assert later.text(lambda _: "00:00").endswith("and failed")


def test_what_runs_again_is_left_out_with_since_when_and_by_whom_whichever_run_is_named(
    harness: EngineHarness,
) -> None:
    machine = harness.machine(JOB, "job")
    failed = run(harness, machine, wait=1)
    harness.call("states", "StopExecution", executionArn=failed)
    (result,) = press(harness, AGAIN, failed)
    again = str(result.started)
    for action in (AGAIN, REDRIVE):
        for named in ([failed], [again], [again, failed]):
            for planned in plan_actions(harness, action, *named):
                words = planned.words(lambda seconds: f"second {seconds % 60:.0f}")
                assert (planned.possible, words) == (False, "already runs again since second 1 (by anna)")
    assert [each.done for each in press(harness, REDRIVE, failed)] == [True]
    assert harness.describe(failed)["redriveCount"] == 0


def test_a_named_run_stands_for_its_newest_repetition_and_both_names_for_one_start(harness: EngineHarness) -> None:
    machine = harness.machine(JOB, "job")
    failed = run(harness, machine, fail=True)
    (result,) = press(harness, AGAIN, failed)
    (planned,) = plan_actions(harness, AGAIN, failed, str(result.started))
    assert (planned.arn, planned.possible, planned.job) == (result.started, True, "job")
    press(harness, AGAIN, planned.arn)
    first = failed.rpartition(":")[2]
    assert list_runs(harness, machine) == [first, f"{first}--again-1", f"{first}--again-2"]


def test_a_run_that_succeeded_when_it_ran_again_is_started_only_if_it_is_named_alone(harness: EngineHarness) -> None:
    harness.runtime.script(Script(code=3))
    parameters = {"TaskDefinition": harness.define_task()}
    task = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Parameters": parameters, "End": True}
    machine = harness.machine({"StartAt": "A", "States": {"A": task}}, "job")
    failed, other = run(harness, machine), run(harness, harness.machine(JOB, "other"), fail=True)
    harness.advance(5 * SECOND)
    harness.runtime.script(Script(code=0))
    press(harness, AGAIN, failed)
    harness.advance(5 * SECOND)
    left_out, possible = plan_actions(harness, AGAIN, failed, other)
    assert (left_out.possible, possible.possible) == (False, True)
    assert left_out.words(lambda _: "05:19") == "ran again at 05:19 (by anna) and succeeded"
    assert [each.possible for each in plan_actions(harness, AGAIN, failed)] == [True]


def test_a_run_with_the_same_time_under_another_name_is_not_joined_by_a_second_one(harness: EngineHarness) -> None:
    slot = {"lamplighter": {"scheduled": "2026-01-01T00:00:00Z"}}
    machine = harness.machine(JOB, "job")
    failed = run(harness, machine, wait=1, **slot)
    harness.call("states", "StopExecution", executionArn=failed)
    started = run(harness, machine, wait=1, **slot)
    (planned,) = plan_actions(harness, AGAIN, failed)
    assert (planned.possible, planned.repetition and planned.repetition.arn) == (False, started)
    assert press(harness, AGAIN, failed)[0].started == started


def test_an_acknowledgement_of_a_repetition_that_was_stopped_is_one_of_the_failure(harness: EngineHarness) -> None:
    machine = harness.machine(JOB, "job")
    failed = run(harness, machine, fail=True)
    (again,) = press(harness, AGAIN, failed)
    stopped = harness.start(machine, {"wait": 1}, name=f"{failed.rpartition(':')[2]}--again-2")
    harness.call("states", "StopExecution", executionArn=stopped)
    (planned,) = plan_actions(harness, ACKNOWLEDGE, stopped)
    assert (planned.possible, planned.arn) == (True, again.started)


def test_the_plan_says_which_run_a_new_one_would_stop(harness: EngineHarness) -> None:
    states = {**JOB["States"], "Which": {**JOB["States"]["Which"], "Default": "Stop them"}}
    states["Stop them"] = {"Type": "Pass", "Next": "Done"}
    machine = harness.machine({**JOB, "Comment": "LAMPLIGHTER_RUN", "States": states}, "job")
    failed = run(harness, machine, fail=True)
    (planned,) = plan_actions(harness, AGAIN, failed)
    assert planned.effect == "starts a new run with the same input"
    running = run(harness, machine, wait=1).rpartition(":")[2]
    (planned,) = plan_actions(harness, AGAIN, failed)
    words = f"starts a new run with the same input, which stops the run {running} (overlap: cancel-previous)"
    assert planned.effect == words


def test_a_missed_time_is_run_again_once(harness: EngineHarness) -> None:
    machine = harness.machine(JOB, "job")
    create_schedule(harness, machine)
    miss_slots(harness, "none")
    (slot,) = harness.call("scheduler", "ListNightSlots", Since=0, Until=0)["Missed"]
    missed = f"{slot['Schedule']}@{slot['Slot']}"
    one, other = press(harness, AGAIN, missed, 2)
    assert (len(list_runs(harness, machine)), one.started) == (1, other.started)
    assert press(harness, AGAIN, missed)[0].started == one.started
    assert len(list_runs(harness, machine)) == 1


@pytest.mark.parametrize("is_missed", [False, True])
def test_a_task_of_a_schedule_is_run_again_once(harness: EngineHarness, *, is_missed: bool) -> None:
    create_task_schedule(harness)
    harness.runtime.script(Script(code=3))
    if is_missed:
        miss_slots(harness, "none")
        (slot,) = harness.call("scheduler", "ListNightSlots", Since=0, Until=0)["Missed"]
        failed = f"{slot['Schedule']}@{slot['Slot']}"
    else:
        harness.advance(2 * HOUR)
        harness.advance(SECOND)
        failed = harness.call("ecs", "ListLatestTasks")["Tasks"][0]["taskArn"]
    before = len(harness.call("ecs", "ListLatestTasks")["Tasks"])
    press(harness, AGAIN, failed, 2)
    press(harness, AGAIN, failed)
    assert len(harness.call("ecs", "ListLatestTasks")["Tasks"]) == before + 1
    (planned,) = plan_actions(harness, AGAIN, failed)
    assert (planned.arn != failed, planned.possible) == (True, True)
    press(harness, AGAIN, planned.arn)
    newest = harness.call("ecs", "ListLatestTasks")["Tasks"][0]
    assert newest["startedBy"].endswith("--again-2")
