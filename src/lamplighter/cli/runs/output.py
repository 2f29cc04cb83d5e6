"""Read the output of containers from CloudWatch Logs.

Guarantees the output of each container of each attempt whose task definition names an awslogs group: each line once,
and in the order in which it was written. Does not guess the log of a container without an awslogs group and stream
prefix. See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from heapq import merge

from lamplighter.base.json_text import Json
from lamplighter.cli.call_errors import RESOURCE_NOT_FOUND, ClientError
from lamplighter.cli.command_context import CommandContext
from lamplighter.runs.history.story import Attempt
from lamplighter.runs.tasks.log_stream import LogSource, log_sources

MAX_LINES = 10_000
"""The most lines in one answer of GetLogEvents."""


@dataclass(frozen=True, slots=True)
class OutputLine:
    """A line of output."""

    time: int
    source: LogSource
    text: str


class RunOutput:
    """A reader of a run's output; each call returns the lines since the last one."""

    def __init__(self, context: CommandContext, since: int | None = None, tail: int | None = None) -> None:
        self._context = context
        self._since = {} if since is None else {"startTime": since}
        self._tail = tail
        self._pending: list[OutputLine] = []
        self._definitions: dict[str, list[Json]] = {}
        self._tokens: dict[tuple[str, str], str] = {}
        self._logs_clients: dict[str, Json] = {}
        self.unreadable: set[str] = set()
        """Messages about output that cannot be read, each with the reason."""

    def new_lines(self, attempts: Iterable[Attempt]) -> list[OutputLine]:
        """Return the new lines of these attempts, ordered by time."""
        for each in attempts:
            for source in self._sources(each):
                # The lines are kept in a field, so that none is lost if a later call fails.
                self._pending.extend(self._read(source))
        lines, self._pending = sorted(self._pending, key=lambda line: line.time), []
        return lines

    def all_lines(self, attempts: Iterable[Attempt]) -> Iterator[OutputLine]:
        """Yield all lines of these attempts, ordered by time, with one page of each container in memory."""
        sources = [source for each in attempts for source in self._sources(each)]
        return merge(*map(self._read, sources), key=lambda line: line.time)

    def _sources(self, attempt: Attempt) -> list[LogSource]:
        if attempt.task is None or attempt.definition is None:
            return []
        containers = self._containers(attempt.definition)
        found = list(log_sources(attempt, containers))
        self.unreadable |= {
            f"the output of {name} cannot be read: its definition lacks awslogs-group or -stream-prefix"
            for name in {each["name"] for each in containers} - {each.container for each in found}
        }
        return found

    def _containers(self, definition: str) -> list[Json]:
        if definition not in self._definitions:
            answer: Json = {"taskDefinition": {"containerDefinitions": []}}
            try:
                answer = self._context.ecs.describe_task_definition(taskDefinition=definition)
            except ClientError as error:
                self.unreadable.add(f"{definition}: {error.response['Error'].get('Message')}")
            self._definitions[definition] = answer["taskDefinition"]["containerDefinitions"]
        return self._definitions[definition]

    def _read(self, source: LogSource) -> Iterator[OutputLine]:
        log = source.log
        client = self._client(log.region)
        while True:
            token = self._tokens.get((log.group, log.stream))
            log_stream = {"logGroupName": log.group, "logStreamName": log.stream}
            try:
                page = client.get_log_events(**log_stream, **self._since, **self._page_parameters(token))
            except ClientError as error:
                if error.response["Error"]["Code"] == RESOURCE_NOT_FOUND:
                    return
                raise
            yield from (OutputLine(event["timestamp"], source, event["message"]) for event in page["events"])
            self._tokens[log.group, log.stream] = page["nextForwardToken"]
            if page["nextForwardToken"] == token:  # "If you have reached the end …, it returns the same token"
                return

    def _page_parameters(self, token: str | None) -> Json:
        """Return the parameters that choose a page: the one after a token, the first page, or the last `tail` lines."""
        if token is not None:
            return {"nextToken": token, "startFromHead": True}
        if self._tail is None or self._tail > MAX_LINES:
            return {"startFromHead": True}
        return {"startFromHead": False, "limit": max(self._tail, 1)}

    def _client(self, region: str) -> Json:
        if region not in self._logs_clients:
            self._logs_clients[region] = replace(self._context.target, region=region).client("logs")
        return self._logs_clients[region]
