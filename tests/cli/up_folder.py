"""A folder with a job file, and `lamplighter up` on it in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

from lamplighter.base.json_text import Json
from tests.served_engine import ACCOUNT, REGION, ServedEngine, eventually


class UpFolder(ServedEngine):
    """A job file whose project is called home, and an engine that keeps to it."""

    def __init__(self, folder: Path, runtime: str = "process") -> None:
        super().__init__(folder / "data", runtime)
        self.folder = folder / "jobs"
        self.folder.mkdir()
        self.file = self.folder / "lamplighter.yaml"

    def write(self, jobs: str, project: str = "home", head: str = "") -> None:
        """Write the job file, as an editor does that puts a new file in the place of the old."""
        indented = "\n".join(f"  {line}" for line in dedent(jobs).strip().split("\n"))
        new = self.folder / "new"
        new.write_text(f"project: {project}\n{dedent(head)}jobs:\n{indented}\n")
        new.rename(self.file)

    def keep(self, *options: str) -> None:
        """Start the engine with the file, and wait until it is applied."""
        before = len(self.lines)
        self.up(str(self.file), *options)
        self.says(f"agrees with {self.file}:", before)

    def says(self, text: str, since: int = 0, seconds: float = 120) -> str:
        """Wait until the engine says something; the whole line."""
        return eventually(lambda: next((line for line in self.lines[since:] if text in line), None), seconds)

    def applies(self, since: int) -> list[str]:
        """Wait until a change is applied; the lines about the jobs."""
        self.says(f"agrees with {self.file}:", since)
        found = [line[25:].strip() for line in self.lines[since:] if line[25:27] in ("  ", "")]
        return [line for line in found if line]

    def run(self, job: str, project: str = "home") -> str:
        """Start a run of a job; its ARN."""
        return self.start(f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{project}-{job}")

    def machines(self) -> list[str]:
        """The names of all state machines."""
        return [each["name"] for each in self.sfn.list_state_machines()["stateMachines"]]

    def stack(self, name: str = "home") -> Json:
        """The stack as it is described."""
        return self.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]


def lamplighter(*words: str, cwd: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run the command to its end."""
    command = [sys.executable, "-m", "lamplighter", *words]
    given = {**os.environ, "TERM": "dumb", "COLUMNS": "200", **environment}
    return subprocess.run(command, cwd=cwd, env=given, capture_output=True, text=True, timeout=60)
