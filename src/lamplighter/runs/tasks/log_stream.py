"""Name the log stream to which ECS sends the output of a container.

"prefix-name/container-name/ecs-task-id": the awslogs driver with a stream prefix. Without a prefix the stream has the
container's id, which only the runtime knows.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.runs.history.story import Attempt

QUOTED_LINES = 20
"""The most lines of a log that an alert quotes: the last ones."""


@dataclass(frozen=True, slots=True)
class LogStream:
    """The log group and stream of a container."""

    group: str
    stream: str
    region: str
    """The region of the group."""


@dataclass(frozen=True, slots=True)
class LogSource:
    """The log stream of a container of an attempt."""

    attempt: Attempt
    container: str
    is_only_container: bool
    """Whether the container is the only one of its task."""
    log: LogStream


def log_sources(attempt: Attempt, containers: Sequence[Json]) -> Iterator[LogSource]:
    """Yield the known log streams of an attempt's containers, by their definitions."""
    for each in containers:
        log = None if attempt.task is None else container_log_stream(each, attempt.task)
        if log is not None:
            yield LogSource(attempt, each["name"], len(containers) == 1, log)


def log_stream_name(prefix: str, container: str, task: str) -> str:
    """Return the name of a container's log stream; `task` is the task's id or ARN."""
    return f"{prefix}/{container}/{task.rpartition('/')[2]}"


def container_log_stream(container: Json, task: str) -> LogStream | None:
    """Return the log stream of a container, by its definition and the ARN of its task.

    Return None if the definition has no awslogs group or no stream prefix.
    """
    options = (container.get("logConfiguration") or {}).get("options") or {}
    group, prefix = options.get("awslogs-group"), options.get("awslogs-stream-prefix")
    if not group or not prefix:
        return None
    region = options.get("awslogs-region") or task.split(":")[3]
    return LogStream(group, log_stream_name(prefix, container["name"], task), region)
