"""Create, update, delete and find single resources by running the plans of their types.

Guarantees that a plan is undone as a whole if one of its calls fails, and that a missing resource counts as deleted.
"""

import inspect
import logging
import re
import sqlite3
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from botocore.model import ServiceModel

from lamplighter.base.errors import AwsError, Bug
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.bus import Bus, Caller
from lamplighter.lang.template.text import TemplateError
from lamplighter.services.cloudformation.deploy.physical_names import physical_name
from lamplighter.services.cloudformation.errors import ResourceFailed
from lamplighter.services.cloudformation.resource_types.operation_parameters import fit_to_shape
from lamplighter.services.cloudformation.resource_types.resource_type import (
    CreatedResource,
    ExistsPlan,
    ResourceRequest,
    ResourceType,
    ServiceCall,
)
from lamplighter.services.cloudformation.tables.stack_resources import StackResource
from lamplighter.services.cloudformation.tables.stacks import Stack
from lamplighter.services.cloudformation.templates.external_inputs import ExternalInputs, MissingInput, NotLoaded
from lamplighter.store.db import Tx

T = TypeVar("T")
log = logging.getLogger("lamplighter.cloudformation")

NOT_FOUND = re.compile("NotFound|NoSuch|DoesNotExist|NonExistent")
"""Parts of the error codes that mean that a resource does not exist."""
HANDLER_ERROR_CODES = (
    (re.compile("Deleting|DeletedRecently"), "ResourceConflict"),
    (re.compile("AlreadyExist|Conflict|QueueNameExists"), "AlreadyExists"),
    (NOT_FOUND, "NotFound"),
    (re.compile("LimitExceeded|QuotaExceeded"), "ServiceLimitExceeded"),
)


class ResourceHandler:
    """A runner of the plans of resource types."""

    def __init__(
        self,
        bus: Bus,
        world: World,
        models: Callable[[str], ServiceModel],
        check: Callable[[str, str, Json], None],
    ) -> None:
        self._bus = bus
        self._world = world
        self._models = models
        self._check = check

    def request_for(
        self,
        stack: Stack,
        kind: ResourceType,
        row: StackResource,
        properties: Mapping[str, Json],
        metadata: Json,
        tags: Json,
    ) -> ResourceRequest:
        """Return the request that a plan of this resource type receives."""
        body = row.body
        return ResourceRequest(
            row.logical,
            row.type,
            properties,
            stack.account,
            stack.region,
            name=self._resource_name(stack, kind, row.logical, properties),
            tags=tuple(tags),
            physical=row.physical or "",
            attributes=body.get("attributes") or {"digits": self._world.uuid().replace("-", "")},
            before=body.get("properties", {}),
            tags_before=tuple(body.get("tags", [])),
            metadata=metadata or {},
        )

    def _resource_name(self, stack: Stack, kind: ResourceType, logical: str, properties: Mapping[str, Json]) -> str:
        if kind.name_property is not None and properties.get(kind.name_property):
            return str(properties[kind.name_property])
        suffix = kind.name_suffix(properties)
        head = stack.name if kind.prefix_stack_name else ""
        return physical_name(self._world.random, head, logical, kind.max_name_length - len(suffix)) + suffix

    def create(self, tx: Tx, kind: ResourceType, request: ResourceRequest, inputs: ExternalInputs) -> CreatedResource:
        """Create a resource."""
        return self._run(tx, request, kind.create(request), inputs)

    def update(self, tx: Tx, kind: ResourceType, request: ResourceRequest, inputs: ExternalInputs) -> CreatedResource:
        """Update a resource to its new properties."""
        return self._run(tx, request, kind.update(request), inputs)

    def delete(self, tx: Tx, kind: ResourceType, request: ResourceRequest, inputs: ExternalInputs) -> None:
        """Delete a resource; do nothing if it does not exist."""
        try:
            self._run(tx, request, kind.delete(request), inputs)
        except AwsError as error:
            if not NOT_FOUND.search(error.code):
                raise

    def exists(
        self, tx: Tx, plan: Callable[[ResourceRequest], ExistsPlan], request: ResourceRequest, inputs: ExternalInputs
    ) -> bool:
        """Return whether a resource exists."""
        try:
            return self._run(tx, request, plan(request), inputs)
        except AwsError as error:
            if NOT_FOUND.search(error.code):
                return False
            raise

    def _run(
        self, tx: Tx, request: ResourceRequest, plan: Generator[ServiceCall, Json, T], inputs: ExternalInputs
    ) -> T:
        caller, answer = Caller(request.account, request.region), None
        with undo_on_error(tx):
            while True:
                try:
                    call = plan.send(answer)
                except StopIteration as done:
                    result: T = done.value
                    return result
                except BAD_PROPERTY_ERRORS as error:
                    raise ResourceFailed(_explain_bad_value(error)) from error
                answer = self._call(tx, caller, call, inputs)

    def _call(self, tx: Tx, caller: Caller, call: ServiceCall, inputs: ExternalInputs) -> Json:
        if not self._bus.serves_any(call.service):
            return inputs.get(call.service, call.operation, dict(call.params), caller.region)
        if not self._bus.is_loaded(call.service):
            raise NotLoaded(call.service)
        model = self._models(call.service)
        if call.operation not in model.operation_names:
            # AWS has no such operation; only the engine's own services have it.
            served = self._bus.serves(call.service, call.operation)
            return self._bus.invoke(tx, caller, call.service, call.operation, dict(call.params)) if served else None
        params = fit_to_shape(model.operation_model(call.operation).input_shape, dict(call.params))
        self._check(call.service, call.operation, params)
        answer = self._bus.invoke(tx, caller, call.service, call.operation, params)
        if inspect.isawaitable(answer):
            raise Bug(f"{call.service}:{call.operation} is asynchronous")
        return answer

    def reason(self, error: Exception) -> str:
        """Return why a resource failed, as its events show it."""
        if isinstance(error, (ResourceFailed, TemplateError)):
            return error.message
        if not isinstance(error, AwsError):
            log.error("a resource failed with an unexpected error", exc_info=error)
            return "Internal Failure"
        # Only the message of a schedule group shows that its deletion is still in progress.
        is_temporary = "is being deleted" in error.message
        code = (
            "ResourceConflict"
            if is_temporary
            else next((name for pattern, name in HANDLER_ERROR_CODES if pattern.search(error.code)), "InvalidRequest")
        )
        token = self._world.uuid()
        return f'Resource handler returned message: "{error.message}" (RequestToken: {token}, HandlerErrorCode: {code})'


def _explain_bad_value(error: Exception) -> str:
    fault = "a property has the wrong type"
    if isinstance(error, KeyError) and isinstance(error.args[0], str):
        fault = f"required key [{error.args[0]}] not found"
    return f"Properties validation failed with message: #: {fault}"


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


BAD_PROPERTY_ERRORS = (KeyError, TypeError, AttributeError, ValueError, IndexError)
"""Errors that a plan raises if properties do not have the form of their type; plans only read them."""
RETRY_TURN_ERRORS = (MissingInput, sqlite3.Error)
"""Errors that are not a failure of the resource: the whole turn runs again."""
