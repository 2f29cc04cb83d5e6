"""Define the messages that a worker process sends besides answers.

They have a module to themselves because pickle cannot find a class of the module that is run as the program.
"""

from dataclasses import dataclass

from lamplighter.asl.definition.model import Resource
from lamplighter.base.json_text import Json

OUT_OF_MEMORY = 77
"""The exit status of a worker process that ran out of memory."""


@dataclass(frozen=True, slots=True)
class RefusalQuestion:
    """A question to the engine in the middle of a request: why can this task not be started?"""

    resource: Resource
    parameters: Json


@dataclass(frozen=True, slots=True)
class Crashed:
    """The answer to a request that failed because of a bug."""

    trace: str
