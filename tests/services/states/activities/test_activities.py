"""Give the tasks of an activity to its workers: each once and in order, even if a worker leaves or the engine stops.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html
"""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.bus import Caller, CallerGone
from lamplighter.engine.config import EngineConfig
from lamplighter.engine.engine import Engine
from lamplighter.services.states.activities.activity_polls import ActivityPolls
from lamplighter.services.states.service import States
from tests.fake_runtime import FakeRuntime
from tests.manual_world import ManualClock, manual_world

CALLER = Caller("123456789012", "eu-west-1")
ROLE = "arn:aws:iam::123456789012:role/lamps"
ACTIVITY = "arn:aws:states:eu-west-1:123456789012:activity:knock"


class ActivityHarness:
    """An engine with a manual clock; a test can close the engine and open it again."""

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

    async def start_execution(self, input_json: Json = None, definition: Json = None, **state: Json) -> str:
        """Start an execution whose state waits for the activity."""
        self.started += 1
        task = {"Type": "Task", "Resource": ACTIVITY, "End": True, **state}
        text = json.dumps(definition or {"StartAt": "Knock", "States": {"Knock": task}})
        machine = await self.call("CreateStateMachine", name=f"m{self.started}", definition=text, roleArn=ROLE)
        answer = await self.call(
            "StartExecution", input=json.dumps(input_json), stateMachineArn=machine["stateMachineArn"]
        )
        return str(answer["executionArn"])

    async def wait_for_tasks(self, count: int) -> None:
        """Wait until this number of tasks waits for a worker."""
        async with asyncio.timeout(60):
            while self.count_waiting_tasks() != count:  # noqa: ASYNC110 - no event reports the change
                await asyncio.sleep(0)

    def count_waiting_tasks(self) -> int:
        found = self.engine.store.reader.row("SELECT count(*) FROM activity_tasks")
        assert found is not None
        return int(found[0])

    async def pass_time(self, seconds: float) -> None:
        """Advance the clock and fire the due timers."""
        self.clock.advance(round(seconds * 1000))
        self.engine.dispatcher.fire_due_timers()
        async with asyncio.timeout(60):
            while not self.engine.dispatcher.idle:  # noqa: ASYNC110
                await asyncio.sleep(0)

    async def describe_execution(self, execution: str) -> Json:
        return await self.call("DescribeExecution", executionArn=execution)

    async def read_history(self, execution: str) -> list[Json]:
        answer = await self.call("GetExecutionHistory", executionArn=execution)
        events: list[Json] = loads(dumps(answer["events"]))
        return events


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[ActivityHarness]:
    harness = ActivityHarness(tmp_path)
    await harness.open()
    await harness.call("CreateActivity", name="knock")
    yield harness
    await harness.engine.close()


async def test_creating_an_activity_twice_returns_the_same_activity_with_its_first_tags(
    harness: ActivityHarness,
) -> None:
    first = await harness.call("CreateActivity", name="ring", tags=[{"key": "a", "value": "1"}])
    harness.clock.advance(5000)
    assert await harness.call("CreateActivity", name="ring", tags=[{"key": "a", "value": "2"}]) == first
    tags = await harness.call("ListTagsForResource", resourceArn=first["activityArn"])
    assert tags == {"tags": [{"key": "a", "value": "1"}]}


async def test_an_existing_activity_cannot_be_created_with_another_encryption(harness: ActivityHarness) -> None:
    encryption = {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "alias/a"}
    with pytest.raises(AwsError, match=f"Activity Already Exists: '{ACTIVITY}'"):
        await harness.call("CreateActivity", name="knock", encryptionConfiguration=encryption)


async def test_tags_of_an_activity_can_be_changed(harness: ActivityHarness) -> None:
    await harness.call(
        "TagResource", resourceArn=ACTIVITY, tags=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]
    )
    await harness.call("UntagResource", resourceArn=ACTIVITY, tagKeys=["a"])
    assert await harness.call("ListTagsForResource", resourceArn=ACTIVITY) == {"tags": [{"key": "b", "value": "2"}]}


async def test_the_next_page_of_a_list_begins_where_the_previous_page_ended(harness: ActivityHarness) -> None:
    for name in ("c", "a", "b"):
        await harness.call("CreateActivity", name=name)
    first = await harness.call("ListActivities", maxResults=3)
    rest = await harness.call("ListActivities", maxResults=3, nextToken=first["nextToken"])
    assert [item["name"] for item in first["activities"]] == ["a", "b", "c"]
    assert [item["name"] for item in rest["activities"]] == ["knock"]
    assert "nextToken" not in rest


async def test_a_deleted_activity_is_not_found_and_may_be_deleted_again(harness: ActivityHarness) -> None:
    for _ in range(2):
        await harness.call("DeleteActivity", activityArn=ACTIVITY)
    for operation in ("DescribeActivity", "GetActivityTask"):
        with pytest.raises(AwsError, match=f"Activity Does Not Exist: '{ACTIVITY}'"):
            await harness.call(operation, activityArn=ACTIVITY)


async def test_a_worker_receives_input_and_token_and_its_answer_is_the_result_of_the_state(
    harness: ActivityHarness,
) -> None:
    execution = await harness.start_execution({"who": "Ann"}, TimeoutSeconds=30, HeartbeatSeconds=10)
    task = await harness.poll("Bert")
    assert json.loads(task["input"]) == {"who": "Ann"}
    await harness.call("SendTaskSuccess", taskToken=task["taskToken"], output='"open"')
    assert (await harness.describe_execution(execution))["output"] == '"open"'
    events = await harness.read_history(execution)
    assert [event["type"] for event in events][2:5] == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]
    assert events[2]["activityScheduledEventDetails"] == {
        "resource": ACTIVITY,
        "input": '{"who":"Ann"}',
        "inputDetails": {"truncated": False},
        "timeoutInSeconds": 30,
        "heartbeatInSeconds": 10,
    }
    assert events[3]["activityStartedEventDetails"] == {"workerName": "Bert"}


async def test_workers_and_tasks_are_served_in_order_of_arrival(
    harness: ActivityHarness,
) -> None:
    workers = [harness.poll(name) for name in ("Ann", "Bert")]
    for number in range(3):
        await harness.start_execution(number)
    inputs = [(await worker)["input"] for worker in workers]
    assert inputs == ["0", "1"]
    assert (await harness.poll())["input"] == "2"


async def test_a_worker_that_leaves_while_it_polls_takes_no_task(harness: ActivityHarness) -> None:
    leaving = harness.poll("gone")
    staying = harness.poll("stays")
    await asyncio.sleep(0)
    leaving.cancel()
    execution = await harness.start_execution("work")
    assert (await staying)["input"] == '"work"'
    events = await harness.read_history(execution)
    assert events[3]["activityStartedEventDetails"] == {"workerName": "stays"}


async def test_a_caller_that_disconnects_takes_no_task(harness: ActivityHarness) -> None:
    disconnected = asyncio.Event()

    async def wait_for_disconnect() -> None:
        await disconnected.wait()
        raise CallerGone

    params = {"activityArn": ACTIVITY}
    call = asyncio.create_task(harness.engine.call(CALLER, "states", "GetActivityTask", params, wait_for_disconnect))
    await asyncio.sleep(0)
    disconnected.set()
    with pytest.raises(CallerGone):
        await call
    await harness.start_execution("work")
    assert (await harness.poll())["input"] == '"work"'


async def test_a_task_for_a_worker_that_leaves_returns_to_its_place_in_the_queue(harness: ActivityHarness) -> None:
    await harness.start_execution("first")
    await harness.start_execution("second")
    await harness.wait_for_tasks(2)
    leaving = harness.poll()
    async with asyncio.timeout(60):
        while not harness.engine.store._turn:  # noqa: ASYNC110 - until the engine commits the poll
            await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert harness.count_waiting_tasks() == 2
    assert [(await harness.poll())["input"] for _ in range(2)] == ['"first"', '"second"']


async def test_a_poll_without_a_task_ends_with_an_empty_answer(harness: ActivityHarness) -> None:
    states = harness.engine.services["states"]
    assert isinstance(states, States)
    polls = ActivityPolls(harness.engine.store, states._driver, poll_seconds=0.01)
    assert await polls.poll(harness.engine.store.reader, CALLER, {"activityArn": ACTIVITY}) == {}


async def test_a_task_of_a_stopped_execution_is_given_to_no_worker(harness: ActivityHarness) -> None:
    execution = await harness.start_execution("stopped")
    await harness.wait_for_tasks(1)
    await harness.call("StopExecution", executionArn=execution)
    assert harness.count_waiting_tasks() == 0
    await harness.start_execution("runs")
    assert (await harness.poll())["input"] == '"runs"'


async def test_a_task_that_ended_before_a_poll_is_given_to_no_worker(harness: ActivityHarness) -> None:
    await harness.start_execution("ends")
    await harness.wait_for_tasks(1)
    row = harness.engine.store.reader.row("SELECT token FROM activity_tasks")
    assert row is not None
    await harness.call("SendTaskSuccess", taskToken=row[0], output="1")
    await harness.start_execution("runs")
    assert (await harness.poll())["input"] == '"runs"'


async def test_the_timeout_begins_when_a_worker_takes_the_task(harness: ActivityHarness) -> None:
    execution = await harness.start_execution(TimeoutSeconds=5)
    await harness.wait_for_tasks(1)
    await harness.pass_time(60)
    task = await harness.poll()
    await harness.pass_time(4.9)
    assert (await harness.describe_execution(execution))["status"] == "RUNNING"
    await harness.pass_time(0.2)
    assert (await harness.describe_execution(execution))["error"] == "States.Timeout"
    assert [event["type"] for event in await harness.read_history(execution)][2:5] == [
        "ActivityScheduled",
        "ActivityStarted",
        "ActivityTimedOut",
    ]
    with pytest.raises(AwsError, match="Task Timed Out"):
        await harness.call("SendTaskSuccess", taskToken=task["taskToken"], output="1")


async def test_the_heartbeat_timeout_counts_from_the_poll_and_from_each_heartbeat(
    harness: ActivityHarness,
) -> None:
    execution = await harness.start_execution(HeartbeatSeconds=5)
    await harness.wait_for_tasks(1)
    await harness.pass_time(60)
    task = await harness.poll()
    for _ in range(3):
        await harness.pass_time(4)
        await harness.call("SendTaskHeartbeat", taskToken=task["taskToken"])
    await harness.pass_time(4)
    assert (await harness.describe_execution(execution))["status"] == "RUNNING"
    await harness.pass_time(2)
    assert (await harness.describe_execution(execution))["error"] == "States.Timeout"


async def test_a_retry_is_a_new_task_with_another_token(harness: ActivityHarness) -> None:
    execution = await harness.start_execution(Retry=[{"ErrorEquals": ["Closed"], "IntervalSeconds": 1}])
    first = await harness.poll()
    await harness.call("SendTaskFailure", taskToken=first["taskToken"], error="Closed", cause="at night")
    await harness.pass_time(1)
    second = await harness.poll()
    assert second["taskToken"] != first["taskToken"]
    await harness.call("SendTaskSuccess", taskToken=second["taskToken"], output="1")
    events = await harness.read_history(execution)
    assert next(event["activityFailedEventDetails"] for event in events if event["type"] == "ActivityFailed") == {
        "error": "Closed",
        "cause": "at night",
    }
    assert (await harness.describe_execution(execution))["status"] == "SUCCEEDED"


async def test_after_a_restart_a_waiting_task_is_given_but_a_taken_task_is_not_given_again(
    harness: ActivityHarness,
) -> None:
    taken = await harness.start_execution("taken")
    task = await harness.poll()
    await harness.start_execution("waits")
    await harness.wait_for_tasks(1)
    await harness.engine.close()
    await harness.open()
    assert (await harness.poll())["input"] == '"waits"'
    assert harness.count_waiting_tasks() == 0
    await harness.call("SendTaskSuccess", taskToken=task["taskToken"], output="1")
    assert (await harness.describe_execution(taken))["status"] == "SUCCEEDED"


async def test_a_state_whose_activity_was_deleted_fails_the_execution_and_schedules_nothing(
    harness: ActivityHarness,
) -> None:
    await harness.call("DeleteActivity", activityArn=ACTIVITY)
    execution = await harness.start_execution(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Knock"}])
    events = await harness.read_history(execution)
    assert [event["type"] for event in events] == ["ExecutionStarted", "TaskStateEntered", "ExecutionFailed"]
    assert events[-1]["executionFailedEventDetails"] == {
        "error": "States.Runtime",
        "cause": "An error occurred while executing the state 'Knock' (entered at the event id #2). "
        f"The activity {ACTIVITY} does not exist.",
    }


async def test_an_execution_can_be_the_worker_of_another(harness: ActivityHarness) -> None:
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
    await harness.start_execution(definition={"StartAt": "Ask", "States": {"Ask": ask, "Answer": answer}})
    execution = await harness.start_execution({"who": "Ann"})
    async with asyncio.timeout(60):
        while (await harness.describe_execution(execution))["status"] == "RUNNING":  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert json.loads((await harness.describe_execution(execution))["output"]) == {"who": "Ann"}
