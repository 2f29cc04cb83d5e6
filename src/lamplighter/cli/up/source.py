"""Read the source that the options of `up` name; imported only if there is a job file or a template."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import typer

from lamplighter.base import secret_references
from lamplighter.base.errors import LamplighterError
from lamplighter.cli.local_secrets import LocalSecrets
from lamplighter.cli.target import default_region
from lamplighter.cli.up.options import LoadedSource, Reconciler, UpOptions
from lamplighter.cli.up.reconcile import SourceReconciler, log_source_error
from lamplighter.cli.up.source_files import SourceFiles
from lamplighter.cli.up.stack_plan import JobFileSource, StackSource
from lamplighter.cli.up.templates import TemplateSource, parse_parameter_values
from lamplighter.engine.engine import Engine
from lamplighter.jobs.file.yaml_document import JobFileError
from lamplighter.store import data_directory

QUIET_LOGGERS: Mapping[str, int] = {
    "lamplighter.cloudformation": logging.ERROR,
    "lamplighter.ecs": logging.WARNING,
    "lamplighter.transitions": logging.WARNING,
}
"""Loggers of the engine that repeat, in their own words, what `up` logs about jobs; and the levels that silence
them."""


def read_source(options: UpOptions, data: Path) -> LoadedSource:
    """Read the source that the options name.

    Errors in it are printed. The command then ends with exit code 1 if no engine ever ran on the data directory.
    Otherwise `up` continues with the jobs that were applied last (`SourceReconciler.follow_runs` raises if there
    are none).
    """
    files = SourceFiles(_make_source(options), LocalSecrets(os.environ), data)
    try:
        files.read()
    except LamplighterError as error:
        if not (data / data_directory.DATABASE).exists():
            if not isinstance(error, JobFileError):
                raise
            log_source_error(error)
            raise typer.Exit(1) from None
        log_source_error(error)
    return _LoadedSource(files)


def _make_source(options: UpOptions) -> StackSource:
    if options.templates:
        return TemplateSource(options.templates, dict(parse_parameter_values(options.parameters)))
    assert options.file is not None
    return JobFileSource(options.file, options.environment, options.deny)


@dataclass(frozen=True, slots=True)
class _LoadedSource:
    files: SourceFiles

    @property
    def secrets(self) -> secret_references.SecretLookup:
        return self.files.secrets.find

    @property
    def needs_docker(self) -> bool:
        return self.files.error is not None or any(plan.needs_docker for plan in self.files.plans)

    async def reconciler(self, engine: Engine) -> Reconciler:
        reconciler = SourceReconciler(engine, self.files, default_region())
        await reconciler.follow_runs()
        for name, level in QUIET_LOGGERS.items():
            logging.getLogger(name).setLevel(level)
        return reconciler
