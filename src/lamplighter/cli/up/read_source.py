"""Read the source that the options of `up` name; imported only if there is a job file or a template."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import typer
from pydantic import ValidationError

from lamplighter.base.aws import secret_references
from lamplighter.base.errors import LamplighterError
from lamplighter.cli.engine_client.find_region import default_region
from lamplighter.cli.local_secrets import LocalSecrets
from lamplighter.cli.up.options import LoadedSource, Reconciler, UpOptions
from lamplighter.cli.up.reconcile import NothingToRun, SourceReconciler, log_source_error
from lamplighter.cli.up.source_files import SourceFiles
from lamplighter.cli.up.stack_plan import JobFileSource, StackSource
from lamplighter.cli.up.templates import TemplateSource, parse_parameter_values
from lamplighter.engine.engine import Engine
from lamplighter.jobs.file.box import Box
from lamplighter.jobs.file.load import load_box
from lamplighter.jobs.file.parsing.yaml_document import JobFileError
from lamplighter.jobs.lint.missing_secrets import mail_server_url
from lamplighter.outbound.mail_server import InvalidMailServer, MailServer, parse_mail_server
from lamplighter.store import data_directory

log = logging.getLogger("lamplighter.jobs")

QUIET_LOGGERS: Mapping[str, int] = {
    "lamplighter.cloudformation": logging.ERROR,
    "lamplighter.ecs": logging.WARNING,
    "lamplighter.transitions": logging.WARNING,
}
"""Loggers of the engine that repeat, in their own words, what `up` logs about jobs; and the levels that silence
them."""


class UnexpectedError(LamplighterError):
    """The files of a source could not be read, for a reason that is not described as an error of them."""


def read_source(options: UpOptions, data: Path) -> LoadedSource:
    """Read the source that the options name.

    Errors in it are printed. The command then ends with exit code 1 if no engine ever ran on the data directory.
    Otherwise `up` continues with the jobs that were applied last (`SourceReconciler.follow_runs` raises if there
    are none). Errors of an implied file are printed only then.
    """
    files = SourceFiles(_make_source(options, data), LocalSecrets(os.environ), data)
    try:
        files.read()
    except LamplighterError as error:
        if not (data / data_directory.DATABASE).exists():
            if not isinstance(error, JobFileError):
                raise
            log_source_error(error)
            raise typer.Exit(1) from None
        if not options.is_implied:
            log_source_error(error)
    except Exception as error:  # whatever is wrong with the file, the jobs that were applied must run
        if not (data / data_directory.DATABASE).exists():
            raise
        log.exception("the files of %s could not be read", files.source.display_name)
        files.error = UnexpectedError(f"{files.source.display_name} could not be read: {error}")
    return _LoadedSource(files, options)


def _make_source(options: UpOptions, data: Path) -> StackSource:
    if options.templates:
        return TemplateSource(options.templates, dict(parse_parameter_values(options.parameters)))
    assert options.file is not None
    return JobFileSource(options.file, options.environment, options.deny, data)


def _read_box(options: UpOptions) -> Box:
    """Read what a job file with errors says about this machine."""
    try:
        return Box() if options.file is None else load_box(options.file, options.environment)
    except (JobFileError, ValidationError):
        return Box()


@dataclass(frozen=True, slots=True)
class _LoadedSource:
    files: SourceFiles
    options: UpOptions

    @property
    def addresses(self) -> tuple[str | None, MailServer | None]:
        boxes = [plan.project.box for plan in self.files.plans if plan.project is not None]
        box = boxes[0] if boxes else _read_box(self.options)
        try:
            return box.url, parse_mail_server(mail_server_url(box, self.files.secrets) or "") if box.smtp else None
        except InvalidMailServer as error:  # The jobs must run without it.
            log.error("mails are written to files, because of smtp: %s: %s", box.smtp, error)
            return box.url, None

    @property
    def secrets(self) -> secret_references.SecretLookup:
        return self.files.secrets.find

    @property
    def needs_docker(self) -> bool:
        return self.files.error is not None or any(plan.needs_docker for plan in self.files.plans)

    async def reconciler(self, engine: Engine) -> Reconciler | None:
        reconciler = SourceReconciler(engine, self.files, default_region())
        try:
            await reconciler.follow_runs()
        except NothingToRun:
            if not self.options.is_implied:
                raise
            return None
        if self.options.is_implied and self.files.error is not None:
            log_source_error(self.files.error)
        for name, level in QUIET_LOGGERS.items():
            logging.getLogger(name).setLevel(level)
        return reconciler
