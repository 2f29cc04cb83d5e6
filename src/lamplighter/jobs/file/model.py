"""`lamplighter.yaml`, as values: what runs, when, how often it is tried, how long it may take, who is told.

Promises that whatever is here is complete and of the right kind. Refuses unknown keys; faults that need the place of a
thing, or two things together, are found where they are read (`load.py`) or judged (`jobs/lint/lint.py`).
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.channels import DEFAULT_PATTERNS, Channel, Notify, as_list
from lamplighter.jobs.file.retry import Retry
from lamplighter.jobs.file.schedules import MissedRuns, Schedule, Window, Zone
from lamplighter.jobs.file.secrets import Secret
from lamplighter.jobs.file.strict_model import IncompleteError, StrictModel
from lamplighter.jobs.file.text_formats import (
    Action,
    Cluster,
    Directory,
    Image,
    Name,
    Reference,
    Resource,
    RoleArn,
    Tag,
    TagValue,
    Variable,
)
from lamplighter.jobs.file.values import Command, Cpu, Duration, Memory, Switch, Text, Whole
from lamplighter.runs.job_machine import LAMPLIGHTER_KEY, MAIN_CONTAINER

Ids = Annotated[tuple[str, ...], BeforeValidator(as_list)]
Schedules = Annotated[tuple[Schedule, ...], BeforeValidator(as_list)]


class Network(StrictModel):
    """Where the tasks are."""

    subnets: Ids = Field(min_length=1, max_length=16)
    security_groups: Ids = Field(default=(), max_length=5)
    public_ip: Switch = Field(default=True, description="False needs another way out: a NAT gateway or VPC endpoints.")


class Roles(StrictModel):
    """Roles of one's own, in place of those that are made."""

    execution: RoleArn | None = Field(default=None, description="Pulls the image, reads the secrets, writes the log.")
    task: RoleArn | None = Field(default=None, description="What the job itself may do.")
    machine: RoleArn | None = Field(default=None, description="Runs the task, stops it, sends alerts.")
    schedule: RoleArn | None = Field(default=None, description="Starts the run.")


class Permission(StrictModel):
    """What the job itself may do on AWS."""

    actions: Annotated[tuple[Action, ...], BeforeValidator(as_list)] = Field(min_length=1)
    resources: Annotated[tuple[Resource, ...], BeforeValidator(as_list)] = Field(min_length=1)


def _apart(environment: Mapping[str, str], secrets: Mapping[str, str]) -> None:
    """ECS refuses a variable that is a secret as well."""
    both = sorted(environment.keys() & secrets.keys())
    if both:
        raise IncompleteError(f"{both[0]} is said under environment and under secrets|keep one of the two")


class Sidecar(StrictModel):
    """A container beside the job's own."""

    image: Reference
    command: Command | None = None
    entrypoint: Command | None = None
    environment: dict[Variable, Text] = Field(default_factory=dict)
    secrets: dict[Variable, Secret] = Field(default_factory=dict)
    essential: Switch = Field(default=False, description="Whether its end is the end of the job.")
    cpu: Cpu | None = None
    memory: Memory | None = None

    @model_validator(mode="after")
    def _differ(self) -> "Sidecar":
        _apart(self.environment, self.secrets)
        return self


def _beside(sidecars: dict[str, Sidecar]) -> dict[str, Sidecar]:
    if MAIN_CONTAINER in sidecars:
        raise ValueError(f"`{MAIN_CONTAINER}` is the job's own container|give the sidecar another name")
    return sidecars


class Job(StrictModel):
    """One job."""

    description: str | None = None
    image: Image | None = Field(
        default=None, description="An image, or a folder with a Dockerfile (./report); none: a process of this box."
    )
    command: Command | None = None
    entrypoint: Command | None = None
    working_directory: Directory | None = None
    user: Text | None = Field(default=None, description="A name or a number, and after a colon that of the group.")
    stop_timeout: Duration | None = Field(default=None, le=120, description="From SIGTERM to SIGKILL; 30s if not said.")
    cpu: Cpu = 256
    memory: Memory = 512
    storage: Whole | None = Field(default=None, ge=21, le=200, description="GiB of disk, where 20 do not do.")
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    launch: Literal["fargate", "fargate-spot"] = "fargate"
    environment: dict[Variable, Text] = Field(default_factory=dict)
    secrets: dict[Variable, Secret] = Field(
        default_factory=dict, description="ssm:/path, secretsmanager:name, secretsmanager:name:key, or an ARN."
    )
    input: dict[str, Json] = Field(
        default_factory=dict, description="What a run is given; the job reads it as LAMPLIGHTER_INPUT."
    )
    schedule: Schedules = Field(default=(), description="cron(…), rate(…) or at(…); one or several.")
    timezone: Zone = "UTC"
    window: Window | None = Field(default=None, description="Start anywhere within this time.")
    enabled: Switch = True
    retry: Retry = Retry()
    timeout: Duration | None = Field(default=None, description="Of one attempt; its container is stopped.")
    deadline: Duration | None = Field(default=None, description="Of the whole run.")
    late: Duration | None = Field(default=None, description="A run that takes longer is told of, not stopped.")
    overlap: Literal["allow", "skip", "queue", "cancel-previous"] = "allow"
    missed: MissedRuns = MissedRuns()
    notify: Notify = Notify()
    workflow: str | None = Field(default=None, description="A file of several steps, in Amazon States Language.")
    sidecars: Annotated[dict[Name, Sidecar], AfterValidator(_beside)] = Field(default_factory=dict)
    tags: dict[Tag, TagValue] = Field(default_factory=dict, max_length=48)
    network: Network | None = None
    cluster: Cluster | None = Field(default=None, description="The name or ARN of a cluster that exists.")
    roles: Roles = Roles()
    permissions: Annotated[tuple[Permission, ...], BeforeValidator(as_list)] = ()
    log_retention: Whole = Field(default=30, description="Days.")

    @field_validator("input")
    @classmethod
    def _is_theirs(cls, given: dict[str, Json]) -> dict[str, Json]:
        if LAMPLIGHTER_KEY in given:
            raise ValueError(
                f"`{LAMPLIGHTER_KEY}` is where a run is told when it was scheduled|give the key another name"
            )
        return given

    @field_validator("notify", mode="before")
    @classmethod
    def _usual(cls, value: Json) -> Json:
        return dict.fromkeys(DEFAULT_PATTERNS, value) if isinstance(value, (str, list)) else value

    @field_validator("missed", mode="before")
    @classmethod
    def _short(cls, value: Json) -> Json:
        return {"run": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _differ(self) -> "Job":
        _apart(self.environment, self.secrets)
        return self

    @field_validator("log_retention")
    @classmethod
    def _is_kept(cls, days: int) -> int:
        if days not in RETENTIONS:
            nearest = min((each for each in RETENTIONS if each >= days), default=RETENTIONS[-1])
            raise ValueError(f"CloudWatch Logs cannot keep a log for {days} days|write {nearest}")
        return days

    @property
    def builds(self) -> bool:
        """Whether the image is a folder to build it from."""
        return self.image is not None and self.image.startswith((".", "/"))


RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""Days: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""


class Project(StrictModel):
    """The whole file, as one environment sees it."""

    project: Name
    environment: Name | None = None
    channels: dict[Name, Channel] = Field(default_factory=dict)
    jobs: dict[Name, Job] = Field(min_length=1)
    workflows: dict[str, Json] = Field(default_factory=dict)
    """The documents that `workflow` names, by that name."""

    @property
    def prefix(self) -> str:
        """What AWS's names begin with."""
        return self.project if self.environment is None else f"{self.project}-{self.environment}"

    def name(self, job: str) -> str:
        """What a job's state machine, its schedule and its task family are called."""
        return f"{self.prefix}-{job}"
