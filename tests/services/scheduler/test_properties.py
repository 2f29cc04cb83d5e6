"""Every slot is recorded once and runs at most once, even if the engine dies and its clock is set."""

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
from tests.property_settings import examples
from tests.services.scheduler.scheduler_harness import HOUR, MINUTE, QUEUE, SchedulerHarness, format_time

TARGET = {
    "Arn": QUEUE,
    "RoleArn": ROLE,
    "Input": "<aws.scheduler.scheduled-time>",
    "RetryPolicy": {"MaximumEventAgeInSeconds": 3 * 3600},
}
EXPRESSIONS = st.sampled_from(["rate(7 minutes)", "cron(0/10 * * * ? *)", "cron(5 0/2 * * ? *)", "rate(1 hour)"])
POLICIES = st.sampled_from(["all", "last", "none"])
DURATIONS = st.integers(1, 4 * 60).map(lambda minutes: minutes * MINUTE)
INCIDENTS = st.one_of(
    st.tuples(st.just("pass"), DURATIONS),
    st.tuples(st.just("off"), DURATIONS),
    st.tuples(st.just("die"), st.integers(1, 6)),
    st.tuples(st.just("forward"), DURATIONS),
    st.tuples(st.just("back"), DURATIONS),
)


@contextmanager
def harness_with_schedule(expression: str, policy: str) -> Iterator[SchedulerHarness]:
    with tempfile.TemporaryDirectory() as directory:
        harness = SchedulerHarness(Path(directory) / "data")
        harness.up()
        harness.create_schedule(expression, target=TARGET)
        harness.set_missed_policy(policy)
        try:
            yield harness
        finally:
            harness.disk.death = None
            harness.close()


def apply_incident(harness: SchedulerHarness, kind: str, amount: int) -> None:
    """Apply one incident to the engine or its clock."""
    if kind == "die":
        harness.die_at(amount, before=amount % 2 == 0)
    elif kind == "off":
        harness.advance_without_engine(amount)
    elif kind in ("forward", "back"):
        harness.clock.jump(amount if kind == "forward" else -amount)
        harness.advance(5_000)
    else:
        for _ in range(0, amount, 5 * MINUTE):
            harness.advance(5 * MINUTE)


@settings(max_examples=examples(25), deadline=None)
@given(EXPRESSIONS, POLICIES, st.lists(INCIDENTS, min_size=1, max_size=6))
def test_every_slot_is_recorded_once_and_runs_at_most_once(
    expression: str, policy: str, incidents: list[tuple[str, int]]
) -> None:
    with harness_with_schedule(expression, policy) as harness:
        start = latest = harness.clock.now()
        for kind, amount in incidents:
            try:
                apply_incident(harness, kind, amount)
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
        delivered = [f"{format_time(row.slot)}Z" for row in rows if row.outcome == "DELIVERED"]
        assert Counter(harness.bodies()) == Counter(delivered)
        assert {row.outcome for row in rows} <= {"DELIVERED", "MISSED"}
