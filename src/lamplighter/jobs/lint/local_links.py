"""Find alerts that leave this machine with links that only this machine can open."""

from urllib.parse import urlsplit

from lamplighter.base.chat_services import CHAT_SERVICES
from lamplighter.jobs.file.model import Project

LEAVING_KINDS = frozenset({"email", "webhook", *CHAT_SERVICES})
"""The kinds of channels whose alerts are read elsewhere."""
LINK_ADVICE = "write box: {url: https://…}, or start `up` with --url"


def leaving_channel(project: Project) -> str | None:
    """Return the first channel that a job notifies and whose alerts are read elsewhere."""
    used = [name for job in project.jobs.values() for _, channels in job.notify for name in channels]
    return next((each for each in used if project.channels[each].kind in LEAVING_KINDS), None)


def local_link_problem(project: Project, url: str) -> str | None:
    """Return the problem of alerts that link to a URL of this machine, or None."""
    host = urlsplit(url).hostname or ""
    is_local = host in ("localhost", "::1") or host.startswith("127.")
    return f"alerts link to {url}, which only this machine can open" if is_local and leaving_channel(project) else None
