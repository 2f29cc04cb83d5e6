"""The article's batch, end to end, on this machine: a container that fails once is tried again, and the run succeeds.

Starts an engine of its own in a temporary directory, drives it with boto3 as any AWS program would, and kills it with
SIGKILL while the run waits for its retry: the run goes on as if nothing had happened.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

ACCOUNT, REGION = "123456789012", "ap-northeast-1"
HERE = Path(__file__).parent
JOB = """
if [ -e "$MARK" ]; then echo "second attempt: the report is ready"; exit 0; fi
touch "$MARK"; echo "first attempt: the database is not there" >&2; exit 1
"""


def main() -> int:
    """Run the story; 0 where it ended well."""
    with tempfile.TemporaryDirectory(prefix="lamplighter-demo-") as folder:
        data = Path(folder) / "data"
        with engine(data, 0) as (process, port):
            execution = start_run(port, Path(folder) / "mark")
            waits_for_retry(port, execution)
            say("kill -9 the engine, while the run waits 10 s for its retry")
            process.send_signal(signal.SIGKILL)
            process.wait()
        say("start it again")
        with engine(data, port):
            status = follow(port, execution)
    say(f"the run ended {status}")
    return 0 if status == "SUCCEEDED" else 1


@contextmanager
def engine(data: Path, port: int) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """An engine as `lamplighter up` starts it."""
    command = [
        sys.executable,
        "-m",
        "lamplighter",
        "up",
        "--data",
        str(data),
        "--port",
        str(port),
        "--runtime",
        "process",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, bufsize=1) as process:
        assert process.stderr is not None
        listening = None
        while listening is None:
            line = process.stderr.readline()
            if not line:
                raise SystemExit(f"the engine did not start (exit code {process.wait()})")
            listening = re.search(r"listening on http://127\.0\.0\.1:(\d+)", line)
        os.set_blocking(process.stderr.fileno(), False)
        say(f"lamplighter up: listening on http://127.0.0.1:{listening[1]}")
        try:
            yield process, int(listening[1])
        finally:
            process.terminate()


def client(service: str, port: int) -> Any:
    """A boto3 client of the engine."""
    return boto3.client(
        service,
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name=REGION,
        aws_access_key_id="demo",
        aws_secret_access_key="demo",  # noqa: S106 - no secret: the engine takes any
    )


def start_run(port: int, mark: Path) -> str:
    """Create what the article has: a cluster, a task definition, the state machine; start it."""
    ecs, sfn = client("ecs", port), client("stepfunctions", port)
    cluster = ecs.create_cluster(clusterName="batch")["cluster"]["clusterArn"]
    task = ecs.register_task_definition(
        family="report",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        containerDefinitions=[
            {
                "name": "report",
                "command": ["sh", "-c", JOB],
                "environment": [{"name": "MARK", "value": str(mark)}],
            }
        ],
    )["taskDefinition"]["taskDefinitionArn"]
    definition = (HERE / "state-machine.asl.json").read_text()
    definition = definition.replace("arn:aws:ecs:ap-northeast-1:xxxxx:cluster/xxxxx", cluster)
    definition = definition.replace("arn:aws:ecs:ap-northeast-1:xxxxx:task-definition/xxxxx", task)
    machine = sfn.create_state_machine(
        name="nightly-report", definition=definition, roleArn=f"arn:aws:iam::{ACCOUNT}:role/batch"
    )["stateMachineArn"]
    say("the article's state machine, word for word, is created; start it")
    execution: str = sfn.start_execution(stateMachineArn=machine)["executionArn"]
    return execution


def waits_for_retry(port: int, execution: str) -> None:
    """Return once the first attempt has failed."""
    sfn = client("stepfunctions", port)
    while not any(event["type"] == "TaskFailed" for event in events(sfn, execution)):
        time.sleep(0.05)


def follow(port: int, execution: str) -> str:
    """Print the history until the run has ended; its status."""
    sfn, shown = client("stepfunctions", port), 0
    while True:
        status: str = sfn.describe_execution(executionArn=execution)["status"]
        found = events(sfn, execution)
        for event in found[shown:]:
            print(f"    {event['timestamp']:%H:%M:%S}  {event['id']:>2}  {event['type']}{outcome(event)}", flush=True)
        shown = len(found)
        if status != "RUNNING":
            return status
        time.sleep(0.1)


def events(sfn: Any, execution: str) -> list[Any]:
    """The history so far."""
    found: list[Any] = sfn.get_execution_history(executionArn=execution)["events"]
    return found


def outcome(event: Any) -> str:
    """What a task's last event says of its container."""
    details = event.get("taskFailedEventDetails") or event.get("taskSucceededEventDetails")
    if not details:
        return ""
    task = json.loads(details.get("cause") or details["output"])
    error = f"  {details['error']}" if "error" in details else ""
    return f"{error}  exit code {task['Containers'][0].get('ExitCode')}, {task['StoppedReason']}"


def say(text: str) -> None:
    """Tell what happens."""
    print(f"==> {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
