"""Implement the operations that list events, by stack, by operation or by change set.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackEvents.html and
…/API_DescribeEvents.html.
"""

from collections.abc import Callable
from functools import partial

from lamplighter.base.errors import require
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.operations.pages import NEWEST, read_filtered
from lamplighter.services.cloudformation.errors import StackValidationError
from lamplighter.services.cloudformation.stacks.lookup import PAGES, find_change_set, find_stack
from lamplighter.services.cloudformation.stacks.stack_events import STACK
from lamplighter.services.cloudformation.tables import stack_events
from lamplighter.services.cloudformation.tables.change_sets import ChangeSet
from lamplighter.store.db import Reader


def describe_stack_events(reader: Reader, caller: Caller, params: Json) -> Json:
    """List the events of a stack, newest first (`DescribeStackEvents`)."""
    stack = _stack(reader, caller, params.get("StackName", ""))
    read = partial(stack_events.page, reader, stack)
    return PAGES.page("StackEvents", params, NEWEST, read, lambda each: each[1], lambda each: each[0])


def _stack(reader: Reader, caller: Caller, name: str) -> str:
    found = require(find_stack(reader, caller, name), lambda: StackValidationError(f"Stack [{name}] does not exist"))
    return found.id


def describe_events(reader: Reader, caller: Caller, params: Json) -> Json:
    """List the events of a stack, an operation or a change set, optionally only failures (`DescribeEvents`)."""
    failed = params.get("Filters", {}).get("FailedEvents", False)
    if params.get("ChangeSetName"):
        made = _change_set_event(find_change_set(reader, caller, params))
        return {"OperationEvents": [made] if not failed or made["OperationStatus"] == "FAILED" else []}
    read = read_filtered(
        _event_reader(reader, caller, params), lambda each: each[0], lambda each: not failed or _is_failure(each[1])
    )
    return PAGES.page("OperationEvents", params, NEWEST, read, lambda each: _event(each[1]), lambda each: each[0])


def _event_reader(reader: Reader, caller: Caller, params: Json) -> Callable[[int, int], list[tuple[int, Json]]]:
    operation = params.get("OperationId")
    if operation:
        return partial(stack_events.page_of_operation, reader, operation)
    if not params.get("StackName"):
        raise StackValidationError("One of ChangeSetName, OperationId or StackName must be specified")
    return partial(stack_events.page, reader, _stack(reader, caller, params["StackName"]))


def _is_failure(event: Json) -> bool:
    return bool(event["ResourceStatus"].endswith("_FAILED")) and not _is_about_stack(event)


def _is_about_stack(event: Json) -> bool:
    """Return whether the event is about the stack as a whole."""
    return bool(event["ResourceType"] == STACK and event["PhysicalResourceId"] == event["StackId"])


def _event(event: Json) -> Json:
    """Return an event as `DescribeEvents` shows it, with its type and, for a stack's event, the operation's status."""
    status = event["ResourceStatus"]
    if _is_about_stack(event):
        in_progress = status.endswith("_IN_PROGRESS")
        operation_status = "IN_PROGRESS" if in_progress else "FAILED" if status.endswith("_FAILED") else "SUCCEEDED"
        return event | {"EventType": "STACK_EVENT", "OperationStatus": operation_status}
    return event | {"EventType": "PROVISIONING_ERROR" if _is_failure(event) else "PROGRESS_EVENT"}


def _change_set_event(found: ChangeSet) -> Json:
    """Return the event for the creation of a change set, which is a single step."""
    body = found.body
    return {
        "EventId": found.id.rpartition("/")[2],
        "StackId": found.stack,
        "OperationId": found.id.rpartition("/")[2],
        "OperationType": "CREATE_CHANGESET",
        "OperationStatus": "FAILED" if body["status"] == "FAILED" else "SUCCEEDED",
        "EventType": "STACK_EVENT",
        "Timestamp": body["created"] / 1000,
        **({"ResourceStatusReason": body["reason"]} if body["reason"] else {}),
    }
