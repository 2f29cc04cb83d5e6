"""Test the delays of retry policies.

https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps
from lamplighter.services.sns.delivery import delivery_policy
from lamplighter.services.sns.delivery.retry_delays import (
    BACKOFF_FUNCTIONS,
    MANAGED,
    SMTP,
    RetryDelays,
    delays_of_policy,
    retry_delay,
    total_seconds,
)

PHASE_RETRIES, SECONDS = st.integers(0, 30), st.integers(1, 3600)
RETRIES = st.builds(
    RetryDelays,
    PHASE_RETRIES,
    PHASE_RETRIES,
    PHASE_RETRIES,
    PHASE_RETRIES,
    SECONDS,
    SECONDS,
    st.sampled_from(sorted(BACKOFF_FUNCTIONS)),
).map(
    lambda found: replace(
        found, min_delay=min(found.min_delay, found.max_delay), max_delay=max(found.min_delay, found.max_delay)
    )
)


def list_delays(retries: RetryDelays) -> list[float]:
    found = [retry_delay(retries, number) for number in range(retries.count)]
    return [each / 1000 for each in found if each is not None]


def test_a_webhook_gets_three_retries_twenty_seconds_apart_by_default() -> None:
    assert list_delays(delays_of_policy(delivery_policy.DEFAULT_RETRY_POLICY)) == [20, 20, 20]


def test_a_mail_server_gets_fifty_retries_over_six_to_eight_hours() -> None:
    assert SMTP.count == 50
    assert list_delays(SMTP)[:2] == [10, 10]
    assert (list_delays(SMTP)[2], list_delays(SMTP)[11], list_delays(SMTP)[12]) == (10, 600, 600)
    assert 6 * 3600 < total_seconds(SMTP) < 8 * 3600


def test_endpoints_managed_by_aws_get_retries_over_23_days() -> None:
    assert MANAGED.count == 100_015
    assert list_delays(MANAGED)[:5] == [0, 0, 0, 1, 1]
    assert 23 * 86_400 < total_seconds(MANAGED) < 24 * 86_400


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("linear", [10, 20, 30, 40]),
        ("arithmetic", [10, 15, 25, 40]),
        ("geometric", [10, 15.874, 25.198, 40]),
        ("exponential", [10, 20, 40, 40]),
    ],
)
def test_each_backoff_function_has_its_own_curve(function: str, expected: list[float]) -> None:
    assert list_delays(RetryDelays(0, 0, 4, 0, 10, 40, function)) == pytest.approx(expected, abs=0.001)


@given(RETRIES)
def test_each_retry_has_a_delay_and_each_delay_is_within_the_bounds(retries: RetryDelays) -> None:
    found = list_delays(retries)
    assert len(found) == retries.count
    assert retry_delay(retries, retries.count) is None
    later = found[retries.no_delay_retries :]
    assert found[: retries.no_delay_retries] == [0] * retries.no_delay_retries
    assert all(retries.min_delay <= each <= retries.max_delay for each in later)


@given(RETRIES)
def test_delays_never_shrink(retries: RetryDelays) -> None:
    assert list_delays(retries) == sorted(list_delays(retries))


@pytest.mark.parametrize(
    "policy",
    [
        {"healthyRetryPolicy": 7},
        {"healthyRetryPolicy": {"numRetries": 101}},
        {"healthyRetryPolicy": {"numRetries": "3"}},
        {"healthyRetryPolicy": {"numRetries": True}},
        {"healthyRetryPolicy": {"minDelayTarget": 0}},
        {"healthyRetryPolicy": {"minDelayTarget": 21}},
        {"healthyRetryPolicy": {"maxDelayTarget": 3601}},
        {"healthyRetryPolicy": {"numRetries": 3, "numNoDelayRetries": 2, "numMaxDelayRetries": 2}},
        {"healthyRetryPolicy": {"numRetries": 100, "minDelayTarget": 60, "maxDelayTarget": 60}},
        {"healthyRetryPolicy": {"backoffFunction": "random"}},
        {"throttlePolicy": {"maxReceivesPerSecond": 0}},
        {"requestPolicy": {"headerContentType": "image/png"}},
        {"requestPolicy": {"headerContentType": "text/csv"}},
        {"requestPolicy": {"headerContentType": ["text/plain"]}},
    ],
)
def test_an_invalid_delivery_policy_is_refused(policy: Json) -> None:
    with pytest.raises(AwsError, match="Invalid parameter: DeliveryPolicy: "):
        delivery_policy.check_subscription_policy(dumps(policy))


def test_raw_delivery_allows_more_content_types_than_an_envelope() -> None:
    csv = dumps({"requestPolicy": {"headerContentType": "text/csv"}})
    delivery_policy.check_subscription_policy(csv, raw=True)
    with pytest.raises(AwsError, match="DeliveryPolicy"):
        delivery_policy.check_subscription_policy(csv)
    delivery_policy.check_subscription_policy(dumps({"requestPolicy": {"headerContentType": "application/json"}}))


def test_the_example_of_the_developer_guide_has_fifty_retries() -> None:
    retry = {"minDelayTarget": 1, "maxDelayTarget": 60, "numRetries": 50, "numNoDelayRetries": 3}
    retry |= {"numMinDelayRetries": 2, "numMaxDelayRetries": 35, "backoffFunction": "exponential"}  # type: ignore[dict-item]
    delivery_policy.check_subscription_policy(dumps({"healthyRetryPolicy": retry}))
    assert list_delays(delays_of_policy(delivery_policy.DEFAULT_RETRY_POLICY | retry)) == [
        *([0] * 3 + [1] * 2),
        *(1, 2, 4, 8, 16, 32, 60, 60, 60, 60),
        *([60] * 35),
    ]


def test_a_topic_can_disable_the_delivery_policies_of_its_subscriptions() -> None:
    subscription = {"DeliveryPolicy": dumps({"healthyRetryPolicy": {"numRetries": 9}})}
    topic = {"DeliveryPolicy": dumps({"http": {"disableSubscriptionOverrides": True}})}
    assert delivery_policy.effective_policy({}, subscription)["healthyRetryPolicy"]["numRetries"] == 9
    assert delivery_policy.effective_policy(topic, subscription)["healthyRetryPolicy"]["numRetries"] == 3


def test_missing_settings_of_a_policy_have_the_defaults_of_aws() -> None:
    delivery_policy.check_topic_policy(dumps({"http": {"defaultHealthyRetryPolicy": {"numRetries": 5}}}))
    assert delivery_policy.effective_policy({}, {}) == {
        "healthyRetryPolicy": delivery_policy.DEFAULT_RETRY_POLICY,
        "sicklyRetryPolicy": None,
        "throttlePolicy": None,
        "requestPolicy": {"headerContentType": "text/plain; charset=UTF-8"},
        "guaranteed": False,
    }
