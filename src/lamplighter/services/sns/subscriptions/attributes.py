"""Validate the attributes of subscriptions.

`ReplayPolicy` and `SubscriptionRoleArn` are accepted, stored and returned, but have no effect: there is no archive to
replay, and no stream to write to. See
https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html.
"""

from collections.abc import Mapping

from lamplighter.base import arn
from lamplighter.base.json_text import JsonError, loads
from lamplighter.bus import Work
from lamplighter.services.sns.delivery import delivery_policy
from lamplighter.services.sns.errors import InvalidParameter
from lamplighter.services.sns.subscriptions import filter_policy, protocols

MAX_POLICY_LENGTH = 30_720
"""The most characters of a policy that is not a filter policy."""
SCOPES = ("MessageAttributes", "MessageBody")
STORED_ATTRIBUTES = frozenset({"ReplayPolicy", "SubscriptionRoleArn"})
ATTRIBUTE_NAMES = STORED_ATTRIBUTES | {
    "DeliveryPolicy",
    "FilterPolicy",
    "FilterPolicyScope",
    "RawMessageDelivery",
    "RedrivePolicy",
}


def check_attributes(attributes: Mapping[str, str], protocol: str) -> None:
    """Raise `InvalidParameter` for attributes with which no subscription can be created."""
    try:
        for name in attributes:
            check_attribute(name, attributes, protocol)
    except InvalidParameter as error:
        if error.message == "Invalid parameter: AttributeName":
            raise
        raise InvalidParameter("Attributes", error.message.removeprefix("Invalid parameter: ")) from None


def check_attribute(name: str, attributes: Mapping[str, str], protocol: str) -> None:
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
    elif name in {"DeliveryPolicy", "RedrivePolicy"} and len(value) > MAX_POLICY_LENGTH:
        raise InvalidParameter(f"{name}: Policy is too large")
    elif name == "DeliveryPolicy":
        raw = attributes.get("RawMessageDelivery", "").lower() == "true"
        delivery_policy.check_subscription_policy(value, raw=raw)
    elif name == "RedrivePolicy":
        _check_redrive(value)
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
    if value.lower() == "true" and protocol not in protocols.RAW:
        raise InvalidParameter(
            f"RawMessageDelivery: Delivery protocol [{protocol}] does not support raw message delivery."
        )


def _check_redrive(value: str) -> None:
    try:
        target = loads(value)["deadLetterTargetArn"]
        found = arn.parse(target)
    except (JsonError, KeyError, TypeError, AttributeError):
        raise InvalidParameter("RedrivePolicy: failed to parse JSON.") from None
    if found is None or found.service != "sqs" or not found.region or not found.account:
        raise InvalidParameter("RedrivePolicy: deadLetterTargetArn is an invalid arn")
