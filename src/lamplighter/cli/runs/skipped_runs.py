"""Runs that did not begin beside another one of their job (`overlap: skip`): to AWS they are runs that succeeded.

Promises to know one by its output, which is what the machine of such a job ends with.
"""

from lamplighter.jobs.machine.overlap_states import runs_made_way_for

WHY = "another run of the job goes on"


def is_skip(status: str, output: str | None) -> bool:
    """Whether a run of this status and output was skipped."""
    return status == "SUCCEEDED" and runs_made_way_for(output) is not None
