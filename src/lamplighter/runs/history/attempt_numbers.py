"""Number attempts as their containers know them.

Step Functions restarts the count of retries after a redrive, and so does LAMPLIGHTER_ATTEMPT. The numbers that are
shown for a redriven run have to agree with what its containers write. The attempts of other runs are numbered in the
order of their histories. See https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from lamplighter.base.json_text import Json, JsonError, loads
from lamplighter.runs.history.story import Story, read_story
from lamplighter.runs.jobs.job_machine import ATTEMPT_VARIABLE

DECIMAL = re.compile("[0-9]{1,9}")


def read_numbered_story(events: Iterable[Json]) -> Story:
    """Read a history, and number the attempts of a redriven job as its containers do."""
    known = list(events)
    found = read_story(known)
    if not found.redriven:
        return found
    numbers = dict(_container_numbers(known))
    return replace(
        found, attempts=tuple(replace(each, number=numbers.get(each.event, each.number)) for each in found.attempts)
    )


def _container_numbers(events: Iterable[Json]) -> Iterator[tuple[int, int]]:
    """Yield the ID of each event that schedules a job's container, and the attempt number that the container gets."""
    for event in events:
        details = event.get("taskScheduledEventDetails") or {}
        for name, value in _environment(details.get("parameters") or ""):
            if name == ATTEMPT_VARIABLE and isinstance(value, str) and DECIMAL.fullmatch(value):
                yield event["id"], int(value)


def _environment(parameters: str) -> Iterator[tuple[Json, Json]]:
    if ATTEMPT_VARIABLE not in parameters:
        return
    try:
        overrides = loads(parameters)["Overrides"]["ContainerOverrides"]
        yield from ((each["Name"], each["Value"]) for container in overrides for each in container["Environment"])
    except (JsonError, KeyError, TypeError):  # not a task of a job file
        return
