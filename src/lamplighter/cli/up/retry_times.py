"""Decide when to apply a source again, by what the last attempt left undone. Pure."""

from dataclasses import dataclass

from lamplighter.cli.up.apply_plan import PlanFault

LEAVING_CHECK_SECONDS, BUILD_RETRY_SECONDS = 2.0, 10.0
"""Seconds between two checks of jobs whose runs have to end, and between two builds without Docker."""
TEMPORARY_BACKOFF, PERMANENT_BACKOFF = (1.0, 10.0), (10.0, 600.0)
"""Seconds after the first failure and at most: for temporary failures, and for failures that the user has to
correct."""


@dataclass(frozen=True, slots=True)
class ApplyOutcome:
    """The outcome of an attempt to apply a source."""

    faults: tuple[PlanFault, ...] = ()
    channel_faults: tuple[PlanFault, ...] = ()
    """The channels and heartbeats that cannot work; all that the file says is applied nevertheless."""
    failed_builds: tuple[PlanFault, ...] = ()
    """The images that could not be built; their jobs are applied, with the images that they had."""
    has_leaving_jobs: bool = False
    """Whether removed jobs are still there because their runs have not ended."""
    needs_build: bool = False
    """Whether an image has to be built when Docker answers again."""
    crashed: bool = False
    """Whether the attempt failed for a reason that is not in the file."""

    @property
    def apply_faults(self) -> tuple[PlanFault, ...]:
        """What of the source is not in effect."""
        return (*self.faults, *self.failed_builds)

    @property
    def all_faults(self) -> tuple[PlanFault, ...]:
        """All that is wrong with the source."""
        return (*self.channel_faults, *self.apply_faults)

    @property
    def is_incomplete(self) -> bool:
        """Whether something is left to apply, or to check again."""
        return bool(self.all_faults) or self.needs_build or self.crashed

    @property
    def may_miss_file(self) -> bool:
        """Whether a file that appears in the source's folder may help. A build has its own files, which are watched."""
        return bool(self.faults or self.channel_faults) or self.needs_build or self.crashed

    def combine(self, other: "ApplyOutcome") -> "ApplyOutcome":
        """Return the outcome of two attempts together."""
        return ApplyOutcome(
            (*self.faults, *other.faults),
            (*self.channel_faults, *other.channel_faults),
            (*self.failed_builds, *other.failed_builds),
            self.has_leaving_jobs or other.has_leaving_jobs,
            self.needs_build or other.needs_build,
            self.crashed or other.crashed,
        )


def next_attempt_delay(outcome: ApplyOutcome, attempts: int) -> float | None:
    """Return the seconds until the next attempt, after `attempts` incomplete ones; None to wait for changed files."""
    has_permanent = any(not each.is_temporary for each in outcome.all_faults)
    # A check of the leaving jobs applies the file, so it would also repeat the refused parts too often.
    waits = [LEAVING_CHECK_SECONDS] if outcome.has_leaving_jobs and not has_permanent else []
    if outcome.needs_build:
        waits.append(BUILD_RETRY_SECONDS)
    if outcome.crashed or any(each.is_temporary for each in outcome.faults):
        waits.append(_backoff(TEMPORARY_BACKOFF, attempts))
    if has_permanent:
        waits.append(_backoff(PERMANENT_BACKOFF, attempts))
    return min(waits, default=None)


def _backoff(bounds: tuple[float, float], attempts: int) -> float:
    first, longest = bounds
    return float(min(first * 2 ** min(max(0, attempts - 1), 20), longest))
