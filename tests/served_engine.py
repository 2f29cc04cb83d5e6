"""An engine as a user runs it: `lamplighter up` in a process of its own, driven with boto3."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar
from unittest import mock

import boto3
from botocore.awsrequest import AWSHTTPConnection
from botocore.config import Config

from lamplighter.base.json_text import Json
from lamplighter.runtime.process import process_session
from lamplighter.runtime.process.process_directory import ProcessDirectory

T = TypeVar("T")

ACCOUNT, REGION = "123456789012", "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/batch"


class ServedEngine:
    """One data directory, and the engine that runs on it now, if one does."""

    def __init__(self, data: Path, runtime: str = "process") -> None:
        self.data = data
        self.runtime = runtime
        self.port = 0
        self.region = REGION
        self.files: int | None = None
        """The limit of open files with which it is started, soft and hard; None: that of the tests."""
        self.lines: list[str] = []
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def up(self, *options: str) -> None:
        """Start the engine; return when it listens."""
        command = [sys.executable, "-m", "lamplighter", "up", "--data", str(self.data), "--port", str(self.port)]
        credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": self.region}
        environment = {**os.environ, **credentials, "PYTHONUNBUFFERED": "1"}
        limited = [] if self.files is None else ["/bin/sh", "-c", f'ulimit -n {self.files}; exec "$@"', "sh"]
        self._process = subprocess.Popen(
            [*limited, *command, "--runtime", self.runtime, *options],
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            start_new_session=True,
        )
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.lines.append(line)
            found = re.search(r"listening on http://[^ ]+:(\d+)", line)
            if found:
                self.port = int(found[1])
                break
        else:
            self._process.wait()
            self._process.stderr.close()
            self._process = None
            raise AssertionError(f"the engine did not start: {''.join(self.lines[-5:])}")
        self._reader = threading.Thread(target=self._drain, args=(self._process,), daemon=True)
        self._reader.start()

    def up_on(self, port: int) -> None:
        """Start the engine on a port."""
        self.port = port
        self.up()

    def _drain(self, process: "subprocess.Popen[str]") -> None:
        assert process.stderr is not None
        self.lines.extend(process.stderr)

    def kill(self, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal and wait for the end; the exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        code = self._process.wait()
        assert self._reader is not None
        self._reader.join()
        assert self._process.stderr is not None
        self._process.stderr.close()
        self._process = None
        self.port = 0  # it may be somebody else's by now
        return code

    @property
    def pid(self) -> int:
        """The engine's process."""
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether an engine runs."""
        return self._process is not None and self._process.poll() is None

    def close(self) -> None:
        """Leave no engine behind, and none of the processes that it runs."""
        if self._process is not None:
            self.kill()
        for place in map(ProcessDirectory, self.data.glob("processes/*")):
            leader = place.read_leader()
            if leader is not None and place.read_exit() is None:
                process_session.kill(leader)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str, region: str = REGION, key: str = "test", secret: str = "test") -> Json:
        """A boto3 client."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=Config(retries={"total_max_attempts": 1}, inject_host_prefix=False),
        )

    @property
    def sfn(self) -> Json:
        """Step Functions."""
        return self.client("stepfunctions")

    @property
    def ecs(self) -> Json:
        """ECS."""
        return self.client("ecs")

    def machine(self, definition: Json, name: str = "machine") -> str:
        """Create a state machine; its ARN."""
        answer = self.sfn.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
        arn: str = answer["stateMachineArn"]
        return arn

    def start(self, machine: str, input: Json = None, name: str | None = None) -> str:  # noqa: A002 - AWS's word
        """Start an execution; its ARN."""
        named = {"name": name} if name else {}
        answer = self.sfn.start_execution(stateMachineArn=machine, input=json.dumps(input or {}), **named)
        arn: str = answer["executionArn"]
        return arn

    def ended(self, execution: str, seconds: float = 30) -> Json:
        """Wait until an execution has ended; its description."""
        sfn = self.sfn

        def described() -> Json:
            found = sfn.describe_execution(executionArn=execution)
            return found if found["status"] != "RUNNING" else None

        return eventually(described, seconds)

    def history(self, execution: str) -> list[Json]:
        """All events of an execution."""
        pages = self.sfn.get_paginator("get_execution_history").paginate(executionArn=execution)
        return [event for page in pages for event in page["events"]]

    def task(self, family: str, command: list[str], **container: Json) -> str:
        """Register a task definition of one container; its ARN."""
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


def run_task(definition: str, cluster: str = "default", **state: Json) -> Json:
    """A state that runs a task and waits for it."""
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


def one(state: Json) -> Json:
    """A machine of one state."""
    return {"StartAt": "Job", "States": {"Job": state}}


def when_sent(pool: ThreadPoolExecutor, call: Callable[..., Json], **params: Json) -> "Future[Json]":
    """Call an operation in a thread; what will come of it, once its request is on its way."""
    sent, read = threading.Event(), AWSHTTPConnection.getresponse

    def getresponse(connection: AWSHTTPConnection) -> object:
        sent.set()
        return read(connection)

    with mock.patch.object(AWSHTTPConnection, "getresponse", getresponse):
        waiting = pool.submit(call, **params)
        assert sent.wait(60)
    return waiting


def eventually(look: Callable[[], T | None], seconds: float = 120) -> T:
    """Look again and again until there is something to see."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, f"nothing to see after {seconds} s"
        time.sleep(0.02)
