"""Define the options of `up`, and the protocols for the modules that read a source and reconcile the engine with it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lamplighter.base.aws import secret_references
from lamplighter.engine.engine import Engine
from lamplighter.outbound.mail_server import MailServer


@dataclass(frozen=True, slots=True)
class UpOptions:
    """The source that the command line names: a job file, or templates with parameters."""

    file: Path | None
    environment: str | None
    templates: tuple[Path, ...]
    parameters: tuple[str, ...]
    """Words of the form NAME=VALUE."""
    deny: frozenset[str] = frozenset()
    """The features that no task may use (`up --deny`)."""
    is_implied: bool = False
    """Whether the file is the default one, which is missing, although its jobs may have been applied before."""


class LoadedSource(Protocol):
    """A job file or templates that were read."""

    @property
    def addresses(self) -> tuple[str | None, MailServer | None]:
        """The engine's public URL and mail server in the job file, even if its jobs have errors."""

    @property
    def secrets(self) -> secret_references.SecretLookup:
        """The lookup of the secrets of containers."""

    @property
    def needs_docker(self) -> bool:
        """Whether Docker may be needed: a container may have an image, or the files could not be read."""

    async def reconciler(self, engine: Engine) -> "Reconciler | None":
        """Return the reconciler for an engine; the engine's log reports the runs of the source's jobs from now on.

        None: the implied job file is missing, and was never applied, so there is nothing to follow.
        """


class Reconciler(Protocol):
    """A reconciler that keeps an engine in agreement with its source."""

    async def run(self) -> None:
        """Apply the source to the engine, and apply every later change of its files."""
