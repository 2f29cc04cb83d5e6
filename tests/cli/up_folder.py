"""A folder with a job file, and `lamplighter up` on that file in a separate process."""

import os
from pathlib import Path
from textwrap import dedent

from lamplighter.base.json_text import Json
from tests.command_process import CommandResult, run_command
from tests.served_engine import ACCOUNT, REGION, ServedEngine


class UpFolder(ServedEngine):
    """A folder with the job file of the project `home`, and the engine that `lamplighter up` starts for it."""

    def __init__(self, folder: Path, runtime: str = "process") -> None:
        super().__init__(folder / "data", runtime)
        self.folder = folder / "jobs"
        self.folder.mkdir()
        self.file = self.folder / "lamplighter.yaml"

    def write(self, jobs: str, project: str = "home", head: str = "") -> None:
        """Write the job file as an editor does: replace the old file by a new one."""
        indented = "\n".join(f"  {line}" for line in dedent(jobs).strip().split("\n"))
        new = self.folder / "new"
        new.write_text(f"project: {project}\n{dedent(head)}jobs:\n{indented}\n")
        new.rename(self.file)

    def up_and_apply(self, *options: str) -> None:
        """Start the engine with the file, and wait until the file is applied."""
        before = len(self.lines)
        self.up(str(self.file), *options)
        self.wait_for_line(f"agrees with {self.file}:", before)

    def wait_until_applied(self, since: int) -> list[str]:
        """Wait until a change is applied, and return the lines about the jobs."""
        self.wait_for_line(f"agrees with {self.file}:", since)
        found = [line[25:].strip() for line in self.lines[since:] if line[25:27] in ("  ", "")]
        return [line for line in found if line]

    def start_run(self, job: str, project: str = "home") -> str:
        """Start a run of a job and return its ARN."""
        return self.start(f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{project}-{job}")

    def list_machines(self) -> list[str]:
        """Return the names of all state machines."""
        return [each["name"] for each in self.sfn.list_state_machines()["stateMachines"]]

    def describe_stack(self, name: str = "home") -> Json:
        """Return the stack's description."""
        return self.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]


def run_lamplighter(*words: str, cwd: Path, **environment: str) -> CommandResult:
    """Run a command until it ends."""
    given = {**os.environ, "TERM": "dumb", "COLUMNS": "200", **environment}
    return run_command(cwd, *words, environment=given)
