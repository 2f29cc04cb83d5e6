"""Jobs of other services (.sync) are started, polled and stopped at the configured endpoint.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-batch.html, connect-glue.html and connect-athena.html
"""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from tests.served_engine import ServedEngine, eventually, one_state


class OtherServices(ThreadingHTTPServer):
    """A server that answers as several services do and records the requests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), RequestHandler)
        self.requests: list[tuple[str, Json]] = []
        self.status = "RUNNING"
        """The status of every job."""
        self.fails = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def operations(self) -> list[str]:
        return [operation for operation, _ in self.requests]

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


class RequestHandler(BaseHTTPRequestHandler):
    """Answers a request."""

    server: OtherServices

    def do_POST(self) -> None:
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = self.headers.get("X-Amz-Target") or self.path.rpartition("/")[2]
        self.server.requests.append((operation, given))
        body = json.dumps(self.server.answer(operation, given)).encode()
        self.send_response(500 if self.server.fails else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the standard library
        pass


@pytest.fixture
def services() -> Iterator[OtherServices]:
    """Start the server that answers for the other services."""
    server = OtherServices()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def options(services: OtherServices) -> list[str]:
    """Return the options that set the endpoints of these services."""
    names = ("batch", "glue", "codebuild", "athena")
    return [part for name in names for part in ("--endpoint", f"{name}={services.url}")]


@pytest.fixture
def served(tmp_path: Path, options: list[str]) -> Iterator[ServedEngine]:
    """Start an engine with the endpoints of these services."""
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


def create_machine(served: ServedEngine, kind: str) -> str:
    """Create a machine that runs one job and waits for it; return its ARN."""
    parameters = JOBS[kind][1]
    call = {"Resource": f"arn:aws:states:::{kind}.sync", "Parameters": parameters}
    return served.machine(one_state({"Type": "Task", "End": True, **call}))


def contains(part: Json, whole: Json) -> bool:
    """Return whether `whole` contains everything in `part`."""
    return (
        all(name in whole and contains(value, whole[name]) for name, value in part.items())
        if isinstance(part, dict)
        else part == whole
    )


@pytest.mark.parametrize("kind", JOBS)
def test_a_job_of_another_service_is_awaited_and_its_description_is_the_output(
    served: ServedEngine, services: OtherServices, kind: str
) -> None:
    execution = served.start(create_machine(served, kind))
    eventually(lambda: JOBS[kind][0] in services.operations())
    assert served.sfn.describe_execution(executionArn=execution)["status"] == "RUNNING"
    services.status = "SUCCEEDED"
    ended = served.ended(execution)
    assert ended["status"] == "SUCCEEDED"
    assert contains(JOBS[kind][2], json.loads(ended["output"]))
    event_types = [event["type"] for event in served.history(execution)]
    assert event_types[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]


@pytest.mark.parametrize("kind", JOBS)
def test_a_failed_job_of_another_service_fails_the_state_with_its_description(
    served: ServedEngine, services: OtherServices, kind: str
) -> None:
    services.status = "FAILED"
    ended = served.ended(served.start(create_machine(served, kind)))
    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    assert "FAILED" in ended["cause"]


def test_a_job_of_another_service_is_awaited_across_a_crash_and_an_outage(
    served: ServedEngine, services: OtherServices, options: list[str]
) -> None:
    execution = served.start(create_machine(served, "batch:submitJob"))
    eventually(lambda: "describejobs" in services.operations())
    services.fails = True
    served.kill()
    count = len(services.requests)
    served.up(*options)
    eventually(lambda: len(services.requests) > count)
    services.fails, services.status = False, "SUCCEEDED"
    assert served.ended(execution)["status"] == "SUCCEEDED"
    assert services.operations().count("submitjob") == 1


@pytest.mark.parametrize(
    ("kind", "stop", "expected"),
    [
        ("batch:submitJob", "terminatejob", {"jobId": "j-1"}),
        ("glue:startJobRun", "AWSGlue.BatchStopJobRun", {"JobName": "etl", "JobRunIds": ["r-1"]}),
        ("codebuild:startBuild", "CodeBuild_20161006.StopBuild", {"id": "b-1"}),
        ("athena:startQueryExecution", "AmazonAthena.StopQueryExecution", {"QueryExecutionId": "q-1"}),
    ],
)
def test_a_job_of_another_service_is_stopped_with_its_execution(
    served: ServedEngine, services: OtherServices, kind: str, stop: str, expected: Json
) -> None:
    execution = served.start(create_machine(served, kind))
    eventually(lambda: JOBS[kind][0] in services.operations())
    served.sfn.stop_execution(executionArn=execution)
    eventually(lambda: stop in services.operations())
    assert contains(expected, dict(services.requests)[stop])
