"""What containers write, from CloudWatch Logs.

Promises the output of each container of each attempt whose task definition names an awslogs group, in the order in
which it was written, each line once. Refuses to guess where a container logs to that says nothing of awslogs with a
stream prefix. See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from heapq import merge

from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json
from lamplighter.cli.runs.site import Site
from lamplighter.runs.story import Attempt

MOST_LINES = 10_000
"""How many lines GetLogEvents gives at once."""
NOT_YET = "ResourceNotFoundException"


@dataclass(frozen=True, slots=True)
class LogSource:
    """The output of one container of one attempt."""

    attempt: Attempt
    container: str
    alone: bool
    """Whether it is the only container of its task."""
    region: str
    group: str
    stream: str

    @property
    def stream_key(self) -> tuple[str, str]:
        """What tells its stream from all others."""
        return self.group, self.stream


@dataclass(frozen=True, slots=True)
class OutputLine:
    """One line of output."""

    time: int
    source: LogSource
    text: str


class RunOutput:
    """The output of a run so far: ask again for what is new."""

    def __init__(self, site: Site, since: int | None = None, tail: int | None = None) -> None:
        self._site = site
        self._since = {} if since is None else {"startTime": since}
        self._tail = tail
        self._unseen: list[OutputLine] = []
        self._definitions: dict[str, list[Json]] = {}
        self._tokens: dict[tuple[str, str], str] = {}
        self._logs: dict[str, Json] = {}
        self.silent: set[str] = set()
        """What cannot be shown, each with why."""

    def new_lines(self, attempts: Iterable[Attempt]) -> list[OutputLine]:
        """The lines that are new, of all these attempts, in the order of time."""
        for each in attempts:
            for source in self._sources(each):
                # Kept beside: a call that fails after others have been answered loses none of their lines.
                self._unseen.extend(self._read(source))
        lines, self._unseen = sorted(self._unseen, key=lambda line: line.time), []
        return lines

    def all_lines(self, attempts: Iterable[Attempt]) -> Iterator[OutputLine]:
        """The lines of all these attempts in the order of time, a page of each container held at once."""
        sources = [source for each in attempts for source in self._sources(each)]
        return merge(*map(self._read, sources), key=lambda line: line.time)

    def _sources(self, attempt: Attempt) -> Iterator[LogSource]:
        if attempt.task is None or attempt.definition is None:
            return
        containers = self._containers(attempt.definition)
        for each in containers:
            source = _source(attempt, each, alone=len(containers) == 1)
            if source is None:
                self.silent.add(f"{each['name']} logs nowhere that can be read: its definition names no awslogs stream")
            else:
                yield source

    def _containers(self, definition: str) -> list[Json]:
        if definition not in self._definitions:
            answer: Json = {"taskDefinition": {"containerDefinitions": []}}
            try:
                answer = self._site.target.client("ecs").describe_task_definition(taskDefinition=definition)
            except ClientError as error:
                self.silent.add(f"{definition}: {error.response['Error'].get('Message')}")
            self._definitions[definition] = answer["taskDefinition"]["containerDefinitions"]
        return self._definitions[definition]

    def _read(self, source: LogSource) -> Iterator[OutputLine]:
        client = self._client(source.region)
        while True:
            token = self._tokens.get(source.stream_key)
            where = {"logGroupName": source.group, "logStreamName": source.stream}
            try:
                page = client.get_log_events(**where, **self._since, **self._from(token))
            except ClientError as error:
                if error.response["Error"]["Code"] == NOT_YET:
                    return
                raise
            for event in page["events"]:
                yield OutputLine(event["timestamp"], source, event["message"])
            self._tokens[source.stream_key] = page["nextForwardToken"]
            if page["nextForwardToken"] == token:  # "If you have reached the end …, it returns the same token"
                return

    def _from(self, token: str | None) -> Json:
        """Where a page begins: after the one before, at the head, or so that it ends with the last line."""
        if token is not None:
            return {"nextToken": token, "startFromHead": True}
        if self._tail is None or self._tail > MOST_LINES:
            return {"startFromHead": True}
        return {"startFromHead": False, "limit": max(self._tail, 1)}

    def _client(self, region: str) -> Json:
        if region not in self._logs:
            self._logs[region] = replace(self._site.target, region=region).client("logs")
        return self._logs[region]


def _source(attempt: Attempt, container: Json, *, alone: bool) -> LogSource | None:
    options = (container.get("logConfiguration") or {}).get("options") or {}
    prefix, group = options.get("awslogs-stream-prefix"), options.get("awslogs-group")
    if not prefix or not group or attempt.task is None:
        return None
    task = attempt.task.rpartition("/")[2]
    region = options.get("awslogs-region") or attempt.task.split(":")[3]
    return LogSource(attempt, container["name"], alone, region, group, f"{prefix}/{container['name']}/{task}")
