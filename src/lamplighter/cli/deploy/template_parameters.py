"""Read the parameters of a stack from the command line, and choose the value that each gets in a deployment."""

from collections.abc import Mapping

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.cli.deploy.stack.stacks import Stack


class InvalidTemplateParameter(LamplighterError):
    """A parameter that has no value, or that the template does not declare."""


def parse_parameters(words: list[str]) -> dict[str, str]:
    """Parse words of the form NAME=VALUE; raise `InvalidTemplateParameter` for any other word."""
    pairs = [word.partition("=") for word in words]
    wrong = [name for name, sign, _ in pairs if not name or not sign]
    if wrong:
        raise InvalidTemplateParameter(f"{wrong[0]}: use NAME=VALUE, for example Subnets=subnet-1,subnet-2")
    return {name: value for name, _, value in pairs}


def choose_parameters(
    document: Json, stack: Stack | None, defaults: Mapping[str, str], given: Mapping[str, str]
) -> dict[str, str]:
    """Return each parameter's value: the given one, else the existing stack's, else the target's default."""
    declared = document.get("Parameters", {})
    unknown = [name for name in given if name not in declared]
    if unknown:
        declared_names = ", ".join(declared) or "none"
        raise InvalidTemplateParameter(f"the template has no parameter {unknown[0]}; it has: {declared_names}")
    previous = stack.parameters if stack is not None else {}
    return {name: value for name, value in {**defaults, **previous, **given}.items() if name in declared}
