"""Events that executions put: what Step Functions adds to them, and how it sees that some were refused.

See https://docs.aws.amazon.com/step-functions/latest/dg/connect-eventbridge.html: "the Resources field … will include
the state machine ARN and execution ARN", and a call of which an entry fails is a state that fails.
"""

from lamplighter.base.json_text import Json
from lamplighter.services.states.calls.integrations import CallBinding

ERROR = "EventBridge.FailedEntry"


def is_put_events(binding: CallBinding) -> bool:
    """Whether a Resource is the optimised integration that puts events."""
    return binding.optimised and (binding.service, binding.operation) == ("events", "PutEvents")


def put_events_parameters(parameters: Json, execution: str) -> Json:
    """The parameters of PutEvents, with entries that say who puts them."""
    machine = execution.replace(":execution:", ":stateMachine:", 1).rpartition(":")[0]
    entries = parameters.get("Entries")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return parameters
    told = [entry | {"Resources": [*(entry.get("Resources") or ()), machine, execution]} for entry in entries]
    return parameters | {"Entries": told}
