"""The first answer of `lamplighter up` waits for no library that only later work needs."""

import re
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

LATER = {
    "aiodocker", "aiohttp", "boto3", "botocore.loaders", "botocore.model", "cryptography", "jinja2", "jlens",
    "jsonpath", "lamplighter.cli.up.read_source", "lamplighter.console.app", "lamplighter.engine.disk_usage",
    "lamplighter.engine.metrics_page.job_metrics", "lamplighter.engine.metrics_page.metrics",
    "lamplighter.jobs.file.load", "lamplighter.outbound.http", "lamplighter.outbound.mail",
    "lamplighter.runtime.docker.runtime", "lamplighter.services.alerts.service",
    "lamplighter.services.cloudformation.service",
    "lamplighter.services.cloudwatch.service", "lamplighter.services.logs.service",
    "lamplighter.services.scheduler.service", "lamplighter.services.sns.service",
    "lamplighter.services.sqs.service", "rich", "starlette", "urllib3", "yaml",
}  # fmt: skip
"""Modules that are loaded with the first task, delivery, query, page or job file."""


def test_up_answers_its_first_request_before_it_loads_what_only_later_work_needs(tmp_path: Path) -> None:
    options = ["--data", str(tmp_path / "data"), "--port", "0", "--quiet"]
    command = [sys.executable, "-X", "importtime", "-m", "lamplighter", "up", *options]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            lines = list(lines_until_it_listens(process.stderr))
            assert list_state_machines(int(lines[-1].rpartition(":")[2])) == 200
        finally:
            process.terminate()
        lines += process.stderr
    loaded = {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}
    assert "lamplighter.services.states.service" in loaded
    assert sorted(LATER & loaded) == []


def lines_until_it_listens(stderr: Iterator[str]) -> Iterator[str]:
    """Yield the lines of an engine's output up to the one with its port."""
    for line in stderr:
        yield line
        if re.search(r"listening on http://[^ ]+:[0-9]+$", line):
            return


def list_state_machines(port: int) -> int:
    """Call ListStateMachines and return the status of the answer."""
    connection = HTTPConnection("127.0.0.1", port)
    credential = "Credential=test/20260101/us-east-1/states/aws4_request"
    headers = {
        "X-Amz-Target": "AWSStepFunctions.ListStateMachines",
        "Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0",
    }
    connection.request("POST", "/", "{}", headers)
    status = connection.getresponse().status
    connection.close()
    return status
