"""Call AWS's APIs in one account and region, for a page of the console or for a command line."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.base.world import World
from lamplighter.console.data.runs.run_cache import RunCache
from lamplighter.console.ports.port import ConsolePort, Place
from lamplighter.store.audit_log import Actor

MAX_CACHED_FAILURES = 5_000
"""The most failures in the cache: with the ends of their logs, about 25 megabytes at most."""
MAX_CACHED_LISTS = 500
"""The most lists in the cache of the search."""
NO_TASK_DEFINITION = "Unable to describe task definition."
"""What ECS says of a task definition that does not exist. The code of the error is only ClientException."""


@dataclass(frozen=True, slots=True)
class RunDetail:
    """What a list of runs does not contain."""

    words: str = ""
    """Why the run failed, what it waits for, or in which state it is."""
    last_line: str = ""
    """The last line of the failed container's log; empty if there is none."""
    log_attempt: int | None = None
    """The event of the failed attempt, by which the page of logs is opened; None if it has no log."""
    valid_until: int | None = None
    """When the log must be read again, in milliseconds since the epoch; None if it is complete."""


@dataclass(frozen=True, slots=True)
class CallContext:
    """What all calls share: the port to the APIs, and facts about runs that have ended."""

    port: ConsolePort
    world: World
    other_ports: Mapping[Place, ConsolePort] = field(default_factory=dict, kw_only=True)
    """The ports for places that `port` does not reach."""
    skipped_cache: RunCache[Sequence[str]] = field(default_factory=RunCache, init=False)
    """By succeeded run: the runs that made it skip. Empty for a run that was not skipped."""
    idle_cache: RunCache[float] = field(default_factory=RunCache, init=False)
    """Seconds between the parts of redriven runs (`console/view/runs/run_duration.py`)."""
    failure_cache: RunCache[RunDetail] = field(default_factory=lambda: RunCache(MAX_CACHED_FAILURES), init=False)
    """Why failed runs failed, by run and number of redrives (`console/data/night_details.py`)."""
    page_tokens: RunCache[str] = field(default_factory=RunCache, init=False)
    """AWS's tokens of the pages of lists of runs (`console/data/jobs/job_runs.py`)."""
    search_cache: RunCache[tuple[int, Sequence[Json]]] = field(
        default_factory=lambda: RunCache(MAX_CACHED_LISTS), init=False
    )
    """Lists of what can be searched, each with its period, by place (`console/data/searched_lists.py`)."""

    def port_at(self, place: Place) -> ConsolePort:
        """Return the port that reaches a place."""
        return self.other_ports.get(place, self.port)


def is_missing(error: AwsError) -> bool:
    """Return whether an error says that its resource does not exist, in the words of any service."""
    has_code = any(each in error.code for each in ("DoesNotExist", "NotFound", "NonExistent"))
    return has_code or error.message == NO_TASK_DEFINITION


@dataclass(frozen=True, slots=True)
class Calls:
    """AWS's APIs in an account and a region."""

    console: CallContext
    place: Place

    @property
    def port(self) -> ConsolePort:
        """The port that reaches this place."""
        return self.console.port_at(self.place)

    @property
    def recorded_actor(self) -> Actor | None:
        """Who is recorded in the audit log for what the calls change; None to record nothing."""
        return None

    async def call(self, service: str, operation: str, **params: Json) -> Json:
        """Call an operation by its AWS name in the account and region of this page."""
        return await self.port.call(self.place, service, operation, params, self.recorded_actor)

    async def call_pages(self, service: str, operation: str, **params: Json) -> AsyncIterator[Json]:
        """Call an operation again and again, and yield its answers, each of which contains one page."""
        token: Json = {}
        while True:
            answer = await self.call(service, operation, **params, **token)
            yield answer
            token = {name: answer[name] for name in ("NextToken", "nextToken") if answer.get(name)}
            if not token:
                return

    async def call_if_readable(self, service: str, operation: str, **params: Json) -> Json:
        """Call an operation, or return None if the credentials do not allow it or its resource has been deleted."""
        try:
            return await self.call(service, operation, **params)
        except AwsError as error:
            if is_missing(error) or error.code.startswith(("AccessDenied", "UnauthorizedOperation", "NotAuthorized")):
                return None
            raise

    async def call_or_none(self, service: str, operation: str, **params: Json) -> Json:
        """Call an operation, or return None if it fails for any reason."""
        try:
            return await self.call(service, operation, **params)
        except AwsError:
            return None

    async def call_internal(self, service: str, operation: str, **params: Json) -> Json:
        """Call an operation that only an engine has, or return None if it does not exist here."""
        return await self.port.call_internal(self.place, service, operation, params, self.recorded_actor)
