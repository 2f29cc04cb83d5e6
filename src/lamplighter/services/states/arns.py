"""Check the names and ARNs of Step Functions, and read and write its page tokens."""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from lamplighter.base import arn
from lamplighter.base.json_text import Json
from lamplighter.operations.paging import decode_token, encode_token, list_page
from lamplighter.services.states.errors import InvalidArn, InvalidName, InvalidToken, WrongResource

T = TypeVar("T")

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


def page_token(value: Json) -> str:
    """Encode the start of the next page as a token."""
    return encode_token(str(value))


def read_page_token(token: str | None) -> str | None:
    """Decode a page token; return None if there is none. Raises `InvalidToken`."""
    return None if token is None else decode_token(token, InvalidToken)


def page_number(token: str | None) -> int | None:
    """Decode a page token that holds a number; return None if there is none. Raises `InvalidToken`."""
    text = read_page_token(token)
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        raise InvalidToken from None


def page_size(params: Json, max_size: int = 1000, default_size: int = 100) -> int:
    """Return the number of items that a page may have."""
    return min(params.get("maxResults") or default_size, max_size)


def page(name: str, found: Sequence[T], size: int, item: Callable[[T], Json], key: Callable[[T], Json]) -> Json:
    """Build the answer for one page of at most `size` items. A longer `found` means that another page follows."""
    return list_page(name, found, size, item, lambda each: page_token(key(each)))
