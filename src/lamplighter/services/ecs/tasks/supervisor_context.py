"""Hold what the supervisors of all tasks share: the engine's services and its settings for tasks."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lamplighter.base.aws import secret_references
from lamplighter.base.world import World
from lamplighter.bus import Bus
from lamplighter.outbound.aws import RemoteServices
from lamplighter.runtime.port import Runtime
from lamplighter.services.ecs.logs.output_files import OutputFiles
from lamplighter.services.ecs.tasks.admission import Admission
from lamplighter.services.ecs.tasks.runtime_outage import OutageWatch
from lamplighter.services.ecs.tasks.runtime_retry import Pause

AddedVariables = Callable[[str], Mapping[str, str]]
RoleCredentials = Callable[[str, str], Mapping[str, str]]


def no_variables(_task: str) -> Mapping[str, str]:
    """Return no environment variables."""
    return {}


@dataclass(frozen=True, slots=True)
class SupervisorContext:
    """The services and settings that all supervisors share."""

    bus: Bus
    world: World
    runtime: Runtime
    outputs: OutputFiles
    secrets: secret_references.SecretLookup
    remote: RemoteServices
    credential_variables: Mapping[str, str]
    """Environment variables with credentials for this engine, if it requires any."""
    pause: Pause
    outage_watch: OutageWatch
    admission: Admission
    overdue_fired: asyncio.Event
    """Set when the timers have fired that were due when the engine started: they may call off starts."""
    on_unavailable: Callable[[], None] = lambda: None
    """Called immediately when the runtime does not answer."""
    added_variables: AddedVariables = no_variables
    """Returns environment variables for the containers of a task, by its ARN; the task's own have priority."""
    role_credentials: RoleCredentials | None = None
    """Returns environment variables with credentials of a task's role, by the ARNs of both; None: IAM is not enforced.
    """
