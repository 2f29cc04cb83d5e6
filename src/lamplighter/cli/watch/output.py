"""What containers write, from CloudWatch Logs.

Promises the output of each container of each attempt whose task definition names an awslogs group, in the order in
which it was written, each line once. Refuses to guess where a container logs to that says nothing of awslogs with a
stream prefix. See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from botocore.exceptions import ClientError

from lamplighter.base.jsontext import Json
from lamplighter.cli.watch.site import Site
from lamplighter.jobs.story import Attempt

NOT_YET = "ResourceNotFoundException"


@dataclass(frozen=True, slots=True)
class Source:
    """The output of one container of one attempt."""

    attempt: Attempt
    container: str
    alone: bool
    """Whether it is the only container of its task."""
    region: str
    group: str
    stream: str

    @property
    def place(self) -> tuple[str, str]:
        """What tells its stream from all others."""
        return self.group, self.stream


@dataclass(frozen=True, slots=True)
class Line:
    """One line of output."""

    time: int
    source: Source
    text: str


class Output:
    """The output of a run so far: ask again for what is new."""

    def __init__(self, site: Site, since: int | None = None) -> None:
        self._site = site
        self._since = {} if since is None else {"startTime": since}
        self._definitions: dict[str, list[Json]] = {}
        self._tokens: dict[tuple[str, str], str] = {}
        self._logs: dict[str, Json] = {}
        self.silent: set[str] = set()
        """What cannot be shown, each with why."""

    def fresh(self, attempts: Iterable[Attempt]) -> list[Line]:
        """The lines that are new, of all these attempts, in the order of time."""
        lines = [line for each in attempts for source in self._sources(each) for line in self._read(source)]
        return sorted(lines, key=lambda line: line.time)

    def _sources(self, attempt: Attempt) -> Iterator[Source]:
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

    def _read(self, source: Source) -> Iterator[Line]:
        client = self._client(source.region)
        while True:
            token = self._tokens.get(source.place)
            where = {"logGroupName": source.group, "logStreamName": source.stream, "startFromHead": True}
            try:
                page = client.get_log_events(**where, **self._since, **({"nextToken": token} if token else {}))
            except ClientError as error:
                if error.response["Error"]["Code"] == NOT_YET:
                    return
                raise
            for event in page["events"]:
                yield Line(event["timestamp"], source, event["message"])
            self._tokens[source.place] = page["nextForwardToken"]
            if page["nextForwardToken"] == token:  # "If you have reached the end …, it returns the same token"
                return

    def _client(self, region: str) -> Json:
        if region not in self._logs:
            self._logs[region] = replace(self._site.target, region=region).client("logs")
        return self._logs[region]


def _source(attempt: Attempt, container: Json, *, alone: bool) -> Source | None:
    options = (container.get("logConfiguration") or {}).get("options") or {}
    prefix, group = options.get("awslogs-stream-prefix"), options.get("awslogs-group")
    if not prefix or not group or attempt.task is None:
        return None
    task = attempt.task.rpartition("/")[2]
    region = options.get("awslogs-region") or attempt.task.split(":")[3]
    return Source(attempt, container["name"], alone, region, group, f"{prefix}/{container['name']}/{task}")
