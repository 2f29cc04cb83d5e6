"""Define the resource types of SQS.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SQS.html.
"""

from collections.abc import Mapping

from lamplighter.base.json_text import Json
from lamplighter.services.cloudformation.resource_types.read_properties import read_tags
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

CLEARED_BY_EMPTY_VALUE = ("KmsMasterKeyId", "RedriveAllowPolicy", "RedrivePolicy")
"""Attributes that an empty value removes; a removed property of the other attributes sets the value in `DEFAULTS`."""
DEFAULTS: Mapping[str, object] = {
    "DelaySeconds": 0,
    "MaximumMessageSize": 1_048_576,
    "MessageRetentionPeriod": 345_600,
    "ReceiveMessageWaitTimeSeconds": 0,
    "VisibilityTimeout": 30,
    "ContentBasedDeduplication": False,
    "DeduplicationScope": "queue",
    "FifoThroughputLimit": "perQueue",
    "KmsDataKeyReusePeriodSeconds": 300,
    "SqsManagedSseEnabled": True,
}
QUEUE_PROPERTIES = (*DEFAULTS, *CLEARED_BY_EMPTY_VALUE, "FifoQueue")
NO_POLICY: Json = {"Policy": ""}


def _create_queue(request: ResourceRequest) -> Plan[CreatedResource]:
    given = request.pick(*QUEUE_PROPERTIES)
    if str(given.get("FifoQueue")).lower() != "true":
        given.pop("FifoQueue", None)
    answer = yield "CreateQueue", {"QueueName": request.name, "Attributes": given, **request.tag_parameter}
    return _identify_queue(request, answer["QueueUrl"])


def _identify_queue(request: ResourceRequest, url: str) -> CreatedResource:
    name = url.rpartition("/")[2]
    return CreatedResource(url, {"Arn": request.arn("sqs", name), "QueueName": name, "QueueUrl": url})


def _update_queue(request: ResourceRequest) -> Plan[CreatedResource]:
    changed = {name for name in QUEUE_PROPERTIES if request.before.get(name) != request.properties.get(name)}
    if changed:
        removed = changed - request.properties.keys()
        reset = {name: "" if name in CLEARED_BY_EMPTY_VALUE else DEFAULTS[name] for name in removed}
        yield from _set_attributes(request.physical, {**reset, **request.pick(*changed)})
    yield from update_tags(request, {"QueueUrl": request.physical}, "Queue")
    return request.unchanged


def _read_queue(request: ResourceRequest) -> Plan[Properties | None]:
    answer = yield "GetQueueAttributes", {"QueueUrl": request.physical, "AttributeNames": ["All"]}
    tags = yield from read_tags("ListQueueTags", "QueueUrl", request.physical, "Tags")
    return {**answer.get("Attributes", {}), "QueueName": request.physical.rpartition("/")[2], "Tags": tags}


def _set_attributes(queue: str, attributes: Json) -> Plan[None]:
    yield "SetQueueAttributes", {"QueueUrl": queue, "Attributes": attributes}


def _put_policies(request: ResourceRequest) -> Plan[CreatedResource]:
    queues = request.get("Queues", [])
    for queue in request.before.get("Queues", []):
        if queue not in queues:
            yield from _set_attributes(queue, NO_POLICY)
    for queue in queues:
        yield from _set_attributes(queue, {"Policy": request.get("PolicyDocument")})
    name = request.physical or request.name
    return CreatedResource(name, {"Id": name})


def _remove_policies(request: ResourceRequest) -> Plan[None]:
    for queue in request.get("Queues", []):
        yield from _set_attributes(queue, NO_POLICY)


def _put_inline_policy(request: ResourceRequest) -> Plan[CreatedResource]:
    queue = request.get("Queue")
    yield from _set_attributes(queue, {"Policy": request.get("PolicyDocument")})
    return CreatedResource(queue)


KINDS: Mapping[str, ResourceType] = {
    "AWS::SQS::Queue": ResourceType(
        _create_queue,
        _update_queue,
        call_with_id("DeleteQueue", "QueueUrl"),
        NameRule("QueueName", 80, fifo_property="FifoQueue"),
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html#aws-resource-sqs-queue-return-values
        repeated_attributes=("QueueName",),
        exists=exists_by_call("GetQueueAttributes", "QueueUrl"),
        present=PresentProperties((*QUEUE_PROPERTIES, "QueueName", "Tags"), _read_queue),
        identify=_identify_queue,
    ),
    "AWS::SQS::QueuePolicy": ResourceType(_put_policies, _put_policies, _remove_policies),
    "AWS::SQS::QueueInlinePolicy": ResourceType(
        _put_inline_policy,
        _put_inline_policy,
        call_with_id("SetQueueAttributes", "QueueUrl", Attributes=NO_POLICY),
    ),
}
