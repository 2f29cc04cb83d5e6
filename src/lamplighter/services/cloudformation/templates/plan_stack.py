"""Plan a stack from a request: its template after transforms, the values of its parameters, and its tags.

Guarantees that a plan is checked as a whole: the template can be parsed, the parameters satisfy their constraints, the
rules hold, the resources do not form a circle, and the capabilities suffice. If the transforms fail, or their result is
no valid template, the plan is that failure: as on AWS, the operation begins nevertheless, and fails. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

from lamplighter.base.errors import AwsError, ServiceError
from lamplighter.base.json_text import Json, dumps
from lamplighter.bus import Caller
from lamplighter.lang.template.conditions import evaluate_conditions, failed_assertion
from lamplighter.lang.template.for_each import expand_loops
from lamplighter.lang.template.functions import EXTENSIONS, TemplateScope, check_extensions, resolve, value_as_text
from lamplighter.lang.template.includes import INCLUDE, include_sections, macro_name, resolve_includes
from lamplighter.lang.template.parameters import (
    is_no_echo,
    is_ssm_parameter,
    read_parameters,
    ref_value,
    resolve_values,
)
from lamplighter.lang.template.references import creation_order, find_attributes
from lamplighter.lang.template.template import (
    MAX_BODY_BYTES,
    MAX_TEMPLATE_BYTES,
    SERVERLESS_TRANSFORM,
    Template,
    check_conditional_references,
    check_policies,
    is_limited,
    parse_template,
    transform_calls,
    transform_names,
)
from lamplighter.lang.template.text import TemplateError, parse_part, parse_text
from lamplighter.lang.wildcard import compile_pieces
from lamplighter.services.cloudformation.deploy.template_scope import find_ssm_parameter, live_resources, value_scope
from lamplighter.services.cloudformation.errors import (
    InsufficientCapabilities,
    StackValidationError,
    TransformUnavailable,
)
from lamplighter.services.cloudformation.resource_types.registry import RESOURCE_TYPES, is_attribute
from lamplighter.services.cloudformation.stacks.compute_changes import KnownAfterUpdate
from lamplighter.services.cloudformation.stacks.stack_caller import acting_for, check_stack_role, stack_caller
from lamplighter.services.cloudformation.tables import templates
from lamplighter.services.cloudformation.tables.stacks import Stack
from lamplighter.services.cloudformation.templates.external_inputs import SAM, ExternalInputs
from lamplighter.services.cloudformation.templates.parsed_templates import build_parsed_template
from lamplighter.services.cloudformation.templates.stack_plan import StackPlan, failed_plan
from lamplighter.store.db import Reader

IAM_TYPES = frozenset(
    f"AWS::IAM::{name}"
    for name in (
        *("AccessKey", "Group", "InstanceProfile", "ManagedPolicy", "Policy", "Role", "User", "UserToGroupAddition"),
    )
)
LANGUAGE_EXTENSIONS = "AWS::LanguageExtensions"
UNRESOLVED_PARAMETERS = ("/aws/service/", "/cdk-bootstrap/")
"""The beginnings of the names of SSM parameters that need not exist here: AWS publishes the first ones, and a template
of the CDK uses the others only to check that an account is bootstrapped."""
IAM_NAME_PROPERTIES = ("GroupName", "InstanceProfileName", "ManagedPolicyName", "RoleName", "UserName")


def read_template_text(reader: Reader, caller: Caller, params: Json, old: Json, inputs: ExternalInputs) -> str:
    """Return the text of the template that a request contains or names."""
    if params.get("TemplateBody"):
        text = str(params["TemplateBody"])
        if inputs.aws_limits:
            _check_body_size(text)
        return text
    if params.get("TemplateURL"):
        return fetch_template(params["TemplateURL"], caller, inputs, reader)
    if params.get("UsePreviousTemplate") and old is not None:
        return templates.text(reader, old["template"])
    raise StackValidationError("Either Template URL or Template Body must be specified.")


def plan_stack(
    reader: Reader,
    caller: Caller,
    params: Json,
    old: Json,
    inputs: ExternalInputs,
    *,
    direct: bool = False,
    stack_id: str = "",
    place: str = "",
) -> StackPlan:
    """Make the plan of a stack; a large template is planned in a thread, from the committed data.

    `direct` states that no change set shows the result of the transforms, so that they need a capability. `stack_id` is
    empty for a stack that does not exist yet. `place` tells apart the stacks that are planned in one turn.
    """
    text = read_template_text(reader, caller, params, old, inputs)
    role = {"role": params.get("RoleARN", (old or {}).get("role"))}
    named = Stack(stack_id, caller.account, caller.region, params.get("StackName", "stack"), plan=role)
    stack = acting_for(named, caller)
    check_stack_role(inputs.bus, reader, stack)

    def make(reader: Reader, inputs: ExternalInputs) -> StackPlan:
        return _plan(reader, stack, params, old or {}, inputs, text, direct=direct)

    return inputs.compute(f"plan of {place or params.get('StackName', '')}", len(text), reader, make)


def _plan(
    reader: Reader, stack: Stack, params: Json, old: Json, inputs: ExternalInputs, text: str, *, direct: bool
) -> StackPlan:
    document = parse_template_text(text, aws_limits=inputs.aws_limits)
    definitions = read_parameters(document)
    texts = resolve_values(definitions, _parameter_texts(params.get("Parameters", []), old))
    values = {
        name: ref_value(definition, _parameter_value(reader, stack, definition, texts[name], inputs))
        for name, definition in definitions.items()
    }
    capabilities = params.get("Capabilities", [])
    transforms = transform_names(document)
    plan = {
        "transforms": transforms,
        "parameters": [{"name": name, "text": texts[name], "hidden": is_no_echo(definitions[name])} for name in texts],
        "values": values,
        "resolved": {name: values[name] for name in texts if is_ssm_parameter(definitions[name])},
        "tags": params.get("Tags", old.get("tags", [])),
        "capabilities": capabilities,
        "notifications": params.get("NotificationARNs", old.get("notifications", [])),
        "role": stack.plan["role"],
    }
    if transforms and direct and "CAPABILITY_AUTO_EXPAND" not in capabilities:
        raise InsufficientCapabilities("CAPABILITY_AUTO_EXPAND")
    try:
        return _plan_transformed(reader, stack, params, plan, inputs, text, _Source(document, texts))
    except (InsufficientCapabilities, TransformUnavailable):
        raise
    except ServiceError as error:
        if not transforms or error.code != "ValidationError":
            raise
        return failed_plan(plan, text, error.message)


def _plan_transformed(
    reader: Reader, stack: Stack, params: Json, plan: Json, inputs: ExternalInputs, text: str, source: "_Source"
) -> StackPlan:
    document = _transform(reader, source.document, plan, stack, source.texts, inputs)
    template = parse_template(document, aws_limits=inputs.aws_limits)
    processed = dumps(document)
    if LANGUAGE_EXTENSIONS not in plan["transforms"] and any(name in processed for name in EXTENSIONS):
        check_extensions([document.get(section) for section in ("Conditions", "Resources", "Outputs")])
    plan = plan | {"description": template.description, "metadata": template.metadata}
    names = _check_template(template, value_scope(stack, plan, template.mappings))
    _check_types(template, params.get("ResourceTypes", []))
    _check_capabilities(template, plan["capabilities"])
    return StackPlan(plan, text, processed, build_parsed_template(template, names, document))


@dataclass(frozen=True, slots=True)
class _Source:
    """A template before its transforms, and the texts of its parameters."""

    document: Json
    texts: dict[str, str]


def _parameter_value(reader: Reader, stack: Stack, definition: Json, text: str, inputs: ExternalInputs) -> str:
    """Return the value of a parameter; for an SSM parameter that need not exist here, return its name."""
    if not is_ssm_parameter(definition):
        return text
    try:
        found = find_ssm_parameter(reader, stack, text, inputs)
    except AwsError as error:
        if text.startswith(UNRESOLVED_PARAMETERS) or isinstance(error, StackValidationError):
            return text
        raise StackValidationError(
            f"Unable to fetch parameters [{text}] from parameter store for this account."
        ) from None
    if found.get("Type") == "SecureString":  # descriptions of the stack would show it
        raise StackValidationError(
            f"Parameters [{text}] referenced by template have types not supported by CloudFormation."
        )
    return value_as_text(found["Value"])


def _transform(
    reader: Reader, document: Json, plan: Json, stack: Stack, texts: dict[str, str], inputs: ExternalInputs
) -> Json:
    """Return the template after its transforms: inclusions come first, then the Transform section in its order."""
    scope = value_scope(stack, plan, document.get("Mappings") or {})

    def fetch(location: Json) -> Json:
        return _fetch_part(value_as_text(resolve(location, scope)), stack_caller(stack), inputs, reader)

    if not {"Transform", "Globals"} & document.keys() and not plan["transforms"]:
        return document
    calls = transform_calls(document)
    document = resolve_includes({name: document[name] for name in document if name != "Transform"}, fetch)
    for call in calls:
        match macro_name(call):
            case _ if macro_name(call) == LANGUAGE_EXTENSIONS:
                document = _extend_language(document, scope)
            case "AWS::Serverless-2016-10-31":
                document = _serverless(document, texts, stack.region, inputs)
            case "AWS::Include":
                document = include_sections(document, call, fetch)
            case name:
                raise StackValidationError(f"No transform named {name} found.")
    return {key: section for key, section in document.items() if key != "Globals"}


def _fetch_part(url: str, caller: Caller, inputs: ExternalInputs, reader: Reader) -> Json:
    """Return the part of a template at a URL. Raises `TemplateError` in the words of the transform AWS::Include."""
    try:
        return parse_part(fetch_object(url, caller, inputs, reader))
    except TemplateError:
        reason = "The specified S3 object's content should be valid Yaml/JSON"
    except AwsError as error:
        reason = error.message
    raise TemplateError(f"Transform {INCLUDE} failed with: {reason}")


def _extend_language(document: Json, scope: TemplateScope) -> Json:
    try:
        return expand_loops(document, scope)
    except TemplateError as error:
        reason = error.message.removeprefix("Template error: ")
        raise TemplateError(f"Transform {LANGUAGE_EXTENSIONS} failed with: {reason}") from None


def _check_template(template: Template, scope: TemplateScope) -> tuple[str, ...]:
    """Check that a stack can be created from a template with these parameters; return the resources in order of
    creation.
    """
    conditions = evaluate_conditions(template.conditions, scope)
    failed_rule = failed_assertion(template.rules, scope)
    if failed_rule is not None:
        raise StackValidationError(f"Template error: rule {failed_rule}")
    check_scope = replace(
        scope,
        conditions=conditions,
        resource=_raise_unknown,
        attribute=lambda name, _wanted: _raise_unknown(name),
        import_value=_raise_unknown,
    )
    check_conditional_references(template, conditions)
    names = tuple(creation_order(live_resources(template, conditions)))
    values = [output.value for output in template.outputs.values()]
    for value in (*(each for name in names for each in template.resources[name].properties.values()), *values):
        # A function that must fail does so here, as far as this is known before the stack exists.
        with suppress(KnownAfterUpdate):
            resolve(value, check_scope)
    for resource in template.resources.values():
        check_policies(
            resource, *(resolve(each, scope) for each in (resource.deletion_policy, resource.update_replace_policy))
        )
    for value in (*(resource.properties for resource in template.resources.values()), *values):
        for _function, name, wanted in find_attributes(value):
            _check_attribute(template, name, wanted)
    return names


def parse_template_text(text: str, *, aws_limits: bool) -> Json:
    """Parse the text of a template; raise `StackValidationError` if it is too long."""
    document = parse_text(text)
    if len(text.encode()) > MAX_TEMPLATE_BYTES and is_limited(document, aws_limits=aws_limits):
        raise StackValidationError(f"Template may not exceed {MAX_TEMPLATE_BYTES} bytes in size.")
    return document


def _check_body_size(text: str) -> None:
    """Raise `StackValidationError` for a template that may not be in a request on AWS."""
    if len(text.encode()) > MAX_BODY_BYTES and is_limited(parse_text(text), aws_limits=True):
        raise StackValidationError(
            f"1 validation error detected: Value '{text}' at 'templateBody' failed to satisfy constraint: Member must "
            f"have length less than or equal to {MAX_BODY_BYTES}"
        )


def _serverless(document: Json, texts: dict[str, str], region: str, inputs: ExternalInputs) -> Json:
    bare = {key: section for key, section in document.items() if key != "Rules"}
    request = {"template": {**bare, "Transform": SERVERLESS_TRANSFORM}, "parameters": texts, "region": region}
    done: Json = inputs.get(SAM, "Transform", request, Caller("", region))
    return {**document, **{name: section for name, section in done.items() if name != "Transform"}}


def _raise_unknown(name: str) -> Json:
    raise KnownAfterUpdate(name)


def _parameter_texts(listed: Json, old: Json) -> dict[str, str]:
    kept = {parameter["name"]: parameter["text"] for parameter in old.get("parameters", [])}
    found: dict[str, str] = {}
    for parameter in listed:
        name = parameter.get("ParameterKey", "")
        if parameter.get("UsePreviousValue"):
            if name not in kept:
                raise StackValidationError(
                    f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for a parameter "
                    "key not in the previous template"
                )
            found[name] = kept[name]
        else:
            found[name] = parameter.get("ParameterValue", "")
    return found


def _check_attribute(template: Template, name: str, wanted: str) -> None:
    resource = template.resources[name]
    is_known = is_attribute(resource.type, wanted) or wanted in resource.properties
    if resource.type in RESOURCE_TYPES and not is_known:
        raise TemplateError(f"Template error: resource {name} does not support attribute type {wanted} in Fn::GetAtt")


def _check_types(template: Template, allowed: list[str]) -> None:
    """Raise an error for a resource type that the request does not allow; `AWS::SQS::*` allows all types of SQS."""
    for resource in template.resources.values() if allowed else ():
        if not any(compile_pieces(each.split("*"))(resource.type) for each in allowed):
            named = ", ".join(allowed)
            raise StackValidationError(
                f"Resource type {resource.type} is not allowed by parameter ResourceTypes [{named}]"
            )


def required_capabilities(template: Template) -> list[str]:
    """Return the capabilities that a template needs."""
    iam = [resource for resource in template.resources.values() if resource.type in IAM_TYPES]
    if any(name in resource.properties for resource in iam for name in IAM_NAME_PROPERTIES):
        return ["CAPABILITY_NAMED_IAM"]
    return ["CAPABILITY_IAM"] if iam else []


def _check_capabilities(template: Template, given: list[str]) -> None:
    for wanted in required_capabilities(template):
        if not {wanted, "CAPABILITY_NAMED_IAM"} & set(given):
            raise InsufficientCapabilities(wanted)


def fetch_template(url: str, caller: Caller, inputs: ExternalInputs, reader: Reader | None = None) -> str:
    """Return the text of a template in a bucket."""
    try:
        return fetch_object(url, caller, inputs, reader)
    except AwsError as error:
        if isinstance(error, StackValidationError):
            raise
        raise StackValidationError(
            f"S3 error: {error.message}\nFor more information check "
            "http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
        ) from None


def fetch_object(url: str, caller: Caller, inputs: ExternalInputs, reader: Reader | None = None) -> str:
    """Return the text of an object in a bucket. Raises the error of S3."""
    bucket, key = bucket_and_key(url)
    answer = inputs.get("s3", "GetObject", {"Bucket": bucket, "Key": key}, caller, reader)
    text: str = answer["Body"].decode(errors="replace")
    return text


def bucket_and_key(url: str) -> tuple[str, str]:
    """Return the bucket and the key of an S3 URL, whether the bucket is in its host or in its path."""
    parts = urlsplit(url)
    host, path = parts.hostname or "", unquote(parts.path).lstrip("/")
    head = host.partition(".")[0]
    if parts.scheme == "s3":
        bucket, key = host, path
    elif ".s3." in host or ".s3-" in host:
        bucket, key = host.partition(".s3")[0], path
    else:
        bucket, _, key = path.partition("/")
    if parts.scheme not in ("http", "https", "s3") or not head or not bucket or not key:
        raise StackValidationError("TemplateURL must be a supported URL.")
    return bucket, key
