"""Read the default environment and command of a job's container from its task definition, with secrets masked."""

import re
import shlex
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.base.masking import MASK, is_secret
from lamplighter.console.data.tasks.container_output import read_containers
from lamplighter.console.page import Page

_DEFINITION_ARN = re.compile(r"arn:aws[^:\"]*:ecs:[^:\"]*:[^:\"]*:task-definition/[\w-]+:[0-9]+")


@dataclass(frozen=True, slots=True)
class ContainerDefaults:
    """The container settings that apply if a run does not override them."""

    environment: str
    """One NAME=value on each line."""
    command: str


async def read_defaults(page: Page, definition: str) -> ContainerDefaults:
    """Read the defaults of the first task definition that a state machine names; empty if it names none."""
    named = _DEFINITION_ARN.search(definition)
    containers = await read_containers(page, named[0]) if named else ()
    first: Json = containers[0] if containers else {}
    lines = [f"{each['name']}={_masked_value(each)}" for each in first.get("environment") or ()]
    return ContainerDefaults("\n".join(lines), shlex.join(first.get("command") or ()))


def _masked_value(variable: Json) -> str:
    return MASK if is_secret(variable["name"]) else str(variable.get("value", ""))
