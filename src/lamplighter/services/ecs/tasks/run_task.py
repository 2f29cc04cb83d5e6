"""Handle RunTask: accept tasks, and order their run after the commit.

The order is a row of the outbox. For a day, the same request with the same clientToken starts no further tasks, as on
AWS: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html.
"""

import hashlib
from collections.abc import Collection
from dataclasses import replace

from lamplighter.base.json_text import Json, dumps
from lamplighter.base.world import World
from lamplighter.bus import Bus, Caller
from lamplighter.services.ecs import arns, clusters, tags
from lamplighter.services.ecs.errors import ClientError, Conflict
from lamplighter.services.ecs.logs import awslogs
from lamplighter.services.ecs.logs.awslogs import log_destination
from lamplighter.services.ecs.tables import tasks
from lamplighter.services.ecs.tables.clusters import Cluster
from lamplighter.services.ecs.tables.task_definitions import TaskDefinition
from lamplighter.services.ecs.tables.tasks import Task
from lamplighter.services.ecs.task_definitions import validate
from lamplighter.services.ecs.tasks import lifecycle, placement, task_description
from lamplighter.services.ecs.tasks.container_plan import container_name
from lamplighter.services.ecs.tasks.placement import Capacity, LaunchType
from lamplighter.store import outbox
from lamplighter.store.db import Tx

TOKEN_MILLISECONDS = 24 * 60 * 60 * 1000
CONTAINERS_WITH_STREAM = "containersWithStream"
"""The key of an order to run a task with the names of the containers whose log stream exists."""
DEFAULT_STORAGE: Json = {"sizeInGiB": 20}


def run_task(
    bus: Bus, world: World, capacity: Capacity | None, deny: Collection[str], tx: Tx, caller: Caller, params: Json
) -> Json:
    """Handle RunTask; `capacity` limits all tasks together (None: no limit), `deny` lists what they must not use."""
    cluster = clusters.resolve_cluster(tx, caller, params.get("cluster"))
    request = hashlib.sha256(dumps(sorted(params.items())).encode()).hexdigest()
    token = params.get("clientToken")
    if token and (known := _repeated_answer(tx, cluster.arn, token, request, world.now())) is not None:
        return {"tasks": known, "failures": []}
    definition = arns.find_definition(tx, caller, params["taskDefinition"])
    if definition is None:
        raise ClientError("TaskDefinition not found.")
    validate.check_allowed(definition.body, deny)
    launch = placement.choose_launch_type(params, cluster, definition)
    started, failures = [], []
    for _ in range(params.get("count", 1)):
        task = _new_task(world, caller, params, cluster, definition, launch)
        failure = placement.capacity_failure(tx, capacity, launch, cluster.arn, (task.cpu, task.memory))
        if failure is None:
            started.append(_store_and_order(bus, tx, task, definition, world.now()))
        else:
            failures.append(failure)
    if token and started:
        tasks.insert_token(tx, cluster.arn, token, request, [task["taskArn"] for task in started], world.now())
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


def _store_and_order(bus: Bus, tx: Tx, task: Task, definition: TaskDefinition, now: int) -> Json:
    """Store a task and queue its start; return it with the status PROVISIONING, as RunTask shows it."""
    with_stream = _create_log_streams(bus, tx, task, definition)
    order = outbox.put(tx, "ecs", task.arn, {"do": "run", CONTAINERS_WITH_STREAM: with_stream})
    steps = [replace(task, run_order=order)]
    if task.status == "PROVISIONING":
        steps.append(lifecycle.next_status(steps[0], "PENDING", now))
    tasks.insert(tx, steps[-1])
    for each in steps:
        task_description.publish(bus, tx, each, now)
    return task_description.task_to_api(task, with_tags=True)


def _create_log_streams(bus: Bus, tx: Tx, task: Task, definition: TaskDefinition) -> list[str]:
    """Create the log streams of the containers that start first, so that no start waits for another commit.

    Return the names of the containers whose stream exists. The supervisor creates the other streams, and all of them as
    long as the service of the logs is not loaded; if it cannot, the container must not start.
    """
    if not bus.can_invoke(awslogs.SERVICE, "CreateLogStream"):
        return []
    destinations = {
        each["name"]: log_destination(task, each, container_name(task.name, each["name"]))
        for each in definition.body["containerDefinitions"]
        if not each.get("dependsOn")
    }
    return [
        name
        for name, destination in destinations.items()
        if destination is not None and awslogs.create_stream(bus, tx, destination) is None
    ]


def _new_task(
    world: World, caller: Caller, params: Json, cluster: Cluster, definition: TaskDefinition, launch: LaunchType
) -> Task:
    arn = f"{cluster.arn.replace(':cluster/', ':task/', 1)}/{world.uuid().replace('-', '')}"
    cpu, memory = placement.task_size(params, definition)
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
        cpu=cpu or sum(container.get("cpu") or 0 for container in containers),
        memory=memory or sum(each.get("memoryReservation") or each.get("memory") or 0 for each in containers),
        body=body | {"lastStatus": lifecycle.first_status(body)},
        tags=_tags(params, cluster, definition),
    )


def _attachments(world: World, params: Json) -> Json:
    network = (params.get("networkConfiguration") or {}).get("awsvpcConfiguration")
    return [task_description.new_attachment(world.uuid(), network["subnets"][0])] if network else []


def _container(world: World, caller: Caller, task: str, container: Json) -> Json:
    place = task.partition(":task/")[2]
    return {
        "containerArn": arns.resource_arn(caller, f"container/{place}/{world.uuid()}"),
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
