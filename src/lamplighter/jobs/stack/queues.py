"""Build SQS queues that keep a message for two weeks, and the policies by which services of AWS send to them."""

from collections.abc import Mapping

from lamplighter.base.json_text import Json
from lamplighter.jobs.stack.intrinsic_functions import get_att, ref
from lamplighter.jobs.stack.policies import allow_service, policy_document
from lamplighter.jobs.stack.resources import Resource, properties

RETENTION_SECONDS = 14 * 86_400


def build_queue(logical_id: str, name: str, more: Mapping[str, Json] | None = None) -> Resource:
    """Return a queue; `more` has further properties."""
    return Resource(
        logical_id,
        "AWS::SQS::Queue",
        properties(QueueName=name, **(more or {}), MessageRetentionPeriod=RETENTION_SECONDS, SqsManagedSseEnabled=True),
    )


def build_queue_policy(queue: str, service: str, senders: Json) -> Resource:
    """Return a queue's policy: a service sends to it if `senders`, the condition of the statement, matches."""
    statement = allow_service(service, "sqs:SendMessage", get_att(queue, "Arn"), senders)
    return Resource(
        f"{queue}Policy",
        "AWS::SQS::QueuePolicy",
        properties(Queues=[ref(queue)], PolicyDocument=policy_document([statement])),
    )
