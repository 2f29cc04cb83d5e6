"""Split a CloudFormation template into its parts and check them, before its functions have values.

Guarantees that a template from `parse_template` refers only to names that it defines. Rejects any other template in
CloudFormation's words.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.lang.template.includes import macro_name, macro_names
from lamplighter.lang.template.references import choose_branches, find_attributes, find_references
from lamplighter.lang.template.text import TemplateError, TemplateFormatError

SECTIONS = frozenset(
    {
        "AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Rules", "Mappings", "Conditions",
        "Transform", "Globals", "Hooks", "Resources", "Outputs",
    }
)  # fmt: skip
RESOURCE_MEMBERS = frozenset(
    {
        "Type", "Properties", "DependsOn", "Condition", "Metadata", "DeletionPolicy", "UpdateReplacePolicy",
        "CreationPolicy", "UpdatePolicy",
    }
)  # fmt: skip
"""The members that a resource may have."""
PSEUDO_PARAMETERS = frozenset(
    f"AWS::{name}"
    for name in ("AccountId", "NotificationARNs", "NoValue", "Partition", "Region", "StackId", "StackName", "URLSuffix")
)
SERVERLESS_TRANSFORM = "AWS::Serverless-2016-10-31"
UPDATE_REPLACE_POLICIES = ("Delete", "Retain", "Snapshot")
DELETION_POLICIES = (*UPDATE_REPLACE_POLICIES, "RetainExceptOnCreate")
MAX_RESOURCES, MAX_PARAMETERS, MAX_OUTPUTS, MAX_MAPPINGS = 500, 200, 200, 200
MAX_TEMPLATE_BYTES = 1_048_576
"""The most bytes of a template: AWS's limit through S3."""
MAX_BODY_BYTES = 51_200
"""The most bytes of a template within a request, which only an engine with AWS's limits checks.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html."""

_NAME = re.compile(r"[A-Za-z0-9]+")
_TYPE = re.compile(r"[A-Za-z0-9]{2,64}(::[A-Za-z0-9]{2,64}){2,3}|Custom::[A-Za-z0-9_@-]{1,60}")


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource, as the template has it."""

    name: str
    """The logical ID."""
    type: str
    properties: Mapping[str, Json]
    depends_on: tuple[str, ...]
    condition: str | None
    metadata: Json
    deletion_policy: Json
    update_replace_policy: Json


@dataclass(frozen=True, slots=True)
class Output:
    """An output, as the template has it."""

    name: str
    value: Json
    description: str | None
    condition: str | None
    export: Json
    """The name under which the value is exported, or None."""


@dataclass(frozen=True, slots=True)
class Template:
    """The parts of a template."""

    description: str | None
    metadata: Json
    parameters: Mapping[str, Mapping[str, Json]]
    mappings: Mapping[str, Json]
    conditions: Mapping[str, Json]
    rules: Mapping[str, Json]
    resources: Mapping[str, Resource]
    outputs: Mapping[str, Output]


def transform_names(document: Json) -> list[str]:
    """Return the names of the transforms that a template uses, in order and without repetitions."""
    within = {name: section for name, section in document.items() if name != "Transform"}
    return list(dict.fromkeys([*(macro_name(call) for call in transform_calls(document)), *macro_names(within)]))


def transform_calls(document: Json) -> list[Json]:
    """Return the Transform section as a list: names, or names with parameters."""
    section = document.get("Transform")
    return section if isinstance(section, list) else [section] if section is not None else []


def is_limited(document: Json, *, aws_limits: bool = False) -> bool:
    """Return whether AWS's limits on a template apply: not to one from a job file, which then is for this engine.

    With `aws_limits`, they apply to it too, unless it is the form of it for this engine, which AWS never gets.
    """
    metadata = document.get("Metadata")
    if not isinstance(metadata, dict) or "Lamplighter" not in metadata:
        return True
    own = metadata["Lamplighter"]
    return aws_limits and not (isinstance(own, dict) and own.get("Platform") == "here")


def parse_template(document: Json, *, aws_limits: bool = False) -> Template:
    """Split a template into its parts and check them; see `is_limited`. Raises `TemplateError`."""
    template = parse_checked_template(document)
    if is_limited(document, aws_limits=aws_limits):
        _check_limits(template)
    _check_names(template)
    _check_references(template)
    return template


def parse_checked_template(document: Json) -> Template:
    """Split a template that was checked before. Raises `TemplateError` if it does not have the form of a template."""
    unknown = [name for name in document if name not in SECTIONS]
    if unknown:
        raise TemplateError(f"Invalid template property or properties [{', '.join(unknown)}]")
    version = document.get("AWSTemplateFormatVersion", "2010-09-09")
    if str(version) != "2010-09-09":
        raise TemplateFormatError(f"{version} is not a supported value for AWSTemplateFormatVersion.")
    resources = {name: parse_resource(name, body) for name, body in section_members(document, "Resources").items()}
    if not resources:
        raise TemplateFormatError("At least one Resources member must be defined.")
    return Template(
        _description(document),
        document.get("Metadata"),
        section_members(document, "Parameters"),
        _mappings(document),
        section_members(document, "Conditions"),
        section_members(document, "Rules"),
        resources,
        {name: _output(name, body) for name, body in section_members(document, "Outputs").items()},
    )


def section_members(document: Json, name: str) -> dict[str, Json]:
    """Return the members of a section, which must be objects; empty if the template does not have the section."""
    found = document.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict) or any(not isinstance(entry, dict) for entry in found.values()):
        raise TemplateFormatError(f"Every {name} member must be an object.")
    return found


def _mappings(document: Json) -> dict[str, Json]:
    """Return the mappings, each with two levels of keys over texts, numbers or lists of them."""
    found = section_members(document, "Mappings")
    for mapping in found.values():
        for name, attributes in mapping.items():
            if not isinstance(attributes, dict):
                raise TemplateFormatError(f"Every Mappings member {name} must be a map")
            if any(isinstance(each, dict) or each is None for each in attributes.values()):
                raise TemplateFormatError("Every Mappings attribute must be a String or a List.")
    return found


def _description(document: Json) -> str | None:
    found = document.get("Description")
    if found is None:
        return None
    if not isinstance(found, str):
        raise TemplateFormatError("Description must be a string.")
    if len(found.encode()) > 1024:
        raise TemplateFormatError("'Description' length is greater than 1024.")
    return found


def parse_resource(name: str, body: Json) -> Resource:
    """Read one resource of a template. Raises `TemplateError`."""
    kind = body.get("Type")
    if kind is None:
        raise TemplateFormatError(f"[/Resources/{name}] Every Resources object must contain a Type member.")
    if not isinstance(kind, str) or not _TYPE.fullmatch(kind):
        raise TemplateFormatError(f"Unrecognized resource types: [{kind}]")
    unknown = [member for member in body if member not in RESOURCE_MEMBERS]
    if unknown:
        raise TemplateError(f"Invalid template resource property '{unknown[0]}'")
    properties = body["Properties"] if body.get("Properties") is not None else {}
    if not isinstance(properties, dict):
        raise TemplateFormatError(f"[/Resources/{name}/Properties] must be an object.")
    return Resource(
        name,
        kind,
        properties,
        _depends_on(body.get("DependsOn", [])),
        _condition(f"/Resources/{name}", body),
        body.get("Metadata"),
        body.get("DeletionPolicy"),
        body.get("UpdateReplacePolicy"),
    )


def _depends_on(given: Json) -> tuple[str, ...]:
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise TemplateFormatError("DependsOn must be a string or list of strings.")
    return tuple(names)


def check_policies(resource: Resource, deletion: Json, update_replace: Json) -> None:
    """Raise `TemplateError` for a policy, without functions, that states nothing that CloudFormation knows."""
    for name, given, known in (
        ("DeletionPolicy", deletion, DELETION_POLICIES),
        ("UpdateReplacePolicy", update_replace, UPDATE_REPLACE_POLICIES),
    ):
        if given is not None and not isinstance(given, str):
            raise TemplateFormatError(f"Every {name} member must be a string.")
        if given is not None and given not in known:
            raise TemplateFormatError(f"Unrecognized {name} {given} for resource {resource.name}")


def _condition(place: str, body: Json) -> str | None:
    named = body.get("Condition")
    if named is not None and not isinstance(named, str):
        raise TemplateFormatError(f"Every Condition member must be a string: [{place}]")
    return named


def _output(name: str, body: Json) -> Output:
    if "Value" not in body:
        raise TemplateFormatError(f"Output {name} is malformed. Every Outputs member must contain a Value object")
    export = body.get("Export")
    if export is not None and (not isinstance(export, dict) or "Name" not in export):
        raise TemplateFormatError(f"Output {name} is malformed. The Export member must contain a Name")
    described = body.get("Description")
    return Output(
        name,
        body["Value"],
        described if described is None else str(described),
        _condition(f"/Outputs/{name}", body),
        export["Name"] if export is not None else None,
    )


def check_conditional_references(template: Template, conditions: Mapping[str, bool]) -> None:
    """Raise `TemplateError` if a value refers to a resource that its condition leaves out."""
    left_out = {
        name
        for name, resource in template.resources.items()
        if resource.condition and not conditions[resource.condition]
    }
    properties = [each.properties for name, each in template.resources.items() if name not in left_out]
    outputs = [
        [each.value, each.export]
        for each in template.outputs.values()
        if each.condition is None or conditions[each.condition]
    ]
    for block, values in (("Resources", properties), ("Outputs", outputs)):
        if left_out.isdisjoint(find_references(values)):
            continue
        _refuse_unresolved(left_out.intersection(find_references(choose_branches(values, conditions))), block)


def _refuse_unresolved(missing: Collection[str], block: str) -> None:
    if missing:  # measured against AWS: of an output it is no format error
        raise (TemplateError if block == "Outputs" else TemplateFormatError)(
            f"Unresolved resource dependencies [{', '.join(sorted(missing))}] in the {block} block of the template"
        )


def _check_limits(template: Template) -> None:
    for what, found, most in (
        ("resources", template.resources, MAX_RESOURCES),
        ("parameters", template.parameters, MAX_PARAMETERS),
        ("outputs", template.outputs, MAX_OUTPUTS),
        ("mappings", template.mappings, MAX_MAPPINGS),
    ):
        if len(found) > most:
            raise TemplateFormatError(f"Number of {what}, {len(found)}, is greater than maximum allowed, {most}")


def _check_names(template: Template) -> None:
    for what, names in (
        ("Parameter", template.parameters),
        ("Resource", template.resources),
        ("Output", template.outputs),
    ):
        for name in names:
            if not _NAME.fullmatch(name):
                raise TemplateFormatError(f"{what} name {name} is non alphanumeric.")
    doubled = [name for name in template.resources if name in template.parameters]
    if doubled:
        raise TemplateFormatError(f"[/Resources/{doubled[0]}] a resource and a parameter have the same name.")


def _check_references(template: Template) -> None:
    _check_attributes(template)
    known = set(template.resources)
    values = set(template.parameters) | PSEUDO_PARAMETERS
    for block, found in (
        ("Resources", _references_of_resources(template)),
        ("Outputs", _references_of_outputs(template)),
    ):
        _refuse_unresolved({name for name in found if name not in known and name not in values}, block)
    wrong = sorted({name for name in find_references(template.conditions) if name not in values})
    if wrong:
        raise TemplateFormatError(
            f"Unresolved dependencies [{', '.join(wrong)}]. Cannot reference resources in the Conditions block of the "
            "template"
        )
    conditions = [resource.condition for resource in template.resources.values()]
    conditions += [output.condition for output in template.outputs.values()]
    unknown = [name for name in conditions if name is not None and name not in template.conditions]
    if unknown:
        raise TemplateFormatError(f"Condition {unknown[0]} is not defined.")


def _check_attributes(template: Template) -> None:
    """Raise an error for an attribute of a resource that the template does not define."""
    values = [
        *(resource.properties for resource in template.resources.values()),
        *(output.value for output in template.outputs.values()),
    ]
    for function, name, attribute in find_attributes(values):
        if name not in template.resources:
            what = f"undefined resource {name}"
            if function == "Fn::Sub":
                what = f"invalid resource attribute {name}.{attribute}"
            raise TemplateError(f"Template error: instance of {function} references {what}")


def _references_of_resources(template: Template) -> Iterator[str]:
    for resource in template.resources.values():
        yield from find_references(resource.properties)
        yield from resource.depends_on


def _references_of_outputs(template: Template) -> Iterator[str]:
    for output in template.outputs.values():
        yield from find_references(output.value)
        yield from find_references(output.export)
