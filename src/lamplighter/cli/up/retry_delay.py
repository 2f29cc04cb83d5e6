"""Decide when to apply a source again, by what the last attempt left undone. Pure."""

from dataclasses import dataclass

from lamplighter.cli.up.apply_plan import PlanFault

LEAVING, BUILD = 2.0, 10.0
"""Seconds between two checks of jobs whose runs have to end, and between two builds without Docker."""
PASSING, REFUSED = (1.0, 10.0), (10.0, 600.0)
"""Seconds after the first failure and at most: for temporary failures, and for failures that the user has to
correct."""


@dataclass(frozen=True, slots=True)
class ApplyOutcome:
    """The outcome of an attempt to apply a source."""

    faults: tuple[PlanFault, ...] = ()
    leaves: bool = False
    """Whether removed jobs are still there because their runs have not ended."""
    unbuilt: bool = False
    """Whether an image has to be built when Docker answers again."""
    broken: bool = False
    """Whether the attempt failed for a reason that is not in the file."""

    @property
    def incomplete(self) -> bool:
        """Whether the engine and the source do not agree yet."""
        return bool(self.faults) or self.unbuilt or self.broken

    def combine(self, other: "ApplyOutcome") -> "ApplyOutcome":
        """Return the outcome of two attempts together."""
        return ApplyOutcome(
            (*self.faults, *other.faults),
            self.leaves or other.leaves,
            self.unbuilt or other.unbuilt,
            self.broken or other.broken,
        )


def retry_delay(outcome: ApplyOutcome, tries: int) -> float | None:
    """Return the seconds until the next attempt, after `tries` incomplete ones; None to wait for changed files."""
    refused = any(not each.passes for each in outcome.faults)
    # A check of the leaving jobs applies the file, so it would also repeat the refused parts too often.
    waits = [LEAVING] if outcome.leaves and not refused else []
    if outcome.unbuilt:
        waits.append(BUILD)
    if outcome.broken or any(each.passes for each in outcome.faults):
        waits.append(_backoff(PASSING, tries))
    if refused:
        waits.append(_backoff(REFUSED, tries))
    return min(waits, default=None)


def _backoff(bounds: tuple[float, float], tries: int) -> float:
    first, most = bounds
    return float(min(first * 2 ** min(max(0, tries - 1), 20), most))
