"""The links of alerts on AWS that may break, and who hears of it: the table of `docs/manual/broken-links.md`.

`python -m tests.jobs.broken_links` writes the page anew; `test_broken_links.py` breaks each link and compares.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.jobs.stack.template import build_template, to_compact_json
from tests.engine_harness import ACCOUNT, REGION, RecordingEngine
from tests.fake_outbound import FakeOutbound
from tests.fake_runtime import Script
from tests.jobs.projects import load_job_text
from tests.jobs.test_alerts import AlertHarness
from tests.services.cloudformation.fake_services import add_fake_services

PAGE = Path(__file__).parents[2] / "docs" / "manual" / "broken-links.md"
MINUTE = 60_000
QUEUES = f"arn:aws:sqs:{REGION}:{ACCOUNT}:"
HOOK = "http://hooks.example/night"
WEBHOOK, UNCONFIRMED = f"{{webhook: '{HOOK}'}}", "{webhook: 'http://hooks.example/silent'}"
SQS = f"{{sqs: '{QUEUES}ops'}}"
SLACK = "{slack: 'https://hooks.slack.example/services/a'}"
MONTHLY = "did-not-start, once a month"
JOB_OPTIONS = {
    "did-not-start": ", schedule: rate(1 hour)",
    MONTHLY: ", schedule: 'cron(0 1 1 * ? *)'",
    "late": ", late: 5m",
}


class LinkHarness(AlertHarness):
    """An engine in AWS's form of a project: its job alerts the channel `ops`, and it has another channel `other`."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.out = FakeOutbound()

    async def _open(self) -> RecordingEngine:
        engine = await RecordingEngine.open(self.config, self._world, self.runtime, self.out.outbound)
        assert isinstance(engine, RecordingEngine)
        return engine

    def deploy_link(self, folder: Path, alert: str, channel: str) -> None:
        """Deploy the project with one job that alerts `ops` about one pattern; confirm the subscription of `ops`."""
        for name in ("ops", "other"):
            self.call("sqs", "CreateQueue", QueueName=name, Attributes={"Policy": allow_topics(name)})
        pattern = alert.partition(",")[0]
        job = f"{{image: busybox, notify: {{{pattern}: ops}}{JOB_OPTIONS.get(alert, '')}}}"
        channels = f"channels: {{ops: {channel}, other: {{sqs: '{QUEUES}other'}}}}"
        document = build_template(load_job_text(folder, f"project: p\n{channels}\njobs: {{job: {job}}}\n").project)
        add_fake_services(self).objects["templates/p"] = to_compact_json(document)
        where = {"TemplateURL": f"https://templates.s3.{REGION}.amazonaws.com/p", "Capabilities": ["CAPABILITY_IAM"]}
        self.cloudformation("CreateStack", StackName="stack", **where)
        self.settle()
        assert self.state() == "CREATE_COMPLETE", self.reasons()
        if channel == WEBHOOK:
            token = loads(self.out.http.posts.pop().body)["Token"]
            self.call("sns", "ConfirmSubscription", TopicArn=self.topic, Token=token)

    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:p-ops"

    def role_of(self, title: str) -> str:
        """Return the name of a role of the stack by its logical id."""
        found = self.cloudformation("DescribeStackResource", StackName="stack", LogicalResourceId=title)
        name: str = found["StackResourceDetail"]["PhysicalResourceId"]
        return name

    def pass_minutes(self, minutes: int) -> None:
        """Let time pass; a message in the queue of a chat channel is received, as its pipe does, and not deleted."""
        queues = self.call("sqs", "ListQueues").get("QueueUrls", [])
        chat = [each for each in queues if each.endswith("/p-ops")]
        for _ in range(minutes):
            for url in chat:
                self.call("sqs", "ReceiveMessage", QueueUrl=url)
            self.advance(MINUTE)

    def told(self) -> set[tuple[str, str]]:
        """Return what arrived: the channel and the first line of each alert."""
        arrived = {(name, first_line(each)) for name in ("ops", "other") for each in self._receive(name)}
        posts = {("ops", first_line(loads(each.body)["Message"])) for each in self.out.http.posts if each.url == HOOK}
        return arrived | (posts if not self.out.http.statuses else set())

    def _receive(self, queue: str) -> list[str]:
        listed = self.call("sqs", "ListQueues", QueueNamePrefix=queue).get("QueueUrls")
        bodies = []
        while listed and (found := self.call("sqs", "ReceiveMessage", QueueUrl=listed[0], MaxNumberOfMessages=10)):
            if not found.get("Messages"):
                break
            bodies += [each["Body"] for each in found["Messages"]]
        return bodies


def allow_topics(queue: str) -> str:
    """Return the policy by which topics send to a queue."""
    statement = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    return dumps({"Version": "2012-10-17", "Statement": [{**statement, "Resource": f"{QUEUES}{queue}"}]})


def first_line(text: str) -> str:
    """Return the first line of an alert: that of an alarm is its description."""
    if text.startswith('{"AlarmName"'):
        found: str = loads(text)["AlarmDescription"]
        return found
    return text.splitlines()[0]


BreakLink = Callable[[LinkHarness], object]
Told = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """A row of the table."""

    alert: str
    link: str
    break_it: BreakLink
    told: Told
    """The channel and the first line of each alert that arrives."""
    within: int
    """The minutes within which all of them arrive."""
    channel: str = SQS
    lost_events: bool = False
    """Whether the events of Step Functions are lost from the beginning."""


def cause(harness: LinkHarness, alert: str) -> None:
    """Let the job do what the alert is about."""
    codes = {"run-failed": [3], "attempt-failed": [3], "caught": [3], "recovered": [3, 0]}.get(alert, [])
    for code in codes:
        harness.runtime.script(Script(code=code))
        harness.run_job(minutes=1)
    if alert == "late":
        harness.runtime.script(Script(after=None))
        harness.run_job(minutes=1)


def _nothing(_harness: LinkHarness) -> None:
    pass


def _refuse_role(title: str) -> BreakLink:
    return lambda harness: harness.call("iam", "DeleteRolePolicy", RoleName=harness.role_of(title), PolicyName="Needs")


def _refuse_topic(harness: LinkHarness) -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": harness.topic}
    policy = dumps({"Version": "2012-10-17", "Statement": [deny]})
    harness.call("sns", "SetTopicAttributes", TopicArn=harness.topic, AttributeName="Policy", AttributeValue=policy)


def _delete_topic(harness: LinkHarness) -> None:
    harness.call("sns", "DeleteTopic", TopicArn=harness.topic)


def _unsubscribe(harness: LinkHarness) -> None:
    (found,) = harness.call("sns", "ListSubscriptionsByTopic", TopicArn=harness.topic)["Subscriptions"]
    harness.call("sns", "Unsubscribe", SubscriptionArn=found["SubscriptionArn"])


def _disable_schedule(harness: LinkHarness) -> None:
    known: Json = harness.call("scheduler", "GetSchedule", GroupName="p", Name="p-job")
    kept = {key: known[key] for key in ("GroupName", "Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")}
    harness.call("scheduler", "UpdateSchedule", State="DISABLED", **kept)


def _delete_queue(harness: LinkHarness) -> None:
    url = harness.call("sqs", "GetQueueUrl", QueueName="ops")["QueueUrl"]
    harness.call("sqs", "DeleteQueue", QueueUrl=url)


def _answer(status: int) -> Callable[[LinkHarness], None]:
    return lambda harness: harness.out.http.statuses.extend([status] * 1_000)


FAILED = "job failed: exit code 3"
NO_START = "job did not start: no run began for longer than its schedule explains"
UNDELIVERED = "EventBridge could not deliver an alert; the queue has the event, and says why."
GIVEN_UP = "Scheduler gave up starting a run; the queue says which and why."
LOST = "The channel ops has lost an alert; the queue p-ops-undelivered has it"
UNREACHABLE = "The channel ops has taken no alerts for 10 minutes"
NO_TOPIC = "p: some alerts cannot arrive: The channel ops has no topic"
NO_SUBSCRIPTION = "p: some alerts cannot arrive: The channel ops has no confirmed subscription"


def _disabled(rule: str) -> str:
    return f"p: some alerts cannot arrive: The rule p--{rule} is disabled"


def _ops(text: str) -> Told:
    return (("ops", text),)


def _other(*texts: str) -> Told:
    return tuple(("other", text) for text in texts)


def _both(text: str) -> Told:
    return (*_ops(text), *_other(text))


def _failing(machine: str, loss: str) -> str:
    return f"p--{machine} failed: {loss} may not have been told"


def disabled_rule(alert: str, rule: str, told: Told = ()) -> tuple[str, str, BreakLink, Told, int]:
    """Return the row of a rule that is disabled; `told` arrives nevertheless."""

    def disable(harness: LinkHarness) -> None:
        harness.call("events", "DisableRule", Name=f"p--{rule}")

    return alert, f"the rule `{rule}` is disabled", disable, (*told, *_both(_disabled(rule))), HOUR


def refused_topic(alert: str, machine: str, loss: str) -> tuple[str, str, BreakLink, Told, int]:
    """Return the row of a topic that refuses what a machine publishes."""
    return alert, "the topic refuses alerts", _refuse_topic, _other(_failing(machine, loss)), 15


def _unconfirmed() -> tuple[str, BreakLink, Told, int, str]:
    return "nobody confirms the subscription", _nothing, _other(NO_SUBSCRIPTION), HOUR, UNCONFIRMED


def _refused_schedule() -> tuple[BreakLink, Told, int]:
    return _refuse_role("ScheduleRole"), (*_both(GIVEN_UP), *_ops(NO_START)), 240


HOUR = 65
"""The minutes within which ALERT_CHECK has told."""


def _refused_start(harness: LinkHarness) -> None:
    _refuse_topic(harness)
    _disable_schedule(harness)


UNTOLD_RUN = _failing("failures", "a run that failed or did not start")
REFUSED_ROLE = "EventBridge may not start the machine"
ROWS = (
    BrokenLink("run-failed", "the event of Step Functions is lost", _nothing, _ops(FAILED), 15, lost_events=True),
    BrokenLink(*disabled_rule("run-failed", "failed-runs", _ops(FAILED))),
    BrokenLink(*disabled_rule("run-failed", "failure-alarms", _ops(FAILED))),
    BrokenLink("run-failed", REFUSED_ROLE, _refuse_role("EventsRole"), _both(UNDELIVERED), 30),
    BrokenLink("run-failed", "the machine may not read the run", _refuse_role("FailuresRole"), _both(UNTOLD_RUN), 30),
    BrokenLink("run-failed", "the topic refuses alerts", _refuse_topic, _other(UNTOLD_RUN), 15),
    BrokenLink("run-failed", "the topic is deleted", _delete_topic, _other(UNTOLD_RUN, NO_TOPIC), HOUR),
    BrokenLink("caught", "the topic refuses alerts", _refuse_topic, _other(UNTOLD_RUN), 15),
    BrokenLink(*disabled_rule("attempt-failed", "failed-attempts")),
    BrokenLink("attempt-failed", REFUSED_ROLE, _refuse_role("EventsRole"), _both(UNDELIVERED), 30),
    BrokenLink(*refused_topic("attempt-failed", "attempts", "an attempt that failed")),
    BrokenLink("did-not-start", "the schedule is disabled", _disable_schedule, _ops(NO_START), 240),
    BrokenLink("did-not-start", "Scheduler may not start runs", *_refused_schedule()),
    BrokenLink(*disabled_rule("did-not-start", "missing-starts")),
    BrokenLink("did-not-start", "the topic refuses alerts", _refused_start, _other(UNTOLD_RUN), 240),
    BrokenLink(MONTHLY, "the schedule is disabled", _disable_schedule, _ops("job did not start at its time"), 240),
    BrokenLink(MONTHLY, "Scheduler may not start runs", _refuse_role("ScheduleRole"), _both(GIVEN_UP), 240),
    BrokenLink(*refused_topic("late", "watch", "a run that is late")),
    BrokenLink(*disabled_rule("recovered", "succeeded-runs")),
    BrokenLink(*refused_topic("recovered", "recovered", "a job that works again")),
    BrokenLink("any", "the subscription is deleted", _unsubscribe, _other(NO_SUBSCRIPTION), HOUR),
    BrokenLink("any, by `email` or `webhook`", *_unconfirmed()),
    BrokenLink("any, by `sqs`", "the queue is deleted", _delete_queue, _other(LOST), 30),
    BrokenLink("any, by `webhook`", "the address is revoked (404)", _answer(404), _other(LOST), 30, WEBHOOK),
    BrokenLink("any, by `webhook`", "the server answers 500 for an hour", _answer(500), _other(LOST), 100, WEBHOOK),
    BrokenLink("any, by a chat service", "the address is revoked", _nothing, _other(UNREACHABLE), 40, SLACK),
    BrokenLink("any, by a chat service", "… for six hours", _nothing, _other(UNREACHABLE, LOST), 400, SLACK),
)


def page() -> str:
    """Return the text of the page."""
    lines = [f"| {row.alert} | {row.link} | {_cell(row.told)} | {row.within} minutes |" for row in ROWS]
    return "\n".join([_HEAD, *lines, _TAIL])


def _cell(told: Told) -> str:
    texts = dict.fromkeys(text for _, text in told)
    return "; ".join(
        f"{' and '.join(f'`{channel}`' for channel, each in told if each == text)}: {text}" for text in texts
    )


_HEAD = """# Broken links on AWS

If something breaks on the way from a job to a person, an alert says so. In this table, the project `p` has two
channels. The job alerts `ops`; `other` is the other one. A test breaks each link on this engine, with the stack in its
form for AWS and with IAM enforced, and keeps this page as it is. A job whose runs do not start is due each hour.

| alert | what breaks | who hears what | at the latest after |
|---|---|---|---|"""
_TAIL = """
So have two channels, of different kinds. `lamplighter lint` says if a project has only one. The table cannot help with:

- A lost event of a success: nobody hears that the job works again. The failure itself was told.
- A run's own alerts (`late`, and that runs are skipped) if the run's role may not send them: they never change how a
  run ends. `lamplighter doctor --aws` finds a role that was changed.
- A key of KMS that is disabled: all topics of the project need the one in `aws: {kms: {topics: …}}`. The topic of a
  channel of the key `sns` may have another.
- A deleted schedule group, if a job is due less than once a week: what would find that is scheduled in the same group.
  `lamplighter status --aws` finds it.
- An account or a region that is down. A [heartbeat](alerts.md#heartbeats) is watched from elsewhere.
"""


if __name__ == "__main__":
    PAGE.write_text(page())
