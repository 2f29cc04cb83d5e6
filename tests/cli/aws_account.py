"""An AWS account for tests: moto in a process of its own; and the command line, typed."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import boto3

from lamplighter.base.json_text import Json

REGION = "us-east-1"
ANYBODY = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}
PROGRAM = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


@contextmanager
def account() -> Iterator[str]:
    """The URL of an account."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, cwd="/",
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin, process.stdout:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.kill()
    process.wait()


def client(url: str, service: str) -> Json:
    """A boto3 client of an account."""
    return boto3.client(
        service, endpoint_url=url, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
    )


@dataclass(frozen=True, slots=True)
class Typed:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str


def typed(folder: Path, *words: str, **environment: str) -> Typed:
    """Type a command in a folder, with nobody there to be asked."""
    command, around = [sys.executable, "-m", "lamplighter", *words], surroundings(**environment)
    done = subprocess.run(
        command, cwd=folder, env=around, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120
    )
    return Typed(done.returncode, done.stdout, done.stderr)


def surroundings(**more: str) -> Mapping[str, str]:
    """The environment of a command: credentials of nobody, and no one's configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "LAMPLIGHTER_"))}
    return {**kept, **ANYBODY, "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, **more}


def job_file(folder: Path, text: str) -> None:
    """Write lamplighter.yaml."""
    (folder / "lamplighter.yaml").write_text(dedent(text))


NIGHTLY = """
    project: reports
    defaults: {timezone: Asia/Seoul, notify: ops}
    channels:
      ops: {email: ops@example.com}
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
