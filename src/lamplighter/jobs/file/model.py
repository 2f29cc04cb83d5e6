"""Define the values of `lamplighter.yaml`: what runs and when, retries, timeouts and alerts.

Guarantees that every value is complete and has the right type. Rejects unknown keys. Problems that depend on a position
in the file, or on several values, are found when the file is read (`load.py`) or checked (`jobs/lint/lint.py`).
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from lamplighter.base.engine_rules import DEFAULT_QUEUE_LENGTH, MAX_PRIORITY, MAX_QUEUE_LENGTH
from lamplighter.base.json_text import Json
from lamplighter.jobs.file.aws_settings import AwsSettings
from lamplighter.jobs.file.box import Box
from lamplighter.jobs.file.channels import DEFAULT_PATTERNS, Channel, Notify, as_list
from lamplighter.jobs.file.keep import Keep
from lamplighter.jobs.file.machine_access import ExtraHosts, Gpus
from lamplighter.jobs.file.parsing.invalid_value import IncompleteValue, InvalidValue
from lamplighter.jobs.file.parsing.outer_shape import DeployTarget
from lamplighter.jobs.file.retry import Retry
from lamplighter.jobs.file.schedules import MissedRuns, Schedule, Window, Zone
from lamplighter.jobs.file.secrets import HeartbeatAddress, Secret
from lamplighter.jobs.file.strict_model import StrictModel
from lamplighter.jobs.file.text_formats import (
    Action,
    Cluster,
    Directory,
    DockerNetwork,
    FileName,
    Image,
    Name,
    Resource,
    RoleArn,
    TagKey,
    TagValue,
    VariableName,
)
from lamplighter.jobs.file.values import Boolean, Command, Cpu, Duration, Memory, Text, WholeNumber
from lamplighter.jobs.file.volumes import Volume, Volumes, check_paths
from lamplighter.lang.schedule.longest_interval import longest_interval
from lamplighter.runs.jobs.job_machine import LAMPLIGHTER_KEY, MAIN_CONTAINER

ResourceIds = Annotated[tuple[str, ...], BeforeValidator(as_list)]
Schedules = Annotated[tuple[Schedule, ...], BeforeValidator(as_list)]


class Network(StrictModel):
    """The subnets and security groups of the tasks."""

    subnets: ResourceIds = Field(min_length=1, max_length=16, description="The subnets of the tasks.")
    security_groups: ResourceIds = Field(
        default=(), max_length=5, description="Security groups of the tasks; by default, that of the VPC."
    )
    public_ip: Boolean = Field(
        default=True,
        description="Whether tasks get a public address. If not, the subnets need a NAT gateway or VPC endpoints.",
    )


class Roles(StrictModel):
    """The user's own roles, in place of the generated ones."""

    execution: RoleArn | None = Field(
        default=None, description="The role that pulls the image, reads the secrets and writes the log."
    )
    task: RoleArn | None = Field(default=None, description="The role of the job's own code.")
    machine: RoleArn | None = Field(
        default=None, description="The role that starts and stops the task and sends alerts."
    )
    schedule: RoleArn | None = Field(default=None, description="The role that starts the run.")


class Permission(StrictModel):
    """Actions and resources that the job's task role allows."""

    actions: Annotated[tuple[Action, ...], BeforeValidator(as_list)] = Field(
        min_length=1, description="IAM actions, such as s3:GetObject."
    )
    resources: Annotated[tuple[Resource, ...], BeforeValidator(as_list)] = Field(
        min_length=1, description="The ARNs of the resources, or *."
    )


SPOT_OR_FARGATE = "fargate-spot-or-fargate"
FileNames = Annotated[tuple[FileName, ...], BeforeValidator(as_list)]


def is_folder(image: str | None) -> bool:
    """Return whether an image is a folder from which an image is built."""
    return image is not None and image.startswith((".", "/"))


def _check_disjoint(environment: Mapping[str, str], secrets: Mapping[str, str]) -> None:
    """ECS rejects an environment variable that is also a secret."""
    both = sorted(environment.keys() & secrets.keys())
    if both:
        raise IncompleteValue(f"{both[0]} is set under both environment and secrets", "keep one of the two")


# What a job and its sidecars say of their containers in the same way.
COMMAND = Field(default=None, description="Replaces the image's CMD. A job without an image needs it.")
ENTRYPOINT = Field(default=None, description="Replaces the image's ENTRYPOINT; the words of `command` follow it.")
ENVIRONMENT: dict[VariableName, Text] = Field(
    default_factory=dict, description="Environment variables. Everyone who can read the template can read them."
)
SECRETS: dict[VariableName, Secret] = Field(
    default_factory=dict,
    description="Environment variables with secrets: ssm:/path, secretsmanager:name, secretsmanager:name:key, or "
    "an ARN. On the box, each value is a line of `.env`.",
)
ENV_FILE = Field(default=(), description="Files with lines NAME=value; `environment` wins over them.")
VOLUMES = Field(
    default=(), description="Folders in the container: ./data:/data, /srv/in:/in:ro, name:/cache, or a mapping."
)


class Sidecar(StrictModel):
    """A container that runs beside the job's own container."""

    image: Image = Field(description="An image, or a folder with a Dockerfile (./proxy).")
    command: Command | None = COMMAND
    entrypoint: Command | None = ENTRYPOINT
    environment: dict[VariableName, Text] = ENVIRONMENT
    secrets: dict[VariableName, Secret] = SECRETS
    env_file: FileNames = ENV_FILE
    volumes: Volumes = VOLUMES
    essential: Boolean = Field(default=False, description="Whether the job ends when this container ends.")
    ready: Command | None = Field(
        default=None,
        description="A command that succeeds in this container when it is ready. The job's own container starts then; "
        "if that takes over two minutes, the attempt fails.",
    )
    cpu: Cpu | None = Field(default=None, description="This container's part of the job's `cpu`.")
    memory: Memory | None = Field(default=None, description="The most memory of this container, a part of the job's.")

    @model_validator(mode="after")
    def _check_variables(self) -> "Sidecar":
        _check_disjoint(self.environment, self.secrets)
        check_paths(self.volumes)
        return self

    @property
    def builds_image(self) -> bool:
        """Whether the image is a folder from which an image is built."""
        return is_folder(self.image)


def _check_sidecar_names(sidecars: dict[str, Sidecar]) -> dict[str, Sidecar]:
    if MAIN_CONTAINER in sidecars:
        raise InvalidValue(f"`{MAIN_CONTAINER}` is the job's own container", "give the sidecar another name")
    return sidecars


class Job(StrictModel):
    """A job: what runs, when, with which retries, timeouts and alerts."""

    description: str | None = Field(default=None, description="What the job does, for people who read the file.")
    image: Image | None = Field(
        default=None,
        description="An image, or a folder with a Dockerfile (./report). Without it, the job is a process on this box.",
    )
    command: Command | None = COMMAND
    entrypoint: Command | None = ENTRYPOINT
    working_directory: Directory | None = Field(
        default=None,
        description="An absolute path; by default the image's, or without an image the folder of the job file.",
    )
    user: Text | None = Field(default=None, description="A name or number, optionally with a group: user:group.")
    stop_timeout: Duration | None = Field(
        default=None, le=120, description="The time between SIGTERM and SIGKILL; 30s by default."
    )
    cpu: Cpu = Field(
        default=256,
        description="CPU units (1024 are a core) or vCPU. An attempt starts when the box has so much free; "
        "Fargate offers certain sizes only.",
    )
    memory: Memory = Field(
        default=512,
        description="MiB or GB, reserved like `cpu`. A container that uses more is killed.",
    )
    storage: WholeNumber | None = Field(
        default=None, ge=21, le=200, description="GiB of disk if the 20 GiB of Fargate are not enough."
    )
    architecture: Literal["x86_64", "arm64"] = Field(
        default="x86_64",
        description="The processor of Fargate, and of the images that `deploy` builds. The box has its own.",
    )
    launch: Literal["fargate", "fargate-spot", "fargate-spot-or-fargate"] = Field(
        default="fargate",
        description="Spot costs less, and AWS may stop the task with two minutes' notice. `fargate-spot-or-fargate` "
        "goes on with Fargate after that, or if Spot has no capacity.",
    )
    environment: dict[VariableName, Text] = ENVIRONMENT
    secrets: dict[VariableName, Secret] = SECRETS
    env_file: FileNames = ENV_FILE
    volumes: Volumes = VOLUMES
    docker_network: DockerNetwork | None = Field(
        default=None, description="The network of Docker that the job joins on this machine; also host or none."
    )
    extra_hosts: ExtraHosts = Field(
        default_factory=dict, description="IP addresses by host name, on this machine; host-gateway is this machine."
    )
    gpus: Gpus | None = Field(default=None, description="The number of GPUs on this machine, or all.")
    input: dict[str, Json] = Field(
        default_factory=dict, description="The input of a run; the job reads it from LAMPLIGHTER_INPUT."
    )
    schedule: Schedules = Field(
        default=(),
        description="AWS's cron(…), rate(…) and at(…), or Unix cron: 0 3 * * 1-5, @daily.",
    )
    timezone: Zone = Field(default="UTC", description="The time zone of cron(…) and at(…), such as Asia/Seoul.")
    window: Window | None = Field(
        default=None, description="Whole minutes, up to 24h: the run starts at a random moment within them."
    )
    enabled: Boolean = Field(
        default=True, description="If false, the schedule exists and starts nothing; `run` still works."
    )
    retry: Retry = Field(default=Retry(), description="How often to try again, and after which failures.")
    timeout: Duration | None = Field(
        default=None, description="The longest time of one attempt; then its container is stopped."
    )
    deadline: Duration | None = Field(
        default=None, description="The longest time of a run, with all attempts and waits; then it is stopped."
    )
    late: Duration | None = Field(default=None, description="A run that takes longer causes an alert and continues.")
    overlap: Literal["allow", "skip", "queue", "cancel-previous"] = Field(
        default="allow", description="What a run does while an earlier run of the job has not ended."
    )
    queue_length: WholeNumber = Field(
        default=DEFAULT_QUEUE_LENGTH,
        ge=1,
        le=MAX_QUEUE_LENGTH,
        description="The most runs that wait with `overlap: queue`; a further run fails.",
    )
    priority: WholeNumber = Field(
        default=0,
        ge=0,
        le=MAX_PRIORITY,
        description="Of two attempts that wait for room, the one with the higher number starts first.",
    )
    missed: MissedRuns = Field(
        default=MissedRuns(),
        description="What happens to times at which no engine ran, or AWS could not start the run.",
    )
    notify: Notify = Field(
        default=Notify(),
        description="The channels of each alert. A channel or a list alone stands for run-failed, did-not-start and "
        "late.",
    )
    heartbeat: HeartbeatAddress | None = Field(
        default=None,
        description="The URL of a check of Healthchecks, or its secret: runs report their start and end.",
    )
    workflow: str | None = Field(
        default=None,
        description="A file with several steps in Amazon States Language, in place of a container.",
    )
    sidecars: Annotated[dict[Name, Sidecar], AfterValidator(_check_sidecar_names)] = Field(
        default_factory=dict, description="Containers that run beside the job's own until that ends, by name."
    )
    tags: dict[TagKey, TagValue] = Field(
        default_factory=dict,
        max_length=48,
        description="Tags of the job's resources, beside lamplighter's own; they win over those of `aws`.",
    )
    network: Network | None = Field(
        default=None, description="The network of the tasks. By default, the stack has a VPC with two public subnets."
    )
    cluster: Cluster | None = Field(
        default=None, description="The name or ARN of an existing cluster. By default, the stack has one."
    )
    roles: Roles = Field(default=Roles(), description="Existing roles in place of those that the stack creates.")
    permissions: Annotated[tuple[Permission, ...], BeforeValidator(as_list)] = Field(
        default=(), description="What the job's own code may do on AWS."
    )
    log_retention: WholeNumber = Field(
        default=30, description="Days for which the log is kept: 1, 3, 5, 7, 14, 30, 60, 90 or another number of AWS's."
    )

    @model_validator(mode="before")
    @classmethod
    def _retry_without_spot(cls, value: Json) -> Json:
        """A job that falls back is retried after an interruption, unless the file has its own limits for that."""
        given = value.get("retry") or {} if isinstance(value, dict) else None
        if not isinstance(given, dict) or value.get("launch") != SPOT_OR_FARGATE:
            return value
        return {**value, "retry": {"spot": {"attempts": 3, "interval": "10s", "backoff": 4}, **given}}

    @field_validator("input")
    @classmethod
    def _check_input(cls, given: dict[str, Json]) -> dict[str, Json]:
        if LAMPLIGHTER_KEY in given:
            raise InvalidValue(
                f"`{LAMPLIGHTER_KEY}` is the key in which a run receives its scheduled time",
                "give the key another name",
            )
        return given

    @field_validator("notify", mode="before")
    @classmethod
    def _expand_notify(cls, value: Json) -> Json:
        return dict.fromkeys(DEFAULT_PATTERNS, value) if isinstance(value, (str, list)) else value

    @field_validator("missed", mode="before")
    @classmethod
    def _expand_missed(cls, value: Json) -> Json:
        return {"run": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check_variables(self) -> "Job":
        _check_disjoint(self.environment, self.secrets)
        check_paths(self.volumes)
        return self

    @field_validator("log_retention")
    @classmethod
    def _check_log_retention(cls, days: int) -> int:
        if days not in RETENTIONS:
            nearest = min((each for each in RETENTIONS if each >= days), default=RETENTIONS[-1])
            raise InvalidValue(f"CloudWatch Logs cannot keep a log for {days} days", f"write {nearest}")
        return days

    @property
    def builds_image(self) -> bool:
        """Whether the image is a folder from which an image is built."""
        return is_folder(self.image)

    @property
    def falls_back(self) -> bool:
        """Whether attempts use Fargate after Spot was interrupted or had no capacity."""
        return self.launch == SPOT_OR_FARGATE

    @cached_property
    def longest_interval(self) -> int | None:
        """The longest interval between two scheduled times in seconds, or None if there are not two in a year."""
        return longest_interval(self.schedule, self.timezone)

    @property
    def all_volumes(self) -> list[Volume]:
        """The volumes of the job and of its sidecars."""
        return [*self.volumes, *(each for sidecar in self.sidecars.values() for each in sidecar.volumes)]


RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""The days that CloudWatch Logs can keep a log:
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""


class Project(StrictModel):
    """The whole job file as one environment sees it."""

    project: Name
    environment: Name | None = None
    target: DeployTarget | None = None
    box: Box = Box()
    keep: Keep = Keep()
    aws: AwsSettings = AwsSettings()
    channels: dict[Name, Channel] = Field(default_factory=dict)
    jobs: dict[Name, Job] = Field(min_length=1)
    workflows: dict[str, Json] = Field(default_factory=dict)
    """The documents of the workflows, by the file names that `workflow` gives."""

    @property
    def prefix(self) -> str:
        """The beginning of every name on AWS."""
        return self.project if self.environment is None else f"{self.project}-{self.environment}"

    def name(self, job: str) -> str:
        """Return the name of a job's state machine, schedule and task family."""
        return f"{self.prefix}-{job}"
