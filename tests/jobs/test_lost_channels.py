"""On AWS, a channel that takes no alerts or loses one is told to another channel, each time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.json_text import loads
from lamplighter.jobs.stack.alerting.alarm_channels import other_channels
from lamplighter.jobs.stack.template import build_template, to_json
from tests.engine_harness import ACCOUNT, REGION
from tests.jobs.projects import load_job_text
from tests.jobs.test_alerts import AlertHarness

QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:"
MINUTE = 60_000


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[AlertHarness]:
    made = AlertHarness(tmp_path / "data")
    made.up()
    yield made
    made.close()


def deploy_channel(harness: AlertHarness, folder: Path, channel: str) -> None:
    """Deploy a project with the channels `gone` and `q` in its form for AWS."""
    harness.call("sqs", "CreateQueue", QueueName="alerts")
    channels = f"channels: {{gone: {channel}, q: {{sqs: '{QUEUE}alerts'}}}}"
    file = f"project: p\n{channels}\njobs: {{job: {{image: busybox, notify: [gone, q]}}}}\n"
    document = build_template(load_job_text(folder, file).project)
    harness.create(to_json(document), Capabilities=["CAPABILITY_IAM"])
    assert harness.state() == "CREATE_COMPLETE", harness.reasons()


def publish(harness: AlertHarness) -> None:
    """Publish an alert to the channel `gone`."""
    harness.call("sns", "Publish", TopicArn=f"arn:aws:sns:{REGION}:{ACCOUNT}:p-gone", Message="an alert")
    harness.settle()


def told(harness: AlertHarness) -> list[str]:
    """Return the names of the alarms that the channel `q` was told of since the last call."""
    found = [loads(each)["AlarmName"] for each in harness.alerts() if each.startswith('{"AlarmName"')]
    url = harness.call("sqs", "GetQueueUrl", QueueName="alerts")["QueueUrl"]
    harness.call("sqs", "PurgeQueue", QueueUrl=url)
    return found


def pass_minutes(harness: AlertHarness, minutes: int) -> None:
    for _ in range(minutes):
        harness.advance(MINUTE)


def test_a_queue_that_refuses_an_alert_is_told_to_the_other_channel_each_time(
    harness: AlertHarness, tmp_path: Path
) -> None:
    deploy_channel(harness, tmp_path, f"{{sqs: '{QUEUE}missing'}}")
    for _ in range(2):
        publish(harness)
        pass_minutes(harness, 25)
        assert told(harness) == ["p-gone-lost"]


def test_a_chat_service_that_takes_no_alerts_is_told_within_half_an_hour_and_again_when_it_has_lost_one(
    harness: AlertHarness, tmp_path: Path
) -> None:
    deploy_channel(harness, tmp_path, "{slack: 'https://hooks.slack.example/services/revoked'}")
    pass_minutes(harness, 15)
    assert told(harness) == []
    publish(harness)
    url = harness.call("sqs", "GetQueueUrl", QueueName="p-gone")["QueueUrl"]

    def fail_to_send(minutes: int) -> None:
        """Receive the message as the pipe does, whenever it is visible, and do not delete it."""
        for _ in range(minutes):
            harness.call("sqs", "ReceiveMessage", QueueUrl=url)
            harness.advance(MINUTE)

    fail_to_send(14)
    assert told(harness) == ["p-gone-unreachable"]
    fail_to_send(6 * 60)
    assert told(harness) == ["p-gone-lost"]


def test_a_channel_that_takes_its_alerts_is_not_told(harness: AlertHarness, tmp_path: Path) -> None:
    deploy_channel(harness, tmp_path, "{slack: 'https://hooks.slack.example/services/works'}")
    url = harness.call("sqs", "GetQueueUrl", QueueName="p-gone")["QueueUrl"]
    for _ in range(4):
        publish(harness)
        (message,) = harness.call("sqs", "ReceiveMessage", QueueUrl=url)["Messages"]
        harness.advance(MINUTE)
        harness.call("sqs", "DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        pass_minutes(harness, 4)
    assert told(harness) == []


def test_the_channels_that_are_told_are_first_those_of_another_kind(tmp_path: Path) -> None:
    file = """
project: p
channels:
  slack: {slack: 'ssm:/a'}
  random: {slack: 'ssm:/b'}
  bell: {command: [notify-send, it failed]}
  mail: {email: ops@example.com}
  topic: {sns: 'arn:aws:sns:us-east-1:123456789012:alerts'}
jobs: {job: {image: busybox}}
"""
    project = load_job_text(tmp_path, file).project
    assert other_channels(project, "slack") == ["mail", "topic", "random"]
