"""Define the resource types of SQS.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SQS.html.
"""

from collections.abc import Mapping

from lamplighter.services.cloudformation.resource_types.resource_type import (
    CreatedResource,
    CreatePlan,
    DeletePlan,
    ResourceRequest,
    ResourceType,
    ServiceCall,
    delete_by_calls,
    exists_by_call,
)

CLEARED_BY_EMPTY_VALUE = frozenset({"KmsMasterKeyId", "RedriveAllowPolicy", "RedrivePolicy"})
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
QUEUE_PROPERTIES = (*DEFAULTS, *sorted(CLEARED_BY_EMPTY_VALUE), "FifoQueue")


def _create_queue(request: ResourceRequest) -> CreatePlan:
    given = request.pick(*QUEUE_PROPERTIES)
    if str(given.get("FifoQueue")).lower() != "true":
        given.pop("FifoQueue", None)
    params = {"QueueName": request.name, "Attributes": given, "tags": list(request.tags) or None}
    answer = yield ServiceCall("sqs", "CreateQueue", params)
    url = answer["QueueUrl"]
    return CreatedResource(url, {"Arn": request.arn("sqs", request.name), "QueueName": request.name, "QueueUrl": url})


def _update_queue(request: ResourceRequest) -> CreatePlan:
    changed = {name for name in QUEUE_PROPERTIES if request.before.get(name) != request.properties.get(name)}
    reset = {
        name: "" if name in CLEARED_BY_EMPTY_VALUE else DEFAULTS[name]
        for name in changed
        if name not in request.properties
    }
    if changed:
        given = {**reset, **{name: request.properties[name] for name in changed if name in request.properties}}
        yield ServiceCall("sqs", "SetQueueAttributes", {"QueueUrl": request.physical, "Attributes": given})
    removed = {tag["Key"] for tag in request.tags_before} - {tag["Key"] for tag in request.tags}
    if removed:
        yield ServiceCall("sqs", "UntagQueue", {"QueueUrl": request.physical, "TagKeys": sorted(removed)})
    if request.tags and request.tags != request.tags_before:
        yield ServiceCall("sqs", "TagQueue", {"QueueUrl": request.physical, "Tags": list(request.tags)})
    return CreatedResource(request.physical, request.attributes)


def _put_policy(request: ResourceRequest) -> CreatePlan:
    queues = request.get("Queues", [])
    for queue in request.before.get("Queues", []):
        if queue not in queues:
            yield ServiceCall("sqs", "SetQueueAttributes", {"QueueUrl": queue, "Attributes": {"Policy": ""}})
    for queue in queues:
        given = {"Policy": request.get("PolicyDocument")}
        yield ServiceCall("sqs", "SetQueueAttributes", {"QueueUrl": queue, "Attributes": given})
    return CreatedResource(request.physical or request.name, {"Id": request.physical or request.name})


def _remove_policy(request: ResourceRequest) -> DeletePlan:
    for queue in request.get("Queues", []):
        yield ServiceCall("sqs", "SetQueueAttributes", {"QueueUrl": queue, "Attributes": {"Policy": ""}})


def _put_inline_policy(request: ResourceRequest) -> CreatePlan:
    queue = request.get("Queue")
    given = {"Policy": request.get("PolicyDocument")}
    yield ServiceCall("sqs", "SetQueueAttributes", {"QueueUrl": queue, "Attributes": given})
    return CreatedResource(queue)


KINDS: Mapping[str, ResourceType] = {
    "AWS::SQS::Queue": ResourceType(
        _create_queue,
        _update_queue,
        delete_by_calls(lambda asked: ServiceCall("sqs", "DeleteQueue", {"QueueUrl": asked.physical})),
        name_property="QueueName",
        max_name_length=80,
        replacement_properties=frozenset({"QueueName", "FifoQueue"}),
        attributes=frozenset({"Arn", "QueueName", "QueueUrl"}),
        exists=exists_by_call(lambda asked: ServiceCall("sqs", "GetQueueAttributes", {"QueueUrl": asked.physical})),
        name_suffix=lambda properties: ".fifo" if str(properties.get("FifoQueue")).lower() == "true" else "",
    ),
    "AWS::SQS::QueuePolicy": ResourceType(_put_policy, _put_policy, _remove_policy, attributes=frozenset({"Id"})),
    "AWS::SQS::QueueInlinePolicy": ResourceType(
        _put_inline_policy,
        _put_inline_policy,
        delete_by_calls(
            lambda asked: ServiceCall(
                "sqs", "SetQueueAttributes", {"QueueUrl": asked.physical, "Attributes": {"Policy": ""}}
            )
        ),
        replacement_properties=frozenset({"Queue"}),
    ),
}
