"""The article's batch as a reader would run it: the unchanged state machine, called with boto3."""

import json
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from tests.served_engine import ROLE, EngineAccount, ServedEngine, eventually, one_state, run_task

DEFINITION = Path(__file__).parents[2] / "examples" / "article" / "state-machine.asl.json"
FAILS_ONCE = 'if [ -e "$MARK" ]; then exit 0; fi; touch "$MARK"; exit 3'
SYNC_EVENTS = ["TaskScheduled", "TaskStarted", "TaskSubmitted"]


def create_article_machine(account: EngineAccount, task: str) -> str:
    """Create the article's machine with its placeholders filled in; return its ARN."""
    cluster = account.ecs.create_cluster(clusterName="batch")["cluster"]["clusterArn"]
    definition = DEFINITION.read_text()
    definition = definition.replace("arn:aws:ecs:ap-northeast-1:xxxxx:cluster/xxxxx", cluster)
    definition = definition.replace("arn:aws:ecs:ap-northeast-1:xxxxx:task-definition/xxxxx", task)
    arn: str = account.sfn.create_state_machine(name="nightly", definition=definition, roleArn=ROLE)["stateMachineArn"]
    return arn


def event_types(events: list[Json]) -> list[str]:
    return [event["type"] for event in events]


def test_the_article_s_machine_retries_a_failed_container_after_ten_seconds(
    served: ServedEngine, tmp_path: Path
) -> None:
    environment = [{"name": "MARK", "value": str(tmp_path / "mark")}]
    machine = create_article_machine(served, served.task("report", ["sh", "-c", FAILS_ONCE], environment=environment))
    execution = served.start(machine)
    assert served.ended(execution)["status"] == "SUCCEEDED"
    events = served.history(execution)
    assert event_types(events) == [
        "ExecutionStarted",
        "TaskStateEntered",
        *SYNC_EVENTS,
        "TaskFailed",
        *SYNC_EVENTS,
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]
    assert [event["previousEventId"] for event in events] == [0, 0, *range(2, 12)]
    failed, again = events[5], events[6]
    assert (again["timestamp"] - failed["timestamp"]).total_seconds() >= 10, "the article's interval"


def test_a_failed_container_ends_the_run_with_aws_s_error_and_cause(account: EngineAccount) -> None:
    machine = account.machine(one_state(run_task(account.task("fails", ["sh", "-c", "exit 3"]))))
    account.ecs.create_cluster(clusterName="default")
    ended = account.ended(account.start(machine))
    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    task = json.loads(ended["cause"])
    assert task["StopCode"] == "EssentialContainerExited"
    assert task["StoppedReason"] == "Essential container in task exited"
    assert task["Containers"][0]["ExitCode"] == 3
    assert task["StartedBy"] == "AWS Step Functions"


def test_the_output_of_a_successful_container_is_its_task(account: EngineAccount) -> None:
    account.ecs.create_cluster(clusterName="default")
    execution = account.start(account.machine(one_state(run_task(account.task("works", ["true"])))))
    ended = account.ended(execution)
    assert ended["status"] == "SUCCEEDED"
    task = json.loads(ended["output"])
    assert (task["LastStatus"], task["Containers"][0]["ExitCode"], task["Version"]) == ("STOPPED", 0, 5)
    parameters = json.loads(account.history(execution)[2]["taskScheduledEventDetails"]["parameters"])
    assert parameters["StartedBy"] == "AWS Step Functions"


def test_a_task_whose_program_does_not_exist_failed_to_start(account: EngineAccount) -> None:
    account.ecs.create_cluster(clusterName="default")
    ended = account.ended(
        account.start(account.machine(one_state(run_task(account.task("none", ["/no/such/program"])))))
    )
    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    task = json.loads(ended["cause"])
    assert task["StopCode"] == "TaskFailedToStart"
    assert "ExitCode" not in task["Containers"][0]


@pytest.mark.parametrize("ending", ["stop", "timeout", "deadline", "sibling"])
def test_the_end_of_a_state_stops_its_container_with_aws_s_reason(
    served: ServedEngine, tmp_path: Path, ending: str
) -> None:
    served.ecs.create_cluster(clusterName="default")
    endless = served.task("endless", ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done"])
    job = run_task(endless)
    machine = one_state(job | {"TimeoutSeconds": 10} if ending == "timeout" else job)
    if ending == "deadline":
        machine["TimeoutSeconds"] = 10
    if ending == "sibling":
        fails: str = served.sfn.create_activity(name="fails")["activityArn"]
        bad = {"StartAt": "Bad", "States": {"Bad": {"Type": "Task", "Resource": fails, "End": True}}}
        machine = one_state(
            {"Type": "Parallel", "End": True, "Branches": [{"StartAt": "Run", "States": {"Run": job}}, bad]}
        )
    execution = served.start(served.machine(machine))
    (arn,) = eventually(served.list_all_tasks)
    if ending in ("stop", "sibling"):  # the others end by the clock, which does not wait until the container runs
        eventually(lambda: describe_task(served, arn)["lastStatus"] == "RUNNING")
    if ending == "stop":
        served.sfn.stop_execution(executionArn=execution, error="Mine", cause="enough")
    if ending == "sibling":
        served.sfn.send_task_failure(taskToken=served.sfn.get_activity_task(activityArn=fails)["taskToken"])
    status = served.ended(execution)["status"]
    assert status == {"stop": "ABORTED", "deadline": "TIMED_OUT"}.get(ending, "FAILED")
    task = eventually(lambda: description_if_stopped(served, arn))
    assert task["stopCode"] == "UserInitiated"
    assert task["stoppedReason"] == (
        f"The Task state in AWS Step Functions execution [{execution}] which was managing this resource was aborted"
    )


def describe_task(account: EngineAccount, task: str) -> Json:
    return account.ecs.describe_tasks(cluster="default", tasks=[task])["tasks"][0]


def description_if_stopped(account: EngineAccount, task: str) -> Json:
    found = describe_task(account, task)
    return found if found["lastStatus"] == "STOPPED" else None


def test_a_worker_completes_its_task_with_the_token_of_its_environment(served: ServedEngine, tmp_path: Path) -> None:
    served.ecs.create_cluster(clusterName="default")
    token_file = tmp_path / "token"
    task = served.task(
        "worker", ["sh", "-c", f'printf %s "$TOKEN" > {token_file}.new; mv {token_file}.new {token_file}']
    )
    state = run_task(task)
    state["Resource"] = "arn:aws:states:::ecs:runTask.waitForTaskToken"
    state["Parameters"]["Overrides"] = {
        "ContainerOverrides": [{"Name": "main", "Environment": [{"Name": "TOKEN", "Value.$": "$$.Task.Token"}]}]
    }
    execution = served.start(served.machine(one_state(state)))
    token = eventually(lambda: token_file.read_text() if token_file.exists() else None)
    served.sfn.send_task_success(taskToken=token, output='{"rows": 7}')
    ended = served.ended(execution)
    assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", {"rows": 7})
    with pytest.raises(served.sfn.exceptions.ClientError, match="Provided task does not exist anymore"):
        served.sfn.send_task_success(taskToken=token, output="{}")


def test_a_container_runs_once_although_the_engine_is_killed(served: ServedEngine, tmp_path: Path) -> None:
    served.ecs.create_cluster(clusterName="default")
    go, runs = tmp_path / "go", tmp_path / "runs"
    task = served.task("waits", ["sh", "-c", f"echo run >> {runs}; while [ ! -e {go} ]; do sleep 0.05; done; exit 0"])
    execution = served.start(served.machine(one_state(run_task(task))))
    eventually(runs.exists)
    served.kill()
    served.up()
    go.touch()
    assert served.ended(execution)["status"] == "SUCCEEDED"
    assert runs.read_text() == "run\n"


def test_a_container_that_exits_while_no_engine_runs_is_evaluated_at_the_next_start(
    served: ServedEngine, tmp_path: Path
) -> None:
    served.ecs.create_cluster(clusterName="default")
    go, done = tmp_path / "go", tmp_path / "done"
    task = served.task("dies", ["sh", "-c", f"while [ ! -e {go} ]; do sleep 0.05; done; touch {done}; exit 5"])
    execution = served.start(served.machine(one_state(run_task(task))))
    eventually(lambda: served.ecs.list_tasks()["taskArns"])
    ecs, tasks = served.ecs, served.ecs.list_tasks()["taskArns"]
    eventually(lambda: ecs.describe_tasks(tasks=tasks)["tasks"][0]["lastStatus"] == "RUNNING")
    served.kill()
    go.touch()
    eventually(done.exists)
    served.up()
    ended = served.ended(execution)
    assert ended["status"] == "FAILED"
    assert json.loads(ended["cause"])["Containers"][0]["ExitCode"] == 5
