"""An AWS account for tests, which moto serves in a separate process, and the command line in a subprocess."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

import boto3

from lamplighter.base.json_text import Json
from tests import command_process
from tests.command_process import CommandResult

REGION = "us-east-1"
TEST_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}
MOTO_PROGRAM = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


@contextmanager
def start_moto() -> Iterator[str]:
    """Start an empty account and yield its URL."""
    process = subprocess.Popen(
        [sys.executable, "-c", MOTO_PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, cwd="/",
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin, process.stdout:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.kill()
    process.wait()


def make_client(url: str, service: str) -> Json:
    """Return a boto3 client for an account."""
    return boto3.client(
        service, endpoint_url=url, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
    )


def run_command(folder: Path, *words: str, **environment: str) -> CommandResult:
    """Run a command in a folder without a terminal, so that it cannot prompt."""
    return command_process.run_command(folder, *words, environment=command_environment(**environment))


def command_environment(**more: str) -> Mapping[str, str]:
    """Return a command's environment: test credentials, and no AWS configuration of the user."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "LAMPLIGHTER_"))}
    return {
        **kept,
        **TEST_CREDENTIALS,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        **more,
    }


def write_job_file(folder: Path, text: str) -> None:
    """Write lamplighter.yaml."""
    (folder / "lamplighter.yaml").write_text(dedent(text))


ARTICLE_JOB = """
    project: reports
    defaults: {timezone: Asia/Seoul, notify: ops}
    channels:
      ops: {email: ops@example.com}
      dev: {sns: "arn:aws:sns:us-east-1:123456789012:dev"}
    jobs:
      nightly:
        image: public.ecr.aws/docker/library/python:3.12
        command: [python, report.py]
        schedule: cron(0 3 * * ? *)
        retry: {attempts: 1, interval: 10s, backoff: 1}
        timeout: 1h
        deadline: 3h
        network: {subnets: [subnet-1], security-groups: [sg-1]}
    """
"""The article's job."""
