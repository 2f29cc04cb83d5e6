"""Implement the operations that return, validate and summarise templates.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplateSummary.html.
"""

from collections.abc import Iterator, Mapping
from functools import partial

from lamplighter.base.json_text import Json, dumps
from lamplighter.bus import Caller
from lamplighter.lang.template.for_each import LOOP_PREFIX
from lamplighter.lang.template.parameters import default_text, is_no_echo, read_parameters
from lamplighter.lang.template.references import creation_order, find_references
from lamplighter.lang.template.template import parse_template, transform_names
from lamplighter.lang.template.text import parse_text
from lamplighter.services.cloudformation.errors import StackValidationError
from lamplighter.services.cloudformation.resource_types.registry import resource_type_of
from lamplighter.services.cloudformation.resource_types.schemas import read_schema
from lamplighter.services.cloudformation.stacks.lookup import find_change_set, require_stack
from lamplighter.services.cloudformation.tables import templates
from lamplighter.services.cloudformation.templates.external_inputs import ExternalInputs
from lamplighter.services.cloudformation.templates.plan_stack import (
    parse_template_text,
    read_template_text,
    required_capabilities,
)
from lamplighter.store.db import Reader, Tx

IAM_REASON = "The following resource(s) require capabilities: [{}]"


def get_template(reader: Reader, caller: Caller, params: Json) -> Json:
    """Return a template before or after its transforms (`GetTemplate`); without transforms, both are the same."""
    plan = _stored_plan(reader, caller, params)
    text = templates.text(reader, plan["template"])
    if params.get("TemplateStage", "Processed") == "Processed" and _is_transformed(plan, text):
        text = templates.processed(reader, plan["template"])
    return {"StagesAvailable": ["Original", "Processed"], "TemplateBody": text}


def _stored_plan(reader: Reader, caller: Caller, params: Json) -> Json:
    named, stack = params.get("ChangeSetName"), params.get("StackName")
    if named is not None:
        return find_change_set(reader, caller, params).body["plan"]
    if not stack:
        raise StackValidationError("StackName is required if ChangeSetName is not specified.")
    return require_stack(reader, caller, stack).plan


def validate_template(tx: Tx, caller: Caller, params: Json, inputs: ExternalInputs) -> Json:
    """Check a template and return its parameters (`ValidateTemplate`)."""
    text = read_template_text(tx, caller, params, None, inputs)
    run = partial(_validate, text, aws_limits=inputs.aws_limits)
    return inputs.compute("validation", len(text), tx, lambda _reader, _inputs: run())


def summarize_template(tx: Tx, caller: Caller, params: Json, inputs: ExternalInputs) -> Json:
    """Return the parameters, resource types and capabilities of a template (`GetTemplateSummary`)."""
    if params.get("StackName") and not params.get("TemplateBody") and not params.get("TemplateURL"):
        text = templates.text(tx, require_stack(tx, caller, params["StackName"]).plan["template"])
    else:
        text = read_template_text(tx, caller, params, None, inputs)
    run = partial(_summarize, text, aws_limits=inputs.aws_limits)
    return inputs.compute("summary", len(text), tx, lambda _reader, _inputs: run())


def _is_transformed(plan: Json, text: str) -> bool:
    """Return whether a template has transforms; plans of earlier versions do not store this."""
    return bool(transform_names(parse_text(text)) if plan["transforms"] is None else plan["transforms"])


def _validate(text: str, *, aws_limits: bool) -> Json:
    document = parse_template_text(text, aws_limits=aws_limits)
    described = _describe(document, aws_limits=aws_limits)
    return described | {"Parameters": [_parameter(*pair) for pair in read_parameters(document).items()]}


def _parameter(name: str, definition: Json) -> Json:
    return {
        "ParameterKey": name,
        "NoEcho": is_no_echo(definition),
        **({"DefaultValue": default_text(definition)} if "Default" in definition else {}),
        **({"Description": definition["Description"]} if "Description" in definition else {}),
    }


def _summarize(text: str, *, aws_limits: bool) -> Json:
    document = parse_template_text(text, aws_limits=aws_limits)
    metadata, version = document.get("Metadata"), document.get("AWSTemplateFormatVersion")
    types = dict(_resource_types(document.get("Resources")))
    return {
        **_describe(document, aws_limits=aws_limits),
        "Parameters": [_parameter_declaration(*pair) for pair in read_parameters(document).items()],
        "ResourceTypes": sorted(set(types.values())),
        "ResourceIdentifierSummaries": _identifier_summaries(types),
        **({"Metadata": _in_flow_style(metadata)} if metadata is not None else {}),
        **({"Version": str(version)} if version is not None else {}),
    }


def _describe(document: Json, *, aws_limits: bool) -> Json:
    """Check a template and return its description and capabilities; one with transforms is checked later."""
    named = transform_names(document)
    if named:
        text = document.get("Description")
        return {
            "Capabilities": ["CAPABILITY_AUTO_EXPAND"],
            "CapabilitiesReason": f"The following transforms require capabilities: [{', '.join(named)}]",
            "DeclaredTransforms": named,
            **({"Description": text} if text else {}),
        }
    template = parse_template(document, aws_limits=aws_limits)
    creation_order(
        {name: {*find_references(each.properties), *each.depends_on} for name, each in template.resources.items()}
    )
    wanted = required_capabilities(template)
    iam = sorted({resource.type for resource in template.resources.values() if resource.type.startswith("AWS::IAM::")})
    return {
        **({"Description": template.description} if template.description else {}),
        **({"Capabilities": wanted, "CapabilitiesReason": IAM_REASON.format(", ".join(iam))} if wanted else {}),
    }


def _resource_types(resources: Json) -> Iterator[tuple[str, str]]:
    """Yield the names and types of all resources, including those in loops."""
    for name, body in resources.items() if isinstance(resources, dict) else ():
        if name.startswith(LOOP_PREFIX):
            yield from _resource_types(body[-1] if isinstance(body, list) and body else None)
        elif isinstance(body, dict) and isinstance(body.get("Type"), str):
            yield name, body["Type"]


def _identifier_summaries(types: Mapping[str, str]) -> list[Json]:
    """Return for each type the resources of this type, and the properties that identify one when it is imported."""
    return [
        {
            "ResourceType": kind,
            "LogicalResourceIds": [name for name, its_type in types.items() if its_type == kind],
            **({"ResourceIdentifiers": list(read_schema(kind).identifier)} if resource_type_of(kind).identify else {}),
        }
        for kind in sorted(set(types.values()))
    ]


def _in_flow_style(value: Json) -> str:
    """Return a value as CloudFormation writes metadata here: YAML in flow style, with all texts in single quotes."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_in_flow_style(name)}: {_in_flow_style(inner)}' for name, inner in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_in_flow_style, value))}]"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return dumps(value)


def _parameter_declaration(name: str, definition: Json) -> Json:
    allowed = {key: list(map(str, definition[key])) for key in ("AllowedValues",) if key in definition}
    kind = definition.get("Type", "String")
    return {**_parameter(name, definition), "ParameterType": kind, "ParameterConstraints": allowed}
