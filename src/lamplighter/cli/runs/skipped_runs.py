"""Recognise runs that were skipped because another run of their job was under way (`overlap: skip`).

To AWS such runs succeeded. Guarantees to recognise them by their output, which the state machine of such a job writes.
"""

from lamplighter.jobs.machine.overlap_states import runs_that_caused_skip

SKIP_REASON = "another run of the job was running"


def is_skipped_run(status: str, output: str | None) -> bool:
    """Return whether a run with this status and output was skipped."""
    return status == "SUCCEEDED" and runs_that_caused_skip(output) is not None
