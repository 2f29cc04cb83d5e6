"""Activities: work goes to workers that ask for it, once, in order, whoever leaves and whatever is stopped.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html
"""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.base.world import ManualClock, manual_world
from lamplighter.bus import Caller, CallerGone
from lamplighter.engine.config import EngineConfig
from lamplighter.engine.engine import Engine
from lamplighter.runtime.fake import FakeRuntime
from lamplighter.services.states.activities.activity_polls import ActivityPolls
from lamplighter.services.states.service import States

CALLER = Caller("123456789012", "eu-west-1")
ROLE = "arn:aws:iam::123456789012:role/lamps"
ACTIVITY = "arn:aws:states:eu-west-1:123456789012:activity:knock"


class House:
    """An engine on a clock that stands; it can be shut down and opened again."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.clock = ManualClock()
        self.world = manual_world(self.clock)
        self.engine: Engine
        self.started = 0

    async def open(self) -> None:
        self.engine = await Engine.open(
            EngineConfig(data_directory=self.directory), self.world, FakeRuntime(self.clock.now)
        )

    async def call(self, operation: str, **params: Json) -> Json:
        return await self.engine.call(CALLER, "states", operation, params)

    def poll(self, worker: str | None = None) -> "asyncio.Task[Json]":
        named = {"workerName": worker} if worker else {}
        return asyncio.create_task(self.call("GetActivityTask", activityArn=ACTIVITY, **named))

    async def start(self, given: Json = None, definition: Json = None, **state: Json) -> str:
        """Start an execution that has the activity done."""
        self.started += 1
        task = {"Type": "Task", "Resource": ACTIVITY, "End": True, **state}
        text = json.dumps(definition or {"StartAt": "Knock", "States": {"Knock": task}})
        machine = await self.call("CreateStateMachine", name=f"m{self.started}", definition=text, roleArn=ROLE)
        answer = await self.call("StartExecution", input=json.dumps(given), stateMachineArn=machine["stateMachineArn"])
        return str(answer["executionArn"])

    async def offered(self, tasks: int) -> None:
        """So many tasks wait for a worker."""
        async with asyncio.timeout(60):
            while self.waiting() != tasks:  # noqa: ASYNC110 - what it waits for has no event of its own
                await asyncio.sleep(0)

    def waiting(self) -> int:
        found = self.engine.store.reader.row("SELECT count(*) FROM activity_tasks")
        assert found is not None
        return int(found[0])

    async def pass_time(self, seconds: float) -> None:
        """Let time pass, and have what is due happen."""
        self.clock.advance(round(seconds * 1000))
        self.engine.dispatcher.fire_due_timers()
        async with asyncio.timeout(60):
            while not self.engine.dispatcher.idle:  # noqa: ASYNC110
                await asyncio.sleep(0)

    async def describe(self, execution: str) -> Json:
        return await self.call("DescribeExecution", executionArn=execution)

    async def history(self, execution: str) -> list[Json]:
        answer = await self.call("GetExecutionHistory", executionArn=execution)
        events: list[Json] = loads(dumps(answer["events"]))
        return events


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[House]:
    harness = House(tmp_path)
    await harness.open()
    await harness.call("CreateActivity", name="knock")
    yield harness
    await harness.engine.close()


async def test_creating_an_activity_twice_is_one_activity_and_keeps_the_first_tags(harness: House) -> None:
    first = await harness.call("CreateActivity", name="ring", tags=[{"key": "a", "value": "1"}])
    harness.clock.advance(5000)
    assert await harness.call("CreateActivity", name="ring", tags=[{"key": "a", "value": "2"}]) == first
    tags = await harness.call("ListTagsForResource", resourceArn=first["activityArn"])
    assert tags == {"tags": [{"key": "a", "value": "1"}]}


async def test_an_activity_that_is_there_cannot_be_created_with_another_encryption(harness: House) -> None:
    encryption = {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "alias/a"}
    with pytest.raises(AwsError, match=f"Activity Already Exists: '{ACTIVITY}'"):
        await harness.call("CreateActivity", name="knock", encryptionConfiguration=encryption)


async def test_tags_of_an_activity_can_be_changed(harness: House) -> None:
    await harness.call(
        "TagResource", resourceArn=ACTIVITY, tags=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]
    )
    await harness.call("UntagResource", resourceArn=ACTIVITY, tagKeys=["a"])
    assert await harness.call("ListTagsForResource", resourceArn=ACTIVITY) == {"tags": [{"key": "b", "value": "2"}]}


async def test_a_listing_goes_on_where_its_page_ended(harness: House) -> None:
    for name in ("c", "a", "b"):
        await harness.call("CreateActivity", name=name)
    first = await harness.call("ListActivities", maxResults=3)
    rest = await harness.call("ListActivities", maxResults=3, nextToken=first["nextToken"])
    assert [item["name"] for item in first["activities"]] == ["a", "b", "c"]
    assert [item["name"] for item in rest["activities"]] == ["knock"]
    assert "nextToken" not in rest


async def test_what_was_deleted_is_gone_and_may_be_deleted_again(harness: House) -> None:
    for _ in range(2):
        await harness.call("DeleteActivity", activityArn=ACTIVITY)
    for operation in ("DescribeActivity", "GetActivityTask"):
        with pytest.raises(AwsError, match=f"Activity Does Not Exist: '{ACTIVITY}'"):
            await harness.call(operation, activityArn=ACTIVITY)


async def test_a_worker_gets_input_and_token_and_its_answer_is_the_states_result(harness: House) -> None:
    execution = await harness.start({"who": "Ann"}, TimeoutSeconds=30, HeartbeatSeconds=10)
    task = await harness.poll("Bert")
    assert json.loads(task["input"]) == {"who": "Ann"}
    await harness.call("SendTaskSuccess", taskToken=task["taskToken"], output='"open"')
    assert (await harness.describe(execution))["output"] == '"open"'
    events = await harness.history(execution)
    assert [event["type"] for event in events][2:5] == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]
    assert events[2]["activityScheduledEventDetails"] == {
        "resource": ACTIVITY,
        "input": '{"who":"Ann"}',
        "inputDetails": {"truncated": False},
        "timeoutInSeconds": 30,
        "heartbeatInSeconds": 10,
    }
    assert events[3]["activityStartedEventDetails"] == {"workerName": "Bert"}


async def test_a_worker_that_came_first_is_served_first_and_a_task_that_came_first_is_given_first(
    harness: House,
) -> None:
    workers = [harness.poll(name) for name in ("Ann", "Bert")]
    for number in range(3):
        await harness.start(number)
    inputs = [(await worker)["input"] for worker in workers]
    assert inputs == ["0", "1"]
    assert (await harness.poll())["input"] == "2"


async def test_a_worker_that_leaves_while_it_waits_takes_no_task_with_it(harness: House) -> None:
    gone = harness.poll("gone")
    stays = harness.poll("stays")
    await asyncio.sleep(0)
    gone.cancel()
    execution = await harness.start("work")
    assert (await stays)["input"] == '"work"'
    events = await harness.history(execution)
    assert events[3]["activityStartedEventDetails"] == {"workerName": "stays"}


async def test_a_caller_that_hangs_up_takes_no_task_with_it(harness: House) -> None:
    hangs_up = asyncio.Event()

    async def left() -> None:
        await hangs_up.wait()
        raise CallerGone

    params = {"activityArn": ACTIVITY}
    calling = asyncio.create_task(harness.engine.call(CALLER, "states", "GetActivityTask", params, left))
    await asyncio.sleep(0)
    hangs_up.set()
    with pytest.raises(CallerGone):
        await calling
    await harness.start("work")
    assert (await harness.poll())["input"] == '"work"'


async def test_a_task_on_its_way_to_a_worker_that_leaves_goes_back_to_its_place(harness: House) -> None:
    await harness.start("first")
    await harness.start("second")
    await harness.offered(2)
    leaves = harness.poll()
    async with asyncio.timeout(60):
        while not harness.engine.store._turn:  # noqa: ASYNC110 - the hand-out is being committed
            await asyncio.sleep(0)
    leaves.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaves
    assert harness.waiting() == 2
    assert [(await harness.poll())["input"] for _ in range(2)] == ['"first"', '"second"']


async def test_a_worker_that_nobody_needs_is_sent_away_with_nothing(harness: House) -> None:
    states = harness.engine.services["states"]
    assert isinstance(states, States)
    polls = ActivityPolls(harness.engine.store, states._driver, poll_seconds=0.01)
    assert await polls.poll(harness.engine.store.reader, CALLER, {"activityArn": ACTIVITY}) == {}


async def test_a_task_of_an_execution_that_was_stopped_is_given_to_nobody(harness: House) -> None:
    execution = await harness.start("stopped")
    await harness.offered(1)
    await harness.call("StopExecution", executionArn=execution)
    assert harness.waiting() == 0
    await harness.start("runs")
    assert (await harness.poll())["input"] == '"runs"'


async def test_a_task_that_ended_before_a_worker_took_it_is_given_to_nobody(harness: House) -> None:
    await harness.start("ends")
    await harness.offered(1)
    row = harness.engine.store.reader.row("SELECT token FROM activity_tasks")
    assert row is not None
    await harness.call("SendTaskSuccess", taskToken=row[0], output="1")
    await harness.start("runs")
    assert (await harness.poll())["input"] == '"runs"'


async def test_the_timeout_counts_from_when_a_worker_took_the_task(harness: House) -> None:
    execution = await harness.start(TimeoutSeconds=5)
    await harness.offered(1)
    await harness.pass_time(60)
    task = await harness.poll()
    await harness.pass_time(4.9)
    assert (await harness.describe(execution))["status"] == "RUNNING"
    await harness.pass_time(0.2)
    assert (await harness.describe(execution))["error"] == "States.Timeout"
    assert [event["type"] for event in await harness.history(execution)][2:5] == [
        "ActivityScheduled",
        "ActivityStarted",
        "ActivityTimedOut",
    ]
    with pytest.raises(AwsError, match="Task Timed Out"):
        await harness.call("SendTaskSuccess", taskToken=task["taskToken"], output="1")


async def test_heartbeats_are_expected_from_when_a_worker_took_the_task_and_each_one_buys_time(harness: House) -> None:
    execution = await harness.start(HeartbeatSeconds=5)
    await harness.offered(1)
    await harness.pass_time(60)
    task = await harness.poll()
    for _ in range(3):
        await harness.pass_time(4)
        await harness.call("SendTaskHeartbeat", taskToken=task["taskToken"])
    await harness.pass_time(4)
    assert (await harness.describe(execution))["status"] == "RUNNING"
    await harness.pass_time(2)
    assert (await harness.describe(execution))["error"] == "States.Timeout"


async def test_a_retry_is_a_new_task_with_another_token(harness: House) -> None:
    execution = await harness.start(Retry=[{"ErrorEquals": ["Closed"], "IntervalSeconds": 1}])
    first = await harness.poll()
    await harness.call("SendTaskFailure", taskToken=first["taskToken"], error="Closed", cause="at night")
    await harness.pass_time(1)
    second = await harness.poll()
    assert second["taskToken"] != first["taskToken"]
    await harness.call("SendTaskSuccess", taskToken=second["taskToken"], output="1")
    events = await harness.history(execution)
    assert next(event["activityFailedEventDetails"] for event in events if event["type"] == "ActivityFailed") == {
        "error": "Closed",
        "cause": "at night",
    }
    assert (await harness.describe(execution))["status"] == "SUCCEEDED"


async def test_a_task_waits_through_a_restart_and_one_that_is_taken_is_not_given_twice(harness: House) -> None:
    taken = await harness.start("taken")
    task = await harness.poll()
    await harness.start("waits")
    await harness.offered(1)
    await harness.engine.close()
    await harness.open()
    assert (await harness.poll())["input"] == '"waits"'
    assert harness.waiting() == 0
    await harness.call("SendTaskSuccess", taskToken=task["taskToken"], output="1")
    assert (await harness.describe(taken))["status"] == "SUCCEEDED"


async def test_a_state_whose_activity_was_deleted_ends_the_execution_before_anything_is_scheduled(
    harness: House,
) -> None:
    await harness.call("DeleteActivity", activityArn=ACTIVITY)
    execution = await harness.start(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Knock"}])
    events = await harness.history(execution)
    assert [event["type"] for event in events] == ["ExecutionStarted", "TaskStateEntered", "ExecutionFailed"]
    assert events[-1]["executionFailedEventDetails"] == {
        "error": "States.Runtime",
        "cause": "An error occurred while executing the state 'Knock' (entered at the event id #2). "
        f"The activity {ACTIVITY} does not exist.",
    }


async def test_an_execution_can_be_the_worker_of_another(harness: House) -> None:
    ask = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sfn:getActivityTask",
        "Parameters": {"ActivityArn": ACTIVITY, "WorkerName": "machine"},
        "Next": "Answer",
    }
    answer = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sfn:sendTaskSuccess",
        "Parameters": {"TaskToken.$": "$.TaskToken", "Output.$": "$.Input"},
        "End": True,
    }
    await harness.start(definition={"StartAt": "Ask", "States": {"Ask": ask, "Answer": answer}})
    execution = await harness.start({"who": "Ann"})
    async with asyncio.timeout(60):
        while (await harness.describe(execution))["status"] == "RUNNING":  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert json.loads((await harness.describe(execution))["output"]) == {"who": "Ann"}
