"""Check whether this engine can run a definition, including its calls, and implement ValidateStateMachineDefinition.

See https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from lamplighter.asl.definition.diagnostics import SCHEMA, Diagnostic
from lamplighter.asl.definition.model import Resource
from lamplighter.asl.definition.parse import InvalidDefinition, parse_definition, parse_resource
from lamplighter.asl.definition.state_tree import StatePlace, state_places
from lamplighter.base.errors import MissingLibrary
from lamplighter.base.json_text import Json, JsonError, loads
from lamplighter.base.modules import is_installed
from lamplighter.base.precompute import Precomputed
from lamplighter.bus import Bus, Caller
from lamplighter.outbound.aws import RemoteServices
from lamplighter.services.states.integrations.http_tasks import SERVICE as HTTP
from lamplighter.services.states.integrations.integrations import (
    CallBinding,
    FindModel,
    added_parameters,
    bind_resource,
)
from lamplighter.services.states.json_errors import json_error_message
from lamplighter.services.states.machines import check_parameters, map_labels
from lamplighter.services.states.machines.definition_warnings import definition_warnings
from lamplighter.store.db import Reader

if TYPE_CHECKING:
    from aws_types import states as aws

NOT_JSON = "INVALID_JSON_DESCRIPTION"
UNSUPPORTED_PATTERN = "Express state machine does not support '.{}' service integration{}"
"""The error for express machines. Recorded from AWS: it ends with a space for `.waitForTaskToken`, without for `.sync`.
"""
UNKNOWN_RESOURCE = (
    "The resource provided {} is not recognized. The value is not a valid resource ARN, or the resource is not "
    "available in this region."
)
NO_ENDPOINT = (
    "The resource provided {0} calls a service that this engine does not provide and for which no endpoint is "
    "configured. Start the engine with --endpoint {1}=URL, or --endpoint {1}=aws for AWS itself"
)
DEFAULT_MAX_RESULTS = 100


class DefinitionValidator:
    """The check of definitions against the language and the services that this engine can call."""

    def __init__(self, bus: Bus, remote: RemoteServices, model: FindModel) -> None:
        self._bus = bus
        self._remote = remote
        self._model = model
        self.check = Precomputed(self._check)
        """The check of a definition and its machine type: raises `InvalidDefinition` with all errors, or
        `InvalidLabel`."""
        self._diagnostics = Precomputed(self._diagnose)

    def prepare(self, _reader: Reader, _caller: Caller, params: Json) -> Callable[[], object] | None:
        """Return the diagnosis of the definition as work for a thread, or None if the definition is small."""
        return self._diagnostics.work_for(params["definition"], params.get("type", "STANDARD"))

    def _check(self, text: str, kind: str) -> None:
        parse_definition(text, added_parameters)
        found = list(self._errors(loads(text), kind))
        for fault in found:
            if fault.code == map_labels.INVALID_LABEL:
                raise map_labels.InvalidLabel(fault.message, text)
        if found:
            raise InvalidDefinition(found)

    def validate(
        self, _reader: Reader, _caller: Caller, params: "aws.ValidateStateMachineDefinitionInput"
    ) -> "aws.ValidateStateMachineDefinitionOutput":
        """Handle ValidateStateMachineDefinition."""
        found = self._diagnostics(params["definition"], params.get("type", "STANDARD"))
        errors = [fault for fault in found if fault.severity == "ERROR"]
        shown = found if params.get("severity") == "WARNING" else errors
        most = params.get("maxResults") or DEFAULT_MAX_RESULTS
        return {
            "result": "FAIL" if errors else "OK",
            "diagnostics": [_to_api(fault) for fault in shown[:most]],
            "truncated": len(shown) > most,
        }

    def _diagnose(self, text: str, kind: str) -> list[Diagnostic]:
        try:
            parse_definition(text, added_parameters)
        except InvalidDefinition as error:
            return [_with_parser_message(fault, text) for fault in error.diagnostics]
        definition = loads(text)
        return [*self._errors(definition, kind), *definition_warnings(state_places(definition))]

    def _errors(self, definition: Json, kind: str) -> Iterator[Diagnostic]:
        found = list(state_places(definition))
        yield from map_labels.check_labels(found)
        for place in found:
            if place.state["Type"] == "Task":
                yield from self._call_errors(place, kind)
            for field in ("ItemReader", "ResultWriter"):
                yield from self._storage_errors(place.state.get(field, {}), f"{place.location}/{field}")

    def _call_errors(self, place: StatePlace, kind: str) -> Iterator[Diagnostic]:
        resource = parse_resource(place.state["Resource"])
        at = f"{place.location}/Resource"
        missing = self.not_callable_reason(place.state["Resource"], resource)
        if kind == "EXPRESS" and resource is not None and resource.pattern:
            space = " " if resource.pattern == "waitForTaskToken" else ""
            yield Diagnostic(SCHEMA, UNSUPPORTED_PATTERN.format(resource.pattern, space), at)
        elif kind == "EXPRESS" and resource is not None and resource.kind == "activity":
            yield Diagnostic(SCHEMA, "Express state machine does not support Activity ARN", at)
        elif missing is not None:
            yield Diagnostic(SCHEMA, missing, at)
        elif resource is not None and resource.kind in ("integration", "sdk"):
            yield from self._parameter_errors(place, resource)

    def _is_aws_operation(self, binding: CallBinding) -> bool:
        """Return whether AWS has this operation; the engine also serves some operations that AWS does not have."""
        model = self._model(binding.service) if binding.service != HTTP else None
        return binding.service == HTTP or (model is not None and binding.operation in model.operation_names)

    def _parameter_errors(self, place: StatePlace, resource: Resource) -> Iterator[Diagnostic]:
        binding = bind_resource(resource)
        model = self._model(binding.service) if binding is not None and binding.service != HTTP else None
        if binding is not None and model is not None:
            yield from check_parameters.check_parameters(place, binding, model.operation_model(binding.operation))

    def _storage_errors(self, part: Json, at: str) -> Iterator[Diagnostic]:
        if part.get("ReaderConfig", {}).get("InputType") == "PARQUET" and not is_installed("pyarrow"):
            reason = str(MissingLibrary("An ItemReader of Parquet", "parquet"))
            yield Diagnostic(SCHEMA, reason, f"{at}/ReaderConfig/InputType")
        if "Resource" in part and not self._bus.serves_any("s3") and not self._remote.can_call("s3", "GetObject"):
            yield Diagnostic(SCHEMA, NO_ENDPOINT.format(part["Resource"], "s3"), f"{at}/Resource")

    def not_callable_reason(self, text: str, resource: Resource | None, *, mocked: bool = False) -> str | None:
        """Return why a resource cannot be called, or None if it can.

        A mocked resource only has to exist.
        """
        if resource is not None and resource.kind == "activity":
            return None
        binding = bind_resource(resource) if resource is not None else None
        if resource is None or binding is None or (resource.pattern.startswith("sync") and binding.sync is None):
            return UNKNOWN_RESOURCE.format(text)
        if self._bus.serves(binding.service, binding.operation):
            return None if self._is_aws_operation(binding) else UNKNOWN_RESOURCE.format(text)
        if self._remote.can_call(binding.service, binding.operation):
            return None
        if self._bus.serves_any(binding.service) or not self._remote.has_operation(binding.service, binding.operation):
            return UNKNOWN_RESOURCE.format(text)
        return None if mocked else NO_ENDPOINT.format(text, binding.service)


def _with_parser_message(fault: Diagnostic, text: str) -> Diagnostic:
    """Replace the message of a JSON error by that of AWS's parser."""
    if fault.code != NOT_JSON or not text.strip():
        return fault
    try:
        loads(text)
    except JsonError:
        return replace(fault, message=json_error_message(text))
    return fault


def _to_api(fault: Diagnostic) -> Json:
    answer = {"severity": fault.severity, "code": fault.code, "message": fault.message}
    return answer if fault.location is None else answer | {"location": fault.location}
