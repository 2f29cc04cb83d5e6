"""Read and evaluate the policies of topics and queues, which allow calls of services and of roles.

A rule's target without a role, and a queue that is subscribed to a topic, need a statement for the service in such a
policy. For a role of the same account, either its own policies or the resource's policy must allow a call.
See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html and
https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html.
"""

from functools import lru_cache

from lamplighter.base import arn
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import loads_or
from lamplighter.bus import Bus, Caller
from lamplighter.lang.iam_policy.evaluate import Effect, Policy, compile_policy, decide_for_principal
from lamplighter.lang.iam_policy.principals import Principal
from lamplighter.lang.iam_policy.text_patterns import Context
from lamplighter.services.iam.access.needed_permission import Permission
from lamplighter.store.db import Reader


class ResourcePolicies:
    """The policies of one engine's topics and queues."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def decide(self, reader: Reader, principal: Principal, permission: Permission, context: Context) -> Effect:
        """Return what the policy of a permission's resource says about a principal."""
        text = self._read(reader, permission.resource)
        if text is None:
            return Effect.IMPLICIT_DENY
        return decide_for_principal(_compile(text), principal, permission.action.lower(), permission.resource, context)

    def _read(self, reader: Reader, resource: str) -> str | None:
        place = arn.parse(resource)
        if place is None or place.service not in ("sns", "sqs"):
            return None
        caller = Caller(place.account, place.region)
        try:
            if place.service == "sns":
                answer = self._bus.read(reader, caller, "sns", "GetTopicAttributes", {"TopicArn": resource})
            else:
                url = f"https://sqs.{place.region}.amazonaws.com/{place.account}/{place.resource}"
                given = {"QueueUrl": url, "AttributeNames": ["Policy"]}
                answer = self._bus.read(reader, caller, "sqs", "GetQueueAttributes", given)
        except AwsError:  # the call itself reports a missing topic or queue
            return None
        found = answer.get("Attributes", {}).get("Policy")
        return None if found is None else str(found)


@lru_cache(maxsize=1024)
def _compile(text: str) -> Policy:
    """Compile a policy; the services check policies less strictly than IAM, so a faulty one allows nothing."""
    try:
        return compile_policy(loads_or(text, {"Statement": []}))
    except (KeyError, TypeError, AttributeError, ValueError):
        return ()
