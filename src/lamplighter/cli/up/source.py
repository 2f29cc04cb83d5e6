"""Read the source that the options of `up` name; imported only if there is a job file or a template."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import typer

from lamplighter.base import secret_references
from lamplighter.base.errors import LamplighterError
from lamplighter.cli.job_file import print_problems
from lamplighter.cli.target import default_region
from lamplighter.cli.up.options import LoadedSource, Reconciler, UpOptions
from lamplighter.cli.up.plan import JobFileSource, StackSource
from lamplighter.cli.up.reconcile import SourceReconciler, print_problem
from lamplighter.cli.up.secrets import Secrets
from lamplighter.cli.up.source_files import SourceFiles
from lamplighter.cli.up.templates import TemplateSource, parse_values
from lamplighter.engine.engine import Engine
from lamplighter.jobs.file.yaml_document import JobFileError
from lamplighter.store import data_directory

SAID_ALREADY: Mapping[str, int] = {
    "lamplighter.cloudformation": logging.ERROR,
    "lamplighter.ecs": logging.WARNING,
    "lamplighter.transitions": logging.WARNING,
}
"""Loggers of the engine that repeat, in their own words, what `up` logs about jobs; and the levels that silence
them."""


def read_source(asked: UpOptions, data: Path) -> LoadedSource:
    """Read the source that the options name.

    Errors in it are printed. The command then ends with exit code 1 if no engine ever ran on the data directory.
    Otherwise `up` continues with the jobs that were applied last (`SourceReconciler.announce_running` raises if there
    are none).
    """
    orders = SourceFiles(_source(asked), Secrets(os.environ), data)
    try:
        orders.read()
    except LamplighterError as error:
        if not (data / data_directory.DATABASE).exists():
            if not isinstance(error, JobFileError):
                raise
            print_problems(error.problems)
            raise typer.Exit(1) from None
        print_problem(error)
    return _LoadedSource(orders)


def _source(asked: UpOptions) -> StackSource:
    if asked.templates:
        return TemplateSource(asked.templates, dict(parse_values(asked.parameters)))
    assert asked.file is not None
    return JobFileSource(asked.file, asked.environment, asked.deny)


@dataclass(frozen=True, slots=True)
class _LoadedSource:
    files: SourceFiles

    @property
    def secrets(self) -> secret_references.Held:
        return self.files.secrets.find

    @property
    def needs_docker(self) -> bool:
        return self.files.broken is not None or any(plan.needs_docker for plan in self.files.plans)

    async def reconciler(self, engine: Engine) -> Reconciler:
        keeper = SourceReconciler(engine, self.files, default_region())
        await keeper.announce_running()
        for name, level in SAID_ALREADY.items():
            logging.getLogger(name).setLevel(level)
        return keeper
