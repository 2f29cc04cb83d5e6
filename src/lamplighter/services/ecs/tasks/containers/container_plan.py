"""Plan the containers that run a task, from the task and its definition.

Guarantees that overrides have priority, and that the task's limits hold for containers without their own. Some members
of a definition have a different effect on one machine:

- Images are pulled with this machine's logins instead of `repositoryCredentials`.
- `container_network.py` says what the network modes mean here. The label `lamplighter.network` of a container names
  another network of Docker, and `lamplighter.stop-signal` the signal that asks it to stop
  (`base/aws/task_definition_metadata.py`).
- Log drivers other than awslogs are Docker's; the engine has a copy of the output. `awsfirelens` does not start.

If the engine requires credentials, some containers receive them, as containers with a task role do on AWS. The
container must call the engine (`AWS_ENDPOINT_URL…` in its environment), and its task must have a role. Rejects a secret
if the engine has no value for the place that its `valueFrom` names.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypedDict

from lamplighter.base.aws import secret_references
from lamplighter.base.aws.task_definition_metadata import MEMORY_LABEL, STOP_SIGNAL_LABEL, UNLIMITED
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.runtime.port import ContainerSpec, HealthCheck, LogDriver, Port, Ulimit
from lamplighter.services.ecs.logs.awslogs import LogDestination, log_destination
from lamplighter.services.ecs.tables.tasks import Task
from lamplighter.services.ecs.task_definitions.task_rules import has_health_check, linked_names
from lamplighter.services.ecs.task_definitions.validate import ALL_GPUS, GPU_COUNT, MAX_STOP_SECONDS
from lamplighter.services.ecs.tasks.containers.container_network import network_settings, own_ports
from lamplighter.services.ecs.tasks.containers.container_restarts import RestartPolicy, restart_policy
from lamplighter.services.ecs.tasks.containers.container_storage import container_mounts, linux_settings
from lamplighter.services.ecs.tasks.containers.engine_secrets import TaskSecrets
from lamplighter.services.ecs.tasks.containers.environment_files import NO_FILES, FileVariables
from lamplighter.services.ecs.tasks.execution_role import REGISTRY_ERROR
from lamplighter.services.ecs.tasks.impossible_settings import impossible_setting

DOCKER_LOG_DRIVERS = ("fluentd", "gelf", "journald", "logentries", "splunk", "syslog")
"""The log drivers that Docker carries out; the other ones of ECS only write files, as this engine does anyway."""
STOP_SECONDS = 30
_MAX_NAME_LENGTH = 200
_LOGIN_HINT = " (repositoryCredentials are not used on this machine: run `docker login` here)"


@dataclass(frozen=True, slots=True)
class PlannedContainer:
    """The plan of one container of a task."""

    name: str
    """The container's name in the definition."""
    container: ContainerSpec
    essential: bool
    depends_on: tuple[tuple[str, str], ...]
    """Pairs of container and condition: START, COMPLETE, SUCCESS or HEALTHY."""
    failure: str | None = None
    """The reason why the container must not start, in ECS's words; None if it may."""
    log: LogDestination | None = None
    """The log stream that receives its output, in addition to the file."""
    pull_hint: str = ""
    """A hint for the error message if the image cannot be pulled."""
    start_timeout: int | None = None
    """The seconds after its start within which other containers' conditions on this one must be met."""
    restart_policy: RestartPolicy | None = None
    own_ports: tuple[Port, ...] = ()
    """The ports of this machine that its program opens itself."""

    @property
    def stop_seconds(self) -> int:
        """Seconds between SIGTERM and SIGKILL."""
        seconds = self.container.stop_timeout
        return STOP_SECONDS if seconds is None else seconds

    def with_variables(self, variables: Mapping[str, str]) -> "PlannedContainer":
        """Return the plan with more environment variables; the container's own have priority."""
        own = self.container.environment
        return replace(self, container=replace(self.container, environment={**variables, **own})) if variables else self


def container_name(task: str, container: str) -> str:
    """Return a container's name in the runtime: the task's id and the container's name, shortened if it is too long."""
    name = f"{task}-{container}"
    if len(name) <= _MAX_NAME_LENGTH:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    return f"{name[: _MAX_NAME_LENGTH - 17]}-{digest}"


def plan_containers(
    task: Task,
    definition: Json,
    secrets: TaskSecrets,
    credential_variables: Mapping[str, str],
    files: Mapping[str, FileVariables],
    agent: Caller,
    denied_image: Callable[[str], str | None] = lambda _image: None,
) -> tuple[PlannedContainer, ...]:
    """Return the containers of a task in their definition's order.

    `credential_variables` are environment variables with credentials for this engine, if it requires any. `files` are
    the environment files in S3 by container. Logs are sent for `agent`, and `denied_image` returns why it may not pull
    an image.
    """
    if not (task.body["overrides"].get("taskRoleArn") or definition.get("taskRoleArn")):
        credential_variables = {}
    overrides_by_name = {override["name"]: override for override in task.body["overrides"]["containerOverrides"]}
    return tuple(
        PlannedContainer(
            name=container["name"],
            container=_container(task, definition, container, override, environment),
            essential=container["essential"],
            depends_on=_dependencies(container),
            failure=_missing_secret(container, secrets)
            or of_files.failure
            or _invalid_gpus(container, override)
            or impossible_setting(definition, container, override)
            or denied_image(container.get("image") or ""),
            log=log_destination(task, agent, container, container_name(task.name, container["name"])),
            pull_hint=_LOGIN_HINT if container.get("repositoryCredentials") else "",
            start_timeout=container.get("startTimeout") or None,
            restart_policy=restart_policy(container),
            own_ports=own_ports(definition, container),
        )
        for container in definition["containerDefinitions"]
        for override in [overrides_by_name.get(container["name"], {})]
        for of_files in [files.get(container["name"], NO_FILES)]
        for environment in [
            _environment(task, container, override, secrets.find, credential_variables, of_files.variables)
        ]
    )


def _container(
    task: Task, definition: Json, given: Json, override: Json, environment: Mapping[str, str]
) -> ContainerSpec:
    hard = override.get("memory") or given.get("memory")
    soft = override.get("memoryReservation") or given.get("memoryReservation")
    is_unlimited = (given.get("dockerLabels") or {}).get(MEMORY_LABEL) == UNLIMITED
    task_memory = None if is_unlimited else int(task.body.get("memory", 0)) or None
    stop = given.get("stopTimeout")
    return ContainerSpec(
        name=container_name(task.name, given["name"]),
        image=given.get("image") or None,
        entry_point=tuple(given["entryPoint"]) if given.get("entryPoint") else None,
        command=tuple(override.get("command") or given.get("command") or ()) or None,
        environment=environment,
        labels={
            **(given.get("dockerLabels") or {}),
            "lamplighter.task": task.arn,
            "lamplighter.container": given["name"],
        },
        working_directory=given.get("workingDirectory") or None,
        user=given.get("user") or None,
        cpu=override.get("cpu") or given.get("cpu") or int(task.body.get("cpu", 0)),
        memory=hard or task_memory,
        memory_reservation=soft,
        **network_settings(definition, given),
        links=_links(task, given),
        **_isolation(definition, given),
        log_driver=_log_driver(given),
        health_check=_health_check(given),
        stop_signal=(given.get("dockerLabels") or {}).get(STOP_SIGNAL_LABEL) or None,
        gpus=_gpus(given, override),
        mounts=container_mounts(task, definition, given),
        **linux_settings(given.get("linuxParameters") or {}),
        ulimits=tuple(
            Ulimit(each["name"], each["softLimit"], each["hardLimit"]) for each in given.get("ulimits") or ()
        ),
        extra_hosts={each["hostname"]: each["ipAddress"] for each in given.get("extraHosts") or ()},
        stop_timeout=None if stop is None else min(stop, MAX_STOP_SECONDS),
    )


class _Isolation(TypedDict):
    """The fields of a `ContainerSpec` that say what a container shares, and how it is confined."""

    pid_mode: str | None
    ipc_mode: str | None
    kernel_settings: dict[str, str]
    security_options: tuple[str, ...]
    interactive: bool
    terminal: bool
    read_only_root: bool
    privileged: bool


def _isolation(definition: Json, given: Json) -> _Isolation:
    return _Isolation(
        pid_mode=definition.get("pidMode") or None,
        ipc_mode=definition.get("ipcMode") or None,
        kernel_settings={each["namespace"]: each["value"] for each in given.get("systemControls") or ()},
        security_options=tuple(given.get("dockerSecurityOptions") or ()),
        interactive=bool(given.get("interactive")),
        terminal=bool(given.get("pseudoTerminal")),
        read_only_root=bool(given.get("readonlyRootFilesystem")),
        privileged=bool(given.get("privileged")),
    )


def _dependencies(given: Json) -> tuple[tuple[str, str], ...]:
    """Return what a container waits for: as with ECS's agent, also for the start of those to which it is linked."""
    stated = [(each["containerName"], each["condition"]) for each in given.get("dependsOn") or ()]
    named = {name for name, _ in stated}
    return (*stated, *((name, "START") for name in linked_names(given) if name not in named))


def _links(task: Task, given: Json) -> dict[str, str]:
    """Return the containers that this one finds under other names: `name` or `name:alias` in the definition."""
    pairs = [link.partition(":") for link in given.get("links") or ()]
    return {alias or name: container_name(task.name, name) for name, _, alias in pairs}


def _health_check(container: Json) -> HealthCheck | None:
    if not has_health_check(container):
        return None
    given = container["healthCheck"]
    return HealthCheck(
        command=tuple(given["command"]),
        interval=given.get("interval") or 30,
        timeout=given.get("timeout") or 5,
        retries=given.get("retries") or 3,
        start_period=given.get("startPeriod") or 0,
    )


def _log_driver(given: Json) -> LogDriver | None:
    configuration = given.get("logConfiguration") or {}
    if configuration.get("logDriver") not in DOCKER_LOG_DRIVERS:
        return None
    return LogDriver(configuration["logDriver"], configuration.get("options") or {})


def _gpus(given: Json, override: Json) -> int:
    """Return the number of GPUs that a container requires; -1 means all."""
    values = _gpu_values(given, override)
    return -1 if ALL_GPUS in values else sum(int(value) for value in values if GPU_COUNT.fullmatch(value))


def _invalid_gpus(given: Json, override: Json) -> str | None:
    invalid = [value for value in _gpu_values(given, override) if not GPU_COUNT.fullmatch(value)]
    return f"CannotCreateContainerError: {invalid[0]} is not a number of GPUs" if invalid else None


def _gpu_values(given: Json, override: Json) -> list[str]:
    requirements = override.get("resourceRequirements") or given.get("resourceRequirements") or ()
    return [each["value"] for each in requirements if each["type"] == "GPU"]


def _environment(
    task: Task,
    given: Json,
    override: Json,
    secrets: secret_references.SecretLookup,
    credentials: Mapping[str, str],
    of_files: Mapping[str, str],
) -> dict[str, str]:
    """Return a container's environment variables; secrets come from the places that `valueFrom` names."""
    pairs = [*(given.get("environment") or ()), *(override.get("environment") or ())]
    wanted = {each["name"]: secrets(each["name"], each["valueFrom"]) for each in given.get("secrets") or ()}
    variables = {
        **of_files,
        **{name: value for name, value in wanted.items() if value is not None},
        **{pair["name"]: pair.get("value", "") for pair in pairs if pair.get("name")},
    }
    calls_engine = any(name.startswith("AWS_ENDPOINT_URL") for name in variables)
    return {
        "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE" if task.launch_type == "FARGATE" else "AWS_ECS_EC2",
        "LAMPLIGHTER_TASK_ARN": task.arn,
        **(credentials if calls_engine and "AWS_ACCESS_KEY_ID" not in variables else {}),
        **variables,
    }


def _secret_error(source: str, why: str) -> str:
    if ":secretsmanager:" in source:
        return (
            f"{REGISTRY_ERROR}unable to retrieve secret from asm: service call has been retried 1 time(s): "
            f"failed to fetch secret {source} from secrets manager: {why}"
        )
    return f"{REGISTRY_ERROR}unable to retrieve secrets from ssm: service call has been retried 1 time(s): {why}"


def _missing_secret(given: Json, secrets: TaskSecrets) -> str | None:
    wanted = ((each["name"], each["valueFrom"]) for each in given.get("secrets") or ())
    source = next((source for name, source in wanted if secrets.find(name, source) is None), None)
    if source is None:
        return None
    if source in secrets.denied:
        return _secret_error(source, secrets.denied[source])
    wanted_line = secret_references.parse_reference(source).text
    hint = f" (on this machine: store it in the engine, or write a line {wanted_line}=… into .env)"
    why = f"invalid ssm parameters: {source.partition(':parameter/')[2] or source}"
    if ":secretsmanager:" in source:
        why = "ResourceNotFoundException: Secrets Manager can't find the specified secret."
    return _secret_error(source, why + hint)
