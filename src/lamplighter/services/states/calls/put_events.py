"""Add the state machine and execution to events that executions put, and define the error for rejected events.

See https://docs.aws.amazon.com/step-functions/latest/dg/connect-eventbridge.html: "the Resources field … will include
the state machine ARN and execution ARN". A state fails if an entry of its call fails.
"""

from lamplighter.base.json_text import Json
from lamplighter.services.states.arns import state_machine_of
from lamplighter.services.states.integrations.integrations import CallBinding

FAILED_ENTRY_ERROR = "EventBridge.FailedEntry"


def is_put_events(binding: CallBinding) -> bool:
    """Return whether a Resource is the optimised integration for PutEvents."""
    return binding.optimised and (binding.service, binding.operation) == ("events", "PutEvents")


def put_events_parameters(parameters: Json, execution: str) -> Json:
    """Return the parameters of PutEvents with the state machine's and execution's ARNs added to each entry."""
    entries = parameters.get("Entries")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return parameters
    added = (state_machine_of(execution), execution)
    complete = [entry | {"Resources": [*(entry.get("Resources") or ()), *added]} for entry in entries]
    return parameters | {"Entries": complete}
