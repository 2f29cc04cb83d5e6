"""Find an execution, a Map Run or an activity by its ARN, or raise AWS's error."""

from lamplighter.base.errors import require
from lamplighter.services.states.arns import resource_arn
from lamplighter.services.states.errors import ActivityDoesNotExist, ExecutionDoesNotExist, ResourceNotFound
from lamplighter.services.states.tables import activities, executions, map_runs
from lamplighter.services.states.tables.activities import Activity
from lamplighter.services.states.tables.executions import ExecutionRecord
from lamplighter.services.states.tables.map_runs import MapRun
from lamplighter.store.db import Reader


def find_execution(reader: Reader, text: str) -> ExecutionRecord:
    """Return the execution with this ARN. Raises `ExecutionDoesNotExist`."""
    return require(executions.get(reader, resource_arn(text, "execution")), lambda: ExecutionDoesNotExist(text))


def find_map_run(reader: Reader, text: str) -> MapRun:
    """Return the Map Run with this ARN. Raises `ResourceNotFound`."""
    return require(map_runs.get(reader, resource_arn(text, "mapRun")), lambda: ResourceNotFound(text))


def find_activity(reader: Reader, text: str) -> Activity:
    """Return the activity with this ARN. Raises `ActivityDoesNotExist`."""
    return require(activities.get(reader, resource_arn(text, "activity")), lambda: ActivityDoesNotExist(text))
