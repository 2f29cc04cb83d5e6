"""Validate the attributes of subscriptions.

`ReplayPolicy` and `SubscriptionRoleArn` are checked, stored and returned, but have no effect: there is no archive to
replay, and no stream to write to. See
https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html.
"""

from collections.abc import Mapping

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json, loads_or
from lamplighter.bus import Work
from lamplighter.services.sns import archive_policies
from lamplighter.services.sns.arns import FIFO_SUFFIX
from lamplighter.services.sns.delivery import delivery_policy
from lamplighter.services.sns.errors import InvalidParameter
from lamplighter.services.sns.policy_text import parse_policy
from lamplighter.services.sns.subscriptions import filter_policy, protocols

MAX_POLICY_LENGTH = 30_720
"""The most characters of a policy that is not a filter policy."""
ROLE = "SubscriptionRoleArn"
TARGET = "deadLetterTargetArn"
"""The only member of a redrive policy."""
SCOPES = ("MessageAttributes", "MessageBody")
DEFAULTS: Mapping[str, str] = {"RawMessageDelivery": "false", "FilterPolicyScope": SCOPES[0]}
"""The values of attributes that were not set."""
ATTRIBUTE_NAMES = frozenset(
    {
        *("DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy"),
        *(archive_policies.REPLAY, ROLE),
    }
)


def check_attributes(attributes: Mapping[str, str], protocol: str, endpoint: str) -> None:
    """Raise `InvalidParameter` for attributes with which no subscription can be created.

    A valid SubscriptionRoleArn "is required for Firehose delivery stream subscriptions".
    """
    try:
        if protocol == protocols.FIREHOSE:
            _check_role(attributes.get(ROLE, ""))
        for name in attributes:
            check_attribute(name, attributes, protocol, endpoint)
    except InvalidParameter as error:
        if error.message == "Invalid parameter: AttributeName":
            raise
        raise InvalidParameter("Attributes", error.message.removeprefix("Invalid parameter: ")) from None


def have_same_values(found: Mapping[str, str], given: Mapping[str, str]) -> bool:
    """Return whether a subscription's attributes have the given values; policies are compared as JSON."""
    return all(_meaning(name, found.get(name, "")) == _meaning(name, value) for name, value in given.items())


def _meaning(name: str, value: str) -> Json:
    return loads_or(value, value) if name.endswith("Policy") else (value or DEFAULTS.get(name, "")).lower()


def check_attribute(name: str, attributes: Mapping[str, str], protocol: str, endpoint: str) -> None:
    """Raise `InvalidParameter` for an attribute that is unknown, invalid, or in conflict with the others.

    An empty value means the default.
    """
    if name not in ATTRIBUTE_NAMES:
        raise InvalidParameter("AttributeName")
    value = attributes.get(name, "")
    if name == "RawMessageDelivery":
        _check_raw(value, protocol)
    elif not value:
        return
    elif name == "FilterPolicyScope" and value not in SCOPES:
        raise InvalidParameter(
            f"FilterPolicyScope: Invalid value [{value}]. Please use either MessageBody or MessageAttributes"
        )
    elif name in {"DeliveryPolicy", "RedrivePolicy", archive_policies.REPLAY} and len(value) > MAX_POLICY_LENGTH:
        raise InvalidParameter(f"{name}: Policy is too large")
    elif name == "DeliveryPolicy":
        raw = attributes.get("RawMessageDelivery", "").lower() == "true"
        delivery_policy.check_subscription_policy(value, raw=raw)
    elif name == "RedrivePolicy":
        _check_redrive(value, endpoint)
    elif name == ROLE:
        _check_role(value)
    elif name == archive_policies.REPLAY:
        archive_policies.check_replay_policy(value)
    if name in {"FilterPolicy", "FilterPolicyScope"} and attributes.get("FilterPolicy"):
        filter_policy.check_policy(
            attributes["FilterPolicy"], body=attributes.get("FilterPolicyScope") == "MessageBody"
        )


def prepare_check(attributes: Mapping[str, str]) -> Work | None:
    """Return the part of the check that grows with the filter policy, or None if the policy is small."""
    policy = attributes.get("FilterPolicy")
    return (
        filter_policy.prepare_check(policy, body=attributes.get("FilterPolicyScope") == "MessageBody")
        if policy
        else None
    )


def _check_raw(value: str, protocol: str) -> None:
    if value.lower() not in ("true", "false"):
        raise InvalidParameter(f"RawMessageDelivery: Invalid value [{value}]. Must be true or false.")
    # Even for the value false: https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/399.
    if protocol not in protocols.RAW:
        raise InvalidParameter(f"Delivery protocol [{protocol}] does not support raw message delivery.")


def _check_role(value: str) -> None:
    found = arn.parse(value)
    if found is None or found.service != "iam" or not found.resource.startswith("role/"):
        raise InvalidParameter(f"{ROLE}: Invalid value [{value}]. Must be the ARN of a role.")


def _check_redrive(value: str, endpoint: str) -> None:
    policy = parse_policy("RedrivePolicy", value)
    members = policy if isinstance(policy, dict) else {}
    if unknown := next((name for name in members if name != TARGET), None):
        raise InvalidParameter(f"RedrivePolicy: invalid JSON. Attribute {unknown} is unknown.")
    target = members.get(TARGET)
    found = arn.parse(target) if isinstance(target, str) else None
    if found is None or found.service != "sqs" or not found.region or not found.account:
        raise InvalidParameter("RedrivePolicy: deadLetterTargetArn is an invalid arn")
    if endpoint.endswith(FIFO_SUFFIX) and not found.resource.endswith(FIFO_SUFFIX):
        raise InvalidParameter("RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.")
