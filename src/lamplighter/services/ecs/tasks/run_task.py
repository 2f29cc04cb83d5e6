"""Handle RunTask: accept tasks, which start after the commit or wait for room (`admission.py`).

For a day, the same request with the same clientToken starts no further tasks, as on
AWS: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html.
"""

import hashlib
from collections.abc import Collection
from typing import TYPE_CHECKING

from lamplighter.base.json_text import Json, dumps
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.services.ecs import clusters, lookup, tags
from lamplighter.services.ecs.errors import ClientError, Conflict
from lamplighter.services.ecs.tables import tasks
from lamplighter.services.ecs.tables.clusters import Cluster
from lamplighter.services.ecs.tables.task_definitions import TaskDefinition
from lamplighter.services.ecs.tables.tasks import Task
from lamplighter.services.ecs.task_definitions import validate
from lamplighter.services.ecs.tasks import host_ports, lifecycle, placement, task_description
from lamplighter.services.ecs.tasks.admission import Admission
from lamplighter.services.ecs.tasks.placement import LaunchType
from lamplighter.services.ecs.tasks.request_rate import RequestRate
from lamplighter.store.db import Tx

if TYPE_CHECKING:
    from aws_types import ecs as aws

TOKEN_MILLISECONDS = 24 * 60 * 60 * 1000
DEFAULT_STORAGE: Json = {"sizeInGiB": 20}


def run_task(
    admission: Admission,
    world: World,
    deny: Collection[str],
    rate: RequestRate | None,
    tx: Tx,
    caller: Caller,
    params: "aws.RunTaskInput",
) -> Json:
    """Handle RunTask; `deny` lists what tasks must not use. A task for which there is no room waits.

    `rate` limits the calls for Fargate; None: there is no limit.
    """
    cluster = clusters.resolve_cluster(tx, caller, params.get("cluster"))
    request = hashlib.sha256(dumps(sorted(params.items())).encode()).hexdigest()
    token = params.get("clientToken")
    if token and (known := _repeated_answer(tx, cluster.arn, token, request, tx.now)) is not None:
        return {"tasks": known, "failures": []}
    definition = lookup.find_definition(tx, caller, params["taskDefinition"])
    if definition is None:
        raise ClientError("TaskDefinition not found.")
    validate.check_allowed(definition.body, deny)
    launches = placement.choose_launch_types(params, cluster, definition, clusters.provider_types(tx, caller))
    if rate is not None and launches[0].is_fargate:
        rate.take_token(tx, caller)
    room, failures = host_ports.tasks_with_ports(tx, definition, len(launches)), []
    if room < len(launches):
        conflict = {"arn": placement.container_instance_arn(cluster.arn), "reason": "RESOURCE:PORTS"}
        failures = [conflict] * (len(launches) - room)
    accepted = [
        admission.accept(tx, _new_task(world, caller, params, cluster, definition, launch), definition)
        for launch in launches[:room]
    ]
    started = [task_description.task_to_api(each, with_tags=True) for each in accepted]
    if token:
        tasks.insert_token(tx, cluster.arn, token, request, [task["taskArn"] for task in started], tx.now)
    return {"tasks": started, "failures": failures}


def _repeated_answer(tx: Tx, cluster: str, token: str, request: str, now: int) -> Json:
    tasks.delete_tokens(tx, now - TOKEN_MILLISECONDS)
    known = tasks.by_token(tx, cluster, token)
    if known is None:
        return None
    if known[0] != request:
        raise Conflict(
            "The RunTask request could not be processed due to conflicts. "
            "The provided clientToken is already in use with a different RunTask request."
        )
    found = (tasks.get(tx, arn) for arn in known[1])
    return [task_description.task_to_api(task, with_tags=True) for task in found if task is not None]


def _new_task(
    world: World, caller: Caller, params: Json, cluster: Cluster, definition: TaskDefinition, launch: LaunchType
) -> Task:
    arn = f"{cluster.arn.replace(':cluster/', ':task/', 1)}/{world.uuid().replace('-', '')}"
    cpu, memory = placement.task_size(params, definition)
    needed_cpu, needed_memory = placement.container_needs(params, definition)
    containers, platform = definition.body["containerDefinitions"], definition.body.get("runtimePlatform", {})
    body = {
        "attachments": _attachments(world, params),
        "attributes": [{"name": "ecs.cpu-architecture", "value": platform.get("cpuArchitecture", "X86_64").lower()}],
        "availabilityZone": f"{caller.region}a",
        "clusterArn": cluster.arn,
        "containers": [_container(world, caller, arn, container) for container in containers],
        **({} if cpu is None else {"cpu": str(cpu)}),
        "createdAt": world.now(),
        "desiredStatus": "RUNNING",
        "enableExecuteCommand": params.get("enableExecuteCommand", False),
        "group": params.get("group") or f"family:{definition.family}",
        "inferenceAccelerators": definition.body.get("inferenceAccelerators", []),
        "launchType": launch.type,
        **({} if memory is None else {"memory": str(memory)}),
        "overrides": _overrides(params, containers),
        **_machine_fields(params, cluster, definition, launch),
        **({"startedBy": params["startedBy"]} if params.get("startedBy") else {}),
        "taskArn": arn,
        "taskDefinitionArn": definition.arn,
        "version": 1,
    }
    return Task(
        arn=arn,
        cluster=cluster.arn,
        family=definition.family,
        launch_type=launch.type,
        started_by=params.get("startedBy"),
        cpu=max(cpu or 0, needed_cpu),
        memory=max(memory or 0, needed_memory),
        body=body | {"lastStatus": lifecycle.first_status(body)},
        tags=_tags(params, cluster, definition),
    )


def _attachments(world: World, params: Json) -> Json:
    network = (params.get("networkConfiguration") or {}).get("awsvpcConfiguration")
    return [task_description.new_attachment(world.uuid(), network["subnets"][0])] if network else []


def _container(world: World, caller: Caller, task: str, container: Json) -> Json:
    place = task.partition(":task/")[2]
    return {
        "containerArn": lookup.resource_arn(caller, f"container/{place}/{world.uuid()}"),
        "taskArn": task,
        "name": container["name"],
        **({"image": container["image"]} if container.get("image") else {}),
        "lastStatus": "PENDING",
        "networkBindings": [],
        "networkInterfaces": [],
        "gpuIds": [],
        "managedAgents": [],
        "cpu": str(container.get("cpu") or 0),
        **{key: str(container[key]) for key in ("memory", "memoryReservation") if container.get(key)},
    }


def _overrides(params: Json, containers: Json) -> Json:
    given = params.get("overrides") or {}
    overrides_by_name = {override["name"]: override for override in given.get("containerOverrides") or ()}
    override_defaults: Json = {"command": [], "environment": [], "environmentFiles": [], "resourceRequirements": []}
    return {
        **given,
        "containerOverrides": [
            {"name": container["name"]} | override_defaults | overrides_by_name.get(container["name"], {})
            for container in containers
        ],
        "inferenceAcceleratorOverrides": given.get("inferenceAcceleratorOverrides", []),
    }


def _machine_fields(params: Json, cluster: Cluster, definition: TaskDefinition, launch: LaunchType) -> Json:
    provider = {} if launch.provider is None else {"capacityProviderName": launch.provider}
    storage = (params.get("overrides") or {}).get("ephemeralStorage") or definition.body.get("ephemeralStorage")
    if not launch.is_fargate:
        return {"containerInstanceArn": placement.container_instance_arn(cluster.arn), **provider}
    version = params.get("platformVersion") or "LATEST"
    return {
        "ephemeralStorage": storage or DEFAULT_STORAGE,
        "platformFamily": "Linux",
        "platformVersion": placement.LATEST_PLATFORM_VERSION if version == "LATEST" else version,
        **provider,
    }


def _tags(params: Json, cluster: Cluster, definition: TaskDefinition) -> Json:
    inherited = definition.tags if params.get("propagateTags") == "TASK_DEFINITION" else []
    managed = [{"key": "aws:ecs:clusterName", "value": cluster.name}] if params.get("enableECSManagedTags") else []
    return managed + tags.merge_tags(inherited, tags.check_tags(params.get("tags")))
