"""A call whose whole effect is in the engine's database is made within the step: once, and without an outbox row."""

from typing import Any

import pytest

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.bus import Caller, Operation
from lamplighter.services.states.calls.calls_in_step import MAX_CALLS_IN_STEP
from lamplighter.services.states.calls.service_calls import ServiceCalls
from lamplighter.store.db import Tx
from tests.engine_harness import ROLE, SECOND, EngineDied, EngineHarness, chain
from tests.fake_runtime import Script

QUEUE = "http://localhost:4566/123456789012/work"


def send(body: Json = "hello", **fields: Json) -> Json:
    """Return a state that sends a message."""
    resource = "arn:aws:states:::sqs:sendMessage"
    return {"Type": "Task", "Resource": resource, "Parameters": {"QueueUrl": QUEUE, "MessageBody": body}, **fields}


def call(action: str, **parameters: Json) -> Json:
    """Return a state that calls an operation by its SDK name, and discards the result."""
    return {"Type": "Task", "Resource": f"arn:aws:states:::aws-sdk:{action}", "Parameters": parameters} | DISCARD


DISCARD = {"ResultPath": None}
RUN_JOB: Json = {
    "Type": "Task",
    "Resource": "arn:aws:states:::ecs:runTask.sync",
    "Parameters": {"TaskDefinition": "job"},
}
SLOW_CHOICE: Json = {
    "Type": "Pass",
    "QueryLanguage": "JSONata",
    "Output": "{% $reduce([1..3], function($sum, $each) { $sum + $each }) %}",
}
"""A state whose expression may take long."""


@pytest.fixture(autouse=True)
def queue(harness: EngineHarness) -> None:
    """Create the queue; the first call through the outbox loads the service."""
    harness.call("sqs", "CreateQueue", QueueName="work")


def sent(harness: EngineHarness) -> list[Json]:
    """Return the bodies of all messages in the queue, in the order in which they were sent."""
    return [body for (body,) in harness.rows("SELECT body FROM sqs_messages ORDER BY id")]


def test_a_chain_of_calls_is_one_commit(harness: EngineHarness) -> None:
    machine = harness.machine(chain(*[send(f"m{number}", **DISCARD) for number in range(10)]))
    before = harness.disk.commits
    execution = harness.start(machine)
    assert harness.status(execution) == "SUCCEEDED"
    assert harness.disk.commits == before + 1
    assert sent(harness) == [f"m{number}" for number in range(10)]
    state = ["TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited"]
    assert harness.types(execution) == ["ExecutionStarted", *state * 10, "ExecutionSucceeded"]


@pytest.mark.parametrize("before", [True, False], ids=["before its commit", "after its commit"])
def test_an_engine_that_dies_with_the_step_makes_each_call_once(harness: EngineHarness, *, before: bool) -> None:
    machine = harness.machine(chain({"Type": "Wait", "Seconds": 5}, send("a", **DISCARD), send("b", **DISCARD)))
    execution = harness.start(machine)
    harness.die_at(1, before=before)
    with pytest.raises(EngineDied):
        harness.advance(5 * SECOND)
    harness.up()
    harness.settle()
    assert harness.status(execution) == "SUCCEEDED"
    assert sent(harness) == ["a", "b"]


def test_a_refused_call_is_undone_and_caught(harness: EngineHarness) -> None:
    catch = {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B"}]}
    missing = send("lost") | catch
    missing["Parameters"] = {"QueueUrl": f"{QUEUE}-missing", "MessageBody": "lost"}
    execution = harness.start(harness.machine(chain(missing, send("after", **DISCARD))))
    assert harness.status(execution) == "SUCCEEDED"
    assert sent(harness) == ["after"]
    assert "TaskFailed" in harness.types(execution)


def test_a_call_before_a_slow_state_is_made_once(harness: EngineHarness) -> None:
    """The step that met the slow state is undone with its call, and computed in another process."""
    execution = harness.start(harness.machine(chain(send("once", **DISCARD), SLOW_CHOICE, send("then"))))
    harness.settle()
    assert harness.describe(execution)["status"] == "SUCCEEDED"
    assert sent(harness) == ["once", "then"]


@pytest.mark.parametrize("wait", [(), ({"Type": "Wait", "Seconds": 1},)], ids=["first step", "later step"])
def test_calls_before_a_slow_state_are_not_undone_again_and_again(
    harness: EngineHarness, monkeypatch: pytest.MonkeyPatch, wait: tuple[Json, ...]
) -> None:
    """Each call would otherwise be made in as many steps as there are calls before it."""
    made, count = list[Json](), 20
    original = ServiceCalls.call_for_task

    def counted(calls: ServiceCalls, *arguments: Any) -> Json:
        made.append(arguments)
        return original(calls, *arguments)

    monkeypatch.setattr(ServiceCalls, "call_for_task", counted)
    states = [*wait, *[send(str(number), **DISCARD) for number in range(count)], SLOW_CHOICE]
    execution = harness.start(harness.machine(chain(*states)))
    harness.advance(SECOND)
    assert harness.describe(execution)["status"] == "SUCCEEDED"
    assert sent(harness) == [str(number) for number in range(count)]
    assert len(made) <= 3 * count


def test_branches_make_their_calls_in_turn(harness: EngineHarness) -> None:
    """As if each call took its time: a branch that fails later does not hide the calls of its sibling."""
    branches = [chain(*[send(name, **DISCARD)] * 3, {"Type": "Fail"}, first=name) for name in ("a", "k")]
    execution = harness.start(harness.machine(chain({"Type": "Parallel", "Branches": branches})))
    assert harness.status(execution) == "FAILED"
    assert sent(harness) == ["a", "k"] * 3
    entered = ["TaskStateEntered", "TaskScheduled", "TaskStarted"]
    assert harness.types(execution)[3:11] == [*entered * 2, "TaskSucceeded", "TaskStateExited"]


def test_the_answer_to_a_call_of_an_aborted_branch_changes_nothing(harness: EngineHarness) -> None:
    refused = send("lost") | {"Parameters": {"QueueUrl": f"{QUEUE}-missing", "MessageBody": "lost"}}
    branches = [chain(refused, first="K"), chain(send("sent"), {"Type": "Fail"}, first="M")]
    parallel = {"Type": "Parallel", "Branches": branches, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B"}]}
    execution = harness.start(harness.machine(chain(parallel, send("caught", **DISCARD))))
    assert harness.status(execution) == "SUCCEEDED"
    assert sent(harness) == ["sent", "caught"]
    assert harness.types(execution).count("TaskSucceeded") == 1
    assert "TaskStateAborted" in harness.types(execution)


def test_an_event_of_an_undone_call_is_not_among_the_recent_events(harness: EngineHarness) -> None:
    harness.call("events", "PutRule", Name="sales", EventPattern='{"source": ["shop"]}')
    entries = [{"Source": "shop", "DetailType": "Sold", "Detail": {"item": 1}}]
    put = {"Type": "Task", "Resource": "arn:aws:states:::events:putEvents", "Parameters": {"Entries": entries}}
    execution = harness.start(harness.machine(chain(put | DISCARD, SLOW_CHOICE)))
    harness.settle()
    assert harness.describe(execution)["status"] == "SUCCEEDED"
    recent = [loads(each["Event"])["source"] for each in harness.call("events", "ListRecentEvents")["Events"]]
    assert recent.count("shop") == 1


def test_a_long_loop_of_calls_lets_other_turns_run(harness: EngineHarness) -> None:
    calls = MAX_CALLS_IN_STEP + 10
    execution = harness.start(harness.machine(chain(*[send("m", **DISCARD)] * calls)))
    harness.settle()
    assert harness.status(execution) == "SUCCEEDED"
    assert len(sent(harness)) == calls
    assert harness.rows("SELECT * FROM outbox") == []


def test_a_call_that_reads_its_own_execution_sees_it(harness: EngineHarness) -> None:
    describe = call("sfn:describeExecution", **{"ExecutionArn.$": "$$.Execution.Id"}) | {"ResultPath": "$"}
    execution = harness.start(harness.machine(chain(describe)))
    harness.settle()
    assert '"Status":"RUNNING"' in harness.describe(execution)["output"]


def test_a_task_that_another_branch_stops_fails(harness: EngineHarness) -> None:
    """RunTask and StopTask of the same task are in the same step."""
    harness.define_task()
    harness.runtime.script(Script(after=None))
    listing, stop = call("ecs:listTasks") | {"ResultPath": "$"}, call("ecs:stopTask", **{"Task.$": "$.TaskArns[0]"})
    parallel = {"Type": "Parallel", "Branches": [chain(RUN_JOB, first="M"), chain(listing, stop, first="P")]}
    execution = harness.start(harness.machine(chain(parallel)))
    harness.settle()
    ended = harness.describe(execution)
    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    assert harness.rows("SELECT * FROM outbox") == []


def test_a_call_that_ends_other_work_of_its_execution_waits_for_the_commit(harness: EngineHarness) -> None:
    """The function sends the task token for which the first branch waits."""

    def invoke(tx: Tx, caller: Caller, _params: Json) -> Json:
        token = tx.value("SELECT body FROM sqs_messages")
        harness.engine.bus.invoke(tx, caller, "states", "SendTaskSuccess", {"taskToken": token, "output": "1"})
        return {"StatusCode": 200, "Payload": b"2"}

    harness.engine.bus.serve("lambda", {"Invoke": Operation(write=invoke)})
    waiting = send(ResultSelector={"first": True}) | {"Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken"}
    waiting["Parameters"] = {"QueueUrl": QUEUE, "MessageBody.$": "$$.Task.Token"}
    function = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f"}}
    branches = [
        chain(waiting, first="M"),
        chain({"Type": "Wait", "Seconds": 5}, function | {"OutputPath": "$.Payload"}, first="P"),
    ]
    execution = harness.start(harness.machine(chain({"Type": "Parallel", "Branches": branches})))
    harness.advance(5 * SECOND)
    assert harness.describe(execution)["output"] == '[{"first":true},2]'


def test_a_task_that_another_branch_fails_is_stopped(harness: EngineHarness) -> None:
    """RunTask and the failure that cancels it are in the same step."""
    harness.define_task()
    harness.runtime.script(Script(after=None))
    failing = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "Broken"}}}
    execution = harness.start(
        harness.machine(chain({"Type": "Parallel", "Branches": [chain(RUN_JOB, first="M"), failing]}))
    )
    harness.settle()
    assert harness.describe(execution)["error"] == "Broken"
    (task,) = harness.call("ecs", "ListTasks", desiredStatus="STOPPED")["taskArns"]
    (found,) = harness.call("ecs", "DescribeTasks", tasks=[task])["tasks"]
    assert found["desiredStatus"] == "STOPPED"
    assert harness.rows("SELECT * FROM external_names") == []


@pytest.mark.parametrize("calls_in_step", [0, 1], ids=["after the step", "within the step"])
def test_a_task_whose_start_fills_the_history_is_stopped(
    harness: EngineHarness, monkeypatch: pytest.MonkeyPatch, calls_in_step: int
) -> None:
    monkeypatch.setattr("lamplighter.services.states.calls.calls_in_step.MAX_CALLS_IN_STEP", calls_in_step)
    monkeypatch.setattr("lamplighter.asl.execution.step.MAX_EVENTS", 5)
    harness.define_task()
    harness.runtime.script(Script(after=None))
    execution = harness.start(harness.machine(chain(RUN_JOB)))
    harness.settle()
    assert harness.describe(execution)["error"] == "States.Runtime"
    (_task,) = harness.call("ecs", "ListTasks", desiredStatus="STOPPED")["taskArns"]
    assert harness.rows("SELECT * FROM external_names") == []


def test_a_task_that_has_already_ended_ends_its_state(harness: EngineHarness) -> None:
    """With a client token, RunTask returns the task that it started before, which will send no event any more."""
    harness.define_task()
    machine = harness.machine(chain(RUN_JOB | {"Parameters": {"TaskDefinition": "job", "ClientToken": "token"}}))
    first = harness.start(machine)
    harness.advance(SECOND)
    second = harness.start(machine)
    assert harness.status(first) == harness.status(second) == "SUCCEEDED"
    assert len(harness.runtime.started_names()) == 1


def test_an_answer_that_comes_later_is_awaited(harness: EngineHarness) -> None:
    """ReceiveMessage with WaitTimeSeconds waits for a message; nothing is received twice."""
    receive = call("sqs:receiveMessage", QueueUrl=QUEUE, WaitTimeSeconds=20) | {"ResultPath": "$"}
    execution = harness.start(harness.machine(chain(receive)))
    assert harness.status(execution) == "RUNNING"
    harness.call("sqs", "SendMessage", QueueUrl=QUEUE, MessageBody="late")
    harness.settle()
    assert '"Body":"late"' in harness.describe(execution)["output"]


def test_a_map_makes_the_calls_of_all_items_once(harness: EngineHarness) -> None:
    item = {"StartAt": "S", "States": {"S": send(**DISCARD) | {"End": True}}}
    item["States"]["S"]["Parameters"] = {"QueueUrl": QUEUE, "MessageBody.$": "States.Format('{}', $)"}  # type: ignore[index]
    items = {"Type": "Map", "ItemProcessor": item}
    execution = harness.start(harness.machine(chain(items)), list(range(300)))
    harness.settle()
    assert harness.status(execution) == "SUCCEEDED"
    assert sorted(sent(harness), key=int) == [str(number) for number in range(300)]


def test_an_express_execution_with_calls_answers_with_its_outcome(harness: EngineHarness) -> None:
    definition = chain(send("express", ResultSelector={"sent": True}))
    machine = harness.call(
        "states", "CreateStateMachine", name="fast", definition=dumps(definition), roleArn=ROLE, type="EXPRESS"
    )["stateMachineArn"]
    before = harness.disk.commits
    answer = harness.call("states", "StartSyncExecution", stateMachineArn=machine)
    assert (answer["status"], answer["output"]) == ("SUCCEEDED", '{"sent":true}')
    assert sent(harness) == ["express"]
    assert harness.disk.commits == before + 1


def test_a_full_disk_undoes_the_calls_with_their_step(harness: EngineHarness) -> None:
    machine = harness.machine(chain({"Type": "Wait", "Seconds": 5}, send("once", **DISCARD)))
    execution = harness.start(machine)
    harness.disk.fill("COMMIT")
    harness.advance(5 * SECOND)
    assert sent(harness) == []
    harness.disk.fill("")
    harness.advance(5 * SECOND)
    assert harness.status(execution) == "SUCCEEDED"
    assert sent(harness) == ["once"]


def test_the_first_call_of_a_service_that_is_not_loaded_goes_through_the_outbox(harness: EngineHarness) -> None:
    machine = harness.machine(chain(send("a", **DISCARD), send("b", **DISCARD)))
    harness.restart()
    before = harness.disk.commits
    execution = harness.start(machine)
    harness.settle()
    assert harness.status(execution) == "SUCCEEDED"
    assert harness.disk.commits == before + 2
    assert sent(harness) == ["a", "b"]


@pytest.mark.parametrize("bytes_each", [10, 200_000], ids=["small", "large"])
def test_only_a_long_call_waits_for_the_commit(harness: EngineHarness, bytes_each: int) -> None:
    """Filtering a large message for many subscriptions is prepared in a thread; a small one needs no preparation."""
    topic = harness.call("sns", "CreateTopic", Name="topic")["TopicArn"]
    for number in range(3):
        policy = {"FilterPolicyScope": "MessageBody", "FilterPolicy": dumps({"n": [{"prefix": str(number)}]})}
        queue = harness.call("sqs", "CreateQueue", QueueName=f"q{number}")["QueueUrl"]
        arn = f"arn:aws:sqs:us-east-1:123456789012:{queue.rpartition('/')[2]}"
        harness.call("sns", "Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=policy)
    parameters = {"TopicArn": topic, "Message": {"n": "1", "text": "x" * bytes_each}}
    publish = {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Parameters": parameters}
    machine = harness.machine(chain(publish | DISCARD))
    before = harness.disk.commits
    execution = harness.start(machine)
    harness.settle()
    assert harness.status(execution) == "SUCCEEDED"
    assert len(sent(harness)) == 1
    assert (harness.disk.commits == before + 1) == (bytes_each == 10)


def test_an_answer_that_is_ready_made_json_can_be_read_by_an_expression(harness: EngineHarness) -> None:
    read: Json = {
        "Type": "Task",
        "QueryLanguage": "JSONata",
        "Resource": "arn:aws:states:::aws-sdk:sfn:getExecutionHistory",
        "Arguments": {"ExecutionArn": "{% $states.context.Execution.Id %}"},
        "Output": "{% $states.result.Events[0].Type %}",
        "End": True,
    }
    execution = harness.start(harness.machine({"StartAt": "Read", "States": {"Read": read}}))
    harness.settle()
    assert loads(harness.describe(execution)["output"]) == "ExecutionStarted"
