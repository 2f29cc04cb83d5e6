"""The article as a story: a month of nights on a clock of ours, with its batch at three, a retry and three alerts.

Nights go well, are saved by a retry, fail and are told in all three ways; an engine dies in the middle of one, and none
runs in another. See ARCHITECTURE.md, "One night's batch in ten files".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.engine.config import EngineConfig
from lamplighter.outbound.fake import FakeOutbound
from lamplighter.runtime.fake import Script
from lamplighter.runtime.port import ImageUnavailable
from tests.engine_harness import ROLE, EngineHarness, RecordingEngine, job

SEOUL = ZoneInfo("Asia/Seoul")
FIRST = datetime(2026, 1, 2, tzinfo=SEOUL)
MINUTE, HOUR = 60_000, 3_600_000
WORK = 20 * MINUTE
"""How long the batch takes."""

WELL = Script(after=WORK)
BADLY = Script(after=WORK, code=3)
NOT_AT_ALL = Script(failure=ImageUnavailable("CannotPullContainerError: no such image"))


@dataclass(frozen=True, slots=True)
class Night:
    """What one night is like."""

    tries: tuple[Script, ...] = (WELL,)
    down: bool = False
    """No engine runs from two to half past four."""
    killed: bool = False
    """The engine dies while the batch runs, and the next one comes at once."""

    @property
    def failures(self) -> int:
        """How many attempts fail."""
        return sum(script is not WELL for script in self.tries)

    @property
    def lost(self) -> bool:
        """Whether the run fails."""
        return self.failures == len(self.tries)


MONTH = {day: Night() for day in range(1, 31)} | {
    5: Night((BADLY, WELL)),
    9: Night((BADLY, BADLY)),
    12: Night((NOT_AT_ALL, WELL)),
    15: Night((NOT_AT_ALL, NOT_AT_ALL)),
    18: Night(killed=True),
    21: Night(down=True),
    24: Night((BADLY, WELL), killed=True),
    27: Night((BADLY, BADLY), down=True),
}
"""By how many nights have gone before."""


class Story(EngineHarness):
    """An engine whose mails are read by a test."""

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

    def topic(self, name: str) -> str:
        """A topic that a person reads; its ARN."""
        topic: str = self.call("sns", "CreateTopic", Name=name)["TopicArn"]
        self.call("sns", "Subscribe", TopicArn=topic, Protocol="email", Endpoint=f"{name}@example.com")
        return topic

    def rule(self, name: str, topic: str, kind: str, detail: Json) -> None:
        """Tell a topic of events."""
        pattern = dumps({"detail-type": [kind], "detail": detail})
        self.call("events", "PutRule", Name=name, EventPattern=pattern)
        self.call("events", "PutTargets", Rule=name, Targets=[{"Id": "people", "Arn": topic}])

    def mails(self, name: str) -> list[Json]:
        """What came to an address, each mail's text as far as it is JSON."""
        read = []
        for mail in self.out.mail.sent:
            if str(mail["To"]) == f"{name}@example.com":
                text = mail.get_content()
                read.append(loads(text[: text.index("\n\n--\n")] if "\n\n--\n" in text else text.splitlines()[0]))
        return read

    def until(self, moment: datetime) -> None:
        """Let time pass, ten minutes at a time."""
        end = round(moment.timestamp() * 1000)
        while self.clock.now() < end:
            self.advance(min(10 * MINUTE, end - self.clock.now()))

    def live(self, night: Night, begin: datetime) -> None:
        """One night."""
        left = list(night.tries)
        for at, script in enumerate(left):
            family = f"try {at}"
            self.runtime.script(script, lambda container, family=family: self.trying(container.name) == family)  # type: ignore[misc]
        self.until(begin + timedelta(hours=2))
        if night.down:
            self.crash()
            self.clock.advance(round(2.5 * HOUR))
            self.up()
        self.until(max(begin + timedelta(hours=3, minutes=10), self.time()))
        if night.killed:
            self.crash()
            self.up()
        self.until(begin + timedelta(hours=24))

    def time(self) -> datetime:
        """What time it is."""
        return datetime.fromtimestamp(self.clock.now() / 1000, UTC)

    def trying(self, name: str) -> str:
        """Which attempt of its night a container is."""
        task = name.partition("-")[0]
        if task not in self.tried:
            night = self.time().astimezone(SEOUL).date()
            self.tried[task] = f"try {sum(each[1] == night for each in self.begun)}"
            self.begun.append((task, night))
        return self.tried[task]

    tried: dict[str, str]
    begun: list[tuple[str, object]]


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    story = Story(tmp_path / "data")
    story.tried, story.begun = {}, []
    story.up()
    yield story
    story.close()


def test_a_month_of_nights_runs_each_once_and_tells_what_failed_in_all_three_ways(story: Story) -> None:
    story.define_task("report")
    attempts, runs, caught = (story.topic(name) for name in ("attempts", "runs", "caught"))
    failed = {"$or": [{"containers": {"exitCode": [{"anything-but": 0}]}}, {"stopCode": ["TaskFailedToStart"]}]}
    story.rule("attempts", attempts, "ECS Task State Change", {"lastStatus": ["STOPPED"], **failed})
    ended = {"status": ["FAILED", "TIMED_OUT", "ABORTED"]}
    story.rule("runs", runs, "Step Functions Execution Status Change", ended)
    batch = job("report") | {
        "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 10, "MaxAttempts": 1, "BackoffRate": 1}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Tell"}],
        "End": True,
    }
    tell = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Parameters": {"TopicArn": caught, "Message.$": "$.error"},
        "Next": "Failed",
    }
    machine = story.machine({"StartAt": "Batch", "States": {"Batch": batch, "Tell": tell, "Failed": {"Type": "Fail"}}})
    story.call(
        "scheduler",
        "CreateSchedule",
        Name="nightly",
        ScheduleExpression="cron(0 3 * * ? *)",
        ScheduleExpressionTimezone="Asia/Seoul",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": machine, "RoleArn": ROLE, "Input": '{"slot": "<aws.scheduler.scheduled-time>"}'},
    )
    for before, night in enumerate(MONTH.values()):
        story.live(night, FIRST + timedelta(days=before))

    executions = story.call("states", "ListExecutions", stateMachineArn=machine)["executions"][::-1]
    found = [story.describe(execution["executionArn"]) for execution in executions]
    slots = [datetime.fromisoformat(loads(each["input"])["slot"]).astimezone(SEOUL) for each in found]
    assert slots == [FIRST + timedelta(days=before, hours=3) for before in range(len(MONTH))]
    assert [each["status"] == "FAILED" for each in found] == [night.lost for night in MONTH.values()]
    late = [each["startDate"] - slot.timestamp() for each, slot in zip(found, slots, strict=True)]
    assert [seconds > 60 for seconds in late] == [night.down for night in MONTH.values()]

    lost = [each["executionArn"] for each in found if each["status"] == "FAILED"]
    assert [mail["resources"][0] for mail in story.mails("runs")] == lost
    assert len(story.mails("caught")) == len(lost)
    assert {mail["Error"] for mail in story.mails("caught")} == {"States.TaskFailed"}
    told = story.mails("attempts")
    assert len({mail["resources"][0] for mail in told}) == len(told) == sum(n.failures for n in MONTH.values())
    reasons = [mail["detail"]["stopCode"] for mail in told]
    assert reasons.count("TaskFailedToStart") == sum(n.tries.count(NOT_AT_ALL) for n in MONTH.values())
    assert story.runtime.left() == []
