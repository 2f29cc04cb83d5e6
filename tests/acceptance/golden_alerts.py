"""Make the pages of `docs/alerts`: for each kind of alert, exactly what each kind of channel gets.

Real engines run a failing job on a virtual clock. `python -m tests.acceptance.golden_alerts` writes the pages anew;
`test_golden_alerts.py` compares them.
"""

import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from unittest import mock

from lamplighter.base.json_text import Json, loads
from tests.acceptance import test_job_alerts
from tests.acceptance.test_chat_alerts import SECRETS, ChatHarness
from tests.acceptance.test_job_alerts import MINUTE, JobStackHarness
from tests.engine_harness import ACCOUNT, DAY, HOUR, REGION, SECOND
from tests.fake_runtime import Script
from tests.jobs.test_alerts import AlertHarness

FOLDER = Path(__file__).parents[2] / "docs" / "alerts"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:alerts"
PLAIN_CHANNELS = f"""channels:
  mail: {{email: ops@example.com}}
  hook: {{webhook: "https://example.com/alerts"}}
  queue: {{sqs: "{QUEUE}"}}
  bell: {{command: [notify-send]}}
"""
CHAT_CHANNELS = """channels:
  slack: {slack: "https://hooks.slack.com/services/T/B/secret"}
  teams: {teams: "ssm:/teams"}
  discord: {discord: "secretsmanager:discord:url"}
  pager: {pagerduty: "secretsmanager:pager"}
  plain: {post: "https://post.example/alerts"}
"""
CHAT_HOSTS = {
    "slack": "slack.com", "teams": "teams.example", "discord": "discord.example", "pagerduty": "pagerduty",
    "post": "post.example",
}  # fmt: skip
RANDOM_ID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}")
RANDOM_VALUES = {"Signature": "…", "SigningCertURL": "…"}
"""Members of SNS's envelope that differ from engine to engine."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A kind of alert: a job whose alerts go to CHANNELS, and what happens to it here and on AWS."""

    title: str
    job: str
    act: Callable[[JobStackHarness], None]
    act_on_aws: Callable[[AlertHarness], None] | None = None
    """None: the alert exists on this engine only, or CloudWatch composes it."""
    newest: int = 1
    """How many of the messages are shown, counted from the end."""


def fail(harness: JobStackHarness) -> None:
    """Let a run fail in both of its attempts."""
    harness.advance(3 * HOUR)
    harness.end_attempt(3, "connecting", "error: <db> & cache are away")
    harness.advance(10 * SECOND)
    harness.end_attempt(137, "rows: 1000", "rows: 2000")


def fail_once(harness: JobStackHarness) -> None:
    """Let the first attempt of a run fail."""
    harness.advance(3 * HOUR)
    harness.end_attempt(3, "connecting", "error: <db> & cache are away")


def recover(harness: JobStackHarness) -> None:
    """Let a run succeed after one that failed."""
    fail(harness)
    harness.advance(DAY)
    harness.end_attempt(0)


def be_late(harness: JobStackHarness) -> None:
    """Let a run take longer than its `late`."""
    harness.advance(3 * HOUR)
    harness.advance(30 * MINUTE)


def miss(harness: JobStackHarness) -> None:
    """Let no engine run at the job's time and for long afterwards."""
    harness.down()
    harness.clock.advance(DAY)
    harness.up()
    harness.advance(10 * SECOND)


def lose_schedule(harness: JobStackHarness) -> None:
    """Let the schedule disappear, so that no run starts."""
    harness.call("scheduler", "DeleteSchedule", Name="reports-nightly", GroupName="reports")
    for _ in range(27 * 60):
        harness.advance(MINUTE)


def be_late_in_queue(harness: JobStackHarness) -> None:
    """Let a run wait for room until it is late."""
    harness.call("ecs", "SetCapacityLimits", Tasks=1)
    harness.start_run()
    harness.advance(3 * HOUR)
    harness.advance(30 * MINUTE)


def fill_machine(harness: JobStackHarness) -> None:
    """Let a run wait for room for more than half an hour."""
    harness.call("ecs", "SetCapacityLimits", Tasks=1)
    harness.start_run()
    harness.start_run()
    for _ in range(31):
        harness.advance(MINUTE)


def lose_docker(harness: JobStackHarness) -> None:
    """Let Docker not answer for some minutes while a run waits for it."""
    harness.runtime.go_away()
    harness.start_run()
    for _ in range(5):
        harness.advance(MINUTE)


def hang(harness: JobStackHarness) -> None:
    """Let a run hang, so that two others are skipped."""
    for _ in range(3):
        harness.start_run()
        harness.advance(MINUTE)


def hang_on_aws(harness: AlertHarness) -> None:
    """Let a run hang, so that two others are skipped."""
    harness.runtime.script(Script(after=DAY))
    for _ in range(3):
        harness.run_job(minutes=1)


def fail_on_aws(harness: AlertHarness) -> None:
    """Let a run fail in both of its attempts."""
    harness.runtime.script(Script(code=3, lines=(("stderr", "error: no disk left"),)))
    harness.run_job()


def recover_on_aws(harness: AlertHarness) -> None:
    """Let a run succeed after one that failed."""
    fail_on_aws(harness)
    harness.runtime.script(Script())
    harness.run_job()


def be_late_on_aws(harness: AlertHarness) -> None:
    """Let a run take longer than its `late`."""
    harness.runtime.script(Script(after=HOUR))
    harness.run_job(minutes=31)


COMMON = "timezone: Asia/Seoul, retry: {attempts: 1, interval: 10s}"
NIGHTLY = f"schedule: 'cron(0 12 * * ? *)', {COMMON}"
SCENARIOS: Mapping[str, Scenario] = {
    "run-failed": Scenario("A run failed", f"{NIGHTLY}, notify: {{run-failed: CHANNELS}}", fail, fail_on_aws),
    "attempt-failed": Scenario(
        "An attempt failed", f"{NIGHTLY}, notify: {{attempt-failed: CHANNELS}}", fail_once, fail_on_aws
    ),
    "caught": Scenario("A run reports its own failure", f"{NIGHTLY}, notify: {{caught: CHANNELS}}", fail, fail_on_aws),
    "late": Scenario(
        "A run is late", f"{NIGHTLY}, late: 30m, notify: {{late: CHANNELS}}", be_late, be_late_on_aws
    ),
    "did-not-start": Scenario(
        "A run did not start at its time", f"{NIGHTLY}, missed: none, notify: {{did-not-start: CHANNELS}}", miss
    ),
    "did-not-start-alarm": Scenario(
        "No run started for too long", f"{NIGHTLY}, notify: {{did-not-start: CHANNELS}}", lose_schedule
    ),
    "late-waiting": Scenario(
        "A run is late before its container has started",
        f"{NIGHTLY}, timeout: 9h, late: 30m, notify: {{late: CHANNELS}}", be_late_in_queue
    ),
    "away": Scenario(
        "No engine ran at several times", f"schedule: 'cron(0 * * * ? *)', {COMMON}, notify: CHANNELS", miss
    ),
    "skipped": Scenario(
        "Two runs in a row were skipped", f"overlap: skip, {COMMON}, notify: {{run-failed: CHANNELS}}",
        hang, hang_on_aws
    ),
    "no-room": Scenario(
        "The queue stands", f"timeout: 9h, {COMMON}, notify: {{run-failed: CHANNELS}}", fill_machine
    ),
    "docker-away": Scenario(
        "Docker does not answer", f"timeout: 9h, {COMMON}, notify: {{run-failed: CHANNELS}}", lose_docker
    ),
    "recovered": Scenario("A job works again", f"{NIGHTLY}, notify: {{recovered: CHANNELS}}", recover, recover_on_aws),
}  # fmt: skip


def make_page(name: str) -> str:
    """Return the page of a kind of alert."""
    scenario = SCENARIOS[name]
    job = scenario.job.replace("CHANNELS", "CHANNEL")
    sections = [f"# {scenario.title}\n\nThe job: `{job}`. A test keeps this page as it is.\n"]
    with tempfile.TemporaryDirectory() as folder:
        sections += [section for kind in (_plain_sections, _chat_sections) for section in kind(scenario, Path(folder))]
        if scenario.act_on_aws is not None:
            sections += _aws_sections(scenario, Path(folder))
    return _number_ids("\n".join(sections))


def _number_ids(page: str) -> str:
    """Replace each random id of a page by a number, in their order: which ids a run gets depends on what ran before."""
    found = dict.fromkeys(RANDOM_ID.findall(page))
    numbers = {each: f"{at:08d}-0000-4000-8000-000000000000"[: len(each)] for at, each in enumerate(found, 1)}
    return RANDOM_ID.sub(lambda match: numbers[match[0]], page)


def _section(title: str, language: str, *bodies: str) -> str:
    blocks = "\n".join(f"```{language}\n{body.rstrip()}\n```\n" for body in bodies)
    return f"## {title}\n\n{blocks}"


def _deployed(harness: JobStackHarness, scenario: Scenario, channels: str) -> None:
    with mock.patch.object(test_job_alerts, "CHANNELS", channels):
        names = ", ".join(re.findall(r"^  ([a-z]+):", channels, re.MULTILINE))
        harness.deploy(scenario.job.replace("CHANNELS", f"[{names}]"))
    scenario.act(harness)


def _plain_sections(scenario: Scenario, folder: Path) -> Iterator[str]:
    with JobStackHarness.running(folder / "plain") as harness:
        harness.folder.mkdir(exist_ok=True)
        harness.call("sqs", "CreateQueue", QueueName="alerts")
        _deployed(harness, scenario, PLAIN_CHANNELS)
        for mail in harness.out.mail.sent[-scenario.newest :]:
            yield _section("Mail", "text", _mail_text(mail))
        for post in harness.out.http.posts[-scenario.newest :]:
            yield _section("Webhook", "json", _pretty(loads(post.body) | RANDOM_VALUES))
        for run in harness.out.programs.runs[-scenario.newest :]:
            shown = f"LAMPLIGHTER_SUBJECT={run.environment['LAMPLIGHTER_SUBJECT']}"
            yield _section("Command: its variables and its standard input", "text", shown, run.stdin.decode())
        url = harness.call("sqs", "GetQueueUrl", QueueName="alerts")["QueueUrl"]
        messages = harness.call("sqs", "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
        for message in messages[-scenario.newest :]:
            yield _section("Queue", "text", message["Body"])


def _chat_sections(scenario: Scenario, folder: Path) -> Iterator[str]:
    with ChatHarness.running(folder / "chat") as harness:
        harness.folder.mkdir(exist_ok=True)
        _deployed(harness, scenario, CHAT_CHANNELS)
        for service, host in CHAT_HOSTS.items():
            for document in harness.requests(host)[-scenario.newest :]:
                hidden = _pretty(document).replace(SECRETS["secretsmanager:pager"], "…")
                yield _section(service.capitalize().replace("duty", "Duty"), "json", hidden)


def _aws_sections(scenario: Scenario, folder: Path) -> Iterator[str]:
    """Yield the message of the topic on AWS; chat services get what a machine makes of it."""
    job = scenario.job.replace("CHANNELS", "[q]").partition("notify")
    settings = f"{job[0].rstrip(', ')}, notify{job[2]}"
    lines = re.sub(r", (?=[a-z]+: )(?![^{\[]*[}\]])", "\n", settings)
    with AlertHarness.running(folder / "aws") as harness:
        harness.deploy(folder, lines, url="")
        assert scenario.act_on_aws is not None
        scenario.act_on_aws(harness)
        yield _section("On AWS", "text", harness.alerts()[-1])


def _mail_text(mail: EmailMessage) -> str:
    text = mail.get_content().replace("\r\n", "\n").partition("\n\n--\n")[0]
    return f"From: {mail['From']}\nSubject: {mail['Subject']}\n\n{text}"


def _pretty(document: Json) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for each in SCENARIOS:
        FOLDER.joinpath(f"{each}.md").write_text(make_page(each))
