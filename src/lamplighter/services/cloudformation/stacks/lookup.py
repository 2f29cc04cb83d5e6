"""Find the stacks and change sets that requests name."""

import re

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.operations.pages import Pages
from lamplighter.services.cloudformation.errors import ChangeSetNotFound, NoSuchStack, StackValidationError
from lamplighter.services.cloudformation.tables import change_sets, stacks
from lamplighter.services.cloudformation.tables.change_sets import ChangeSet
from lamplighter.services.cloudformation.tables.stacks import Stack
from lamplighter.store.db import Reader

STACK_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]*")
MAX_NAME_LENGTH = 128
PAGES = Pages(lambda: StackValidationError("Invalid NextToken"))


def find_stack(reader: Reader, caller: Caller, name: str) -> Stack | None:
    """Return the stack with this name, or with this id even if it is deleted; None if there is none."""
    if name.startswith("arn:"):
        found = stacks.get(reader, name)
        return found if found is not None and (found.account, found.region) == (caller.account, caller.region) else None
    return stacks.by_name(reader, caller.account, caller.region, name)


def require_stack(reader: Reader, caller: Caller, name: str) -> Stack:
    """Return the stack with this name or id; raise `NoSuchStack` if there is none."""
    return require(find_stack(reader, caller, name), lambda: NoSuchStack(name))


def require_live_stack(reader: Reader, caller: Caller, name: str) -> Stack:
    """Return a stack that is not deleted, or raise the error of the operations that change a stack."""
    found = find_stack(reader, caller, name)
    if found is None or found.deleted is not None:
        raise StackValidationError(f"Stack [{name}] does not exist")
    return found


def require_known_stack(reader: Reader, caller: Caller, name: str) -> Stack:
    """Return a stack, even a deleted one that is named by its id, or raise the error of an update."""
    return require(find_stack(reader, caller, name), lambda: StackValidationError(f"Stack [{name}] does not exist"))


def find_change_set(reader: Reader, caller: Caller, params: Json) -> ChangeSet:
    """Return a change set by its ARN, or by its name and its stack; raise `ChangeSetNotFound` if there is none."""
    name = params["ChangeSetName"]
    if name.startswith("arn:"):
        found = change_sets.get(reader, name)
    elif params.get("StackName"):
        stack = find_stack(reader, caller, params["StackName"])
        if stack is None:
            raise StackValidationError(f"Stack [{params['StackName']}] does not exist")
        found = change_sets.by_name(reader, stack.id, name)
    else:
        raise StackValidationError("StackName must be specified if ChangeSetName is not specified as an ARN.")
    if found is None:
        raise ChangeSetNotFound(name)
    return found


def check_stack_name(name: str) -> None:
    """Raise `StackValidationError` if the name is not valid for a stack."""
    constraint = "have length less than or equal to 128" if len(name) > MAX_NAME_LENGTH else None
    if not STACK_NAME.fullmatch(name):
        constraint = "satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
    if constraint is not None:
        raise StackValidationError(
            f"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: "
            f"Member must {constraint}"
        )
