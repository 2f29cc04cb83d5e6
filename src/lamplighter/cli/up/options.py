"""What `up` was asked to keep, and what it needs to know of whoever keeps it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lamplighter.base import secret_references
from lamplighter.engine.engine import Engine


@dataclass(frozen=True, slots=True)
class UpOptions:
    """The files that were named."""

    file: Path | None
    environment: str | None
    templates: tuple[Path, ...]
    parameters: tuple[str, ...]
    """NAME=VALUE each."""
    deny: frozenset[str] = frozenset()
    """What no task may ask for."""


class LoadedSource(Protocol):
    """What was read of them."""

    @property
    def secrets(self) -> secret_references.Held:
        """The secrets of containers."""

    @property
    def needs_docker(self) -> bool:
        """Whether anything of it is a container with an image."""

    async def reconciler(self, engine: Engine) -> "Reconciler":
        """Whoever keeps an engine so, and tells of its jobs from now on."""


class Reconciler(Protocol):
    """Whoever keeps an engine."""

    async def run(self) -> None:
        """Bring the engine to what was read, and to whatever the files say from then on."""
