"""What a list of all schedules costs grows in proportion to their number; the steps of SQLite are counted."""

from lamplighter.services.scheduler.tables import schedules
from tests.services.scheduler.scheduler_harness import DAY, SchedulerHarness

SMALL, LARGE = 40, 80


def count_steps(harness: SchedulerHarness) -> int:
    """Return how many steps SQLite takes to find the schedules that are due within a day."""
    reader, steps = harness.engine.store.reader, 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    reader._connection.set_progress_handler(count, 1)
    found = schedules.due_before(reader, "arn:aws:scheduler:", "arn:aws:scheduler;", harness.clock.now() + DAY, 1000)
    reader._connection.set_progress_handler(None, 1)
    assert len(found) in (SMALL, LARGE)
    return steps


def test_twice_as_many_schedules_take_twice_as_many_steps_to_find_those_that_are_due(harness: SchedulerHarness) -> None:
    for number in range(SMALL):
        harness.create_schedule("rate(1 hour)", f"job-{number}")
    few = count_steps(harness)
    for number in range(SMALL, LARGE):
        harness.create_schedule("rate(1 hour)", f"job-{number}")
    assert few * 1.5 < count_steps(harness) < few * 2.5
