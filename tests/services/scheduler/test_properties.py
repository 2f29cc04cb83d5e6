"""Whatever happens to an engine and its clock: every slot is on record once, and runs at most once."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.lang.schedule.expression import parse_schedule
from tests.engine_harness import ROLE, EngineDied
from tests.services.scheduler.scheduler_harness import HOUR, MINUTE, QUEUE, SchedulerHarness, text

TARGET = {
    "Arn": QUEUE,
    "RoleArn": ROLE,
    "Input": "<aws.scheduler.scheduled-time>",
    "RetryPolicy": {"MaximumEventAgeInSeconds": 3 * 3600},
}
EXPRESSIONS = st.sampled_from(["rate(7 minutes)", "cron(0/10 * * * ? *)", "cron(5 0/2 * * ? *)", "rate(1 hour)"])
POLICIES = st.sampled_from(["all", "last", "none"])
LENGTHS = st.integers(1, 4 * 60).map(lambda minutes: minutes * MINUTE)
HAPPENINGS = st.one_of(
    st.tuples(st.just("pass"), LENGTHS),
    st.tuples(st.just("off"), LENGTHS),
    st.tuples(st.just("die"), st.integers(1, 6)),
    st.tuples(st.just("forward"), LENGTHS),
    st.tuples(st.just("back"), LENGTHS),
)


@contextmanager
def desk_of(expression: str, policy: str) -> Iterator[SchedulerHarness]:
    with tempfile.TemporaryDirectory() as directory:
        harness = SchedulerHarness(Path(directory) / "data")
        harness.up()
        harness.schedule(expression, target=TARGET)
        harness.missed(policy)
        try:
            yield harness
        finally:
            harness.disk.death = None
            harness.close()


def happen(harness: SchedulerHarness, what: str, amount: int) -> None:
    """Let one thing happen."""
    if what == "die":
        harness.die_at(amount, before=amount % 2 == 0)
    elif what == "off":
        harness.off(amount)
    elif what in ("forward", "back"):
        harness.clock.jump(amount if what == "forward" else -amount)
        harness.advance(5_000)
    else:
        for _ in range(0, amount, 5 * MINUTE):
            harness.advance(5 * MINUTE)


@settings(max_examples=25, deadline=None)
@given(EXPRESSIONS, POLICIES, st.lists(HAPPENINGS, min_size=1, max_size=6))
def test_every_slot_is_on_record_once_and_runs_at_most_once(
    expression: str, policy: str, happenings: list[tuple[str, int]]
) -> None:
    with desk_of(expression, policy) as harness:
        start = latest = harness.clock.now()
        for what, amount in happenings:
            try:
                happen(harness, what, amount)
            except EngineDied:
                harness.up()
            latest = max(latest, harness.clock.now())
        harness.disk.death = None
        harness.advance(latest - harness.clock.now() + HOUR)
        harness.settle()
        schedule = parse_schedule(expression)
        after = start - 1 if schedule.kind == "rate" else start
        now = harness.clock.now()
        expected = list(takewhile(lambda time: time <= now, schedule.times(after, "UTC", start)))
        rows = harness.slots()
        recorded = [time for row in rows for time in expected if row.slot <= time <= row.until]
        assert recorded == expected
        assert sum(row.count for row in rows) == len(expected)
        ran = [f"{text(row.slot)}Z" for row in rows if row.outcome == "DELIVERED"]
        assert Counter(harness.bodies()) == Counter(ran)
        assert {row.outcome for row in rows} <= {"DELIVERED", "MISSED"}
