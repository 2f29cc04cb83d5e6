"""Describe a task as AWS does, in DescribeTasks and in the event *ECS Task State Change*.

Guarantees the members that were recorded from AWS, with their peculiarities: an event calls the attachment `eni` and
does not name the platform's family; the description of a stopped task is the same in this. Stored times are
milliseconds; they become seconds in the API and ISO text in events. The network interface is invented: its address
cannot be reached.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html.
"""

from lamplighter.base.json_text import Json
from lamplighter.base.world import format_iso_time
from lamplighter.bus import Bus, Event, caller_of
from lamplighter.services.ecs.tables.tasks import Task
from lamplighter.store.db import Tx

SOURCE = "aws.ecs"
DETAIL_TYPE = "ECS Task State Change"
TIME_FIELDS = (
    "connectivityAt", "createdAt", "executionStoppedAt", "pullStartedAt", "pullStoppedAt", "startedAt", "stoppedAt",
    "stoppingAt",
)  # fmt: skip


def task_to_api(task: Task, *, with_tags: bool = False) -> Json:
    """Return the task in the API's form."""
    times = {name: task.body[name] / 1000 for name in TIME_FIELDS if name in task.body}
    body = _as_event(task.body) if task.status == "STOPPED" else task.body
    return body | times | {"tags": task.tags if with_tags else []}


def event_detail(task: Task, now: int) -> Json:
    """Return the task in the form of an event."""
    times = {name: format_iso_time(task.body[name]) for name in TIME_FIELDS if name in task.body}
    return _as_event(task.body) | times | {"updatedAt": format_iso_time(now)}


def publish(bus: Bus, tx: Tx, task: Task, now: int) -> None:
    """Publish the event that a task has changed."""
    bus.publish(
        tx,
        SOURCE,
        lambda: Event(caller_of(task.arn), SOURCE, DETAIL_TYPE, now, (task.arn,), event_detail(task, now)),
    )


# --- changes of the network interface and of the agent's connection ---------------------------------------------------


def new_attachment(name: str, subnet: str) -> Json:
    """Return a network interface that is not attached yet."""
    return {
        "id": name,
        "type": "ElasticNetworkInterface",
        "status": "PRECREATED",
        "details": [{"name": "subnetId", "value": subnet}],
    }


def with_attachment(body: Json, now: int) -> Json:
    """Return the changes of the body when the network interface is attached and the agent is connected."""
    if not body["attachments"]:
        return {}
    interface = _interface(body)
    details = body["attachments"][0]["details"] + [{"name": key, "value": value} for key, value in interface.items()]
    address = {
        "attachmentId": body["attachments"][0]["id"],
        "privateIpv4Address": interface["privateIPv4Address"],
    }
    return {
        "attachments": [body["attachments"][0] | {"status": "ATTACHED", "details": details}],
        "containers": [container | {"networkInterfaces": [address]} for container in body["containers"]],
        **with_connectivity(body, now),
    }


def with_connectivity(body: Json, now: int) -> Json:
    """Return the changes of the body when the agent is connected; none if it is already."""
    return {} if "connectivity" in body else {"connectivity": "CONNECTED", "connectivityAt": now}


def with_stop(body: Json, now: int) -> Json:
    """Return the changes of the body when the task stops and its network interface is deleted."""
    gone = [each | {"status": "DELETED"} for each in body["attachments"]]
    return {"attachments": gone, "stoppedAt": now}


def _interface(body: Json) -> dict[str, str]:
    seed = body["taskArn"].rpartition("/")[2]
    address = f"10.0.{int(seed[:2], 16)}.{4 + int(seed[2:4], 16) % 250}"
    region = caller_of(body["taskArn"]).region
    return {
        "networkInterfaceId": f"eni-0{seed[:16]}",
        "macAddress": "0a:" + ":".join(seed[start : start + 2] for start in range(0, 10, 2)),
        "privateDnsName": f"ip-{address.replace('.', '-')}.{region}.compute.internal",
        "privateIPv4Address": address,
    }


def _as_event(body: Json) -> Json:
    kept = {key: value for key, value in body.items() if key != "platformFamily"}
    return kept | {"attachments": [each | {"type": "eni"} for each in body["attachments"]]}
