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

CLEARED = frozenset({"KmsMasterKeyId", "RedriveAllowPolicy", "RedrivePolicy"})
"""Attributes that an empty value removes; a removed property of the other attributes sets the value in `USUAL`."""
USUAL: Mapping[str, object] = {
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
QUEUE = (*USUAL, *sorted(CLEARED), "FifoQueue")


def _create_queue(asked: ResourceRequest) -> CreatePlan:
    given = asked.pick(*QUEUE)
    if str(given.get("FifoQueue")).lower() != "true":
        given.pop("FifoQueue", None)
    params = {"QueueName": asked.name, "Attributes": given, "tags": list(asked.tags) or None}
    answer = yield ServiceCall("sqs", "CreateQueue", params)
    url = answer["QueueUrl"]
    return CreatedResource(url, {"Arn": asked.arn("sqs", asked.name), "QueueName": asked.name, "QueueUrl": url})


def _update_queue(asked: ResourceRequest) -> CreatePlan:
    changed = {name for name in QUEUE if asked.before.get(name) != asked.properties.get(name)}
    fallen = {name: "" if name in CLEARED else USUAL[name] for name in changed if name not in asked.properties}
    if changed:
        given = {**fallen, **{name: asked.properties[name] for name in changed if name in asked.properties}}
        yield ServiceCall("sqs", "SetQueueAttributes", {"QueueUrl": asked.physical, "Attributes": given})
    lost = {tag["Key"] for tag in asked.tags_before} - {tag["Key"] for tag in asked.tags}
    if lost:
        yield ServiceCall("sqs", "UntagQueue", {"QueueUrl": asked.physical, "TagKeys": sorted(lost)})
    if asked.tags and asked.tags != asked.tags_before:
        yield ServiceCall("sqs", "TagQueue", {"QueueUrl": asked.physical, "Tags": list(asked.tags)})
    return CreatedResource(asked.physical, asked.attributes)


def _put_policy(asked: ResourceRequest) -> CreatePlan:
    queues = asked.get("Queues", [])
    for queue in asked.before.get("Queues", []):
        if queue not in queues:
            yield ServiceCall("sqs", "SetQueueAttributes", {"QueueUrl": queue, "Attributes": {"Policy": ""}})
    for queue in queues:
        given = {"Policy": asked.get("PolicyDocument")}
        yield ServiceCall("sqs", "SetQueueAttributes", {"QueueUrl": queue, "Attributes": given})
    return CreatedResource(asked.physical or asked.name, {"Id": asked.physical or asked.name})


def _remove_policy(asked: ResourceRequest) -> DeletePlan:
    for queue in asked.get("Queues", []):
        yield ServiceCall("sqs", "SetQueueAttributes", {"QueueUrl": queue, "Attributes": {"Policy": ""}})


def _put_inline_policy(asked: ResourceRequest) -> CreatePlan:
    queue = asked.get("Queue")
    given = {"Policy": asked.get("PolicyDocument")}
    yield ServiceCall("sqs", "SetQueueAttributes", {"QueueUrl": queue, "Attributes": given})
    return CreatedResource(queue)


KINDS: Mapping[str, ResourceType] = {
    "AWS::SQS::Queue": ResourceType(
        _create_queue,
        _update_queue,
        delete_by_calls(lambda asked: ServiceCall("sqs", "DeleteQueue", {"QueueUrl": asked.physical})),
        name="QueueName",
        longest=80,
        replaces=frozenset({"QueueName", "FifoQueue"}),
        attributes=frozenset({"Arn", "QueueName", "QueueUrl"}),
        look=exists_by_call(lambda asked: ServiceCall("sqs", "GetQueueAttributes", {"QueueUrl": asked.physical})),
        ending=lambda properties: ".fifo" if str(properties.get("FifoQueue")).lower() == "true" else "",
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
        replaces=frozenset({"Queue"}),
    ),
}
