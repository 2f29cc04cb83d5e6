"""One night in real time: real containers, a real mail server, a real webhook, real queues, and kill -9.

The article's three patterns, alone and all at once: a rule on the task's events, one on the execution's, and a Catch.
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
from tests.acceptance.test_sns import running, smtp
from tests.acceptance.test_sns_sqs import queue, received
from tests.chaos.containers import sweep
from tests.contracts.servers import MailServer, WebServer, mail_server, web_server
from tests.served_engine import ROLE, ServedEngine, eventually, one, run_task

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
def post() -> Iterator[MailServer]:
    with running(mail_server) as server:
        yield server


@pytest.fixture
def hooks() -> Iterator[WebServer]:
    with running(web_server) as server:
        yield server


class Watch:
    """A served engine, its topics, and who reads them."""

    def __init__(self, served: ServedEngine, post: MailServer, hooks: WebServer) -> None:
        self.served = served
        self.post = post
        self.hooks = hooks
        self.topics: dict[str, str] = {}
        self.queues: dict[str, str] = {}
        served.ecs.create_cluster(clusterName="default")

    def people(self, name: str) -> str:
        """A topic that is read by mail, by webhook and by a program at a queue; its ARN."""
        sns = self.served.client("sns")
        topic: str = sns.create_topic(Name=name)["TopicArn"]
        url, arn = queue(self.served, name)
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=f"{name}@example.com")
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"{self.hooks.url}/{name}")
        question = eventually(lambda: self.posted(name))[0]
        sns.confirm_subscription(TopicArn=topic, Token=question["Token"])
        self.topics[name], self.queues[name] = topic, url
        return topic

    def rule(self, name: str) -> None:
        """One of the patterns, told to people."""
        events = self.served.client("events")
        events.put_rule(Name=name, EventPattern=json.dumps(PATTERNS[name]))
        events.put_targets(Rule=name, Targets=[{"Id": "people", "Arn": self.people(name)}])

    def posted(self, name: str) -> list[Json]:
        return [json.loads(body) for path, _, body in self.hooks.posts if path == f"/{name}"]

    def heard(self, name: str) -> list[Json]:
        """The messages that the webhook was told."""
        return [json.loads(each["Message"]) for each in self.notifications(name)]

    def notifications(self, name: str) -> list[Json]:
        """What the webhook got beside the request to confirm."""
        return [each for each in self.posted(name) if each["Type"] == "Notification"]

    def post_ids(self, name: str) -> set[str]:
        """The ids of the messages that the webhook got, each once."""
        return {each["MessageId"] for each in self.notifications(name)}

    def mailed(self, name: str) -> int:
        """How many mails came."""
        return len(self.mails(name))

    def mails(self, name: str) -> list[EmailMessage]:
        """The mails that came."""
        return [mail for mail in self.post.mails if str(mail["To"]) == f"{name}@example.com"]

    def mail_ids(self, name: str) -> set[str]:
        """The ids of the mails that came, each once."""
        return {str(mail["Message-ID"]) for mail in self.mails(name)}

    def told(self, name: str, times: int) -> None:
        """Wait until everybody was told so often, and no more often."""
        eventually(lambda: len(self.heard(name)) >= times and self.mailed(name) >= times, 60)
        assert (len(self.heard(name)), self.mailed(name)) == (times, times)
        assert len(received(self.served, self.queues[name])) == times


@pytest.fixture
def watch(tmp_path: Path, post: MailServer, hooks: WebServer, docker_image: str) -> Iterator[Watch]:
    served = ServedEngine(tmp_path / "data", "docker")
    served.up("--smtp", smtp(post))
    yield Watch(served, post, hooks)
    served.kill(signal.SIGTERM)
    served.close()
    sweep(served.data)


def caught(batch: Json, topic: str) -> Json:
    """A machine that tells people what its retries did not save, and fails."""
    tell = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Parameters": {"TopicArn": topic, "Message.$": "$.error"},
        "Next": "Failed",
    }
    batch = batch | {"Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Tell"}]}
    return {
        "StartAt": "Batch",
        "States": {"Batch": batch, "Tell": tell, "Failed": {"Type": "Fail", "Error": "BatchFailed"}},
    }


@pytest.mark.docker
def test_a_run_that_a_retry_saves_is_told_by_its_attempt_alone(watch: Watch, docker_image: str, tmp_path: Path) -> None:
    for name in PATTERNS:
        watch.rule(name)
    script = 'test "$RETRIES" != 0'
    task = watch.served.task("saved", ["sh", "-c", script], image=docker_image)
    batch = run_task(task, Retry=RETRY)
    number = [{"Name": "RETRIES", "Value.$": "States.Format('{}', $$.State.RetryCount)"}]
    batch["Parameters"]["Overrides"] = {"ContainerOverrides": [{"Name": "main", "Environment": number}]}
    ended = watch.served.ended(watch.served.start(watch.served.machine(caught(batch, watch.people("caught")))))
    assert ended["status"] == "SUCCEEDED"
    watch.told("attempts", 1)
    (event,) = watch.heard("attempts")
    assert event["detail"]["containers"][0]["exitCode"] == 1
    assert watch.heard("runs") == watch.heard("caught") == []


@pytest.mark.docker
def test_an_image_that_is_not_there_is_told_as_an_attempt(watch: Watch) -> None:
    watch.rule("attempts")
    task = watch.served.task("none", ["true"], image="localhost:1/none")
    machine = watch.served.machine(one(run_task(task)))
    assert watch.served.ended(watch.served.start(machine), 60)["error"] == "States.TaskFailed"
    watch.told("attempts", 1)
    (event,) = watch.heard("attempts")
    assert event["detail"]["stopCode"] == "TaskFailedToStart"
    assert "CannotPullContainerError" in event["detail"]["stoppedReason"]


@pytest.mark.docker
def test_runs_that_time_out_or_are_stopped_are_told_as_runs(watch: Watch, docker_image: str) -> None:
    watch.rule("runs")
    task = watch.served.task("long", ["sleep", "100"], image=docker_image)
    slow = watch.served.machine(one(run_task(task)) | {"TimeoutSeconds": 2}, "slow")
    stopped = watch.served.start(watch.served.machine(one(run_task(task)), "stopped"))
    timed_out = watch.served.start(slow)
    assert watch.served.ended(timed_out)["status"] == "TIMED_OUT"
    watch.served.sfn.stop_execution(executionArn=stopped)
    watch.told("runs", 2)
    found = {event["resources"][0]: event["detail"]["status"] for event in watch.heard("runs")}
    assert found == {timed_out: "TIMED_OUT", stopped: "ABORTED"}


@pytest.mark.docker
def test_a_night_that_fails_at_its_hour_is_told_in_all_three_ways(watch: Watch, docker_image: str) -> None:
    for name in PATTERNS:
        watch.rule(name)
    task = watch.served.task("bad", ["sh", "-c", "echo no disk left; exit 3"], image=docker_image)
    machine = watch.served.machine(caught(run_task(task, Retry=RETRY), watch.people("caught")))
    hour = datetime.now(UTC) + timedelta(seconds=3)
    watch.served.client("scheduler").create_schedule(
        Name="night",
        ScheduleExpression=f"at({hour:%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": machine, "RoleArn": ROLE, "Input": '{"at": "<aws.scheduler.scheduled-time>"}'},
    )
    found = eventually(lambda: watch.served.sfn.list_executions(stateMachineArn=machine)["executions"])
    ended = watch.served.ended(found[0]["executionArn"], 60)
    assert (ended["status"], json.loads(ended["input"])["at"]) == ("FAILED", f"{hour:%Y-%m-%dT%H:%M:%SZ}")
    for name, times in (("attempts", 2), ("runs", 1), ("caught", 1)):
        watch.told(name, times)
    (message,) = watch.heard("caught")
    assert message["Error"] == "States.TaskFailed"
    assert json.loads(message["Cause"])["Containers"][0]["ExitCode"] == 3


def more(post: MailServer, number: int) -> bool:
    return len(post.mails) >= number


def test_kill_9_in_the_middle_of_the_telling_loses_no_alert_and_puts_none_twice_into_a_queue(
    tmp_path: Path, post: MailServer, hooks: WebServer
) -> None:
    served = ServedEngine(tmp_path / "data")
    served.up("--smtp", smtp(post))
    watch = Watch(served, post, hooks)
    for name in PATTERNS:
        watch.rule(name)
    task = served.task("bad", ["sh", "-c", "exit 3"])
    machine = served.machine(caught(run_task(task), watch.people("caught")))
    executions: list[str] = []
    for part in range(4):
        told = len(post.mails)
        executions += [served.start(machine, {"n": number}) for number in range(5 * part, 5 * part + 5)]
        eventually(partial(more, post, told + 4))
        served.kill()
        served.up("--smtp", smtp(post))
    for execution in executions:
        assert served.ended(execution, 60)["status"] == "FAILED"
    for name in ("attempts", "runs", "caught"):
        # Mail and webhooks are told at least once: what was cut off is told again, under the same name.
        eventually(partial(all_told, watch, name, 20), 60)
        messages = [json.loads(message["Body"]) for message in received(served, watch.queues[name])]
        assert len(messages) == len({message["MessageId"] for message in messages}) == 20
        assert len(watch.mail_ids(name)) == 20
        assert watch.post_ids(name) == {message["MessageId"] for message in messages}
    served.close()


def all_told(watch: Watch, name: str, times: int) -> bool:
    """Whether so many different messages came by mail and by the webhook."""
    return len(watch.mail_ids(name)) >= times and len(watch.post_ids(name)) >= times
