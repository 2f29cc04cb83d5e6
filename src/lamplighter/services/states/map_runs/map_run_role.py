"""Check whether a state machine's role may start and redrive the child executions of a Map Run, if IAM is enforced.

"Step Functions needs appropriate permissions to allow the state machine role to invoke the StartExecution API action
for the Distributed Map state", and RedriveExecution on the children to redrive them. Express ones are started again.
See https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html.
"""

from lamplighter.base.aws import arn
from lamplighter.base.errors import AwsError
from lamplighter.bus import Bus, Caller, caller_of
from lamplighter.services.states.integrations.task_caller_role import TaskRoles, caller_of_task, machine_of
from lamplighter.services.states.tables import executions
from lamplighter.services.states.tables.map_runs import MapRun
from lamplighter.store.db import Reader

SERVICE = "states"


def caller_of_run(bus: Bus, reader: Reader, run: MapRun) -> Caller:
    """Return the caller for whom a Map Run makes its calls: the role of its execution, if IAM is enforced."""
    execution = executions.get_by_id(reader, run.execution) if bus.guard is not None else None
    if execution is None:
        return caller_of(run.arn)
    return caller_of_task(bus, reader, execution.arn, TaskRoles(execution.role, execution.role))


def denied_start(bus: Bus, reader: Reader, run: MapRun) -> str | None:
    """Return why the role may not start the children of a Map Run, or None."""
    return _denial(bus, reader, run, "StartExecution", "stateMachineArn", machine_of(run.parent))


def denied_redrive(bus: Bus, reader: Reader, run: MapRun) -> str | None:
    """Return why the role may not redrive the children of a Map Run, or None."""
    if run.express:
        return denied_start(bus, reader, run)
    child = arn.parse_known(run.arn).resource.replace("mapRun:", "execution:", 1)
    return _denial(bus, reader, run, "RedriveExecution", "executionArn", arn.sibling(run.arn, child))


def _denial(bus: Bus, reader: Reader, run: MapRun, operation: str, name: str, resource: str) -> str | None:
    if bus.guard is None:
        return None
    try:
        bus.check_access(reader, caller_of_run(bus, reader, run), SERVICE, operation, {name: resource})
    except AwsError as error:
        return error.message
    return None
