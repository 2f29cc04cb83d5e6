"""What a deployment comes to: the stack as it is, as it is to be, and what lies between them.

Promises that nothing is changed by looking. Refuses a stack of the project's name that was not made of a job file.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.cli.deploy import stacks
from lamplighter.cli.deploy.changes import Change, compare_resources
from lamplighter.cli.deploy.images.images import Image, ecr_uri, project_images
from lamplighter.cli.deploy.resolved_template import resolve_resources
from lamplighter.cli.deploy.stacks import Stack
from lamplighter.cli.engine_health import is_lamplighter
from lamplighter.cli.target import Target
from lamplighter.cli.up.plan import NO_NETWORK, localize_template
from lamplighter.jobs import names
from lamplighter.jobs.file.load import LoadedJobFile
from lamplighter.jobs.stack.template import build_template


class NotOurs(LamplighterError):
    """A stack of this name belongs to somebody else."""


class BadParameter(LamplighterError):
    """What is said of a parameter makes no sense."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One project on its way to one place."""

    name: str
    """The stack's name."""
    stack: Stack | None
    deployed: Json
    """The template that the stack was made of."""
    template: Json
    parameters: Mapping[str, str]
    images: tuple[Image, ...]
    is_engine: bool
    """Whether it goes to an engine of ours."""
    changes: tuple[Change, ...]


def plan(loaded: LoadedJobFile, target: Target, given: Mapping[str, str]) -> Plan:
    """Find out what deploying a project would change."""
    name, document = loaded.project.prefix, build_template(loaded.project)
    here = is_lamplighter(target.endpoint)
    usual = {}
    if here:
        document = localize_template(document, loaded.folder.absolute())
        usual = {names.CONSOLE_URL: target.endpoint or "", names.SUBNETS: NO_NETWORK}
    client = target.client("cloudformation")
    stack = stacks.find_stack(client, name)
    deployed = check_stack(client, stack)
    built = tuple(project_images(loaded))
    parameters = _parameters(document, stack, usual, given) | _names(built, target, here=here)
    before = resolve_resources(deployed, stack.parameters if stack else {})
    between = compare_resources(before, resolve_resources(document, parameters), metadata=target.endpoint is not None)
    return Plan(name, stack, deployed, document, parameters, built, here, tuple(between))


def check_stack(client: Json, stack: Stack | None) -> Json:
    """The template of what a stack of ours holds; nothing where it holds nothing; raises NotOurs."""
    if stack is None or stack.status == stacks.WAITING:
        return {}
    document = stacks.read_template(client, stack)
    if not stacks.is_ours(document):
        raise NotOurs(
            f"there is a stack {stack.name} that lamplighter did not make, and it is not touched: "
            "give your project another name"
        )
    return {} if stack.status == stacks.TAKEN_BACK else document


def parse_parameters(words: list[str]) -> dict[str, str]:
    """NAME=VALUE, several times."""
    pairs = [word.partition("=") for word in words]
    wrong = [name for name, sign, _ in pairs if not name or not sign]
    if wrong:
        raise BadParameter(f"{wrong[0]}: say NAME=VALUE, as in Subnets=subnet-1,subnet-2")
    return {name: value for name, _, value in pairs}


def _parameters(
    document: Json, stack: Stack | None, usual: Mapping[str, str], given: Mapping[str, str]
) -> dict[str, str]:
    """What was said now, else what was said when the stack was made, else what is usual there."""
    known = document.get("Parameters", {})
    unknown = [name for name in given if name not in known]
    if unknown:
        there = ", ".join(known) or "none"
        raise BadParameter(f"there is no parameter {unknown[0]}; those of this project: {there}")
    kept = stack.parameters if stack is not None else {}
    return {name: value for name, value in {**usual, **kept, **given}.items() if name in known}


def _names(built: tuple[Image, ...], target: Target, *, here: bool) -> dict[str, str]:
    if not built or here:
        return {image.parameter: image.here for image in built}
    account = target.client("sts").get_caller_identity()["Account"]
    ecr = target.client("ecr")
    return {image.parameter: ecr_uri(ecr, account, target.region, image) for image in built}
