"""Find the input with which a job usually starts; `lamplighter run` and the console's Start send this input.

The template of a job file states the input in the metadata of the job's state machine, also for a job without a
schedule. Any other state machine has the input of its first schedule, or else of its first rule. Pure: the caller reads
the stack's resource and the targets.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResource.html.
"""

from collections.abc import Iterable

from lamplighter.base.json_text import Json, loads_or
from lamplighter.runs.jobs.job_machine import LAMPLIGHTER_KEY
from lamplighter.runs.jobs.schedules import target_input


def default_input(metadata: str | None, schedules: Iterable[Json], rules: Iterable[Json]) -> Json:
    """Return the input in a resource's metadata (JSON text), or of the first schedule or rule that has one, or {}."""
    declared = _declared_input(metadata)
    texts = (declared, *map(target_input, schedules), *(each.get("Input") for each in rules))
    return next((_without_lamplighter_key(loads_or(text, {})) for text in texts if text is not None), {})


def _declared_input(metadata: str | None) -> str | None:
    """Return the input in the metadata of a job's state machine, or None."""
    found = loads_or(metadata or "{}", {})
    extensions = found.get("Lamplighter") if isinstance(found, dict) else None
    text = extensions.get("Input") if isinstance(extensions, dict) else None
    return text if isinstance(text, str) else None


def _without_lamplighter_key(document: Json) -> Json:
    return (
        {key: value for key, value in document.items() if key != LAMPLIGHTER_KEY}
        if isinstance(document, dict)
        else document
    )
