"""Add the state machine and the execution to the resources of the events that an execution puts."""

import pytest

from lamplighter.services.states.calls.put_events import put_events_parameters

MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:nightly"


@pytest.mark.parametrize("execution", ["execution:nightly:one", "express:nightly:one:0b5a"])
def test_an_event_names_the_state_machine_and_the_standard_or_express_execution(execution: str) -> None:
    arn = f"arn:aws:states:eu-west-1:123456789012:{execution}"
    entries = [{"Detail": {}, "Resources": ["own"]}, {"Detail": {}}]
    added = put_events_parameters({"Entries": entries}, arn)["Entries"]
    assert [entry["Resources"] for entry in added] == [["own", MACHINE, arn], [MACHINE, arn]]


def test_entries_that_are_not_objects_are_left_unchanged() -> None:
    assert put_events_parameters({"Entries": [3]}, "arn") == {"Entries": [3]}
