"""Find the attempt that caused the failure of a run."""

from collections.abc import Iterable, Sequence

from lamplighter.runs.history.story import Attempt, Story


def blamed_attempt(story: Story, *, from_job_file: bool = True) -> Attempt | None:
    """Return the attempt that caused a run's failure, or None if there is none, or the run is running or succeeded.

    `from_job_file`: whether the machine was generated from a job file, which adds helper states. An attempt of the job
    itself is blamed before one of a helper state.
    """
    if story.outcome in ("running", "succeeded"):
        return None
    own = [each for each in story.attempts if each.failed and not (from_job_file and each.supporting)]
    recovered = {(each.state, each.path) for each in story.attempts if each.outcome == "succeeded"}
    found = [each for each in own if (each.state, each.path) not in recovered] or _unfinished_attempts(story)
    fitting = [each for each in found if each.error == story.error]
    return next(reversed(fitting or found), None)


def _unfinished_attempts(story: Story) -> Sequence[Attempt]:
    """Return the failed last attempts of visits that were never left, including those of helper states."""
    last = (story.last_attempt(visit) for visit in story.visits if visit.left is None)
    return [each for each in last if each is not None and each.failed]


def blamed_item(map_run: Attempt, attempts: Iterable[Attempt]) -> Attempt | None:
    """Return the attempt that failed last of the tasks that a Map Run started for its items, or None.

    If the Map Run was not itself stopped, an attempt that was stopped with it comes after all others.
    """
    failed = [each for each in attempts if each.failed and each.task]
    own = [each for each in failed if each.outcome != "aborted"] if map_run.outcome != "aborted" else []
    return max(own or failed, key=lambda each: each.ended or 0, default=None)


def attempt_that_ended_run(story: Story, error: str | None) -> Attempt | None:
    """Return the last attempt that ran a task if it surely ended the run: it failed with the run's error, or the run
    ended before it did.

    Unlike `blamed_attempt`, returns None in case of doubt. Needs only the end of the history.
    """
    last = max(story.container_attempts, key=lambda each: each.latest_event, default=None)
    return last if last is not None and last.outcome != "succeeded" and last.error in (None, error) else None
