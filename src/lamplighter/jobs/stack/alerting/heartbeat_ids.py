"""Name the API destinations of jobs that report to a monitor of heartbeats (`heartbeats.py`)."""

from lamplighter.jobs import names
from lamplighter.jobs.file.model import Project


def heartbeat_id(name: str, what: str) -> str:
    """Return the logical id of a resource of a job's heartbeat."""
    return f"{names.logical_id(name)}Heartbeat{what}"


def destination_ids(project: Project) -> list[str]:
    """Return the logical ids of the API destinations."""
    return [heartbeat_id(name, "Destination") for name, job in project.jobs.items() if job.heartbeat is not None]
