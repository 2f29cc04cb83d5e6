"""`lamplighter.yaml`, as values: what runs, when, how often it is tried, how long it may take, who is told.

Promises that whatever is here is complete and of the right kind. Refuses unknown keys; faults that need the place of a
thing, or two things together, are found where they are read (`file.py`) or judged (`lint.py`).
"""

from typing import Annotated, Literal, get_args

from pydantic import Field, field_validator, model_validator

from lamplighter.base.jsontext import Json
from lamplighter.jobs.retry import Retry
from lamplighter.jobs.secrets import is_source
from lamplighter.jobs.strict import Strict
from lamplighter.jobs.values import Arn, Command, Cpu, Duration, Memory, Name, Text
from lamplighter.lang.schedule import InvalidSchedule, parse_schedule
from lamplighter.lang.zones import UnknownZone, zone

Pattern = Literal["attempt-failed", "run-failed", "caught", "did-not-start", "late"]
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)
USUAL: tuple[Pattern, ...] = ("run-failed", "did-not-start", "late")
"""What `notify: CHANNEL` means: one alert for a run, whatever happens to it."""


class Channel(Strict):
    """One way to tell somebody."""

    email: str | None = Field(default=None, pattern=r"^[^@\s]+@[^@\s]+$", description="An address.")
    webhook: str | None = Field(default=None, pattern=r"^https?://\S+$", description="Where to POST.")
    sqs: Arn | None = Field(default=None, description="The ARN of a queue.")
    sns: Arn | None = Field(default=None, description="The ARN of a topic that exists.")
    command: Command | None = Field(default=None, description="What to run on this box; AWS cannot.")

    @model_validator(mode="after")
    def _is_one(self) -> "Channel":
        if len(self.model_fields_set) != 1:
            raise ValueError("a channel is one thing|write email, webhook, sqs, sns or command, and only one of them")
        return self


class Missed(Strict):
    """What becomes of times at which nobody was there to start the job."""

    run: Literal["last", "all", "none"] = Field(default="last", description="Which of them are made up for.")
    within: Duration = Field(default=6 * 3600, description="How long afterwards they still are.")


Channels = Annotated[tuple[Name, ...], Field(max_length=5)]
"""A rule of EventBridge has no more than five targets."""


class Notify(Strict):
    """Who is told of what."""

    attempt_failed: Channels = Field(default=(), description="Pattern 1: each attempt that fails.")
    run_failed: Channels = Field(default=(), description="Pattern 2: a run that failed or took too long.")
    caught: Channels = Field(default=(), description="Pattern 3: from inside the run, with all that is known.")
    did_not_start: Channels = Field(default=(), description="A time came and no run began.")
    late: Channels = Field(default=(), description="A run takes longer than the job's `late`.")

    @field_validator("*", mode="before")
    @classmethod
    def _one_or_more(cls, value: Json) -> Json:
        return [value] if isinstance(value, str) else value

    def of(self, pattern: Pattern) -> tuple[str, ...]:
        """The channels of a pattern."""
        channels: tuple[str, ...] = getattr(self, pattern.replace("-", "_"))
        return channels


class Network(Strict):
    """Where the tasks are."""

    subnets: tuple[str, ...] = Field(min_length=1, max_length=16)
    security_groups: tuple[str, ...] = Field(default=(), max_length=5)
    public_ip: bool = Field(default=True, description="False needs another way out: a NAT gateway or VPC endpoints.")


class Roles(Strict):
    """Roles of one's own, in place of those that are made."""

    execution: Arn | None = Field(default=None, description="Pulls the image, reads the secrets, writes the log.")
    task: Arn | None = Field(default=None, description="What the job itself may do.")
    machine: Arn | None = Field(default=None, description="Runs the task, stops it, sends alerts.")
    schedule: Arn | None = Field(default=None, description="Starts the run.")


class Permission(Strict):
    """What the job itself may do on AWS."""

    actions: tuple[str, ...] = Field(min_length=1)
    resources: tuple[str, ...] = Field(min_length=1)


def held(secrets: dict[str, str]) -> dict[str, str]:
    """The same secrets, if each says where it is held."""
    wrong = [where for where in secrets.values() if not is_source(where)]
    if wrong:
        raise ValueError(
            f"`{wrong[0]}` is no place of a secret|"
            "write ssm:/path, secretsmanager:name, secretsmanager:name:key or an ARN"
        )
    return secrets


class Sidecar(Strict):
    """A container beside the job's own."""

    image: str
    command: Command | None = None
    entrypoint: Command | None = None
    environment: dict[str, Text] = Field(default_factory=dict)
    secrets: dict[str, str] = Field(default_factory=dict)
    essential: bool = Field(default=False, description="Whether its end is the end of the job.")
    cpu: Cpu | None = None
    memory: Memory | None = None

    @field_validator("secrets")
    @classmethod
    def _are_held(cls, given: dict[str, str]) -> dict[str, str]:
        return held(given)


class Job(Strict):
    """One job."""

    description: str | None = None
    image: str | None = Field(
        default=None, description="An image, or a folder with a Dockerfile (./report); none: a process of this box."
    )
    command: Command | None = None
    entrypoint: Command | None = None
    working_directory: str | None = Field(default=None, pattern=r"^/")
    user: str | None = None
    stop_timeout: Duration | None = Field(default=None, le=120, description="From SIGTERM to SIGKILL; 30s if not said.")
    cpu: Cpu = 256
    memory: Memory = 512
    storage: int | None = Field(default=None, ge=21, le=200, description="GiB of disk, where 20 do not do.")
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    launch: Literal["fargate", "fargate-spot"] = "fargate"
    environment: dict[str, Text] = Field(default_factory=dict)
    secrets: dict[str, str] = Field(
        default_factory=dict, description="ssm:/path, secretsmanager:name, secretsmanager:name:key, or an ARN."
    )
    input: dict[str, Json] = Field(
        default_factory=dict, description="What a run is given; the job reads it as LAMPLIGHTER_INPUT."
    )
    schedule: tuple[str, ...] = Field(default=(), description="cron(…), rate(…) or at(…); one or several.")
    timezone: str = "UTC"
    window: Duration | None = Field(default=None, le=1440 * 60, description="Start anywhere within this time.")
    enabled: bool = True
    retry: Retry = Retry()
    timeout: Duration | None = Field(default=None, description="Of one attempt; its container is stopped.")
    deadline: Duration | None = Field(default=None, description="Of the whole run.")
    late: Duration | None = Field(default=None, description="A run that takes longer is told of, not stopped.")
    overlap: Literal["allow", "skip", "queue", "cancel-previous"] = "allow"
    missed: Missed = Missed()
    notify: Notify = Notify()
    workflow: str | None = Field(default=None, description="A file of several steps, in Amazon States Language.")
    sidecars: dict[Name, Sidecar] = Field(default_factory=dict)
    tags: dict[str, Text] = Field(default_factory=dict)
    network: Network | None = None
    cluster: str | None = Field(default=None, description="The name or ARN of a cluster that exists.")
    roles: Roles = Roles()
    permissions: tuple[Permission, ...] = ()
    log_retention: int = Field(default=30, description="Days.")

    @field_validator("schedule", mode="before")
    @classmethod
    def _one_or_more(cls, value: Json) -> Json:
        return [value] if isinstance(value, str) else value

    @field_validator("schedule")
    @classmethod
    def _can_be_read(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for expression in given:
            try:
                parse_schedule(expression)
            except InvalidSchedule:
                raise ValueError(_no_schedule(expression)) from None
        return given

    @field_validator("timezone")
    @classmethod
    def _is_there(cls, given: str) -> str:
        try:
            zone(given)
        except UnknownZone:
            raise ValueError(f"there is no time zone `{given}`|write a name such as Asia/Seoul or UTC") from None
        return given

    @field_validator("secrets")
    @classmethod
    def _are_held(cls, given: dict[str, str]) -> dict[str, str]:
        return held(given)

    @field_validator("notify", mode="before")
    @classmethod
    def _usual(cls, value: Json) -> Json:
        return dict.fromkeys(USUAL, value) if isinstance(value, (str, list)) else value

    @field_validator("missed", mode="before")
    @classmethod
    def _short(cls, value: Json) -> Json:
        return {"run": value} if isinstance(value, str) else value

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


class Project(Strict):
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


def _no_schedule(expression: str) -> str:
    fields = expression.split()
    if len(fields) == 5 and "(" not in expression:
        minute, hour, day, month, weekday = fields
        day, weekday = (day, "?") if weekday == "*" else ("?", weekday)
        return (
            f"`{expression}` is Unix cron, and AWS has six fields|"
            f"write cron({minute} {hour} {day} {month} {weekday} *), "
            "where days of the week count from 1 = SUN"
        )
    return f"`{expression}` is no schedule|write cron(0 3 * * ? *), rate(5 minutes) or at(2026-12-31T03:00:00)"
