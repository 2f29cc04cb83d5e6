"""A job file that a virtual engine applies and watches."""

from pathlib import Path

from lamplighter.cli.local_secrets import LocalSecrets
from lamplighter.cli.up.reconcile import SourceReconciler
from lamplighter.cli.up.source_files import SourceFiles
from lamplighter.cli.up.stack_plan import JobFileSource
from tests.engine_harness import REGION, SECOND, EngineHarness

GOOD = """
project: home
channels: {me: {email: me@example.com}}
jobs: {one: {command: 'true', notify: me}}
"""


class WatchedFile:
    """A job file, and a virtual engine that applies it."""

    def __init__(self, folder: Path) -> None:
        self.harness = EngineHarness(folder / "data")
        self.file = folder / "lamplighter.yaml"

    def write(self, text: str) -> None:
        """Write the file as an editor does."""
        new = self.file.with_name("new")
        new.write_text(text)
        new.rename(self.file)

    def start(self) -> None:
        """Start the engine and apply the file."""
        self.harness.up()
        source_files = SourceFiles(JobFileSource(self.file, None), LocalSecrets({}), self.harness.directory)
        source_files.read()
        reconciler = SourceReconciler(self.harness.engine, source_files, REGION)
        self.harness.run(reconciler.follow_runs())
        self.task = self.harness.start_in_background(reconciler.run())

    def advance(self, seconds: float) -> None:
        """Let time pass in steps that are short enough for every check of the file."""
        for _ in range(round(seconds * 2)):
            self.harness.advance(SECOND // 2)

    def mails(self) -> list[str]:
        """Return the subjects of all mails, in order."""
        found = sorted((self.harness.directory / "mail").glob("**/*.eml"), key=lambda each: each.stat().st_mtime_ns)
        return [line for each in found for line in each.read_text().splitlines() if line.startswith("Subject: ")]
