"""Jobs of other services (.sync) are started, polled and stopped at the configured endpoint.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-batch.html, connect-glue.html and connect-athena.html
"""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lamplighter.base.aws.service_model import OperationModel, ServiceModel, read_definition
from lamplighter.base.json_text import Json
from lamplighter.wire.http import HttpRequest
from lamplighter.wire.protocols import rest_json
from tests.served_engine import ServedEngine, eventually, one_state

SERVICES = ("batch", "glue", "codebuild", "athena")
MODELS = {service: ServiceModel(read_definition(service)) for service in SERVICES}


class OtherServices(ThreadingHTTPServer):
    """A server that answers as several services do and records the requests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), RequestHandler)
        self.requests: list[tuple[str, Json]] = []
        self.status = "RUNNING"
        """The status of every job."""
        self.fails = False
        self.answers_nothing = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def operations(self) -> list[str]:
        return [operation for operation, _ in self.requests]

    def answer(self, operation: str, given: Json) -> Json:
        if self.answers_nothing:
            return {}
        job = {"jobId": "j-1", "jobName": "nightly", "status": self.status, "startedAt": 1_700_000_000_000}
        match operation:
            case "SubmitJob":
                return {"jobId": "j-1", "jobName": given["jobName"]}
            case "DescribeJobs":
                return {"jobs": [job | {"statusReason": "by hand"}]}
            case "StartJobRun":
                return {"JobRunId": "r-1"}
            case "GetJobRun":
                return {"JobRun": {"Id": given["RunId"], "JobName": given["JobName"], "JobRunState": self.status}}
            case "StartBuild":
                return {"build": {"id": "b-1", "buildStatus": "IN_PROGRESS"}}
            case "BatchGetBuilds":
                return {"builds": [{"id": given["ids"][0], "buildStatus": self.status}]}
            case "StartQueryExecution":
                return {"QueryExecutionId": "q-1"}
            case "GetQueryExecution":
                return {"QueryExecution": {"QueryExecutionId": "q-1", "Status": {"State": self.status}}}
        return {}


def find_operation(http: HttpRequest) -> OperationModel:
    """Return what a request calls, by the models of this botocore: AWS changes a service's protocol now and then."""
    target = http.headers.get(b"x-amz-target", b"").decode()
    for model in MODELS.values():
        if target and target.startswith(f"{model.metadata.get('targetPrefix')}."):
            return model.operation_model(target.partition(".")[2])
        if not target and model.metadata["protocol"] == "rest-json":
            for operation in map(model.operation_model, model.operation_names):
                if rest_json.make_matcher(operation)(http):
                    return operation
    raise LookupError(f"no service of this test has the operation of {http}")


class RequestHandler(BaseHTTPRequestHandler):
    """Answers a request."""

    server: OtherServices

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower().encode(): value.encode() for name, value in self.headers.items()}
        http = HttpRequest(self.command, self.path.encode(), b"", headers, body)
        operation = find_operation(http)
        given = json.loads(body) if b"x-amz-target" in headers else rest_json.make_decoder(operation)(http)
        self.server.requests.append((operation.name, given))
        answer = json.dumps(self.server.answer(operation.name, given)).encode()
        self.send_response(500 if self.server.fails else 200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST  # noqa: N815 - the name in the standard library

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
    return [part for name in SERVICES for part in ("--endpoint", f"{name}={services.url}")]


@pytest.fixture
def served(tmp_path: Path, options: list[str]) -> Iterator[ServedEngine]:
    """Start an engine with the endpoints of these services."""
    engine = ServedEngine(tmp_path / "data")
    engine.up(*options)
    yield engine
    engine.close()


JOBS: dict[str, tuple[str, Json, Json]] = {
    "batch:submitJob": (
        "DescribeJobs",
        {"JobName": "nightly", "JobQueue": "queue", "JobDefinition": "definition"},
        {"JobId": "j-1", "JobName": "nightly", "StartedAt": 1_700_000_000_000, "StatusReason": "by hand"},
    ),
    "glue:startJobRun": ("GetJobRun", {"JobName": "etl"}, {"Id": "r-1", "JobName": "etl"}),
    "codebuild:startBuild": ("BatchGetBuilds", {"ProjectName": "p"}, {"Build": {"Id": "b-1"}}),
    "athena:startQueryExecution": ("GetQueryExecution", {"QueryString": "SELECT 1"}, {}),
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


def test_an_answer_that_names_no_job_fails_the_state_with_what_was_answered(
    served: ServedEngine, services: OtherServices
) -> None:
    services.answers_nothing = True
    ended = served.ended(served.start(create_machine(served, "athena:startQueryExecution")))
    assert (ended["status"], ended["error"]) == ("FAILED", "Athena.SdkClientException")
    assert ended["cause"].startswith("The answer to StartQueryExecution does not name what was started: {}")


def test_a_job_of_another_service_is_awaited_across_a_crash_and_an_outage(
    served: ServedEngine, services: OtherServices, options: list[str]
) -> None:
    execution = served.start(create_machine(served, "batch:submitJob"))
    eventually(lambda: "DescribeJobs" in services.operations())
    services.fails = True
    served.kill()
    count = len(services.requests)
    served.up(*options)
    eventually(lambda: len(services.requests) > count)
    services.fails, services.status = False, "SUCCEEDED"
    assert served.ended(execution)["status"] == "SUCCEEDED"
    assert services.operations().count("SubmitJob") == 1


@pytest.mark.parametrize(
    ("kind", "stop", "expected"),
    [
        ("batch:submitJob", "TerminateJob", {"jobId": "j-1"}),
        ("glue:startJobRun", "BatchStopJobRun", {"JobName": "etl", "JobRunIds": ["r-1"]}),
        ("codebuild:startBuild", "StopBuild", {"id": "b-1"}),
        ("athena:startQueryExecution", "StopQueryExecution", {"QueryExecutionId": "q-1"}),
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
