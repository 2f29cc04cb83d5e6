"""Handle the operations that stop, describe and list tasks.

See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html. Stopped tasks can be described for longer
than the hour that AWS promises.
"""

from dataclasses import replace
from functools import partial
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from lamplighter.base.json_text import Json
from lamplighter.bus import Bus, Caller
from lamplighter.services.ecs import clusters, lookup
from lamplighter.services.ecs.errors import InvalidParameter, ServiceNotFound
from lamplighter.services.ecs.tables import outages, task_lists, tasks, waiting_tasks
from lamplighter.services.ecs.tables.task_lists import TaskFilter
from lamplighter.services.ecs.tables.tasks import Task
from lamplighter.services.ecs.tasks import lifecycle, task_description
from lamplighter.services.ecs.tasks.admission import Admission
from lamplighter.services.ecs.tasks.task_health import with_health
from lamplighter.store import outbox
from lamplighter.store.db import Reader, Tx

if TYPE_CHECKING:
    from aws_types import ecs as aws

MAX_DESCRIBED = 100
MAX_REASON_CHARACTERS = 1024
MAX_PROTECTED = 10
MAX_PROTECTION_MINUTES = 2880
LATEST_TASKS_PAGE_SIZE = 25
MAX_SCHEDULED_TASKS = 1000
"""The most tasks in one answer of ListScheduledTasks."""


def stop_task(bus: Bus, tx: Tx, caller: Caller, params: "aws.StopTaskInput") -> "aws.StopTaskOutput":
    """Handle StopTask: record that the task must stop; the stop itself follows after the commit."""
    if len(params.get("reason") or "") > MAX_REASON_CHARACTERS:
        raise InvalidParameter(f"The reason can have at most {MAX_REASON_CHARACTERS} characters.")
    found = _find(tx, clusters.require_cluster(tx, caller, params.get("cluster")), params["task"])
    if found is None:
        raise InvalidParameter("The referenced task was not found.")
    if found.desired != "STOPPED":
        found = order_stop(bus, tx, found, params.get("reason") or "Task stopped by user")
    return {"task": task_description.task_to_api(found)}


def order_stop(bus: Bus, tx: Tx, task: Task, reason: str) -> Task:
    """Record that a task must stop, and return it."""
    changes = {
        "desiredStatus": "STOPPED",
        "stopCode": "UserInitiated",
        "stoppedReason": reason,
        "stoppingAt": tx.now,
    }
    order = outbox.put(tx, "ecs", task.arn, {"do": "stop"})
    stopping = replace(lifecycle.with_changes(task, changes), stop_order=order)
    lifecycle.save_and_publish(bus, tx, stopping, tx.now)
    return stopping


def describe_tasks(admission: Admission, reader: Reader, caller: Caller, params: "aws.DescribeTasksInput") -> Json:
    """Handle DescribeTasks."""
    cluster = clusters.require_cluster(reader, caller, params.get("cluster"))
    references = params.get("tasks") or []
    if not references:
        raise InvalidParameter("Tasks cannot be empty.")
    if len(references) > MAX_DESCRIBED:
        raise InvalidParameter(f"Tasks can have at most {MAX_DESCRIBED} items.")
    with_tags = "TAGS" in (params.get("include") or ())
    shown, failures = [], []
    for reference in references:
        found = _find(reader, cluster, reference)
        if found is None:
            failures.append({"arn": lookup.task_arn(cluster, reference), "reason": "MISSING"})
        else:
            shown.append(_describe(admission, reader, found, with_tags=with_tags))
    return {"tasks": shown, "failures": failures}


def task_protection(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle GetTaskProtection and UpdateTaskProtection: only tasks of services can be protected, and there are none.

    See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html.
    """
    cluster = clusters.require_cluster(reader, caller, params["cluster"])
    references = params.get("tasks") or []
    if len(references) > MAX_PROTECTED:
        raise InvalidParameter(f"Tasks can have at most {MAX_PROTECTED} items.")
    if not 1 <= params.get("expiresInMinutes", 1) <= MAX_PROTECTION_MINUTES:
        raise InvalidParameter(f"expiresInMinutes must be between 1 and {MAX_PROTECTION_MINUTES}.")
    return {"protectedTasks": [], "failures": [_unprotected(reader, cluster, each) for each in references]}


def _unprotected(reader: Reader, cluster: str, reference: str) -> Json:
    failure = {"arn": lookup.task_arn(cluster, reference), "reason": "MISSING"}
    if _find(reader, cluster, reference) is None:
        return failure
    detail = "The specified task is not part of an Amazon ECS service. Only tasks of services can be protected."
    return failure | {"reason": "TASK_NOT_VALID", "detail": detail}


def execute_command(reader: Reader, caller: Caller, params: "aws.ExecuteCommandInput") -> "aws.ExecuteCommandOutput":
    """Handle ExecuteCommand: the agent for commands does not run on this machine; use `docker exec` instead."""
    cluster = clusters.require_cluster(reader, caller, params.get("cluster"))
    if _find(reader, cluster, params["task"]) is None:
        raise InvalidParameter("The referenced task was not found.")
    raise InvalidParameter(
        "The execute command failed because execute command was not enabled when the task was run or the execute "
        "command agent isn't running. Wait and try again or run a new task with execute command enabled and try again. "
        "(This engine has no such agent: run `docker exec` on the machine.)"
    )


def list_tasks(reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle ListTasks: tasks whose desired status is RUNNING, unless the caller requests STOPPED."""
    cluster = clusters.require_cluster(reader, caller, params.get("cluster"))
    if params.get("serviceName"):
        raise ServiceNotFound("Service not found.")
    filters = [("cluster", cluster), ("desired", params.get("desiredStatus") or "RUNNING")]
    for name, column in (("family", "family"), ("startedBy", "started_by"), ("launchType", "launch_type")):
        if params.get(name):
            filters.append((column, params[name]))
    read = partial(tasks.page, reader, filters)
    return lookup.PAGES.page("taskArns", params, 0, read, lambda item: item[1], lambda item: item[0])


def list_waiting_tasks(reader: Reader, caller: Caller, _params: Json) -> Json:
    """Handle ListWaitingTasks: the tasks that wait for room or for Docker. It is not available over the wire."""
    place = f":{caller.region}:{caller.account}:"
    waiting = waiting_tasks.all_waiting(reader) + outages.unstarted_tasks(reader)
    return {"TaskArns": [each for each in waiting if place in each]}


def list_latest_tasks(admission: Admission, reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle ListLatestTasks: the tasks of all clusters, newest first, and their number. Only the console calls it.

    `Before` and `After` are keys of other pages; `Status`, `Family`, `Cluster` (a name) and `Starter` filter.
    """
    cluster = lookup.cluster_arn(caller, params["Cluster"]) if "Cluster" in params else None
    chosen = TaskFilter(
        caller.account, caller.region, params.get("Status"), params.get("Family"), cluster, params.get("Starter")
    )
    if "After" in params:
        found = task_lists.newer(reader, chosen, params["After"], LATEST_TASKS_PAGE_SIZE)
    else:
        found = task_lists.older(reader, chosen, params.get("Before"), LATEST_TASKS_PAGE_SIZE)
    return {
        "Tasks": [_describe(admission, reader, task) for task in found.tasks],
        **({} if found.before is None else {"Before": found.before}),
        **({} if found.after is None else {"After": found.after}),
        "Counts": task_lists.counts(reader, caller.account, caller.region),
        "Counted": task_lists.MAX_COUNTED,
    }


def list_scheduled_tasks(admission: Admission, reader: Reader, caller: Caller, params: Json) -> Json:
    """Handle ListScheduledTasks: the tasks that no state machine started, newest first. It is not in AWS's API.

    Optional: `Since` (milliseconds), `Family` with its `Cluster`, `Limit`, and `Before`, the key of the next page that
    the answer states if there may be more. Who started a task is in its `startedBy` only if AWS states it there: a
    schedule with a universal target leaves no trace.
    """
    since, most = params.get("Since", 0), min(params.get("Limit", MAX_SCHEDULED_TASKS), MAX_SCHEDULED_TASKS)
    family = None
    if "Family" in params:
        family = clusters.require_cluster(reader, caller, params.get("Cluster")), params["Family"]
    found = tasks.outside_runs(
        reader,
        caller.account,
        caller.region,
        family=family,
        before=params.get("Before", 2**62),
        most=most + 1,
    )
    recent = list(islice(takewhile(lambda task: task.body["createdAt"] >= since, found), most + 1))
    answer: Json = {"Tasks": [_describe(admission, reader, task) for task in recent[:most]]}
    return answer | ({"Before": recent[most - 1].id} if len(recent) > most else {})


def _describe(admission: Admission, reader: Reader, task: Task, *, with_tags: bool = False) -> Json:
    """Return the task in the API's form; the containers of a task that waits state why."""
    shown = with_health(task_description.task_to_api(task, with_tags=with_tags))
    reason = admission.waiting_reason(reader, task)
    if reason is None and outages.is_unstarted(reader, task.arn):
        reason = "waits for Docker, which does not answer"
    if reason is None:
        return shown
    return shown | {"containers": [each | {"reason": f"The task {reason}."} for each in shown["containers"]]}


def _find(reader: Reader, cluster: str, reference: str) -> Task | None:
    found = tasks.get(reader, lookup.task_arn(cluster, reference))
    return found if found is not None and found.cluster == cluster else None
