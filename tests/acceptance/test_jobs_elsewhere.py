"""Jobs of other services (.sync), started, asked for and stopped at the endpoint that is configured.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-batch.html, connect-glue.html and connect-athena.html
"""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from tests.served_engine import ServedEngine, eventually, one


class Desk(ThreadingHTTPServer):
    """Answers as several services do, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Clerk)
        self.asked: list[tuple[str, Json]] = []
        self.status = "RUNNING"
        """What every job's status is."""
        self.broken = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def operations(self) -> list[str]:
        return [operation for operation, _ in self.asked]

    def answer(self, operation: str, given: Json) -> Json:
        job = {"jobId": "j-1", "jobName": "nightly", "status": self.status, "startedAt": 1_700_000_000_000}
        match operation:
            case "submitjob":
                return {"jobId": "j-1", "jobName": given["jobName"]}
            case "describejobs":
                return {"jobs": [job | {"statusReason": "by hand"}]}
            case "AWSGlue.StartJobRun":
                return {"JobRunId": "r-1"}
            case "AWSGlue.GetJobRun":
                return {"JobRun": {"Id": given["RunId"], "JobName": given["JobName"], "JobRunState": self.status}}
            case "CodeBuild_20161006.StartBuild":
                return {"build": {"id": "b-1", "buildStatus": "IN_PROGRESS"}}
            case "CodeBuild_20161006.BatchGetBuilds":
                return {"builds": [{"id": given["ids"][0], "buildStatus": self.status}]}
            case "AmazonAthena.StartQueryExecution":
                return {"QueryExecutionId": "q-1"}
            case "AmazonAthena.GetQueryExecution":
                return {"QueryExecution": {"QueryExecutionId": "q-1", "Status": {"State": self.status}}}
        return {}


class Clerk(BaseHTTPRequestHandler):
    """One request."""

    server: Desk

    def do_POST(self) -> None:
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = self.headers.get("X-Amz-Target") or self.path.rpartition("/")[2]
        self.server.asked.append((operation, given))
        body = json.dumps(self.server.answer(operation, given)).encode()
        self.send_response(500 if self.server.broken else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        pass


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Services elsewhere."""
    server = Desk()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def options(desk: Desk) -> list[str]:
    """Where these services are."""
    names = ("batch", "glue", "codebuild", "athena")
    return [part for name in names for part in ("--endpoint", f"{name}={desk.url}")]


@pytest.fixture
def served(tmp_path: Path, options: list[str]) -> Iterator[ServedEngine]:
    """An engine that knows where they are."""
    engine = ServedEngine(tmp_path / "data")
    engine.up(*options)
    yield engine
    engine.close()


JOBS: dict[str, tuple[str, Json, Json]] = {
    "batch:submitJob": (
        "describejobs",
        {"JobName": "nightly", "JobQueue": "queue", "JobDefinition": "definition"},
        {"JobId": "j-1", "JobName": "nightly", "StartedAt": 1_700_000_000_000, "StatusReason": "by hand"},
    ),
    "glue:startJobRun": ("AWSGlue.GetJobRun", {"JobName": "etl"}, {"Id": "r-1", "JobName": "etl"}),
    "codebuild:startBuild": ("CodeBuild_20161006.BatchGetBuilds", {"ProjectName": "p"}, {"Build": {"Id": "b-1"}}),
    "athena:startQueryExecution": ("AmazonAthena.GetQueryExecution", {"QueryString": "SELECT 1"}, {}),
}


def machine(served: ServedEngine, kind: str) -> str:
    """A machine that runs one job and waits for it."""
    parameters = JOBS[kind][1]
    call = {"Resource": f"arn:aws:states:::{kind}.sync", "Parameters": parameters}
    return served.machine(one({"Type": "Task", "End": True, **call}))


def within(part: Json, whole: Json) -> bool:
    """Whether a document has all that another has."""
    return (
        all(name in whole and within(value, whole[name]) for name, value in part.items())
        if isinstance(part, dict)
        else part == whole
    )


@pytest.mark.parametrize("kind", JOBS)
def test_a_job_elsewhere_is_waited_for_and_its_description_is_the_output(
    served: ServedEngine, desk: Desk, kind: str
) -> None:
    execution = served.start(machine(served, kind))
    eventually(lambda: JOBS[kind][0] in desk.operations())
    assert served.sfn.describe_execution(executionArn=execution)["status"] == "RUNNING"
    desk.status = "SUCCEEDED"
    ended = served.ended(execution)
    assert ended["status"] == "SUCCEEDED"
    assert within(JOBS[kind][2], json.loads(ended["output"]))
    kinds = [event["type"] for event in served.history(execution)]
    assert kinds[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]


@pytest.mark.parametrize("kind", JOBS)
def test_a_job_elsewhere_that_fails_fails_the_state_with_its_description(
    served: ServedEngine, desk: Desk, kind: str
) -> None:
    desk.status = "FAILED"
    ended = served.ended(served.start(machine(served, kind)))
    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    assert "FAILED" in ended["cause"]


def test_a_job_elsewhere_is_waited_for_across_a_crash_and_an_outage(
    served: ServedEngine, desk: Desk, options: list[str]
) -> None:
    execution = served.start(machine(served, "batch:submitJob"))
    eventually(lambda: "describejobs" in desk.operations())
    desk.broken = True
    served.kill()
    asked = len(desk.asked)
    served.up(*options)
    eventually(lambda: len(desk.asked) > asked)
    desk.broken, desk.status = False, "SUCCEEDED"
    assert served.ended(execution)["status"] == "SUCCEEDED"
    assert desk.operations().count("submitjob") == 1


@pytest.mark.parametrize(
    ("kind", "stop", "named"),
    [
        ("batch:submitJob", "terminatejob", {"jobId": "j-1"}),
        ("glue:startJobRun", "AWSGlue.BatchStopJobRun", {"JobName": "etl", "JobRunIds": ["r-1"]}),
        ("codebuild:startBuild", "CodeBuild_20161006.StopBuild", {"id": "b-1"}),
        ("athena:startQueryExecution", "AmazonAthena.StopQueryExecution", {"QueryExecutionId": "q-1"}),
    ],
)
def test_a_job_elsewhere_is_stopped_with_its_execution(
    served: ServedEngine, desk: Desk, kind: str, stop: str, named: Json
) -> None:
    execution = served.start(machine(served, kind))
    eventually(lambda: JOBS[kind][0] in desk.operations())
    served.sfn.stop_execution(executionArn=execution)
    eventually(lambda: stop in desk.operations())
    assert within(named, dict(desk.asked)[stop])
