"""When a source is applied again: failed builds wait longer and longer, and other files do not hasten them."""

from lamplighter.cli.up.apply_plan import PlanFault
from lamplighter.cli.up.retry_times import ApplyOutcome, next_attempt_delay

BUILD = ApplyOutcome(failed_builds=(PlanFault("report", "lamplighter.yaml:3:3", "no Dockerfile", is_temporary=False),))
FAULT = ApplyOutcome((PlanFault("report", "lamplighter.yaml:3:3", "no such size", is_temporary=False),))


def test_a_failed_build_is_tried_again_after_ten_seconds_and_then_less_and_less_often() -> None:
    assert [next_attempt_delay(BUILD, attempts) for attempts in (1, 2, 3, 20)] == [10, 20, 40, 600]


def test_a_file_that_a_job_writes_does_not_start_a_failed_build_again() -> None:
    """A fault of another kind may be a missing file of the source, which is looked for at once."""
    assert (BUILD.is_incomplete, BUILD.may_miss_file) == (True, False)
    assert (FAULT.is_incomplete, FAULT.may_miss_file) == (True, True)


def test_outcomes_of_several_stacks_are_combined() -> None:
    both = BUILD.combine(FAULT)
    assert both.all_faults == (*FAULT.faults, *BUILD.failed_builds)
    assert both.may_miss_file
