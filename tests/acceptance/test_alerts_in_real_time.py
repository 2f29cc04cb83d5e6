"""Alerts of failed runs in real time: real containers, a real mail server, a real webhook, real queues, and kill -9.

The article's three patterns, alone and together: a rule for task events, a rule for execution events, and a Catch.
"""

import json
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import partial
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from tests.acceptance.test_sns import run_server, smtp_url
from tests.acceptance.test_sns_sqs import create_queue, receive_all
from tests.chaos.containers import remove_containers
from tests.contracts.servers import MailServer, WebServer, mail_server, web_server
from tests.served_engine import ROLE, ServedEngine, eventually, one_state, run_task

FAILED = {"$or": [{"containers": {"exitCode": [{"anything-but": 0}]}}, {"stopCode": ["TaskFailedToStart"]}]}
PATTERNS: dict[str, Json] = {
    "attempts": {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Task State Change"],
        "detail": {"lastStatus": ["STOPPED"], **FAILED},
    },
    "runs": {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"status": ["FAILED", "TIMED_OUT", "ABORTED"]},
    },
}
RETRY = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1, "BackoffRate": 1}]


@pytest.fixture
def smtp_server() -> Iterator[MailServer]:
    with run_server(mail_server) as server:
        yield server


@pytest.fixture
def webhook_server() -> Iterator[WebServer]:
    with run_server(web_server) as server:
        yield server


class AlertSubscribers:
    """A served engine, its topics, and their subscribers."""

    def __init__(self, served: ServedEngine, smtp_server: MailServer, webhook_server: WebServer) -> None:
        self.served = served
        self.smtp_server = smtp_server
        self.webhook_server = webhook_server
        self.topics: dict[str, str] = {}
        self.queues: dict[str, str] = {}
        served.ecs.create_cluster(clusterName="default")

    def create_topic(self, name: str) -> str:
        """Create a topic with a mail, a queue and a webhook subscription; return its ARN."""
        sns = self.served.client("sns")
        topic: str = sns.create_topic(Name=name)["TopicArn"]
        url, arn = create_queue(self.served, name)
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=f"{name}@example.com")
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"{self.webhook_server.url}/{name}")
        confirmation = eventually(lambda: self.webhook_bodies(name))[0]
        sns.confirm_subscription(TopicArn=topic, Token=confirmation["Token"])
        self.topics[name], self.queues[name] = topic, url
        return topic

    def create_rule(self, name: str) -> None:
        """Create the rule of a pattern, with a new topic as its target."""
        events = self.served.client("events")
        events.put_rule(Name=name, EventPattern=json.dumps(PATTERNS[name]))
        events.put_targets(Rule=name, Targets=[{"Id": "people", "Arn": self.create_topic(name)}])

    def webhook_bodies(self, name: str) -> list[Json]:
        return [json.loads(body) for path, _, body in self.webhook_server.posts if path == f"/{name}"]

    def webhook_messages(self, name: str) -> list[Json]:
        """Return the messages that the webhook received."""
        return [json.loads(each["Message"]) for each in self.webhook_notifications(name)]

    def webhook_notifications(self, name: str) -> list[Json]:
        """Return the notifications that the webhook received, without the confirmation request."""
        return [each for each in self.webhook_bodies(name) if each["Type"] == "Notification"]

    def webhook_message_ids(self, name: str) -> set[str]:
        """Return the distinct ids of the messages that the webhook received."""
        return {each["MessageId"] for each in self.webhook_notifications(name)}

    def mail_count(self, name: str) -> int:
        """Return the number of mails that arrived."""
        return len(self.mails(name))

    def mails(self, name: str) -> list[EmailMessage]:
        """Return the mails that arrived."""
        return [mail for mail in self.smtp_server.mails if str(mail["To"]) == f"{name}@example.com"]

    def mail_ids(self, name: str) -> set[str]:
        """Return the distinct ids of the mails that arrived."""
        return {str(mail["Message-ID"]) for mail in self.mails(name)}

    def wait_for_alerts(self, name: str, times: int) -> None:
        """Wait until each subscriber received this number of alerts; assert that none received more."""
        eventually(lambda: len(self.webhook_messages(name)) >= times and self.mail_count(name) >= times, 60)
        assert (len(self.webhook_messages(name)), self.mail_count(name)) == (times, times)
        assert len(receive_all(self.served, self.queues[name])) == times


@pytest.fixture
def subscribers(
    tmp_path: Path, smtp_server: MailServer, webhook_server: WebServer, docker_image: str
) -> Iterator[AlertSubscribers]:
    served = ServedEngine(tmp_path / "data", "docker")
    served.up("--smtp", smtp_url(smtp_server))
    yield AlertSubscribers(served, smtp_server, webhook_server)
    served.kill(signal.SIGTERM)
    served.close()
    remove_containers(served.data)


def machine_with_catch(batch: Json, topic: str) -> Json:
    """Return a machine that publishes the batch's final error to a topic and fails."""
    publish = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Parameters": {"TopicArn": topic, "Message.$": "$.error"},
        "Next": "Failed",
    }
    batch = batch | {"Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Tell"}]}
    return {
        "StartAt": "Batch",
        "States": {"Batch": batch, "Tell": publish, "Failed": {"Type": "Fail", "Error": "BatchFailed"}},
    }


@pytest.mark.docker
def test_only_the_failed_attempt_of_a_run_that_a_retry_saves_is_alerted(
    subscribers: AlertSubscribers, docker_image: str, tmp_path: Path
) -> None:
    for name in PATTERNS:
        subscribers.create_rule(name)
    script = 'test "$RETRIES" != 0'
    task = subscribers.served.task("saved", ["sh", "-c", script], image=docker_image)
    batch = run_task(task, Retry=RETRY)
    number = [{"Name": "RETRIES", "Value.$": "States.Format('{}', $$.State.RetryCount)"}]
    batch["Parameters"]["Overrides"] = {"ContainerOverrides": [{"Name": "main", "Environment": number}]}
    ended = subscribers.served.ended(
        subscribers.served.start(
            subscribers.served.machine(machine_with_catch(batch, subscribers.create_topic("caught")))
        )
    )
    assert ended["status"] == "SUCCEEDED"
    subscribers.wait_for_alerts("attempts", 1)
    (event,) = subscribers.webhook_messages("attempts")
    assert event["detail"]["containers"][0]["exitCode"] == 1
    assert subscribers.webhook_messages("runs") == subscribers.webhook_messages("caught") == []


@pytest.mark.docker
def test_a_missing_image_is_alerted_as_a_failed_attempt(subscribers: AlertSubscribers) -> None:
    subscribers.create_rule("attempts")
    task = subscribers.served.task("none", ["true"], image="localhost:1/none")
    machine = subscribers.served.machine(one_state(run_task(task)))
    assert subscribers.served.ended(subscribers.served.start(machine), 60)["error"] == "States.TaskFailed"
    subscribers.wait_for_alerts("attempts", 1)
    (event,) = subscribers.webhook_messages("attempts")
    assert event["detail"]["stopCode"] == "TaskFailedToStart"
    assert "CannotPullContainerError" in event["detail"]["stoppedReason"]


@pytest.mark.docker
def test_runs_that_time_out_or_are_stopped_are_alerted_as_failed_runs(
    subscribers: AlertSubscribers, docker_image: str
) -> None:
    subscribers.create_rule("runs")
    task = subscribers.served.task("long", ["sleep", "100"], image=docker_image)
    slow = subscribers.served.machine(one_state(run_task(task)) | {"TimeoutSeconds": 2}, "slow")
    stopped = subscribers.served.start(subscribers.served.machine(one_state(run_task(task)), "stopped"))
    timed_out = subscribers.served.start(slow)
    assert subscribers.served.ended(timed_out)["status"] == "TIMED_OUT"
    subscribers.served.sfn.stop_execution(executionArn=stopped)
    subscribers.wait_for_alerts("runs", 2)
    found = {event["resources"][0]: event["detail"]["status"] for event in subscribers.webhook_messages("runs")}
    assert found == {timed_out: "TIMED_OUT", stopped: "ABORTED"}


@pytest.mark.docker
def test_a_scheduled_run_that_fails_is_alerted_by_all_three_patterns(
    subscribers: AlertSubscribers, docker_image: str
) -> None:
    for name in PATTERNS:
        subscribers.create_rule(name)
    task = subscribers.served.task("bad", ["sh", "-c", "echo no disk left; exit 3"], image=docker_image)
    machine = subscribers.served.machine(
        machine_with_catch(run_task(task, Retry=RETRY), subscribers.create_topic("caught"))
    )
    hour = datetime.now(UTC) + timedelta(seconds=3)
    subscribers.served.client("scheduler").create_schedule(
        Name="night",
        ScheduleExpression=f"at({hour:%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": machine, "RoleArn": ROLE, "Input": '{"at": "<aws.scheduler.scheduled-time>"}'},
    )
    found = eventually(lambda: subscribers.served.sfn.list_executions(stateMachineArn=machine)["executions"])
    ended = subscribers.served.ended(found[0]["executionArn"], 60)
    assert (ended["status"], json.loads(ended["input"])["at"]) == ("FAILED", f"{hour:%Y-%m-%dT%H:%M:%SZ}")
    for name, times in (("attempts", 2), ("runs", 1), ("caught", 1)):
        subscribers.wait_for_alerts(name, times)
    (message,) = subscribers.webhook_messages("caught")
    assert message["Error"] == "States.TaskFailed"
    assert json.loads(message["Cause"])["Containers"][0]["ExitCode"] == 3


def has_mails(smtp_server: MailServer, number: int) -> bool:
    return len(smtp_server.mails) >= number


def test_kill_9_during_delivery_loses_no_alert_and_duplicates_none_in_a_queue(
    tmp_path: Path, smtp_server: MailServer, webhook_server: WebServer
) -> None:
    served = ServedEngine(tmp_path / "data")
    served.up("--smtp", smtp_url(smtp_server))
    subscribers = AlertSubscribers(served, smtp_server, webhook_server)
    for name in PATTERNS:
        subscribers.create_rule(name)
    task = served.task("bad", ["sh", "-c", "exit 3"])
    machine = served.machine(machine_with_catch(run_task(task), subscribers.create_topic("caught")))
    executions: list[str] = []
    for part in range(4):
        mails_before = len(smtp_server.mails)
        executions += [served.start(machine, {"n": number}) for number in range(5 * part, 5 * part + 5)]
        eventually(partial(has_mails, smtp_server, mails_before + 4))
        served.kill()
        served.up("--smtp", smtp_url(smtp_server))
    for execution in executions:
        assert served.ended(execution, 60)["status"] == "FAILED"
    for name in ("attempts", "runs", "caught"):
        # Mail and webhooks are delivered at least once: an interrupted delivery is repeated with the same id.
        eventually(partial(has_all_messages, subscribers, name, 20), 60)
        messages = [json.loads(message["Body"]) for message in receive_all(served, subscribers.queues[name])]
        assert len(messages) == len({message["MessageId"] for message in messages}) == 20
        assert len(subscribers.mail_ids(name)) == 20
        assert subscribers.webhook_message_ids(name) == {message["MessageId"] for message in messages}
    served.close()


def has_all_messages(subscribers: AlertSubscribers, name: str, times: int) -> bool:
    """Return whether this number of distinct messages arrived by mail and by the webhook."""
    return len(subscribers.mail_ids(name)) >= times and len(subscribers.webhook_message_ids(name)) >= times
