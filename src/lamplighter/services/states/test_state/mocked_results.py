"""Check a mocked result against the model of the call that it replaces.

"STRICT: All required fields must be present, and all present fields must conform to the API's schema. PRESENT: All
present fields must conform to the API's schema. NONE: No validation is performed." Members that the schema does not
have are ignored. See https://docs.aws.amazon.com/step-functions/latest/apireference/API_MockInput.html.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lamplighter.asl.definition.model import Resource
from lamplighter.base.aws.service_model import ListShape, MapShape, Shape, StructureShape
from lamplighter.base.json_text import Json
from lamplighter.services.states.errors import SchemaMismatch
from lamplighter.services.states.integrations.http_tasks import SERVICE as HTTP
from lamplighter.services.states.integrations.integrations import FindModel, bind_resource
from lamplighter.services.states.integrations.parameter_conversion import pascal_case

FREE_MEMBERS: Mapping[tuple[str, str], frozenset[str]] = {
    ("lambda", ""): frozenset({"Payload"}),
    ("states", "sync:2"): frozenset({"Input", "Output"}),
}
"""Members that an optimised integration returns as JSON, although the API's schema differs; by service and pattern."""

JSON_TYPES: Mapping[str, tuple[str, tuple[type, ...]]] = {
    "structure": ("an object", (dict,)),
    "map": ("an object", (dict,)),
    "list": ("an array", (list,)),
    "boolean": ("a boolean", (bool,)),
    "integer": ("a number", (int,)),
    "long": ("a number", (int,)),
    "float": ("a number", (int, float)),
    "double": ("a number", (int, float)),
}
"""The JSON types of shapes. All other shapes are strings, including timestamps and blobs."""


def answer_shape(resource: Resource, model: FindModel) -> Shape | None:
    """Return the shape of the result of a Task's call, or None if the result has no known shape.

    With `.sync`, the result is the described state of the work at its end. With a task token, the worker chooses the
    result.
    """
    binding = bind_resource(resource) if resource.kind in ("integration", "sdk") else None
    if binding is None or resource.pattern == "waitForTaskToken" or (resource.pattern and binding.sync is None):
        return None
    if binding.service == HTTP:  # not an AWS service: the called API may return anything
        return None
    operation, member = binding.sync.outcome_shape if binding.sync else (binding.operation, "")
    found = model(binding.service)
    if found is None or operation not in found.operation_names:
        return None
    shape = found.operation_model(operation).output_shape
    inner = shape.members[member] if member and shape is not None else shape
    return inner.member if isinstance(inner, ListShape) else inner


def check_result(shape: Shape | None, resource: Resource, result: Json, mode: str) -> None:
    """Raise `SchemaMismatch` if a result does not fit its shape; `mode` is STRICT, PRESENT or NONE."""
    if shape is None or mode == "NONE":
        return
    optimised = resource.kind == "integration"
    free_members = FREE_MEMBERS.get((resource.service, resource.pattern), frozenset()) if optimised else frozenset()
    _ResultChecker(mode == "STRICT", free_members).check(shape, result, "")


@dataclass(frozen=True, slots=True)
class _ResultChecker:
    strict: bool
    free_members: frozenset[str]

    def check(self, shape: Shape, value: Json, name: str) -> None:
        kind, types = JSON_TYPES.get(shape.type_name, ("a string", (str,)))
        if shape.type_name == "structure" and shape.is_document_type:
            return
        fits = isinstance(value, types) and (bool in types or not isinstance(value, bool))
        if not fits:
            raise SchemaMismatch(f"Field '{name}' must be {kind}" if name else f"The result must be {kind}")
        if isinstance(shape, StructureShape):
            self._check_members(shape, value)
        elif isinstance(shape, ListShape):
            for item in value:
                self.check(shape.member, item, name)
        elif isinstance(shape, MapShape):
            for key, inner in value.items():
                self.check(shape.value, inner, key)
        else:
            _check_bounds(shape, value, name)
            if value not in shape.metadata.get("enum", (value,)):
                raise SchemaMismatch(f"Field '{name}' is not an expected value")

    def _check_members(self, shape: StructureShape, value: Mapping[str, Json]) -> None:
        for member, inner in shape.members.items():
            name = pascal_case(member)
            if value.get(name) is not None and name not in self.free_members:
                self.check(inner, value[name], name)
            elif name not in value and self.strict and member in shape.required_members:
                raise SchemaMismatch(f"Required field '{name}' is missing")


def _check_bounds(shape: Shape, value: Json, name: str) -> None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if isinstance(value, str):
        if low is not None and len(value) < low:
            raise SchemaMismatch(f"Field '{name}' is smaller than the minimum length")
        if high is not None and len(value) > high:
            raise SchemaMismatch(f"Field '{name}' exceeds the maximum length")
    elif not isinstance(value, bool):
        if low is not None and value < low:
            raise SchemaMismatch(f"Field '{name}' is less than the minimum value")
        if high is not None and value > high:
            raise SchemaMismatch(f"Field '{name}' exceeds the maximum value")
