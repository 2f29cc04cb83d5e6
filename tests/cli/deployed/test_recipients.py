"""SNS goes on listing an unsubscribed address for days, with "Deleted" in the place of its ARN.

See https://github.com/ansible/ansible/pull/20086; the documentation does not mention it.
"""

from typing import cast

import pytest

from lamplighter.base.json_text import Json
from lamplighter.cli.deploy.comparison.resolved_template import Resource
from lamplighter.cli.deploy.stack.stacks import Stack
from lamplighter.cli.deployed.deployment import Deployment
from lamplighter.cli.deployed.recipients import check_recipients
from lamplighter.cli.target import Target

TOPIC = "arn:aws:sns:us-east-1:123456789012:p-ops"
SUBSCRIPTION = Resource(
    "AWS::SNS::Subscription", {"TopicArn": TOPIC, "Protocol": "email", "Endpoint": "ops@example.com"}, None
)


class ListedSubscriptions:
    """A target whose SNS lists an address with these ARNs."""

    def __init__(self, *arns: str) -> None:
        self.arns = arns

    def client(self, _service: str) -> Json:
        return self

    def list_subscriptions_by_topic(self, **_params: Json) -> Json:
        own = {"Protocol": "email", "Endpoint": "ops@example.com"}
        return {"Subscriptions": [{**own, "SubscriptionArn": each} for each in self.arns]}


@pytest.mark.parametrize(
    ("arns", "says"),
    [
        (["Deleted"], ["the subscription of ops@example.com was deleted: it gets no alerts"]),
        (["Deleted", f"{TOPIC}:1"], []),
        (["PendingConfirmation", "Deleted"], ["ops@example.com has not confirmed its subscription"]),
        (["PendingConfirmation", f"{TOPIC}:1"], []),
    ],
)
def test_an_address_that_is_listed_as_deleted_is_deleted_unless_it_subscribed_again(
    arns: list[str], says: list[str]
) -> None:
    stack = Stack("p", "arn:aws:cloudformation:us-east-1:123456789012:stack/p/1", "CREATE_COMPLETE", "", {}, False)
    deployment = Deployment(cast("Target", ListedSubscriptions(*arns)), stack, {"OpsSubscription": SUBSCRIPTION})
    assert [each.says for each in check_recipients(deployment)] == says
