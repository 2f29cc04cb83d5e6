"""Define the resource types of Secrets Manager.

A stack that is deleted deletes its secrets at once, as AWS's handler of the type does. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SecretsManager.html.
"""

from collections.abc import Mapping

from lamplighter.base.json_text import Json, JsonError, dumps, loads
from lamplighter.services.cloudformation.errors import ResourceFailed
from lamplighter.services.cloudformation.resource_types.read_properties import pick
from lamplighter.services.cloudformation.resource_types.resource_type import (
    CreatedResource,
    NameRule,
    Plan,
    PresentProperties,
    Properties,
    ResourceRequest,
    ResourceType,
    call_with_id,
    exists_by_call,
    update_tags,
)

GENERATE, TEMPLATE, TEMPLATE_KEY = "GenerateSecretString", "SecretStringTemplate", "GenerateStringKey"
COMPARED_NAMES = ("Name", "Description", "KmsKeyId", "Tags")
"""The properties that are compared; the value of a secret is not, because AWS does not read it either."""


def _value(request: ResourceRequest) -> Plan[dict[str, Json]]:
    """Return the parameter with the secret's value: the given one, or a generated one."""
    wanted = request.get(GENERATE)
    if wanted is None:
        return request.pick("SecretString")
    if "SecretString" in request.properties:
        raise ResourceFailed("You can't specify both SecretString and GenerateSecretString")
    rules = {name: value for name, value in wanted.items() if name not in (TEMPLATE, TEMPLATE_KEY)}
    password = (yield "GetRandomPassword", rules)["RandomPassword"]
    if TEMPLATE not in wanted:
        return {"SecretString": password}
    try:
        document = loads(wanted[TEMPLATE])
    except JsonError:
        raise ResourceFailed("SecretStringTemplate is not valid JSON") from None
    if not isinstance(document, dict) or not wanted.get(TEMPLATE_KEY):
        raise ResourceFailed("SecretStringTemplate needs a JSON object and a GenerateStringKey")
    return {"SecretString": dumps({**document, wanted[TEMPLATE_KEY]: password})}


def _create_secret(request: ResourceRequest) -> Plan[CreatedResource]:
    value = yield from _value(request)
    given = {**request.pick("Description", "KmsKeyId"), **value, **request.tag_parameter}
    key = (yield "CreateSecret", {"Name": request.name, **given})["ARN"]
    return CreatedResource(key, {"Id": key})


def _update_secret(request: ResourceRequest) -> Plan[CreatedResource]:
    changed = [name for name in (GENERATE, "SecretString") if request.get(name) != request.before.get(name)]
    value = (yield from _value(request)) if changed else {}
    details = {name: request.get(name, "") for name in ("Description", "KmsKeyId")}
    if value or any(request.get(name) != request.before.get(name) for name in details):
        yield "UpdateSecret", {"SecretId": request.physical, **details, **value}
    yield from update_tags(request, {"SecretId": request.physical})
    return request.unchanged


def _read_secret(request: ResourceRequest) -> Plan[Properties | None]:
    found = yield "DescribeSecret", {"SecretId": request.physical}
    return None if "DeletedDate" in found else pick(found, COMPARED_NAMES)


def _put_policy(request: ResourceRequest) -> Plan[CreatedResource]:
    secret = request.get("SecretId")
    yield "PutResourcePolicy", {"SecretId": secret, "ResourcePolicy": request.get("ResourcePolicy")}
    return CreatedResource(secret, {"Id": secret})


KINDS: Mapping[str, ResourceType] = {
    "AWS::SecretsManager::Secret": ResourceType(
        _create_secret,
        _update_secret,
        call_with_id("DeleteSecret", "SecretId", ForceDeleteWithoutRecovery=True),
        NameRule("Name", 256),
        without_effect=("ReplicaRegions", "Type"),
        exists=exists_by_call("DescribeSecret", "SecretId", test=lambda answer: "DeletedDate" not in answer),
        hidden_property="SecretString",
        present=PresentProperties(COMPARED_NAMES, _read_secret),
    ),
    "AWS::SecretsManager::ResourcePolicy": ResourceType(
        _put_policy,
        _put_policy,
        call_with_id("DeleteResourcePolicy", "SecretId"),
        without_effect=("BlockPublicPolicy",),
    ),
}
