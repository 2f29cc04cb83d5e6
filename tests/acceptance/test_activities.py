"""Workers of activities as boto3 makes them: they ask, and get each task once, whatever is killed."""

import json
import signal
from concurrent.futures import Future, ThreadPoolExecutor

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError, ReadTimeoutError

from lamplighter.base.json_text import Json
from tests.served_engine import REGION, ServedEngine, eventually, one, when_sent


@pytest.fixture
def activity(served: ServedEngine) -> str:
    """An activity, and a machine of its name that has it done."""
    arn: str = served.sfn.create_activity(name="knock")["activityArn"]
    return arn


def machine(served: ServedEngine, activity: str) -> str:
    return served.machine(one({"Type": "Task", "Resource": activity, "End": True}))


def ask(served: ServedEngine, activity: str, worker: str = "worker") -> Json:
    return served.sfn.get_activity_task(activityArn=activity, workerName=worker)


def asks(pool: ThreadPoolExecutor, served: ServedEngine, activity: str) -> "Future[Json]":
    """A worker that has asked, and waits."""
    asking = when_sent(pool, served.sfn.get_activity_task, activityArn=activity)
    for _ in range(3):
        served.sfn.list_activities()  # answered after the request that was sent before it has been read
    return asking


def answer(served: ServedEngine, task: Json) -> None:
    served.sfn.send_task_success(taskToken=task["taskToken"], output=task["input"])


def types(served: ServedEngine, execution: str) -> list[str]:
    return [event["type"] for event in served.history(execution)]


def test_a_worker_that_asks_before_the_task_is_there_gets_it_and_so_does_one_that_asks_after(
    served: ServedEngine, activity: str
) -> None:
    knock = machine(served, activity)
    with ThreadPoolExecutor() as pool:
        early: Future[Json] = pool.submit(ask, served, activity)
        first = served.start(knock, {"n": 1})
        answer(served, early.result())
    assert json.loads(served.ended(first)["output"]) == {"n": 1}
    second = served.start(knock, {"n": 2})
    eventually(lambda: "ActivityScheduled" in types(served, second))
    answer(served, ask(served, activity))
    assert json.loads(served.ended(second)["output"]) == {"n": 2}


def test_two_workers_get_two_tasks(served: ServedEngine, activity: str) -> None:
    knock = machine(served, activity)
    with ThreadPoolExecutor() as pool:
        workers = [pool.submit(ask, served, activity, name) for name in ("Ann", "Bert")]
        executions = [served.start(knock, {"n": number}) for number in (1, 2)]
        tasks = [worker.result() for worker in workers]
    assert sorted(json.loads(task["input"])["n"] for task in tasks) == [1, 2]
    for task in tasks:
        answer(served, task)
    assert [json.loads(served.ended(execution)["output"])["n"] for execution in executions] == [1, 2]


def test_an_engine_that_is_killed_while_a_worker_asks_gives_the_task_to_the_next_that_asks(
    served: ServedEngine, activity: str
) -> None:
    knock = machine(served, activity)
    with ThreadPoolExecutor() as pool:
        asking = pool.submit(ask, served, activity)
        held = served.start(knock, {"n": 1})
        task = asking.result()
        asking = asks(pool, served, activity)
        served.kill()
        with pytest.raises(HTTPClientError):
            asking.result()
    served.up()
    waits = served.start(knock, {"n": 2})
    other = ask(served, activity)
    assert json.loads(other["input"]) == {"n": 2}
    for taken, execution in ((task, held), (other, waits)):
        answer(served, taken)
        assert served.ended(execution)["status"] == "SUCCEEDED"
        assert types(served, execution).count("ActivityStarted") == 1


def test_an_engine_that_is_stopped_sends_workers_away_at_once(served: ServedEngine, activity: str) -> None:
    with ThreadPoolExecutor() as pool:
        asking = asks(pool, served, activity)
        assert served.kill(signal.SIGTERM) == 0
        with pytest.raises(ClientError, match=r"ServiceUnavailable|the engine is stopping"):
            asking.result()
    assert not any("Traceback" in line for line in served.lines)


def test_a_task_that_nobody_took_is_there_after_a_kill(served: ServedEngine, activity: str) -> None:
    execution = served.start(machine(served, activity), {"n": 1})
    served.kill()
    served.up()
    answer(served, ask(served, activity))
    assert served.ended(execution)["status"] == "SUCCEEDED"


def test_a_worker_that_hangs_up_takes_no_task_with_it(served: ServedEngine, activity: str) -> None:
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
    execution = served.start(machine(served, activity), {"n": 1})
    answer(served, ask(served, activity, "stays"))
    assert served.ended(execution)["status"] == "SUCCEEDED"
    started = next(event for event in served.history(execution) if event["type"] == "ActivityStarted")
    assert started["activityStartedEventDetails"] == {"workerName": "stays"}
