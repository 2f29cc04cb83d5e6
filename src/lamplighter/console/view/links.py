"""Find the console's page for a resource by its ARN."""

import re
from collections.abc import Sequence
from urllib.parse import quote

_PAGES: Sequence[tuple[re.Pattern[str], str]] = tuple(
    (re.compile(f"arn:aws[^:]*:{form}"), first)
    for form, first in (
        (r"states:[^:]*:[^:]*:stateMachine:[^:]+", "jobs"),
        (r"states:[^:]*:[^:]*:(?:execution|mapRun):.+", "runs"),
        (r"ecs:[^:]*:[^:]*:task-definition/.+", "definitions"),
        (r"ecs:[^:]*:[^:]*:task/.+", "tasks"),
        (r"events:[^:]*:[^:]*:rule/.+", "rules"),
        (r"sns:[^:]*:[^:]*:[^:]+", "topics"),
        (r"sqs:[^:]*:[^:]*:[^:]+", "queues"),
        (r"cloudformation:[^:]*:[^:]*:stack/.+", "stacks"),
    )
)


def resource_path(arn: str) -> str | None:
    """Return the path of the resource's page, or None if there is no such page."""
    return next((f"/{first}/{arn_path(arn)}" for form, first in _PAGES if form.fullmatch(arn)), None)


def arn_path(arn: str) -> str:
    """Quote an ARN for a URL's path."""
    return quote(arn, safe=":/")


def resource_name(arn: str) -> str:
    """Return a short name of a resource: its ARN without the parts that all ARNs have."""
    return arn.split(":", 5)[-1] if arn.startswith("arn:") else arn


def scheduled_task_path(task_or_cluster: str, family: str) -> str:
    """Return the path of the page of a scheduled task: a family in a cluster, given the ARN of a task or a cluster."""
    start, _, name = task_or_cluster.partition(":task/" if ":task/" in task_or_cluster else ":cluster/")
    cluster = name.partition("/")[0]
    return f"/scheduled-tasks/{arn_path(f'{start}:cluster/{cluster}/{family}')}"


def schedule_path(arn: str) -> str | None:
    """Return the path that leads from a schedule to the page of what it starts; None if this is no such ARN."""
    is_schedule = re.fullmatch(r"arn:aws[^:]*:scheduler:[^:]+:[^:]+:schedule/.+", arn)
    return f"/search/schedule/{arn_path(arn)}" if is_schedule else None


def local_path(to: str) -> str:
    """Return `to` if it is a path of this site, otherwise the path of the first page."""
    return to if to.isprintable() and to.startswith("/") and to[1:2] not in ("/", "\\") else "/"
