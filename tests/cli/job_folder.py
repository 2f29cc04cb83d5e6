"""A folder with a job file whose jobs are deployed to an engine, for the tests of the commands about runs."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from typer.testing import CliRunner, Result

from lamplighter.base.json_text import Json, loads
from lamplighter.cli.app import build_app
from lamplighter.jobs.file.load import load_job_file
from lamplighter.jobs.stack.template import build_template, to_json
from tests.served_engine import ServedEngine, eventually

JOBS = """
project: reports
defaults: {timezone: Europe/Berlin, timeout: 1h}
jobs:
  nightly:
    command: [sh, -c, 'echo "attempt $LAMPLIGHTER_ATTEMPT says $GREETING $LAMPLIGHTER_INPUT"; exit $CODE']
    environment: {GREETING: hello, CODE: "3"}
    input: {table: sales}
    schedule: cron(30 2 * * ? *)
    retry: {attempts: 1, interval: 1s, backoff: 1}
  judged:
    command: [sh, -c, exit 7]
    schedule: cron(0 4 * * ? *)
    enabled: false
    retry: {exit: [{codes: [7], attempts: 1, interval: 1s}]}
  endless:
    command: [sh, -c, 'echo begun; exec sleep 1000']
  single:
    command: [sh, -c, exec sleep 1000]
    overlap: skip
  beside:
    command: [sh, -c, 'while test ! -e "$LAMPLIGHTER_DONE"; do sleep 0.1; done; exit 5']
    overlap: skip
  quick:
    command: [sh, -c, 'echo out']
    input: {day: 1, Ref: text}
  broken:
    command: [sh, -c, 'echo no disk; exit 4']
  flow:
    workflow: flow.asl.yaml
"""
FLOW = """
StartAt: Both
States:
  Both:
    Type: Parallel
    Branches:
      - {StartAt: Short, States: {Short: {Type: Task, Job: broken, End: true}}}
      - {StartAt: Long, States: {Long: {Type: Task, Job: endless, End: true}}}
    End: true
"""
EXTRA = """
  later:
    command: [sh, -c, exit 0]
"""


class JobFolder:
    """A folder with a job file, its engine, and the commands that a user types there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.served = ServedEngine(folder / ".lamplighter")

    def up(self) -> None:
        """Start the engine with the jobs of the file; then add a job to the file that is not deployed."""
        file = self.folder / "lamplighter.yaml"
        (self.folder / "flow.asl.yaml").write_text(FLOW)
        file.write_text(JOBS)
        self.served.up()
        cloudformation = self.served.client("cloudformation")
        body = to_json(build_template(load_job_file(file).project, "here"))
        cloudformation.create_stack(StackName="reports", TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])

        def complete() -> bool:
            (stack,) = cloudformation.describe_stacks(StackName="reports")["Stacks"]
            return bool(stack["StackStatus"] == "CREATE_COMPLETE")

        eventually(complete)
        file.write_text(JOBS + EXTRA)

    def invoke(self, *words: str, folder: Path | None = None) -> Result:
        """Run a command in this process and folder."""
        with _in(folder or self.folder):
            return CliRunner().invoke(build_app(words[0]), words)

    def invoke_json(self, *words: str) -> list[Json]:
        """Run a command with --json and return its documents."""
        result = self.invoke(*words, "--json")
        assert result.exit_code == 0, result.output
        return [loads(line) for line in result.stdout.splitlines()]

    def run_job(self, job: str, *options: str) -> Json:
        """Start a run, wait for its end (but not for `endless`), and return the output of `run`."""
        (begun,) = self.invoke_json("run", job, *options)
        if job != "endless":
            self.served.ended(begun["arn"])
        return begun

    def start_command(self, *words: str) -> "subprocess.Popen[str]":
        """Start a command in a separate process."""
        return subprocess.Popen(
            [sys.executable, "-m", "lamplighter", *words],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )


@contextmanager
def _in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
