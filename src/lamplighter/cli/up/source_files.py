"""Read the files of a source, and detect whether they have changed since."""

import asyncio
import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from lamplighter.base.errors import LamplighterError
from lamplighter.cli.images import build_context, dockerignore
from lamplighter.cli.local_secrets import ENV_FILE_NAME, LocalSecrets
from lamplighter.cli.up import watch_files
from lamplighter.cli.up.stack_plan import StackPlan, StackSource

IDLE_SECONDS, IDLE_POLL_SECONDS = 60.0, 2.0
"""Files that have not changed for so long are polled at these intervals, so that an idle engine stays idle."""
log = logging.getLogger("lamplighter.jobs")


class SourceFiles:
    """A source and the `.env` beside it; `data` is the engine's data directory, which is not watched."""

    def __init__(self, source: StackSource, secrets: LocalSecrets, data: Path) -> None:
        self.source = source
        self.secrets = secrets
        self.data = data.absolute()
        self.plans: list[StackPlan] = []
        self.error: LamplighterError | None = None
        """The error of the last reading of the files, or None if it succeeded."""
        self._file_states: watch_files.FileStates = {}
        self._changed: float | None = None
        """When a file changed last, or the watching began, by the loop's clock."""

    def read(self) -> None:
        """Read all files; raise `LamplighterError` with all errors, and keep the plans that were read before."""
        before = watch_files.file_states(self._paths())
        try:
            self._read()
        except LamplighterError as error:
            self.error = error
            raise
        else:
            self.error = None
        finally:  # Only now is it known which other files to watch.
            self._file_states = {
                path: before.get(path, state) for path, state in watch_files.file_states(self._paths()).items()
            }

    def _read(self) -> None:
        if self.secrets.read(self.env) and self.plans:
            log.info("%s was read again: it applies from the next run on", self.env)
        self.plans = self.source.read_plans()
        self.secrets.set_projects(plan.project for plan in self.plans if plan.project is not None)

    async def wait_for_change(self, timeout_seconds: float | None, *, is_file_missing: bool) -> bool:
        """Wait for a change of the files, at most `timeout_seconds`; return whether one has changed.

        If a file may be missing, a file that appears in the source's folder is a change, too; otherwise it is not,
        because jobs write their own files there.
        """
        folder = self.source.folder

        def watched(paths: Iterable[Path]) -> list[Path]:
            return [path for path in paths if is_file_missing or path != folder]

        before = {path: self._file_states[path] for path in watched(self._file_states)}
        now = asyncio.get_running_loop().time
        self._changed = now() if self._changed is None else self._changed
        poll = IDLE_POLL_SECONDS if now() - self._changed > IDLE_SECONDS else watch_files.MIN_POLL_SECONDS
        found = await watch_files.wait_for_change(lambda: watched(self._paths()), before, timeout_seconds, poll)
        if found != before:
            self._changed = now()
        self._file_states = {folder: self._file_states[folder], **found}
        return found != before

    @property
    def env(self) -> Path:
        """The path of `.env`, which may hold secrets."""
        return self.source.folder / ENV_FILE_NAME

    def _paths(self) -> Iterator[Path]:
        yield from self.source.files()
        yield self.env
        yield self.source.folder
        for folder in {build.folder for plan in self.plans for build in plan.builds}:
            if not folder.is_dir():
                yield folder
            yield folder / dockerignore.DOCKERIGNORE
            with suppress(build_context.InvalidBuildContext):  # The build reports it; the file itself is watched.
                yield from (path for _, path in build_context.context_files(folder, self.data))
