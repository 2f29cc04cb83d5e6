"""Check what a change set of type IMPORT imports.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceToImport.html.
"""

from collections.abc import Mapping

from lamplighter.base.json_text import Json
from lamplighter.services.cloudformation.errors import StackValidationError
from lamplighter.services.cloudformation.resource_types.registry import resource_type_of
from lamplighter.services.cloudformation.resource_types.schemas import read_schema
from lamplighter.services.cloudformation.templates.parsed_templates import ParsedTemplate


def read_imports(params: Json, parsed: ParsedTemplate) -> dict[str, str]:
    """Return the physical ids of the resources that a request imports, by logical ID."""
    listed = params.get("ResourcesToImport") or []
    if not listed:
        raise StackValidationError("ResourcesToImport must be specified for a change set of type IMPORT.")
    return {each["LogicalResourceId"]: _read_import(each, parsed) for each in listed}


def _read_import(given: Json, parsed: ParsedTemplate) -> str:
    name, kind = given["LogicalResourceId"], given["ResourceType"]
    if name not in parsed.names:
        raise StackValidationError(f"Resources [{name}] to import are missing in the template.")
    resource = parsed.resource(name)
    if resource.type != kind:
        raise StackValidationError(f"Resource {name} has type {resource.type} in the template, and not {kind}.")
    if resource.deletion_policy is None:
        raise StackValidationError(
            f"Resources [{name}] to import must have a DeletionPolicy attribute in the template."
        )
    imported = resource_type_of(kind)
    if imported.identify is None:
        raise StackValidationError(f"Resource type {kind} is not supported for import.")
    wanted = read_schema(kind).identifier
    if not given["ResourceIdentifier"].keys() >= set(wanted):
        raise StackValidationError(f"The identifier of resource {name} must have [{', '.join(wanted)}].")
    return imported.physical_id(given["ResourceIdentifier"][wanted[-1]])


def as_imports(changes: list[Json], imports: Mapping[str, str]) -> list[Json]:
    """Return changes as those of an import; raise `StackValidationError` if anything else changes."""
    found = []
    for change in changes:
        one = change["ResourceChange"]
        name = one["LogicalResourceId"]
        if one["Action"] != "Add" or name not in imports:
            raise StackValidationError(f"As part of the import operation, you cannot modify or add [{name}]")
        found.append(change | {"ResourceChange": one | {"Action": "Import", "PhysicalResourceId": imports[name]}})
    return found
