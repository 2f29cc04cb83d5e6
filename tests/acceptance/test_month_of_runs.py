"""A month of the article's batch on a virtual clock: it runs each night at three, with a retry and three alerts.

Runs succeed, are saved by a retry, or fail and are alerted by all three patterns. The engine dies during some runs, and
no engine runs at the time of others. See ARCHITECTURE.md, "One night's batch in ten files".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.engine.config import EngineConfig
from lamplighter.runtime.port import ImageUnavailable
from tests.engine_harness import ROLE, EngineHarness, RecordingEngine, job
from tests.fake_outbound import FakeOutbound
from tests.fake_runtime import Script

SEOUL = ZoneInfo("Asia/Seoul")
FIRST = datetime(2026, 1, 2, tzinfo=SEOUL)
MINUTE, HOUR = 60_000, 3_600_000
BATCH_DURATION = 20 * MINUTE
"""The duration of the batch."""

SUCCESS = Script(after=BATCH_DURATION)
FAILURE = Script(after=BATCH_DURATION, code=3)
MISSING_IMAGE = Script(failure=ImageUnavailable("CannotPullContainerError: no such image"))


@dataclass(frozen=True, slots=True)
class NightPlan:
    """The plan of one night."""

    attempts: tuple[Script, ...] = (SUCCESS,)
    down: bool = False
    """No engine runs from two to half past four."""
    killed: bool = False
    """The engine dies while the batch runs, and the next one starts immediately."""

    @property
    def failures(self) -> int:
        """The number of attempts that fail."""
        return sum(script is not SUCCESS for script in self.attempts)

    @property
    def fails(self) -> bool:
        """Whether the run fails."""
        return self.failures == len(self.attempts)


MONTH = {day: NightPlan() for day in range(1, 31)} | {
    5: NightPlan((FAILURE, SUCCESS)),
    9: NightPlan((FAILURE, FAILURE)),
    12: NightPlan((MISSING_IMAGE, SUCCESS)),
    15: NightPlan((MISSING_IMAGE, MISSING_IMAGE)),
    18: NightPlan(killed=True),
    21: NightPlan(down=True),
    24: NightPlan((FAILURE, SUCCESS), killed=True),
    27: NightPlan((FAILURE, FAILURE), down=True),
}
"""The plan of each night, by its number."""


class Month(EngineHarness):
    """An engine harness whose mails a test reads."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.out = FakeOutbound()
        self.clock.advance(round(FIRST.timestamp() * 1000) - self.clock.now())

    async def _open(self) -> RecordingEngine:
        engine = await RecordingEngine.open(
            EngineConfig(data_directory=self.directory), self._world, self.runtime, self.out.outbound
        )
        assert isinstance(engine, RecordingEngine)
        return engine

    def create_topic(self, name: str) -> str:
        """Create a topic with a mail subscription; return its ARN."""
        topic: str = self.call("sns", "CreateTopic", Name=name)["TopicArn"]
        self.call("sns", "Subscribe", TopicArn=topic, Protocol="email", Endpoint=f"{name}@example.com")
        return topic

    def create_rule(self, name: str, topic: str, kind: str, detail: Json) -> None:
        """Create a rule that sends events to a topic."""
        pattern = dumps({"detail-type": [kind], "detail": detail})
        self.call("events", "PutRule", Name=name, EventPattern=pattern)
        self.call("events", "PutTargets", Rule=name, Targets=[{"Id": "people", "Arn": topic}])

    def mails(self, name: str) -> list[Json]:
        """Return the JSON in the mails to an address."""
        read = []
        for mail in self.out.mail.sent:
            if str(mail["To"]) == f"{name}@example.com":
                text = mail.get_content()
                read.append(loads(text[: text.index("\n\n--\n")] if "\n\n--\n" in text else text.splitlines()[0]))
        return read

    def advance_to(self, moment: datetime) -> None:
        """Advance the clock to a moment, ten minutes at a time."""
        end = round(moment.timestamp() * 1000)
        while self.clock.now() < end:
            self.advance(min(10 * MINUTE, end - self.clock.now()))

    def run_night(self, night: NightPlan, begin: datetime) -> None:
        """Run one night as planned."""
        attempts = list(night.attempts)
        for at, script in enumerate(attempts):
            family = f"try {at}"
            self.runtime.script(script, lambda container, family=family: self.attempt_name(container.name) == family)  # type: ignore[misc]
        self.advance_to(begin + timedelta(hours=2))
        if night.down:
            self.crash()
            self.clock.advance(round(2.5 * HOUR))
            self.up()
        self.advance_to(max(begin + timedelta(hours=3, minutes=10), self.current_time()))
        if night.killed:
            self.crash()
            self.up()
        self.advance_to(begin + timedelta(hours=24))

    def current_time(self) -> datetime:
        """Return the current time."""
        return datetime.fromtimestamp(self.clock.now() / 1000, UTC)

    def attempt_name(self, name: str) -> str:
        """Return which attempt of its night a container is."""
        task = name.partition("-")[0]
        if task not in self.attempt_names:
            night = self.current_time().astimezone(SEOUL).date()
            self.attempt_names[task] = f"try {sum(each[1] == night for each in self.started)}"
            self.started.append((task, night))
        return self.attempt_names[task]

    attempt_names: dict[str, str]
    started: list[tuple[str, object]]


@pytest.fixture
def month(tmp_path: Path) -> Iterator[Month]:
    month = Month(tmp_path / "data")
    month.attempt_names, month.started = {}, []
    month.up()
    yield month
    month.close()


def test_each_night_of_a_month_runs_once_and_its_failures_are_alerted_by_all_three_patterns(month: Month) -> None:
    month.define_task("report")
    attempts, runs, caught = (month.create_topic(name) for name in ("attempts", "runs", "caught"))
    failed = {"$or": [{"containers": {"exitCode": [{"anything-but": 0}]}}, {"stopCode": ["TaskFailedToStart"]}]}
    month.create_rule("attempts", attempts, "ECS Task State Change", {"lastStatus": ["STOPPED"], **failed})
    ended = {"status": ["FAILED", "TIMED_OUT", "ABORTED"]}
    month.create_rule("runs", runs, "Step Functions Execution Status Change", ended)
    batch = job("report") | {
        "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 10, "MaxAttempts": 1, "BackoffRate": 1}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Tell"}],
        "End": True,
    }
    publish = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Parameters": {"TopicArn": caught, "Message.$": "$.error"},
        "Next": "Failed",
    }
    machine = month.machine(
        {"StartAt": "Batch", "States": {"Batch": batch, "Tell": publish, "Failed": {"Type": "Fail"}}}
    )
    month.call(
        "scheduler",
        "CreateSchedule",
        Name="nightly",
        ScheduleExpression="cron(0 3 * * ? *)",
        ScheduleExpressionTimezone="Asia/Seoul",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": machine, "RoleArn": ROLE, "Input": '{"slot": "<aws.scheduler.scheduled-time>"}'},
    )
    for number, night in enumerate(MONTH.values()):
        month.run_night(night, FIRST + timedelta(days=number))

    executions = month.call("states", "ListExecutions", stateMachineArn=machine)["executions"][::-1]
    found = [month.describe(execution["executionArn"]) for execution in executions]
    slots = [datetime.fromisoformat(loads(each["input"])["slot"]).astimezone(SEOUL) for each in found]
    assert slots == [FIRST + timedelta(days=number, hours=3) for number in range(len(MONTH))]
    assert [each["status"] == "FAILED" for each in found] == [night.fails for night in MONTH.values()]
    delays = [each["startDate"] - slot.timestamp() for each, slot in zip(found, slots, strict=True)]
    assert [seconds > 60 for seconds in delays] == [night.down for night in MONTH.values()]

    failed_runs = [each["executionArn"] for each in found if each["status"] == "FAILED"]
    assert [mail["resources"][0] for mail in month.mails("runs")] == failed_runs
    assert len(month.mails("caught")) == len(failed_runs)
    assert {mail["Error"] for mail in month.mails("caught")} == {"States.TaskFailed"}
    attempt_mails = month.mails("attempts")
    assert (
        len({mail["resources"][0] for mail in attempt_mails})
        == len(attempt_mails)
        == sum(n.failures for n in MONTH.values())
    )
    reasons = [mail["detail"]["stopCode"] for mail in attempt_mails]
    assert reasons.count("TaskFailedToStart") == sum(n.attempts.count(MISSING_IMAGE) for n in MONTH.values())
    assert month.runtime.remaining() == []
