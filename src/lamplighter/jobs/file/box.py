"""Define the limits of the machine that runs the jobs. AWS has none: Fargate finds room for each task."""

from typing import Annotated

from pydantic import AfterValidator, Field

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.parsing.invalid_value import InvalidValue
from lamplighter.jobs.file.secrets import MailServerUrl
from lamplighter.jobs.file.strict_model import StrictModel
from lamplighter.jobs.file.text_formats import PublicUrl
from lamplighter.jobs.file.values import Factor, Memory, WholeNumber

MAX_CORES = 10_000


def _check_cores(cores: float) -> float:
    if not 0.01 <= cores <= MAX_CORES:
        raise InvalidValue(f"`{cores:g}` is not a number of cores", "write one such as 4 or 0.5")
    return cores


class Box(StrictModel):
    """The machine: the most that all its tasks may reserve together, and the addresses of its engine."""

    cpus: Annotated[Factor, AfterValidator(_check_cores)] | None = Field(
        default=None, description="Cores; the machine's own by default."
    )
    memory: Memory | None = Field(default=None, description="MiB, or GB; the machine's own by default, less a margin.")
    max_tasks: WholeNumber | None = Field(default=None, ge=1, description="A number of tasks; no limit by default.")
    url: PublicUrl | None = Field(
        default=None, description="The engine's public URL, to which alerts link; its own address by default."
    )
    smtp: MailServerUrl | None = Field(
        default=None,
        description="The mail server, smtp://HOST:PORT?from=ADDRESS, or the secret with its URL. "
        "By default, mails are written to files.",
    )

    @property
    def limits(self) -> Json:
        """The limits as parameters of SetCapacityLimits: CPU units, MiB, and a number."""
        cpu = None if self.cpus is None else max(round(self.cpus * 1024), 1)
        given = {"Cpu": cpu, "Memory": self.memory, "Tasks": self.max_tasks}
        return {name: limit for name, limit in given.items() if limit is not None}
