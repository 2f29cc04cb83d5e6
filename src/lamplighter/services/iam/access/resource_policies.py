"""Read and evaluate the policies of resources: topics, queues, buckets, secrets, repositories, buses and log groups.

A rule's target without a role, a queue that is subscribed to a topic, and an alarm's topic need a statement for the
service in such a policy. For a role of the same account, either its own policies or the resource's policy must allow a
call, and an explicit deny in either of them decides. For a role of another account, both must allow it.
See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html and
https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html.
"""

from dataclasses import dataclass
from functools import lru_cache

from lamplighter.base.errors import AwsError, Bug
from lamplighter.base.json_text import loads_or
from lamplighter.bus import Bus, Caller
from lamplighter.lang.iam_policy.evaluate import Effect, Policy, compile_policy, decide_for_principal
from lamplighter.lang.iam_policy.principals import Principal
from lamplighter.lang.iam_policy.text_patterns import Context
from lamplighter.services.iam.access.needed_permission import Permission
from lamplighter.store.db import Reader

NO_POLICY: Policy = ()
SERVICES = frozenset({"sns", "sqs", "s3", "secretsmanager", "ecr", "logs", "events"})
"""The services whose resources have policies."""
OPERATION = "FindPolicy"
"""The operation of these services that returns the policies of a resource."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What IAM decides by about a resource, besides its ARN."""

    account: str
    """The account to which it belongs; empty if this is unknown."""
    policy: Policy = NO_POLICY


class ResourcePolicies:
    """The policies of one engine's resources."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def of(self, reader: Reader, caller: Caller, permission: Permission, *, default: bool = False) -> Resource:
        """Return a permission's resource with its policy; one without a policy has no statements.

        `default` also asks for the policy that AWS gives a topic, which allows nothing to a role.
        """
        resource = permission.resource
        account = resource.split(":", 5)[4] if resource.startswith("arn:") and resource.count(":") >= 5 else ""
        prefix, _, _ = permission.action.partition(":")
        if prefix not in SERVICES or not resource.startswith("arn:"):
            return Resource(account)
        params = {"Resource": _owner_of_policy(prefix, resource), "Default": default}
        try:
            if not self._bus.serves(prefix, OPERATION):
                return Resource(account)
            answer = self._bus.read(reader, caller, prefix, OPERATION, params)
        except (AwsError, Bug):  # the call itself reports a resource that cannot exist
            return Resource(account)
        texts = answer["Policies"]
        policy = _compile(texts[0]) if len(texts) == 1 else tuple(each for text in texts for each in _compile(text))
        return Resource(account or answer.get("Account", ""), policy)


def _owner_of_policy(service: str, resource: str) -> str:
    """Return the ARN of the resource that has the policy: an object's bucket, a log stream's group."""
    if service == "s3":
        return resource.partition("/")[0]
    return ":".join(resource.split(":", 7)[:7]) if service == "logs" else resource


def decide_for(policy: Policy, principal: Principal, permission: Permission, context: Context) -> Effect:
    """Return what the policy of a permission's resource says about a principal."""
    if not policy:
        return Effect.IMPLICIT_DENY
    return decide_for_principal(policy, principal, permission.action.lower(), permission.resource, context)


@lru_cache(maxsize=1024)
def _compile(text: str) -> Policy:
    """Compile a policy; the services check policies less strictly than IAM, so a faulty one allows nothing."""
    try:
        return compile_policy(loads_or(text, {"Statement": []}))
    except (KeyError, TypeError, AttributeError, ValueError):
        return NO_POLICY
