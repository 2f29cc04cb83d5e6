"""Create, update, delete and find single resources by running the plans of their types.

Guarantees that a plan is undone as a whole if one of its calls fails, and that a missing resource counts as deleted.
"""

import inspect
import logging
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TypeVar

from lamplighter.base.errors import AwsError, Bug
from lamplighter.base.file_body import FileBody
from lamplighter.base.json_text import Json
from lamplighter.lang.template.functions import value_as_text
from lamplighter.lang.template.text import TemplateError
from lamplighter.services.cloudformation.deploy.physical_names import physical_name
from lamplighter.services.cloudformation.deploy.stack_turn import StackTurn
from lamplighter.services.cloudformation.errors import ResourceFailed
from lamplighter.services.cloudformation.resource_types.operation_parameters import fit_to_shape
from lamplighter.services.cloudformation.resource_types.read_properties import NOT_FOUND
from lamplighter.services.cloudformation.resource_types.recorded_only import RECORDED
from lamplighter.services.cloudformation.resource_types.registry import resource_type_of, service_of
from lamplighter.services.cloudformation.resource_types.resource_type import (
    Plan,
    PresentProperties,
    Properties,
    ResourceRequest,
    ResourceType,
)
from lamplighter.services.cloudformation.resource_types.schemas import read_schema
from lamplighter.services.cloudformation.tables import stack_resources
from lamplighter.services.cloudformation.tables.stack_resources import StackResource
from lamplighter.services.cloudformation.templates.external_inputs import MissingInput, NotLoaded
from lamplighter.store.db import Tx

T = TypeVar("T")
log = logging.getLogger("lamplighter.cloudformation")

HANDLER_ERROR_CODES = (
    (re.compile("AccessDenied|AuthorizationError"), "AccessDenied"),
    (re.compile("Deleting|DeletedRecently"), "ResourceConflict"),
    (re.compile("AlreadyExist|Conflict|QueueNameExists"), "AlreadyExists"),
    (NOT_FOUND, "NotFound"),
    (re.compile("LimitExceeded|QuotaExceeded"), "ServiceLimitExceeded"),
)
BAD_PROPERTY_ERRORS = (KeyError, TypeError, AttributeError, ValueError, IndexError)
"""Errors that a plan raises if properties do not have the form of their type; plans only read them."""
RETRY_TURN_ERRORS = (MissingInput, sqlite3.Error)
"""Errors that are not a failure of the resource: the whole turn runs again."""


def create_resource(turn: StackTurn, row: StackResource, body: Json) -> StackResource:
    """Create a resource as `body` states it; return it with its physical id and attributes.

    Raises `ResourceFailed` if the resource belongs to another stack, because services accept an existing name.
    """
    kind = _type_of(turn, row.type)
    request = replace(_request(turn, row, body), physical="", before={})
    made = _run(turn, request, kind.create(request))
    if kind.simulated:
        _check_owner(turn, row, made.physical)
    return replace(row, physical=made.physical, body={**row.body, "attributes": dict(made.attributes)})


def _check_owner(turn: StackTurn, row: StackResource, physical: str) -> None:
    """Raise `ResourceFailed` if a resource belongs to another stack, or to the stack under another name."""
    stack = turn.stack
    for other in stack_resources.by_physical(turn.tx, physical, 10):
        same = (other.stack, other.logical) == (stack.id, row.logical)
        same_owner = other.stack.split(":")[3:5] == [stack.region, stack.account]
        if other.type == row.type and not same and same_owner and not other.status.startswith("DELETE_"):
            raise ResourceFailed(f"{physical} already exists in stack {other.stack}")


def update_resource(turn: StackTurn, row: StackResource, body: Json) -> StackResource:
    """Update a resource to the state of `body`; return it with its physical id and attributes."""
    request = _request(turn, row, body)
    kind = _type_of(turn, row.type)
    if kind.simulated and row.body.get("recorded"):  # by an earlier version, which did not have the type
        return create_resource(turn, row, body)
    made = _run(turn, request, kind.update(request))
    return replace(row, physical=made.physical, body={**row.body, "attributes": dict(made.attributes)})


def delete_resource(turn: StackTurn, row: StackResource) -> None:
    """Delete a resource; do nothing if it does not exist."""
    request = _request(turn, row, row.body)
    try:
        _run(turn, request, _type_of(turn, row.type).delete(request))
    except AwsError as error:
        if not NOT_FOUND.search(error.code):
            raise


def import_resource(turn: StackTurn, row: StackResource, body: Json) -> StackResource:
    """Return an existing resource with its attributes; raise `ResourceFailed` if it does not exist or has a stack."""
    found, kind = replace(row, body=body), resource_type_of(row.type)
    if kind.identify is None:
        raise ResourceFailed(f"Resource type {row.type} is not supported for import.")
    is_missing = kind.exists is None and kind.present is not None and read_resource(turn, found, kind.present) is None
    if is_missing or not resource_exists(turn, found):
        raise ResourceFailed(f"Resource {row.physical} of type {row.type} does not exist.")
    request = _request(turn, row, body)
    made = kind.identify(request, request.physical)
    _check_owner(turn, row, made.physical)
    return replace(row, body={**body, "attributes": dict(made.attributes)})


def find_existing(turn: StackTurn, row: StackResource, body: Json) -> StackResource | None:
    """Return the existing resource that has the name in the template, or None.

    As on AWS, the name must identify resources of its type. A rollback must not delete it: its policy must be Retain.
    """
    kind = resource_type_of(row.type)
    named = kind.name.property
    given = body["properties"].get(named)
    if given is None or kind.identify is None or read_schema(row.type).identifier != (named,):
        return None
    if body["deletion"] != "Retain":
        return None
    try:
        return import_resource(turn, replace(row, physical=value_as_text(given)), body)
    except ResourceFailed:
        return None


def resource_exists(turn: StackTurn, row: StackResource) -> bool:
    """Return whether a resource exists; True if its type has no plan to find it."""
    plan = _type_of(turn, row.type).exists
    if plan is None:
        return True
    request = _request(turn, row, row.body)
    try:
        return _run(turn, request, plan(request))
    except AwsError as error:
        return not NOT_FOUND.search(error.code)


def read_resource(turn: StackTurn, row: StackResource, present: PresentProperties) -> Properties | None:
    """Return the properties that a resource has now, or None if it does not exist."""
    request = _request(turn, row, row.body)
    return _run(turn, request, present.read(request))


def _type_of(turn: StackTurn, name: str) -> ResourceType:
    """Return a resource's type. Resources of a service that is elsewhere are only recorded: nothing is made there."""
    kind = resource_type_of(name)
    return kind if not kind.simulated or turn.parts.bus.serves_any(service_of(name)) else RECORDED


def _request(turn: StackTurn, row: StackResource, wanted: Json) -> ResourceRequest:
    """Return the request that a plan receives, for the properties, tags and metadata of `wanted`."""
    stack, before, properties = turn.stack, row.body, wanted["properties"]
    return ResourceRequest(
        row.logical,
        row.type,
        properties,
        stack.account,
        stack.region,
        name=_name(turn, row, properties),
        tags=tuple(wanted["tags"]),
        physical=row.physical or "",
        attributes=before.get("attributes") or {"digits": turn.parts.world.uuid().replace("-", "")},
        before=before.get("properties", {}),
        tags_before=tuple(before.get("tags", [])),
        metadata=wanted["metadata"] or {},
    )


def _name(turn: StackTurn, row: StackResource, properties: Properties) -> str:
    rule = resource_type_of(row.type).name
    if rule.property is not None and properties.get(rule.property):
        return str(properties[rule.property])
    suffix, head = rule.suffix(properties), turn.stack.name if rule.has_stack_name else ""
    return physical_name(turn.parts.world.random, head, row.logical, rule.max_length - len(suffix)) + suffix


def _run(turn: StackTurn, request: ResourceRequest, plan: Plan[T]) -> T:
    resume: Callable[[], tuple[str, Properties]] = partial(plan.send, None)
    with undo_on_error(turn.tx):
        while True:
            try:
                operation, params = resume()
            except StopIteration as done:
                result: T = done.value
                return result
            except BAD_PROPERTY_ERRORS as error:
                raise ResourceFailed(_explain_bad_value(request.logical, error)) from error
            service, _, name = operation.rpartition(":")
            try:
                resume = partial(plan.send, _call(turn, service or service_of(request.type), name, dict(params)))
            except AwsError as error:
                resume = partial(plan.throw, error)  # most plans do not expect it, and it is raised here again


def _call(turn: StackTurn, service: str, operation: str, given: Json) -> Json:
    bus, caller = turn.parts.bus, turn.caller
    if not bus.serves_any(service):
        return turn.inputs.get(service, operation, given, caller, turn.tx)
    if not bus.is_loaded(service):
        raise NotLoaded(service)
    model = turn.parts.models(service)
    if operation not in model.operation_names:
        # AWS has no such operation; only the engine's own services have it.
        served = bus.serves(service, operation)
        return bus.invoke_for_stack(turn.tx, caller, service, operation, given) if served else None
    params = fit_to_shape(model.operation_model(operation).input_shape, given)
    turn.parts.check(service, operation, params)
    bus.check_access(turn.tx, caller, service, operation, params)
    answer = bus.invoke_for_stack(turn.tx, caller, service, operation, params)
    if inspect.isawaitable(answer):
        raise Bug(f"{service}:{operation} is asynchronous")
    if isinstance(answer, dict) and isinstance(answer.get("Body"), FileBody):
        return {**answer, "Body": answer["Body"].read()}
    return answer


def _explain_bad_value(logical: str, error: Exception) -> str:
    fault = "a property has the wrong type"
    if isinstance(error, KeyError) and isinstance(error.args[0], str):
        fault = f"required key [{error.args[0]}] not found"
    return f"Properties validation failed for resource {logical} with message: #: {fault}"


@contextmanager
def attempt(turn: StackTurn) -> Iterator[list[str]]:
    """Run a block that changes a resource. If it fails, undo it and add the reason to the list that the block gets.

    Errors after which the whole turn runs again are raised.
    """
    failures: list[str] = []
    try:
        with undo_on_error(turn.tx):
            yield failures
    except RETRY_TURN_ERRORS:
        raise
    except Exception as error:  # noqa: BLE001 - any error is reported as the resource's failure
        failures.append(failure_reason(turn, error))


def failure_reason(turn: StackTurn, error: Exception) -> str:
    """Return why a resource failed, as its events show it."""
    if isinstance(error, (ResourceFailed, TemplateError)):
        return error.message
    if not isinstance(error, AwsError):
        log.error("a resource failed with an unexpected error", exc_info=error)
        return "Internal Failure"
    code = next((name for pattern, name in HANDLER_ERROR_CODES if pattern.search(error.code)), "InvalidRequest")
    # Only the message of a schedule group shows that its deletion is still in progress.
    code = "ResourceConflict" if "is being deleted" in error.message else code
    token = turn.parts.world.uuid()
    return f'Resource handler returned message: "{error.message}" (RequestToken: {token}, HandlerErrorCode: {code})'


@contextmanager
def undo_on_error(tx: Tx) -> Iterator[None]:
    """Undo the writes and outbox rows of this block, and only those, if the block raises."""
    row_count, callback_count = len(tx.signals.outbox_rows), len(tx.after_commit)
    try:
        with tx.nested():
            yield
    except Exception:
        del tx.signals.outbox_rows[row_count:]
        del tx.after_commit[callback_count:]
        raise
