"""What of a file was left undone, and after how long it is tried again. Pure."""

from dataclasses import dataclass

from lamplighter.cli.up.apply_plan import PlanFault

LEAVING, BUILD = 2.0, 10.0
"""Seconds between two looks at jobs whose runs have to end, and between two tries to build without Docker."""
PASSING, REFUSED = (1.0, 10.0), (10.0, 600.0)
"""Seconds after the first failure and at most, of what passes by itself and of what somebody has to mend."""


@dataclass(frozen=True, slots=True)
class ApplyOutcome:
    """What became of an attempt to apply a file."""

    faults: tuple[PlanFault, ...] = ()
    leaves: bool = False
    """Whether jobs are still there that go when their runs have ended."""
    unbuilt: bool = False
    """Whether an image is to be built when Docker is back."""
    broken: bool = False
    """Whether it failed for a reason that is not the file's."""

    @property
    def incomplete(self) -> bool:
        """Whether the engine is not yet as the file says."""
        return bool(self.faults) or self.unbuilt or self.broken

    def combine(self, other: "ApplyOutcome") -> "ApplyOutcome":
        """Both together."""
        return ApplyOutcome(
            (*self.faults, *other.faults),
            self.leaves or other.leaves,
            self.unbuilt or other.unbuilt,
            self.broken or other.broken,
        )


def retry_delay(outcome: ApplyOutcome, tries: int) -> float | None:
    """Seconds until the next try, where `tries` have failed; None where only a change of the files is a reason."""
    refused = any(not each.passes for each in outcome.faults)
    # To look at jobs that leave is to apply the file, and with it what is refused.
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
