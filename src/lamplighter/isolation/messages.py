"""What a process of its own says besides answers. (A class of the program that is run could not be read elsewhere.)"""

from dataclasses import dataclass

from lamplighter.asl.definition.model import Resource
from lamplighter.base.json_text import Json

OUT_OF_MEMORY = 77
"""The exit status of a process whose memory is used up."""


@dataclass(frozen=True, slots=True)
class Question:
    """Asked of the engine in the middle of a request: why can this task not be begun?"""

    resource: Resource
    parameters: Json


@dataclass(frozen=True, slots=True)
class Crashed:
    """The request met a fault of ours."""

    trace: str
