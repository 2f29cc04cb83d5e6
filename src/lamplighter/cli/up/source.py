"""From what `up` was asked to whoever keeps the engine so; loaded only where there is a file to keep it by."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import typer

from lamplighter.base import secret_references
from lamplighter.base.errors import LamplighterError
from lamplighter.cli.job_file import print_problems
from lamplighter.cli.target import usual_region
from lamplighter.cli.up.options import Asked, Keeping, Kept
from lamplighter.cli.up.plan import JobFile, Source
from lamplighter.cli.up.reconcile import Keeper, tell
from lamplighter.cli.up.secrets import Secrets
from lamplighter.cli.up.source_files import Orders
from lamplighter.cli.up.templates import Templates, values
from lamplighter.engine.engine import Engine
from lamplighter.jobs.file.yaml_document import JobFileError
from lamplighter.store import data_directory

SAID_ALREADY: Mapping[str, int] = {
    "lamplighter.cloudformation": logging.ERROR,
    "lamplighter.ecs": logging.WARNING,
    "lamplighter.transitions": logging.WARNING,
}
"""Parts of the engine whose log says again, in their own words, what is said of the jobs."""


def read(asked: Asked, data: Path) -> Kept:
    """Read what was asked for.

    What is wrong with it is shown. Where no engine ever ran on the directory, the verb ends with 1; where one did, the
    jobs that it was given last are more use than none (`Keeper.recall` refuses where there are none).
    """
    orders = Orders(_source(asked), Secrets(os.environ), data)
    try:
        orders.read()
    except LamplighterError as error:
        if not (data / data_directory.DATABASE).exists():
            if not isinstance(error, JobFileError):
                raise
            print_problems(error.problems)
            raise typer.Exit(1) from None
        tell(error)
    return _Kept(orders)


def _source(asked: Asked) -> Source:
    if asked.templates:
        return Templates(asked.templates, dict(values(asked.parameters)))
    assert asked.file is not None
    return JobFile(asked.file, asked.environment, asked.deny)


@dataclass(frozen=True, slots=True)
class _Kept:
    orders: Orders

    @property
    def held(self) -> secret_references.Held:
        return self.orders.secrets.value

    @property
    def needs_docker(self) -> bool:
        return self.orders.broken is not None or any(plan.needs_docker for plan in self.orders.plans)

    async def keeper(self, engine: Engine) -> Keeping:
        keeper = Keeper(engine, self.orders, usual_region())
        await keeper.recall()
        for name, level in SAID_ALREADY.items():
            logging.getLogger(name).setLevel(level)
        return keeper
