"""The input that a job is usually started with: what `lamplighter run` and the console's Start send.

The template of a job file says it in the metadata of the job's state machine, also of a job without a schedule. A state
machine without that is started as the first of its schedules, or else of its rules, starts it. Pure: whoever asks
reads the resource of the stack and the targets.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResource.html.
"""

from collections.abc import Iterable

from lamplighter.base.json_text import Json, JsonError, loads
from lamplighter.runs.job_machine import LAMPLIGHTER_KEY
from lamplighter.runs.schedules import target_input


def default_input(metadata: str | None, schedules: Iterable[Json], rules: Iterable[Json]) -> Json:
    """The input by a resource's metadata (JSON text), the targets of schedules, and those of rules; else {}."""
    said = _declared(metadata)
    texts = (said, *map(target_input, schedules), *(each.get("Input") for each in rules))
    return next((_without_ours(_read(text)) for text in texts if text is not None), {})


def _declared(metadata: str | None) -> str | None:
    """What the template says of the state machine of a job."""
    found = _read(metadata or "{}")
    own = found.get("Lamplighter") if isinstance(found, dict) else None
    text = own.get("Input") if isinstance(own, dict) else None
    return text if isinstance(text, str) else None


def _without_ours(document: Json) -> Json:
    return (
        {key: value for key, value in document.items() if key != LAMPLIGHTER_KEY}
        if isinstance(document, dict)
        else document
    )


def _read(text: str) -> Json:
    try:
        return loads(text)
    except JsonError:
        return {}
