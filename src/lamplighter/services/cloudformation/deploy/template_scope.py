"""Resolve the functions of a template against a stack: parameters, existing resources, and other stacks' exports.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/pseudo-parameter-reference.html.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json, JsonError, loads
from lamplighter.lang.template.conditions import evaluate_conditions
from lamplighter.lang.template.functions import NO_VALUE, TemplateScope, resolve, value_as_text
from lamplighter.lang.template.references import find_references
from lamplighter.lang.template.template import Template
from lamplighter.lang.template.text import TemplateError, TemplateFormatError
from lamplighter.services.cloudformation.resource_types.recorded_only import recorded_attribute
from lamplighter.services.cloudformation.resource_types.resource_type import ResourceRequest
from lamplighter.services.cloudformation.stacks.stack_caller import stack_caller
from lamplighter.services.cloudformation.tables import exports
from lamplighter.services.cloudformation.tables.stack_resources import StackResource
from lamplighter.services.cloudformation.tables.stacks import Stack
from lamplighter.services.cloudformation.templates.external_inputs import ExternalInputs
from lamplighter.store.db import Reader

_SECRET = re.compile(r"(arn:[^:]+:secretsmanager:[^:]*:[^:]*:secret:[^:]+|[^:]+)(?::(.*))?")


def value_scope(stack: Stack, plan: Json, mappings: Mapping[str, Json]) -> TemplateScope:
    """Return the scope with the values that do not depend on resources: parameters, pseudo parameters and mappings."""
    pseudo_parameters = {
        "AWS::AccountId": stack.account,
        "AWS::NotificationARNs": plan["notifications"],
        "AWS::Partition": arn.PARTITION,
        "AWS::Region": stack.region,
        "AWS::StackId": stack.id,
        "AWS::StackName": stack.name,
        "AWS::URLSuffix": "amazonaws.com",
    }
    return TemplateScope({**plan["values"], **pseudo_parameters}, mappings)


def stack_conditions(template: Template, stack: Stack, plan: Json) -> Mapping[str, bool]:
    """Evaluate the conditions of a template."""
    return evaluate_conditions(template.conditions, value_scope(stack, plan, template.mappings))


@dataclass(frozen=True, slots=True)
class StackScope:
    """The values that the functions of one stack's template can use within one turn."""

    reader: Reader
    stack: Stack
    find: Callable[[str], StackResource | None]
    """A function that finds a resource of the stack by its logical id."""
    inputs: ExternalInputs
    on_import: Callable[[str], None] = lambda _name: None
    """A function that is called with the name of each export that the template uses."""
    _found: dict[str, StackResource] = field(default_factory=dict)
    """Resources read before: many resources refer to the same one, which is complete and does not change again."""

    def scope(self, plan: Json, template: Template) -> TemplateScope:
        """Return the scope for the functions of the stack's template."""
        return replace(
            value_scope(self.stack, plan, template.mappings),
            conditions=stack_conditions(template, self.stack, plan),
            resource=self._resource,
            attribute=self._attribute,
            shown_attribute=self._shown_attribute,
            import_value=self._import_value,
            dynamic=self._dynamic_reference,
        )

    def _row(self, name: str) -> StackResource:
        if name in self._found:
            return self._found[name]
        row = self.find(name)
        if row is None or row.physical is None:
            raise TemplateFormatError(
                f"Unresolved resource dependencies [{name}] in the Resources block of the template"
            )
        self._found[name] = row
        return row

    def _resource(self, name: str) -> Json:
        return self._row(name).physical

    def _attribute(self, name: str, wanted: str) -> Json:
        row = self._row(name)
        known = row.body.get("attributes", {})
        if wanted in known:
            return known[wanted]
        properties = row.body["properties"]
        if wanted in properties:
            return properties[wanted]
        if not row.body.get("recorded"):
            raise TemplateError(
                f"Template error: resource {name} does not support attribute type {wanted} in Fn::GetAtt"
            )
        physical = row.physical or ""
        return recorded_attribute(
            ResourceRequest(name, row.type, properties, self.stack.account, self.stack.region, physical=physical),
            wanted,
        )

    def _shown_attribute(self, name: str, wanted: str) -> Json:
        """Return an attribute without secrets: a property of a resource with secrets is returned as it is shown."""
        shown = self._row(name).body.get("shown") or {}
        return shown[wanted] if wanted in shown else self._attribute(name, wanted)

    def _import_value(self, name: str) -> Json:
        export = exports.get(self.reader, *self.stack.owner, name)
        if export is None:
            raise TemplateError(f"No export named {name} found.")
        self.on_import(name)
        return export.value

    def _dynamic_reference(self, service: str, reference: str) -> str:
        if service in ("ssm", "ssm-secure"):
            return ssm_parameter(self.reader, self.stack, reference, self.inputs)
        if service == "secretsmanager":
            return self._secret(reference)
        raise TemplateError(
            f"Template error: {{{{resolve:{service}}}}}: "
            "dynamic references support only ssm, ssm-secure and secretsmanager"
        )

    def _secret(self, reference: str) -> str:
        found = _SECRET.fullmatch(reference)
        assert found is not None
        _, key, stage, version = [*(found[2] or "").split(":"), "", "", "", ""][:4]
        params = {"SecretId": found[1]}
        params |= {"VersionStage": stage} if stage else {}
        params |= {"VersionId": version} if version else {}
        answer = self.inputs.get("secretsmanager", "GetSecretValue", params, stack_caller(self.stack), self.reader)
        text: str = answer.get("SecretString", "")
        if not key:
            return text
        try:
            return value_as_text(loads(text)[key])
        except (JsonError, KeyError, TypeError):
            raise TemplateError(f"Could not find a value associated with JSONKey in SecretString: {key}") from None


def ssm_parameter(reader: Reader, stack: Stack, reference: str, inputs: ExternalInputs) -> str:
    """Return the value of an SSM parameter, from this engine or from the SSM endpoint."""
    return value_as_text(find_ssm_parameter(reader, stack, reference, inputs)["Value"])


def find_ssm_parameter(reader: Reader, stack: Stack, reference: str, inputs: ExternalInputs) -> Json:
    """Return an SSM parameter with its type and its value, from this engine or from the SSM endpoint."""
    params = {"Name": reference, "WithDecryption": True}
    return inputs.get("ssm", "GetParameter", params, stack_caller(stack), reader)["Parameter"]


def live_resources(template: Template, conditions: Mapping[str, bool]) -> dict[str, set[str]]:
    """Return the resources whose conditions hold, each with the names that it refers to."""
    return {
        name: {*find_references(resource.properties), *resource.depends_on}
        for name, resource in template.resources.items()
        if resource.condition is None or conditions[resource.condition]
    }


def resolve_properties(properties: Mapping[str, Json], scope: TemplateScope) -> dict[str, Json]:
    """Return properties with their functions replaced by values."""
    found = {name: resolve(value, scope) for name, value in properties.items()}
    return {name: value for name, value in found.items() if value is not NO_VALUE}


def merge_tags(stack_tags: Json, properties: Mapping[str, Json]) -> list[Mapping[str, str]]:
    """Return a resource's own tags, and the tags of its stack that it does not override."""
    own = properties.get("Tags", [])
    listed = [{"Key": key, "Value": own[key]} for key in own] if isinstance(own, dict) else own
    if not isinstance(listed, list) or any(not isinstance(tag, dict) or "Key" not in tag for tag in listed):
        raise TemplateError("Properties validation failed with message: #/Tags: required key [Key] not found")
    given = [{"Key": value_as_text(tag["Key"]), "Value": value_as_text(tag.get("Value", ""))} for tag in listed]
    keys = {tag["Key"] for tag in given}
    return [*given, *(tag for tag in stack_tags if tag["Key"] not in keys)]
