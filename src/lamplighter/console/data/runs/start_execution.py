"""Start an execution so that a form which is sent twice starts it once.

Each page that offers a start has a new name for the run in its form (`Page.once`). StartExecution refuses a second run
of this name; then the run that the first form started is the answer. So a double click, a repeated request and a
reload after it are harmless. A name that the user chose is not repeated silently: the form reports that it is taken.
See https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html.
"""

from collections.abc import Mapping

from lamplighter.base.errors import AwsError
from lamplighter.console.calls import Calls
from lamplighter.runs.jobs.heartbeat import UUID

ONCE_FIELD = "once"


async def start_execution(calls: Calls, machine: str, given: str, form: Mapping[str, str], name: str = "") -> str:
    """Start an execution with an input, and return its ARN; `name` is the name that the user chose, or empty."""
    if not name:
        return await find_or_start(calls, machine, given, read_once(form))
    started = await calls.call("states", "StartExecution", stateMachineArn=machine, input=given, name=name)
    return str(started["executionArn"])


def read_once(form: Mapping[str, str]) -> str:
    """Return the name of the run that a form starts; empty if it has none."""
    once = form.get(ONCE_FIELD, "")
    return once if UUID.fullmatch(once) else ""


async def find_or_start(calls: Calls, machine: str, given: str, once: str) -> str:
    """Start an execution with a generated name (may be empty), or find the one that was started with it already."""
    params = {"stateMachineArn": machine, "input": given} | ({"name": once} if once else {})
    try:
        started = await calls.call("states", "StartExecution", **params)
    except AwsError as error:
        if error.code != "ExecutionAlreadyExists":
            raise
        earlier = await _read_earlier(calls, machine, once)
        if earlier is not None and earlier[1] == given:
            return earlier[0]
        started = await calls.call("states", "StartExecution", stateMachineArn=machine, input=given)  # another start
    return str(started["executionArn"])


async def _read_earlier(calls: Calls, machine: str, name: str) -> tuple[str, str] | None:
    """Return the ARN and the input of the run with a name, or None if it cannot be read."""
    plain = ":".join(machine.split(":")[:7])  # without the version or alias
    arn = f"{plain.replace(':stateMachine:', ':execution:', 1)}:{name}"
    found = await calls.call_or_none("states", "DescribeExecution", executionArn=arn)
    return None if found is None else (arn, str(found.get("input")))
