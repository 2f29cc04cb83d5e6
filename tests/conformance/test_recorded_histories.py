"""Histories that were recorded on AWS are read as stories of runs."""

from collections.abc import Iterator

import pytest

from lamplighter.base.json_text import Json, dumps
from lamplighter.runs.history.story import read_story
from tests.conformance.recorded import SHARED, recorded_cases

DOCUMENTS = ("cause", "input", "output", "parameters")
"""The fields that recordings show as JSON, and API answers as JSON text."""


def find_histories(recorded: Json) -> Iterator[list[Json]]:
    """Yield the histories in a recording whose events are numbered, in the form of API answers."""
    if isinstance(recorded, dict):
        for inner in recorded.values():
            yield from find_histories(inner)
    elif isinstance(recorded, list) and any(is_event(each) for each in recorded):
        if all(is_event(each) for each in recorded):
            yield [convert_event(each, at) for at, each in enumerate(recorded)]
    elif isinstance(recorded, list):
        for inner in recorded:
            yield from find_histories(inner)


def is_event(value: Json) -> bool:
    return isinstance(value, dict) and isinstance(value.get("previousEventId"), int) and isinstance(value["id"], int)


def convert_event(event: Json, at: int) -> Json:
    """Return an event with JSON texts instead of documents, and with a timestamp."""
    details = {
        name: {key: dumps(each) if key in DOCUMENTS and each != str(each) else each for key, each in value.items()}
        for name, value in event.items()
        if name.endswith("Details")
    }
    return {**event, **details, "timestamp": float(at)}


@pytest.mark.skipif(not SHARED.exists(), reason="the recorded cases are not beside the project")
def test_every_recorded_attempt_is_read_and_no_iteration_contains_itself() -> None:
    recorded = [events for case in recorded_cases() for events in find_histories(case.read())]
    assert len(recorded) > 100
    for events in recorded:
        story = read_story(events)
        scheduled = [each for each in events if each["type"].endswith("Scheduled")]
        assert len(story.attempts) >= len(scheduled)
        for visit in story.visits:
            names = [step.partition("[")[0] for step in visit.path]
            assert len(names) == len(set(names)), visit.path
