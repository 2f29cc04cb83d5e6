"""What files ask an engine to keep, as they are now, and whether they have changed since they were read."""

import logging
from collections.abc import Iterator
from pathlib import Path

from lamplighter.base.errors import LamplighterError
from lamplighter.cli.deploy.images import build_context, dockerignore
from lamplighter.cli.up import watch_files
from lamplighter.cli.up.plan import StackPlan, StackSource
from lamplighter.cli.up.secrets import USUAL_NAME, Secrets

log = logging.getLogger("lamplighter.jobs")


class SourceFiles:
    """A source and the `.env` beside it; `data` is the engine's own directory, which nobody watches."""

    def __init__(self, source: StackSource, secrets: Secrets, data: Path) -> None:
        self.source = source
        self.secrets = secrets
        self.data = data.absolute()
        self.plans: list[StackPlan] = []
        self.broken: LamplighterError | None = None
        """What is wrong with the files, where they could not be read."""
        self._seen: watch_files.State = {}

    def read(self) -> None:
        """Read everything; raises LamplighterError with all that is wrong, and then what was read before holds."""
        self._seen = watch_files.file_states(self._paths())
        try:
            self._read()
        except LamplighterError as error:
            self.broken = error
            raise
        self.broken = None

    def _read(self) -> None:
        if self.secrets.read(self.env) and self.plans:
            log.info("%s is read again: what it says holds from the next run on", self.env)
        self.plans = self.source.read_plans()
        self.secrets.set_wanted(plan.project for plan in self.plans if plan.project is not None)
        # Which files there are besides is known only now.
        self._seen = {
            path: self._seen.get(path, state) for path, state in watch_files.file_states(self._paths()).items()
        }

    async def wait_for_change(self, patience: float | None) -> bool:
        """Wait until something has changed since it was read, or for some seconds; whether something has."""
        before = self._seen
        self._seen = await watch_files.wait_for_change(self._paths, before, patience)
        return self._seen != before

    @property
    def env(self) -> Path:
        """Where secrets may be held."""
        return self.source.folder / USUAL_NAME

    def _paths(self) -> Iterator[Path]:
        yield from self.source.files()
        yield self.env
        for folder in {build.folder for plan in self.plans for build in plan.builds}:
            yield folder
            yield folder / dockerignore.FILE
            yield from (path for _, path in build_context.context_files(folder, self.data))
