"""Check the names and ARNs of Step Functions."""

import re

from lamplighter.base.aws import arn
from lamplighter.operations.pages import Pages
from lamplighter.services.states.errors import InvalidArn, InvalidName, InvalidToken, WrongResource

PAGES = Pages(InvalidToken, "nextToken", "maxResults")
FORBIDDEN_CHARACTERS = re.compile(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
r"""A pattern for a character that a name must not contain.

"white space, brackets < > { } [ ], wildcard characters ? *, special characters " # % \ ^ | ~ ` $ & , ; : /, control
characters (U+0000-001F, U+007F-009F, U+FFFE-FFFF), surrogates (U+D800-DFFF)"
"""
ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")


def state_machine_of(execution: str) -> str:
    """Return the ARN of the state machine of an execution, be it standard or express, given the execution's ARN."""
    _kind, machine, *_names = arn.parse_known(execution).resource.split(":")
    return arn.sibling(execution, f"stateMachine:{machine}")


def check_name(name: str) -> str:
    """Return the name if it is valid. Raises `InvalidName`."""
    if not name or FORBIDDEN_CHARACTERS.search(name):
        raise InvalidName(name)
    return name


def check_role(role: str) -> str:
    """Return the role's ARN if it is valid. Raises `InvalidArn`."""
    if not ROLE_ARN.fullmatch(role):
        raise InvalidArn(role)
    return role


def resource_arn(text: str, kind: str) -> str:
    """Return the text if it is a Step Functions ARN of this kind (stateMachine, execution).

    Raises `InvalidArn` or `WrongResource`.
    """
    found = arn.parse(text)
    if found is None or found.service != "states":
        raise InvalidArn(text)
    actual = found.resource.partition(":")[0]
    if actual != kind:
        raise WrongResource(actual)
    return text
