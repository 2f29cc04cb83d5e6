"""Recognise runs that were skipped because another run of their job was running (`overlap: skip`).

To AWS such a run succeeded. Only its output shows the skip, which the job's state machine writes
(`jobs/machine/overlap_states.py`).
"""

from collections.abc import Sequence

from lamplighter.base.json_text import Json, loads_or

SKIPPED = "SKIPPED"
"""The status that people are shown for a skipped run. Such a run counts neither as success nor as failure."""
SKIP_REASON = "another run of the job was running"


def skip_output(running: Json) -> Json:
    """Return the output of a run that is skipped because of these runs."""
    return {"skipped": True, "running": running}


def runs_that_caused_skip(output: str | None) -> Sequence[str] | None:
    """Return the runs because of which a run with this output was skipped, or None if it was not skipped."""
    document = loads_or(output or "null", None)
    if not isinstance(document, dict) or document.keys() != {"skipped", "running"} or document["skipped"] is not True:
        return None
    running = document["running"] if isinstance(document["running"], list) else [document["running"]]
    # The output of a user's own machine can have these keys, too.
    return running if all(isinstance(each, str) and each.startswith("arn:") for each in running) else None
