"""Read and evaluate the policies of resources: topics, queues, buckets, secrets, repositories and log groups.

A rule's target without a role, a queue that is subscribed to a topic, and an alarm's topic need a statement for the
service in such a policy. For a role of the same account, either its own policies or the resource's policy must allow a
call, and an explicit deny in either of them decides. For a role of another account, both must allow it.
See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html and
https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html.
"""

from functools import lru_cache

from lamplighter.base import arn
from lamplighter.base.arn import Arn
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, loads_or
from lamplighter.bus import Bus, Caller
from lamplighter.lang.iam_policy.evaluate import Effect, Policy, compile_policy, decide_for_principal
from lamplighter.lang.iam_policy.principals import Principal
from lamplighter.lang.iam_policy.text_patterns import Context
from lamplighter.services.iam.access.needed_permission import Permission
from lamplighter.store.db import Reader

NO_POLICY: Policy = ()


class ResourcePolicies:
    """The policies of one engine's resources."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def of(self, reader: Reader, caller: Caller, permission: Permission) -> Policy:
        """Return the policy of a permission's resource; one without a policy has no statements."""
        place = arn.parse(permission.resource)
        if place is None or place.service not in _READS or not permission.action.startswith(f"{place.service}:"):
            return NO_POLICY
        owner = Caller(place.account or caller.account, place.region or caller.region)
        service, operation, params, member = _READS[place.service](place, permission.resource)
        try:
            if not self._bus.serves(service, operation):
                return NO_POLICY
            answer = self._bus.read(reader, owner, service, operation, params)
        except AwsError:  # the call itself reports a missing resource
            return NO_POLICY
        if service == "logs":
            return tuple(each for text in answer["Policies"] for each in _compile(text))
        found = answer.get("Attributes", answer).get(member)
        return NO_POLICY if found is None else _compile(str(found))


def decide_for(policy: Policy, principal: Principal, permission: Permission, context: Context) -> Effect:
    """Return what the policy of a permission's resource says about a principal."""
    if not policy:
        return Effect.IMPLICIT_DENY
    return decide_for_principal(policy, principal, permission.action.lower(), permission.resource, context)


Read = tuple[str, str, Json, str]
"""A service, its operation that returns a policy, the parameters, and the member of the answer with the policy."""


def _of_topic(_place: Arn, resource: str) -> Read:
    return "sns", "FindPolicy", {"TopicArn": resource}, "Policy"


def _of_queue(place: Arn, _resource: str) -> Read:
    url = f"https://sqs.{place.region}.amazonaws.com/{place.account}/{place.resource}"
    return "sqs", "GetQueueAttributes", {"QueueUrl": url, "AttributeNames": ["Policy"]}, "Policy"


def _of_bucket(place: Arn, _resource: str) -> Read:
    return "s3", "GetBucketPolicy", {"Bucket": place.resource.partition("/")[0]}, "Policy"


def _of_secret(_place: Arn, resource: str) -> Read:
    return "secretsmanager", "GetResourcePolicy", {"SecretId": resource}, "ResourcePolicy"


def _of_repository(place: Arn, _resource: str) -> Read:
    return "ecr", "GetRepositoryPolicy", {"repositoryName": place.resource.partition("/")[2]}, "policyText"


def _of_log_group(place: Arn, _resource: str) -> Read:
    group = place.resource.removeprefix("log-group:").partition(":")[0]
    return "logs", "FindPolicies", {"logGroupName": group}, "Policies"


_READS = {
    "sns": _of_topic,
    "sqs": _of_queue,
    "s3": _of_bucket,
    "secretsmanager": _of_secret,
    "ecr": _of_repository,
    "logs": _of_log_group,
}


@lru_cache(maxsize=1024)
def _compile(text: str) -> Policy:
    """Compile a policy; the services check policies less strictly than IAM, so a faulty one allows nothing."""
    try:
        return compile_policy(loads_or(text, {"Statement": []}))
    except (KeyError, TypeError, AttributeError, ValueError):
        return NO_POLICY
