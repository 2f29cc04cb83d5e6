"""Activity workers that use boto3 get each task once, also if the engine is killed."""

import json
import signal
from concurrent.futures import Future, ThreadPoolExecutor

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError, ReadTimeoutError

from lamplighter.base.json_text import Json
from tests.served_engine import REGION, ServedEngine, call_in_thread, eventually, one_state


@pytest.fixture
def activity(served: ServedEngine) -> str:
    """Create an activity and return its ARN."""
    arn: str = served.sfn.create_activity(name="knock")["activityArn"]
    return arn


def create_machine(served: ServedEngine, activity: str) -> str:
    return served.machine(one_state({"Type": "Task", "Resource": activity, "End": True}))


def get_task(served: ServedEngine, activity: str, worker: str = "worker") -> Json:
    return served.sfn.get_activity_task(activityArn=activity, workerName=worker)


def start_poll(pool: ThreadPoolExecutor, served: ServedEngine, activity: str) -> "Future[Json]":
    """Let a worker wait for a task in a thread; return after the engine has read the request."""
    polling = call_in_thread(pool, served.sfn.get_activity_task, activityArn=activity)
    for _ in range(3):
        served.sfn.list_activities()  # the engine answers this after it has read the earlier request
    return polling


def complete_task(served: ServedEngine, task: Json) -> None:
    served.sfn.send_task_success(taskToken=task["taskToken"], output=task["input"])


def event_types(served: ServedEngine, execution: str) -> list[str]:
    return [event["type"] for event in served.history(execution)]


def test_a_worker_gets_its_task_whether_it_polls_before_or_after_the_start(served: ServedEngine, activity: str) -> None:
    machine = create_machine(served, activity)
    with ThreadPoolExecutor() as pool:
        early: Future[Json] = pool.submit(get_task, served, activity)
        first = served.start(machine, {"n": 1})
        complete_task(served, early.result())
    assert json.loads(served.ended(first)["output"]) == {"n": 1}
    second = served.start(machine, {"n": 2})
    eventually(lambda: "ActivityScheduled" in event_types(served, second))
    complete_task(served, get_task(served, activity))
    assert json.loads(served.ended(second)["output"]) == {"n": 2}


def test_two_workers_get_different_tasks(served: ServedEngine, activity: str) -> None:
    machine = create_machine(served, activity)
    with ThreadPoolExecutor() as pool:
        workers = [pool.submit(get_task, served, activity, name) for name in ("Ann", "Bert")]
        executions = [served.start(machine, {"n": number}) for number in (1, 2)]
        tasks = [worker.result() for worker in workers]
    assert sorted(json.loads(task["input"])["n"] for task in tasks) == [1, 2]
    for task in tasks:
        complete_task(served, task)
    assert [json.loads(served.ended(execution)["output"])["n"] for execution in executions] == [1, 2]


def test_a_task_goes_to_the_next_worker_if_the_engine_is_killed_during_a_poll(
    served: ServedEngine, activity: str
) -> None:
    machine = create_machine(served, activity)
    with ThreadPoolExecutor() as pool:
        polling = pool.submit(get_task, served, activity)
        first = served.start(machine, {"n": 1})
        task = polling.result()
        polling = start_poll(pool, served, activity)
        served.kill()
        with pytest.raises(HTTPClientError):
            polling.result()
    served.up()
    second = served.start(machine, {"n": 2})
    other = get_task(served, activity)
    assert json.loads(other["input"]) == {"n": 2}
    for each, execution in ((task, first), (other, second)):
        complete_task(served, each)
        assert served.ended(execution)["status"] == "SUCCEEDED"
        assert event_types(served, execution).count("ActivityStarted") == 1


def test_a_stopping_engine_answers_waiting_workers_with_an_error(served: ServedEngine, activity: str) -> None:
    with ThreadPoolExecutor() as pool:
        polling = start_poll(pool, served, activity)
        assert served.kill(signal.SIGTERM) == 0
        with pytest.raises(ClientError, match=r"ServiceUnavailable|the engine is stopping"):
            polling.result()
    assert not any("Traceback" in line for line in served.lines)


def test_a_task_that_no_worker_took_survives_a_kill(served: ServedEngine, activity: str) -> None:
    execution = served.start(create_machine(served, activity), {"n": 1})
    served.kill()
    served.up()
    complete_task(served, get_task(served, activity))
    assert served.ended(execution)["status"] == "SUCCEEDED"


def test_a_worker_that_disconnects_takes_no_task(served: ServedEngine, activity: str) -> None:
    impatient = boto3.client(
        "stepfunctions",
        endpoint_url=served.url,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, inject_host_prefix=False, read_timeout=0.5),
    )
    with pytest.raises(ReadTimeoutError):
        impatient.get_activity_task(activityArn=activity, workerName="gone")
    impatient.close()
    execution = served.start(create_machine(served, activity), {"n": 1})
    complete_task(served, get_task(served, activity, "stays"))
    assert served.ended(execution)["status"] == "SUCCEEDED"
    started = next(event for event in served.history(execution) if event["type"] == "ActivityStarted")
    assert started["activityStartedEventDetails"] == {"workerName": "stays"}
