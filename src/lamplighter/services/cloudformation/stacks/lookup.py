"""Finding what a request names: a stack by its name or its id, a change set, a place in a list."""

import re
from collections.abc import Sequence

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.cloudformation.errors import ChangeSetNotFound, NoSuchStack, StackValidationError
from lamplighter.services.cloudformation.tables import change_sets, stacks
from lamplighter.services.cloudformation.tables.change_sets import ChangeSet
from lamplighter.services.cloudformation.tables.stacks import Stack
from lamplighter.store.db import Reader

NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
PAGE = 100
"""How many items a page has."""
FIRST = 2**62
"""Before which number everything is that was counted so far."""


def find_stack(reader: Reader, caller: Caller, name: str) -> Stack | None:
    """A stack by its name, or by its id even where it is deleted."""
    if name.startswith("arn:"):
        found = stacks.get(reader, name)
        return found if found is not None and (found.account, found.region) == (caller.account, caller.region) else None
    return stacks.by_name(reader, caller.account, caller.region, name)


def require_stack(reader: Reader, caller: Caller, name: str) -> Stack:
    """A stack by its name or id; ValidationError where there is none."""
    found = find_stack(reader, caller, name)
    if found is None:
        raise NoSuchStack(name)
    return found


def require_live_stack(reader: Reader, caller: Caller, name: str) -> Stack:
    """A stack that is not deleted, in the words of the operations that change one."""
    found = find_stack(reader, caller, name)
    if found is None or found.deleted is not None:
        raise StackValidationError(f"Stack [{name}] does not exist")
    return found


def find_change_set(reader: Reader, caller: Caller, params: Json) -> ChangeSet:
    """A change set by its ARN, or by its name and its stack; ChangeSetNotFound where there is none."""
    name = params["ChangeSetName"]
    if name.startswith("arn:"):
        found = change_sets.get(reader, name)
    elif params.get("StackName"):
        stack = find_stack(reader, caller, params["StackName"])
        if stack is None:
            raise ChangeSetNotFound(name)
        found = change_sets.by_name(reader, stack.id, name)
    else:
        raise StackValidationError("StackName must be specified if ChangeSetName is not specified as an ARN.")
    if found is None:
        raise ChangeSetNotFound(name)
    return found


def check_name(name: str) -> None:
    """Refuse what is no name of a stack."""
    if not NAME.fullmatch(name):
        raise StackValidationError(
            f"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: Member must "
            "satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )


def number(token: str | None) -> int:
    """The number that a page begins before."""
    if token is None:
        return FIRST
    if not token.isascii() or not token.isdecimal() or len(token) > 18:
        raise StackValidationError("Invalid NextToken")
    return int(token)


def page(name: str, found: Sequence[Json], token: str) -> Json:
    """A page of a list, of one item more than it may have; `token` says where the next one begins."""
    more = {"NextToken": token} if len(found) > PAGE else {}
    return {name: list(found[:PAGE]), **more}
