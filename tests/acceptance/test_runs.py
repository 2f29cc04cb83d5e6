"""Other kinds of runs: distributed Maps, express executions, redrives, and calls of configured endpoints."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json
from tests.served_engine import ROLE, EngineAccount, ServedEngine, eventually, one_state, run_task

ECHO = {"StartAt": "Echo", "States": {"Echo": {"Type": "Pass", "End": True}}}


def distributed_map(processor: Json, **fields: Json) -> Json:
    config = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    return one_state(
        {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": config | processor, "End": True, **fields}
    )


def test_a_distributed_map_runs_each_item_as_an_execution_and_keeps_their_order(
    account: EngineAccount,
) -> None:
    execution = account.start(account.machine(distributed_map(ECHO, Label="Echoes")), {"items": list(range(120))})
    ended = account.ended(execution)
    assert json.loads(ended["output"]) == list(range(120))
    (run,) = account.sfn.list_map_runs(executionArn=execution)["mapRuns"]
    found = account.sfn.describe_map_run(mapRunArn=run["mapRunArn"])
    assert (found["status"], found["itemCounts"]["succeeded"], found["executionCounts"]["total"]) == (
        "SUCCEEDED",
        120,
        120,
    )
    assert ":mapRun:machine/Echoes:" in run["mapRunArn"]
    children = account.sfn.list_executions(mapRunArn=run["mapRunArn"], maxResults=1000)["executions"]
    assert len(children) == 120
    assert children[0]["executionArn"].startswith(
        f"arn:aws:states:us-east-1:{account.account_id}:execution:machine/Echoes:"
    )


def test_items_are_passed_to_children_in_batches_with_the_batch_input(account: EngineAccount) -> None:
    batcher = {"MaxItemsPerBatch": 3, "BatchInput": {"day.$": "$.day"}}
    machine = account.machine(distributed_map(ECHO, ItemBatcher=batcher))
    ended = account.ended(account.start(machine, {"items": list(range(7)), "day": "monday"}))
    assert json.loads(ended["output"]) == [
        {"BatchInput": {"day": "monday"}, "Items": items} for items in ([0, 1, 2], [3, 4, 5], [6])
    ]


@pytest.mark.parametrize(("tolerated", "status"), [({}, "FAILED"), ({"ToleratedFailureCount": 1}, "SUCCEEDED")])
def test_a_distributed_map_fails_if_more_items_fail_than_tolerated(
    account: EngineAccount, tolerated: Json, status: str
) -> None:
    odd = {"Variable": "$", "NumericEquals": 3, "Next": "Bad"}
    states = {"Look": {"Type": "Choice", "Choices": [odd], "Default": "Good"}, "Bad": {"Type": "Fail", "Error": "Odd"}}
    processor = {"StartAt": "Look", "States": states | {"Good": {"Type": "Succeed"}}}
    execution = account.start(account.machine(distributed_map(processor, **tolerated)), {"items": [1, 2, 3, 4]})
    ended = account.ended(execution)
    assert ended["status"] == status
    if status == "FAILED":
        assert ended["error"] == "States.ExceedToleratedFailureThreshold"
        assert ended["cause"] == "The specified tolerated failure threshold was exceeded"


def test_kill_9_during_a_map_run_loses_and_repeats_no_item(served: ServedEngine, tmp_path: Path) -> None:
    served.ecs.create_cluster(clusterName="default")
    record_file = tmp_path / "runs"
    task = served.task("item", ["sh", "-c", f'echo "$ITEM" >> {record_file}'])
    job = run_task(task, ResultPath=None)
    environment = [{"Name": "ITEM", "Value.$": "States.Format('{}', $)"}]
    job["Parameters"]["Overrides"] = {"ContainerOverrides": [{"Name": "main", "Environment": environment}]}
    machine = served.machine(distributed_map({"StartAt": "Run", "States": {"Run": job}}, MaxConcurrency=4))
    execution = served.start(machine, {"items": list(range(24))})
    for lines in (3, 10):
        eventually(partial(has_lines, record_file, lines))
        served.kill()
        served.up()
    assert json.loads(served.ended(execution, 300)["output"]) == list(range(24))
    assert Counter(record_file.read_text().split()) == {str(number): 1 for number in range(24)}


def has_lines(record_file: Path, lines: int) -> bool:
    return record_file.exists() and len(record_file.read_text().split()) >= lines


def create_express_machine(account: EngineAccount, definition: Json) -> str:
    answer = account.sfn.create_state_machine(
        name="quick", definition=json.dumps(definition), roleArn=ROLE, type="EXPRESS"
    )
    arn: str = answer["stateMachineArn"]
    return arn


def test_a_synchronous_express_execution_returns_its_result_also_after_a_wait(account: EngineAccount) -> None:
    wait = {"Type": "Wait", "Seconds": 1, "Next": "Done"}
    machine = create_express_machine(
        account, {"StartAt": "W", "States": {"W": wait, "Done": {"Type": "Pass", "End": True}}}
    )
    answer = account.sfn.start_sync_execution(stateMachineArn=machine, input='{"n": 1}')
    assert (answer["status"], json.loads(answer["output"])) == ("SUCCEEDED", {"n": 1})
    assert (answer["stopDate"] - answer["startDate"]).total_seconds() >= 1


def test_a_failed_express_execution_is_a_result_and_not_an_api_error(account: EngineAccount) -> None:
    machine = create_express_machine(account, one_state({"Type": "Fail", "Error": "Mine", "Cause": "because"}))
    answer = account.sfn.start_sync_execution(stateMachineArn=machine)
    assert (answer["status"], answer["error"], answer["cause"]) == ("FAILED", "Mine", "because")


def test_operations_of_the_other_machine_type_are_refused(account: EngineAccount) -> None:
    express, standard = create_express_machine(account, ECHO), account.machine(ECHO)
    calls: list[Callable[[], Json]] = [
        lambda: account.sfn.list_executions(stateMachineArn=express),
        lambda: account.sfn.start_sync_execution(stateMachineArn=standard),
    ]
    for call in calls:
        with pytest.raises(ClientError, match="not supported by this type of state machine"):
            call()


def test_a_redriven_execution_continues_from_the_failed_step_under_its_name(
    served: ServedEngine, tmp_path: Path
) -> None:
    served.ecs.create_cluster(clusterName="default")
    mark, first = tmp_path / "mark", tmp_path / "first"
    begin = run_task(served.task("begin", ["sh", "-c", f"echo run >> {first}"]), Next="End", ResultPath=None)
    end = run_task(served.task("end", ["sh", "-c", f"test -e {mark}"]), ResultPath=None)
    execution = served.start(served.machine({"StartAt": "Begin", "States": {"Begin": begin, "End": end}}), {"n": 7})
    assert served.ended(execution)["redriveStatus"] == "REDRIVABLE"
    mark.touch()
    served.kill()
    served.up()
    served.sfn.redrive_execution(executionArn=execution)
    ended = served.ended(execution)
    assert (ended["status"], json.loads(ended["output"]), ended["redriveCount"]) == ("SUCCEEDED", {"n": 7}, 1)
    assert first.read_text() == "run\n"
    event_types = [event["type"] for event in served.history(execution)]
    assert event_types[event_types.index("ExecutionFailed") + 1 :][:2] == ["ExecutionRedriven", "TaskScheduled"]
    with pytest.raises(ClientError, match="Execution is SUCCEEDED and cannot be redriven"):
        served.sfn.redrive_execution(executionArn=execution)


def test_a_redrive_runs_only_the_branches_that_had_not_ended(served: ServedEngine, tmp_path: Path) -> None:
    served.ecs.create_cluster(clusterName="default")
    mark, runs = tmp_path / "mark", tmp_path / "runs"
    good = run_task(served.task("good", ["sh", "-c", f"echo good >> {runs}"]), ResultPath=None)
    gate: str = served.sfn.create_activity(name="gate")["activityArn"]
    wait = {"Type": "Task", "Resource": gate, "ResultPath": None, "Next": "Bad"}
    bad = run_task(served.task("bad", ["sh", "-c", f"echo bad >> {runs}; test -e {mark}"]), ResultPath=None)
    branches = [
        {"StartAt": "Good", "States": {"Good": good}},
        {"StartAt": "Wait", "States": {"Wait": wait, "Bad": bad}},
    ]
    execution = served.start(
        served.machine(one_state({"Type": "Parallel", "Branches": branches, "End": True})), {"n": 1}
    )
    eventually(lambda: "TaskSucceeded" in [event["type"] for event in served.history(execution)])
    token = served.sfn.get_activity_task(activityArn=gate)["taskToken"]
    served.sfn.send_task_success(taskToken=token, output="{}")
    assert served.ended(execution)["status"] == "FAILED"
    mark.touch()
    served.sfn.redrive_execution(executionArn=execution)
    ended = served.ended(execution)
    assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", [{"n": 1}, {"n": 1}])
    assert Counter(runs.read_text().split()) == {"good": 1, "bad": 2}


class Lambda(BaseHTTPRequestHandler):
    """A Lambda endpoint: doubles a number, raises for anything else."""

    def do_POST(self) -> None:
        payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        good = isinstance(payload.get("n"), int)
        error = {"errorType": "ValueError", "errorMessage": "no number"}
        body = json.dumps({"twice": payload["n"] * 2} if good else error).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        if not good:
            self.send_header("X-Amz-Function-Error", "Unhandled")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the standard library
        pass


@pytest.fixture
def lambda_url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Lambda)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


LAMBDA_STATES: dict[str, tuple[Json, str]] = {
    "optimised": (
        {"Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f", "Payload.$": "$"}},
        "$.Payload",
    ),
    "by ARN": ({"Resource": "arn:aws:lambda:us-east-1:123456789012:function:f"}, "$"),
}


@pytest.mark.parametrize("kind", LAMBDA_STATES)
def test_a_lambda_function_is_called_at_the_configured_endpoint(tmp_path: Path, lambda_url: str, kind: str) -> None:
    engine = ServedEngine(tmp_path / "data")
    engine.up("--endpoint", f"lambda={lambda_url}")
    try:
        call, output = LAMBDA_STATES[kind]
        machine = engine.machine(one_state({"Type": "Task", "OutputPath": output, "End": True, **call}))
        assert json.loads(engine.ended(engine.start(machine, {"n": 21}))["output"]) == {"twice": 42}
        failed = engine.ended(engine.start(machine, {"n": "x"}))
        assert (failed["status"], failed["error"]) == ("FAILED", "ValueError")
        assert json.loads(failed["cause"])["errorMessage"] == "no number"
    finally:
        engine.close()


def test_a_missing_endpoint_is_reported_when_the_machine_is_created(account: EngineAccount) -> None:
    call = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "f"},
        "End": True,
    }
    with pytest.raises(ClientError, match="Start the engine with --endpoint lambda=URL"):
        account.machine(one_state(call))
