"""From an ARN to what it names, or the error that says that it names nothing."""

from lamplighter.services.states.errors import ActivityDoesNotExist, ExecutionDoesNotExist, ResourceNotFound
from lamplighter.services.states.names import resource_arn
from lamplighter.store import activities, executions, mapruns
from lamplighter.store.activities import Activity
from lamplighter.store.db import Reader
from lamplighter.store.executions import Record
from lamplighter.store.mapruns import MapRun


def find_execution(reader: Reader, text: str) -> Record:
    """The execution of an ARN."""
    record = executions.get(reader, resource_arn(text, "execution"))
    if record is None:
        raise ExecutionDoesNotExist(text)
    return record


def find_map_run(reader: Reader, text: str) -> MapRun:
    """The Map Run of an ARN."""
    run = mapruns.get(reader, resource_arn(text, "mapRun"))
    if run is None:
        raise ResourceNotFound(text)
    return run


def find_activity(reader: Reader, text: str) -> Activity:
    """The activity of an ARN."""
    activity = activities.get(reader, resource_arn(text, "activity"))
    if activity is None:
        raise ActivityDoesNotExist(text)
    return activity
