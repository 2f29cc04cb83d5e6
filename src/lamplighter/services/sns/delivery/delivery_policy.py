"""Apply the delivery policies of topics and subscriptions: retries, throttling and content types of HTTP/S deliveries.

Guarantees AWS's defaults for members that a policy omits. A subscription's policy overrides its topic's, unless the
topic disables overrides. See https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html.
"""

from collections.abc import Collection, Mapping

from lamplighter.base.json_text import Json
from lamplighter.services.sns.delivery.retry_delays import BACKOFF_FUNCTIONS, delays_of_policy, total_seconds
from lamplighter.services.sns.errors import InvalidParameter
from lamplighter.services.sns.policy_text import parse_policy

DEFAULT_CONTENT_TYPE = "text/plain; charset=UTF-8"
DEFAULT_RETRY_POLICY: Json = {
    "minDelayTarget": 20,
    "maxDelayTarget": 20,
    "numRetries": 3,
    "numMaxDelayRetries": 0,
    "numNoDelayRetries": 0,
    "numMinDelayRetries": 0,
    "backoffFunction": "linear",
}
"""AWS's default retry policy."""
MAX_TOTAL_SECONDS = 3_600
"""The limit of all retries: "The total policy retry time for an HTTP/S endpoint cannot be greater than 3,600 seconds."
"""
BOUNDS = {"minDelayTarget": (1, 3600), "maxDelayTarget": (1, 3600), "numRetries": (0, 100)}
CONTENT_TYPES = frozenset({"application/json", "text/plain"})
"""The content types of a message in the envelope; a topic's policy can set only these."""
RAW_TYPES = CONTENT_TYPES | {
    "text/css",
    "text/csv",
    "text/html",
    "text/xml",
    "application/atom+xml",
    "application/octet-stream",
    "application/soap+xml",
    "application/x-www-form-urlencoded",
    "application/xhtml+xml",
    "application/xml",
}
"""The content types of a raw message."""


def check_topic_policy(text: str) -> None:
    """Raise `InvalidParameter` for an invalid delivery policy of a topic."""
    policy = _read(text)
    http = _object(policy.get("http") or {}, "http")
    _check_retry(http.get("defaultHealthyRetryPolicy"))
    _check_throttle(http.get("defaultThrottlePolicy"))
    _check_request(http.get("defaultRequestPolicy"), CONTENT_TYPES)


def check_subscription_policy(text: str, *, raw: bool = False) -> None:
    """Raise `InvalidParameter` for an invalid delivery policy of a subscription."""
    policy = _read(text)
    _check_retry(policy.get("healthyRetryPolicy"))
    _check_throttle(policy.get("throttlePolicy"))
    _check_request(policy.get("requestPolicy"), RAW_TYPES if raw else CONTENT_TYPES)


def effective_topic_policy(attributes: Mapping[str, str]) -> Json:
    """Return a topic's policy completed with the defaults."""
    http = (_read(attributes["DeliveryPolicy"]).get("http") or {}) if attributes.get("DeliveryPolicy") else {}
    effective: Json = {
        "defaultHealthyRetryPolicy": _with_defaults(DEFAULT_RETRY_POLICY, http.get("defaultHealthyRetryPolicy")),
        "disableSubscriptionOverrides": bool(http.get("disableSubscriptionOverrides", False)),
        "defaultRequestPolicy": _with_defaults(
            {"headerContentType": DEFAULT_CONTENT_TYPE}, http.get("defaultRequestPolicy")
        ),
    }
    if http.get("defaultThrottlePolicy"):
        effective["defaultThrottlePolicy"] = http["defaultThrottlePolicy"]
    return {"http": effective}


def effective_policy(topic: Mapping[str, str], subscription: Mapping[str, str]) -> Json:
    """Return a subscription's policy completed from its topic's policy and the defaults."""
    http = effective_topic_policy(topic)["http"]
    given = subscription.get("DeliveryPolicy")
    subscription_policy = _read(given) if given and not http["disableSubscriptionOverrides"] else {}
    return {
        "healthyRetryPolicy": _with_defaults(
            http["defaultHealthyRetryPolicy"], subscription_policy.get("healthyRetryPolicy")
        ),
        "sicklyRetryPolicy": None,
        "throttlePolicy": subscription_policy.get("throttlePolicy") or http.get("defaultThrottlePolicy"),
        "requestPolicy": _with_defaults(http["defaultRequestPolicy"], subscription_policy.get("requestPolicy")),
        "guaranteed": False,
    }


def _with_defaults(defaults: Json, given: Json) -> Json:
    """Return the defaults overridden by the given values; null counts as absent."""
    return defaults | {name: value for name, value in (given or {}).items() if value is not None}


def _invalid_policy(reason: str) -> InvalidParameter:
    return InvalidParameter(f"DeliveryPolicy: {reason}")


def _read(text: str) -> Json:
    return _object(parse_policy("DeliveryPolicy", text), "the policy")


def _object(value: Json, what: str) -> Json:
    if not isinstance(value, dict):
        raise _invalid_policy(f"{what} must be a JSON object")
    return value


def _check_retry(given: Json) -> None:
    if given is None:
        return
    policy = _with_defaults(DEFAULT_RETRY_POLICY, _object(given, "healthyRetryPolicy"))
    for name in DEFAULT_RETRY_POLICY:
        low, high = BOUNDS.get(name, (0, 100))
        if name == "backoffFunction":
            continue
        if type(policy[name]) is not int or not low <= policy[name] <= high:
            raise _invalid_policy(f"{name} must be a whole number from {low} to {high}")
    if policy["backoffFunction"] not in BACKOFF_FUNCTIONS:
        raise _invalid_policy(f"backoffFunction must be one of {', '.join(BACKOFF_FUNCTIONS)}")
    if policy["minDelayTarget"] > policy["maxDelayTarget"]:
        raise _invalid_policy("minDelayTarget must be less than or equal to maxDelayTarget")
    phases = delays_of_policy(policy)
    if phases.backoff_retries < 0:
        raise _invalid_policy("numRetries must be at least the sum of the retries of its phases")
    if total_seconds(phases) > MAX_TOTAL_SECONDS:
        raise _invalid_policy(f"the total policy retry time cannot be greater than {MAX_TOTAL_SECONDS} seconds")


def _check_throttle(given: Json) -> None:
    rate = _object(given, "throttlePolicy").get("maxReceivesPerSecond") if given is not None else None
    if rate is not None and (type(rate) is not int or rate < 1):
        raise _invalid_policy("maxReceivesPerSecond must be a whole number of at least 1")


def _check_request(given: Json, kinds: Collection[str]) -> None:
    kind = _object(given, "requestPolicy").get("headerContentType") if given is not None else None
    if kind is not None and str(kind).removesuffix("; charset=UTF-8") not in kinds:
        raise _invalid_policy(f"headerContentType {kind} is not supported")
