"""Find an execution, a Map Run or an activity by its ARN, or raise AWS's error."""

from lamplighter.services.states.arns import resource_arn
from lamplighter.services.states.errors import ActivityDoesNotExist, ExecutionDoesNotExist, ResourceNotFound
from lamplighter.services.states.tables import activities, executions, map_runs
from lamplighter.services.states.tables.activities import Activity
from lamplighter.services.states.tables.executions import ExecutionRecord
from lamplighter.services.states.tables.map_runs import MapRun
from lamplighter.store.db import Reader


def find_execution(reader: Reader, text: str) -> ExecutionRecord:
    """Return the execution with this ARN. Raises `ExecutionDoesNotExist`."""
    record = executions.get(reader, resource_arn(text, "execution"))
    if record is None:
        raise ExecutionDoesNotExist(text)
    return record


def find_map_run(reader: Reader, text: str) -> MapRun:
    """Return the Map Run with this ARN. Raises `ResourceNotFound`."""
    run = map_runs.get(reader, resource_arn(text, "mapRun"))
    if run is None:
        raise ResourceNotFound(text)
    return run


def find_activity(reader: Reader, text: str) -> Activity:
    """Return the activity with this ARN. Raises `ActivityDoesNotExist`."""
    activity = activities.get(reader, resource_arn(text, "activity"))
    if activity is None:
        raise ActivityDoesNotExist(text)
    return activity
