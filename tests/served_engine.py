"""An engine as a user runs it: `lamplighter up` in a separate process, called with boto3."""

import json
import os
import re
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TextIO, TypeVar
from unittest import mock

import boto3
from botocore.awsrequest import AWSHTTPConnection
from botocore.config import Config

from lamplighter.base.json_text import Json
from lamplighter.runtime.process import process_session
from lamplighter.runtime.process.process_directory import ProcessDirectory
from tests.command_process import CommandProcess

T = TypeVar("T")

ACCOUNT, REGION = "123456789012", "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/batch"
MAX_SECONDS = 300
"""Seconds after which an engine that has not started or ended hangs."""


class EngineAccount:
    """An account of an engine, which a test calls as a user does, with boto3."""

    def __init__(self, port: int = 0, account_id: str = ACCOUNT, key: str = "test") -> None:
        self.port = port
        self.account_id = account_id
        self.key = key

    @property
    def url(self) -> str:
        """The URL on which the engine listens."""
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str, region: str = REGION, key: str = "", secret: str = "test") -> Json:
        """Return a boto3 client of the engine."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=key or self.key,
            aws_secret_access_key=secret,
            config=Config(retries={"total_max_attempts": 1}, inject_host_prefix=False),
        )

    @property
    def sfn(self) -> Json:
        """A client of Step Functions."""
        return self.client("stepfunctions")

    @property
    def ecs(self) -> Json:
        """A client of ECS."""
        return self.client("ecs")

    def machine(self, definition: Json, name: str = "machine") -> str:
        """Create a state machine and return its ARN."""
        role = f"arn:aws:iam::{self.account_id}:role/batch"
        answer = self.sfn.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)
        arn: str = answer["stateMachineArn"]
        return arn

    def start(self, machine: str, input: Json = None, name: str | None = None) -> str:  # noqa: A002 - AWS's word
        """Start an execution and return its ARN."""
        named = {"name": name} if name else {}
        answer = self.sfn.start_execution(stateMachineArn=machine, input=json.dumps(input or {}), **named)
        arn: str = answer["executionArn"]
        return arn

    def ended(self, execution: str, seconds: float = 120) -> Json:
        """Wait until an execution has ended and return its description."""
        sfn = self.sfn

        def description() -> Json:
            found = sfn.describe_execution(executionArn=execution)
            return found if found["status"] != "RUNNING" else None

        return eventually(description, seconds)

    def history(self, execution: str) -> list[Json]:
        """Return all events of an execution's history."""
        pages = self.sfn.get_paginator("get_execution_history").paginate(executionArn=execution)
        return [event for page in pages for event in page["events"]]

    def list_all_tasks(self, cluster: str = "default") -> list[str]:
        """Return the ARNs of the tasks of a cluster, also of those that have to stop or have stopped."""
        lists = (self.ecs.list_tasks(cluster=cluster, desiredStatus=each) for each in ("RUNNING", "STOPPED"))
        return list(dict.fromkeys(arn for found in lists for arn in found["taskArns"]))

    def task(self, family: str, command: list[str], **container: Json) -> str:
        """Register a task definition of one container and return its ARN."""
        answer = self.ecs.register_task_definition(
            family=family,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[{"name": "main", "command": command, **container}],
        )
        arn: str = answer["taskDefinition"]["taskDefinitionArn"]
        return arn


class ServedEngine(EngineAccount):
    """A data directory, and the engine that runs on it, if one runs."""

    def __init__(self, data: Path, runtime: str = "process") -> None:
        super().__init__()
        self.data = data
        self.runtime = runtime
        self.region = REGION
        self.files: int | None = None
        """The soft and hard limit of open files for the engine; None: the limit of the tests."""
        self.lines: list[str] = []
        self._process: CommandProcess | None = None
        self._reader: threading.Thread | None = None

    def up(self, *options: str) -> None:
        """Start the engine and return when it listens."""
        command = ["up", "--data", str(self.data), "--port", str(self.port), "--runtime", self.runtime, *options]
        credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": self.region}
        environment = {**os.environ, **credentials, "PYTHONUNBUFFERED": "1"}
        read_end, write_end = os.pipe()
        stderr = os.fdopen(read_end)
        self._process = CommandProcess(
            command, stdout=1, stderr=write_end, environment=environment, open_files=self.files
        )
        os.close(write_end)
        if not self._wait_until_it_listens(stderr):
            self._process.wait()
            stderr.close()
            self._process = None
            raise AssertionError(f"the engine did not start: {''.join(self.lines[-50:])}")
        self._reader = threading.Thread(target=self._drain, args=(stderr,), daemon=True)
        self._reader.start()

    def _wait_until_it_listens(self, stderr: TextIO) -> bool:
        """Read the log until the engine listens, and return whether it does; one that hangs logs its stacks."""
        assert self._process is not None
        alarm = threading.Timer(MAX_SECONDS, self._process.send_signal, (signal.SIGABRT,))
        alarm.start()
        try:
            for line in stderr:
                self.lines.append(line)
                if found := re.search(r"listening on https?://[^ ]+:(\d+)", line):
                    self.port = int(found[1])
                    return True
            return False
        finally:
            alarm.cancel()

    def up_on(self, port: int, *options: str) -> None:
        """Start the engine on a port."""
        self.port = port
        self.up(*options)

    def _drain(self, stderr: TextIO) -> None:
        with stderr:
            self.lines.extend(stderr)

    def kill(self, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal, wait for the end of the engine and return its exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        assert self._reader is not None
        code = None
        with suppress(TimeoutError):
            code = self._process.wait(MAX_SECONDS)
        self._reader.join()
        self._process = None
        self.port = 0  # another process may use the port now
        assert code is not None, f"the engine did not end: {''.join(self.lines[-100:])}"
        return code

    @property
    def pid(self) -> int:
        """The id of the engine's process."""
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the engine runs."""
        return self._process is not None and self._process.is_running()

    def wait_for_line(self, text: str, since: int = 0, seconds: float = 120) -> str:
        """Wait until the engine logs a line with this text, and return the line."""
        return eventually(lambda: next((line for line in self.lines[since:] if text in line), None), seconds)

    def close(self) -> None:
        """Kill the engine and the processes that it runs."""
        if self._process is not None:
            self.kill()
        for place in map(ProcessDirectory, self.data.glob("processes/*")):
            leader = place.read_leader()
            if leader is not None and place.read_exit() is None:
                process_session.kill(leader)


def run_task(definition: str, cluster: str = "default", **state: Json) -> Json:
    """Return a state that runs an ECS task and waits for it."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::ecs:runTask.sync",
        "Parameters": {
            "LaunchType": "FARGATE",
            "Cluster": cluster,
            "TaskDefinition": definition,
            "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["subnet-1"], "AssignPublicIp": "ENABLED"}},
        },
        **({} if "Next" in state else {"End": True}),
        **state,
    }


def one_state(state: Json) -> Json:
    """Return the definition of a state machine with one state."""
    return {"StartAt": "Job", "States": {"Job": state}}


def call_in_thread(pool: ThreadPoolExecutor, call: Callable[..., Json], **params: Json) -> "Future[Json]":
    """Call an operation in a thread; return its future after the request was sent."""
    sent, read = threading.Event(), AWSHTTPConnection.getresponse

    def getresponse(connection: AWSHTTPConnection) -> object:
        sent.set()
        return read(connection)

    with mock.patch.object(AWSHTTPConnection, "getresponse", getresponse):
        waiting = pool.submit(call, **params)
        assert sent.wait(60)
    return waiting


def eventually(condition: Callable[[], T | None], seconds: float = 120) -> T:
    """Call `condition` repeatedly until its result is true, and return the result."""
    began = time.monotonic()
    while True:
        found = condition()
        if found:
            return found
        waited = time.monotonic() - began
        assert waited < seconds, f"nothing to see after {seconds} s"
        time.sleep(min(0.1, 0.02 + waited / 20))  # the longer it takes, the less an answer may cost
