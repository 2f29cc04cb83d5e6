"""Whatever cannot be delivered goes to the dead-letter queue of its subscription, whose policy must allow it.

"Messages that can't be delivered due to client errors or server errors are held in the dead-letter queue", which needs
a queue policy for SNS: https://docs.aws.amazon.com/sns/latest/dg/sns-configure-dead-letter-queue.html. Without
`--enforce-iam`, no policy is needed here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.outbound.port import DeliveryFailed, HttpResponse
from tests.engine_harness import ACCOUNT, HOUR, REGION, SECOND
from tests.services.cloudwatch.cloudwatch_harness import CloudWatchHarness
from tests.services.iam.iam_harness import document

TOPIC, DEAD, MISSING, READER = (
    f"arn:aws:{name}" for name in (
        f"sns:{REGION}:{ACCOUNT}:alerts",
        f"sqs:{REGION}:{ACCOUNT}:dead",
        f"sqs:{REGION}:{ACCOUNT}:missing",
        f"sqs:{REGION}:{ACCOUNT}:reader",
    )
)  # fmt: skip
SLACK, HOOK = "https://hooks.slack.example/secret", "https://hooks.example/night"
ALLOWED = document(
    {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": DEAD,
        "Condition": {"ArnEquals": {"aws:SourceArn": TOPIC}},
    }
)


@contextmanager
def topic_with(
    folder: Path, protocol: str, endpoint: str, *, enforced: bool, policy: str
) -> Iterator[CloudWatchHarness]:
    """Yield an engine with a topic that has one subscription, and a dead-letter queue with a policy."""
    harness = CloudWatchHarness(folder / "data")
    harness.config = replace(harness.config, enforce_iam=enforced, aws_limits=True)
    harness.up()
    harness.call("sns", "CreateTopic", Name="alerts")
    harness.call("sqs", "CreateQueue", QueueName="reader")
    harness.call("sqs", "CreateQueue", QueueName="dead", Attributes={"Policy": policy} if policy else {})
    given: Json = {"Protocol": protocol, "Endpoint": endpoint, "ReturnSubscriptionArn": True}
    given["Attributes"] = {"RedrivePolicy": dumps({"deadLetterTargetArn": DEAD})}
    harness.call("sns", "Subscribe", TopicArn=TOPIC, **given)
    harness.settle()
    if protocol in ("http", "https"):
        token = loads(harness.fake_outbound.http.posts.pop().body)["Token"]
        harness.call("sns", "ConfirmSubscription", TopicArn=TOPIC, Token=token)
    yield harness
    harness.close()


def publish_and_fail(harness: CloudWatchHarness, status: int, hours: int) -> None:
    """Publish a message that no endpoint accepts, and let time pass."""
    out = harness.fake_outbound
    out.http.statuses.extend([status] * 100)
    out.http.responses.extend([HttpResponse(status, "", (), b"")] * 100)
    out.mail.failures.extend([DeliveryFailed("refused", retryable=status >= 500)] * 100)
    harness.call("sns", "Publish", TopicArn=TOPIC, Message="the batch failed")
    harness.settle()
    for _ in range(hours * 12):
        harness.advance(300 * SECOND)


def dead_letters(harness: CloudWatchHarness) -> list[str]:
    """Return the messages in the dead-letter queue."""
    url = harness.call("sqs", "GetQueueUrl", QueueName="dead")["QueueUrl"]
    found = harness.call("sqs", "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [loads(each["Body"])["Message"] for each in found]


@pytest.mark.parametrize(
    ("protocol", "endpoint", "status", "hours"),
    [
        *(("https", HOOK, 404, 0), ("https", HOOK, 503, 1), ("http", HOOK.replace("https", "http"), 503, 1)),
        *(("sqs", MISSING, 400, 0), ("email", "ops@example.com", 404, 0), ("email", "ops@example.com", 503, 9)),
        *(("lamplighter:slack", SLACK, 404, 0), ("lamplighter:slack", SLACK, 503, 9)),
    ],
)
@pytest.mark.parametrize(("enforced", "policy"), [(True, ALLOWED), (False, "")])
def test_a_message_that_cannot_be_delivered_is_in_the_dead_letter_queue_in_the_end(
    tmp_path: Path, protocol: str, endpoint: str, status: int, hours: int, *, enforced: bool, policy: str
) -> None:
    with topic_with(tmp_path, protocol, endpoint, enforced=enforced, policy=policy) as harness:
        publish_and_fail(harness, status, hours)
        assert dead_letters(harness) == ["the batch failed"]


def test_a_queue_whose_policy_does_not_allow_the_topic_refuses_the_message(tmp_path: Path) -> None:
    with topic_with(tmp_path, "sqs", READER, enforced=True, policy=ALLOWED) as harness:
        publish_and_fail(harness, 400, 0)
        assert dead_letters(harness) == ["the batch failed"]


@pytest.mark.parametrize("endpoint", [("https", HOOK), ("sqs", MISSING), ("lamplighter:slack", SLACK)])
def test_a_dead_letter_queue_whose_policy_does_not_allow_the_topic_gets_nothing(
    tmp_path: Path, endpoint: tuple[str, str]
) -> None:
    with topic_with(tmp_path, *endpoint, enforced=True, policy="") as harness:
        publish_and_fail(harness, 404, 0)
        assert dead_letters(harness) == []


def test_a_webhook_that_is_away_for_more_than_a_minute_loses_the_message_to_the_dead_letter_queue(
    tmp_path: Path,
) -> None:
    """ "By default, if the initial delivery of the message fails, Amazon SNS attempts up to three retries with a delay
    between failed attempts set at 20 seconds": https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.retry.html.
    """
    with topic_with(tmp_path, "https", HOOK, enforced=False, policy="") as harness:
        publish_and_fail(harness, 503, 0)
        for _ in range(2):
            harness.advance(20 * SECOND)
            assert dead_letters(harness) == []
        harness.advance(20 * SECOND)
        assert dead_letters(harness) == ["the batch failed"]
        harness.advance(HOUR)
        assert len(harness.fake_outbound.http.posts) == 4
