"""Execute and delete a change set together with those of its nested stacks.

A change set with IncludeNestedStacks is the root of a tree: each nested stack has one of its own, which is executed and
deleted with the root. A nested stack that does not exist yet waits in REVIEW_IN_PROGRESS. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/change-sets-for-nested-stacks.html.
"""

from collections.abc import Iterator
from dataclasses import replace

from lamplighter.base.json_text import Json
from lamplighter.services.cloudformation.stacks.stack_events import REVIEW_IN_PROGRESS
from lamplighter.services.cloudformation.stacks.start_operation import OperationStarter
from lamplighter.services.cloudformation.tables import change_sets, stacks, templates
from lamplighter.services.cloudformation.tables.change_sets import ChangeSet
from lamplighter.store.db import Reader, Tx


def _children(reader: Reader, found: ChangeSet) -> Iterator[ChangeSet]:
    for each in found.body.get("children", {}).values():
        child = change_sets.get(reader, each["change_set"])
        if child is not None:
            yield child


def begin_execution(tx: Tx, found: ChangeSet) -> Json:
    """Record that the change sets of nested stacks are executed; return the nested stacks by logical ID."""
    for child in _children(tx, found):
        nested = begin_execution(tx, child)
        stack = stacks.get(tx, child.stack)
        if stack is not None and child.body["status"] == "CREATE_COMPLETE":
            body = stack.body | {"nested_stacks": nested, "change_set": child.id}
            stacks.put(tx, replace(stack, body=body))
            change_sets.set_executed(tx, child)
    return {name: each["stack"] for name, each in found.body.get("children", {}).items()}


def delete_tree(tx: Tx, found: ChangeSet, starter: OperationStarter) -> None:
    """Delete a change set and those below it, with the nested stacks that still wait for them."""
    for child in _children(tx, found):
        delete_tree(tx, child, starter)
        stack = stacks.get(tx, child.stack)
        if stack is not None and stack.status == REVIEW_IN_PROGRESS:
            starter.delete(tx, stack, {})
    change_sets.delete(tx, found.id)
    templates.drop_unused(tx, found.stack)
