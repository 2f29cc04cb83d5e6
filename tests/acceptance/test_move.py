"""`move` hands jobs over between two engines, one of which is AWS: each slot runs once, wherever the command dies."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json, loads
from tests.cli.aws_account import command_environment, run_command
from tests.cli.up_folder import UpFolder
from tests.command_process import CommandResult
from tests.served_engine import ACCOUNT, REGION, ServedEngine, eventually

MOMENTS = range(1, 9)
"""When a command dies: before and after each of four steps that others can see."""
LATE = (4, 5)
"""Between the end of the one side and the beginning of the other: here the move goes on after the handover's time."""
JOBS = """
    tick:
      image: busybox
      command: [sh, -c, "exit 0"]
      schedule: cron(* * * * ? *)
      timeout: 1m
      notify: {did-not-start: ops}
      network: {subnets: [subnet-1]}
    """
CHANNELS = f"channels: {{ops: {{sqs: 'arn:aws:sqs:{REGION}:{ACCOUNT}:ops'}}}}\n"


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[ServedEngine]:
    """An engine that commands take for AWS."""
    made = ServedEngine(tmp_path / "aws")
    made.up()
    yield made
    made.close()


class MovedBox(UpFolder):
    """A box, whose project moves."""

    def __init__(self, folder: Path, project: str, aws: ServedEngine) -> None:
        folder.mkdir()
        super().__init__(folder)
        self.project = project
        self.aws = aws
        self.write(JOBS, project, CHANNELS)
        self.up_and_apply()

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make commands take the other engine for AWS."""
        return {"AWS_ENDPOINT_URL": self.aws.url, "AWS_REGION": REGION}

    def command(self, *words: str) -> CommandResult:
        """Run a command in the folder of the job file."""
        return run_command(self.folder, *words, **self.environment)

    def move(self, to: str, at: str) -> CommandResult:
        return self.command("move", *self.words(to, at))

    def words(self, to: str, at: str) -> list[str]:
        return ["--to", to, "--at", at, "--data", str(self.data), "--yes"]

    def move_and_die(self, moment: int, to: str, at: str) -> int:
        """Run a move that dies at a moment; return its exit code."""
        words = [sys.executable, "-m", "tests.acceptance.killed_command", str(moment), "move", *self.words(to, at)]
        environment = {**command_environment(**self.environment), "PYTHONPATH": str(Path(__file__).parents[2])}
        with Path(os.devnull).open("w") as out:
            return subprocess.run(
                words, cwd=self.folder, env=environment, check=False, stdout=out, stderr=out
            ).returncode

    def slots(self, engine: ServedEngine) -> list[datetime]:
        """Return the slots that an engine has started, in order."""
        machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{self.project}-tick"
        pages = engine.sfn.get_paginator("list_executions").paginate(stateMachineArn=machine)
        inputs = (
            loads(engine.sfn.describe_execution(executionArn=each["executionArn"])["input"])
            for page in pages
            for each in page["executions"]
        )
        return sorted(datetime.fromisoformat(each["lamplighter"]["scheduled"]) for each in inputs)

    def wait_for_slot(self, engine: ServedEngine, after: datetime) -> None:
        """Wait until an engine has started a slot after a time."""
        eventually(lambda: any(each > after for each in self.slots(engine)), 400)

    def alarm_states(self, engine: ServedEngine) -> set[str]:
        """Return the states of the alarms for runs that do not start."""
        found = engine.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{self.project}-tick-did-not-start")
        return {each["StateValue"] for each in found["MetricAlarms"]}

    def end_date(self, engine: ServedEngine) -> datetime:
        """Wait until an engine has an end for the job, and return it."""

        def end_date() -> datetime | None:
            found: Json = engine.client("scheduler").get_schedule(Name=f"{self.project}-tick", GroupName=self.project)
            date: datetime | None = found.get("EndDate")
            return date

        return eventually(end_date)


def soon(seconds: int) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="seconds")


def die_and_go_on(box: MovedBox, moment: int, to: str) -> datetime:
    """Move the jobs with a command that dies, and go on; return the time of the handover."""
    left, right = (box, box.aws) if to == "aws" else (box.aws, box)
    at = soon(100)
    assert box.move_and_die(moment, to, at) == -signal.SIGKILL
    if moment in LATE:
        planned = box.end_date(left)
        eventually(lambda: datetime.now(UTC) > planned, 400)
    moved = box.move(to, at)
    assert moved.code == 0, moved
    ended = box.end_date(left)
    assert moment not in LATE or ended == planned
    box.wait_for_slot(right, ended)
    assert max(box.slots(left)) < ended < min(each for each in box.slots(right) if each > ended)
    return ended


def move_there_and_back(folder: Path, aws: ServedEngine, moment: int) -> None:
    box = MovedBox(folder / f"box-{moment}", f"p{moment}", aws)
    try:
        box.wait_for_slot(box, datetime.now(UTC) - timedelta(minutes=2))
        die_and_go_on(box, moment, "aws")
        die_and_go_on(box, moment, "box")
        found = sorted([*box.slots(box), *box.slots(aws)])
        count = round((found[-1] - found[0]) / timedelta(minutes=1)) + 1
        assert found == [found[0] + timedelta(minutes=at) for at in range(count)]
        assert "ALARM" not in box.alarm_states(box) | box.alarm_states(aws)
        assert "nothing to do" in box.command("deploy", "--yes").out
    finally:
        box.close()


def test_a_move_that_dies_at_any_moment_goes_on_and_each_slot_runs_once(aws: ServedEngine, tmp_path: Path) -> None:
    with ThreadPoolExecutor(len(MOMENTS)) as pool:
        for done in [pool.submit(move_there_and_back, tmp_path, aws, moment) for moment in MOMENTS]:
            done.result()
