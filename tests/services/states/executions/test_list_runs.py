"""Tests of the lists of runs that people are shown."""

import asyncio
from dataclasses import replace

from lamplighter.base.json_text import Json, dumps
from tests.services.states.states_harness import CALLER, MACHINE, StatesHarness, one_state

NO_QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/none"
FAILING: Json = {
    "Type": "Task",
    "Resource": "arn:aws:states:::sqs:sendMessage",
    "Parameters": {"QueueUrl": NO_QUEUE, "MessageBody": "y"},
}
FAILS_TWICE: Json = {
    "StartAt": "A",
    "States": {
        "A": {**FAILING, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B"}], "End": True},
        "B": {**FAILING, "End": True},
    },
}


async def night_runs(harness: StatesHarness, since: int) -> list[Json]:
    """Return the runs of ListNightRuns as objects."""
    answer = await harness.states("ListNightRuns", Since=since)
    return [dict(zip(answer["Columns"], row, strict=True)) for row in answer["Rows"]]


async def ended_night_runs(harness: StatesHarness, count: int) -> list[Json]:
    """Wait until this many runs have ended, and return them."""
    runs: list[Json] = []
    while len(runs) < count or "RUNNING" in (each["status"] for each in runs):
        await asyncio.sleep(0)
        runs = await night_runs(harness, 0)
    return runs


async def test_a_night_has_the_runs_that_ended_since_and_those_that_run(harness: StatesHarness) -> None:
    await harness.create_machine()
    early = await harness.start_execution(name="early")
    harness.clock.advance(10_000)
    since = harness.clock.now()
    harness.clock.advance(1_000)
    late = await harness.start_execution(name="late")
    await harness.update_machine(one_state(Type="Wait", Seconds=60))
    running = await harness.start_execution(name="running")
    assert early not in [each["arn"] for each in await night_runs(harness, since)]
    assert [each["arn"] for each in await night_runs(harness, since)] == [late, running]


async def test_failed_attempts_of_a_run_are_counted(harness: StatesHarness) -> None:
    await harness.create_machine(FAILS_TWICE)
    arn = await harness.start_execution()
    (run,) = await ended_night_runs(harness, 1)
    assert (run["arn"], run["status"], run["failedAttempts"]) == (arn, "FAILED", 2)


async def test_a_skipped_run_has_a_status_of_its_own(harness: StatesHarness) -> None:
    await harness.create_machine()
    other = await harness.start_execution(name="other")
    skipped = {
        "StartAt": "A",
        "States": {"A": {"Type": "Pass", "Result": {"skipped": True, "running": [other]}, "End": True}},
    }
    await harness.update_machine(skipped)
    await harness.start_execution(name="skipped")
    answer = await harness.states("ListRuns", Machine=MACHINE, Statuses=["SKIPPED"])
    assert ([each["name"] for each in answer["Runs"]], answer["Total"]) == (["skipped"], 1)
    assert answer["Counts"] == {"SKIPPED": 1, "SUCCEEDED": 1}


async def test_a_run_knows_what_started_it(harness: StatesHarness) -> None:
    await harness.create_machine()
    start = one_state(
        Type="Task",
        Resource="arn:aws:states:::states:startExecution",
        Parameters={"StateMachineArn": MACHINE, "Name": "child"},
    )
    parent = await harness.create_machine(start, name="parent")
    origin = await harness.start_execution(parent["stateMachineArn"], name="p")
    by_hand = await harness.start_execution(name="by-hand")
    runs = {each["arn"]: each["origin"] for each in await ended_night_runs(harness, 3)}
    assert runs[by_hand] == ""
    assert runs[MACHINE.replace("stateMachine", "execution") + ":child"] == origin


async def test_a_supporting_machine_passes_on_what_started_it(harness: StatesHarness) -> None:
    await harness.create_machine()
    parameters = {"StateMachineArn": MACHINE, "Name": "child"}
    start = one_state(Type="Task", Resource="arn:aws:states:::states:startExecution", Parameters=parameters)
    supporting = await harness.create_machine(start, name="project--start")
    by_schedule = replace(CALLER, origin="arn:aws:scheduler:eu-west-1:123456789012:schedule/default/nightly")
    params = {"stateMachineArn": supporting["stateMachineArn"], "name": "p"}
    await harness.states_as(by_schedule, "StartExecution", **params)
    runs = {each["arn"].rpartition(":")[2]: each["origin"] for each in await ended_night_runs(harness, 2)}
    assert runs == {"p": by_schedule.origin, "child": by_schedule.origin}


async def test_pages_of_runs_have_a_total_and_an_order(harness: StatesHarness) -> None:
    await harness.create_machine()
    for at in range(5):
        await harness.start_execution(name=f"run{at}")
        harness.clock.advance(1_000)
    answer = await harness.states("ListRuns", Machine=MACHINE, Order="oldest", Offset=2, Limit=2)
    assert ([each["name"] for each in answer["Runs"]], answer["Total"]) == (["run2", "run3"], 5)


async def test_an_unknown_order_is_refused(harness: StatesHarness) -> None:
    await harness.create_machine()
    code, message = await harness.expect_error("ListRuns", Machine=MACHINE, Order="random")
    assert (code, "Order is one of newest" in message) == ("ValidationException", True)


async def test_a_scheduled_time_in_the_input_is_read(harness: StatesHarness) -> None:
    await harness.create_machine()
    await harness.start_execution(name="a", input=dumps({"lamplighter": {"scheduled": "2026-01-01T02:00:00Z"}}))
    await harness.start_execution(name="b", input=dumps({"lamplighter": {"scheduled": 7}}))
    assert [each["scheduled"] for each in await night_runs(harness, 0)] == ["2026-01-01T02:00:00Z", None]
