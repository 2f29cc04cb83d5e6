"""Read who is told about a job from the metadata of its state machine, which the template of a job file contains. Pure.

The metadata (`jobs/stack/state_machines.py`) names channels and their topics; the addresses are subscriptions of SNS.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResource.html.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lamplighter.base.aws.arn import parse_known
from lamplighter.base.json_text import Json, loads_or

OCCASIONS: Mapping[str, str] = {
    "attempt-failed": "an attempt failed",
    "run-failed": "a run failed",
    "caught": "a run failed",
    "did-not-start": "a run did not start",
    "late": "a run is late",
    "recovered": "it works again",
}
"""The words for each kind of alert."""


@dataclass(frozen=True, slots=True)
class AlertChannel:
    """A channel, and the alerts that it gets."""

    name: str
    kind: str
    """email, slack, teams, discord, pagerduty, webhook, sqs, sns or command."""
    topic: str
    """The ARN of its topic."""
    occasions: Sequence[str]


@dataclass(frozen=True, slots=True)
class JobAlerts:
    """The channels that get the alerts of a job."""

    channels: Sequence[AlertChannel]
    late: int | None = None
    """The seconds after which a run is late."""
    heartbeat: bool = False
    """Whether a monitor is told when a run begins and ends."""


def read_job_alerts(machine: str, metadata: str | None) -> JobAlerts | None:
    """Read the metadata (JSON text) of the state machine with this ARN; None if it does not say who is told."""
    document = loads_or(metadata or "{}", {})
    settings = document.get("Lamplighter") if isinstance(document, dict) else None
    if not isinstance(settings, dict) or "Notify" not in settings:
        return None
    told, known, late = _object(settings.get("Notify")), _object(settings.get("Channels")), settings.get("Late")
    channels = [_read_channel(machine, name, _object(about), told) for name, about in known.items()]
    return JobAlerts(channels, late if isinstance(late, int) else None, settings.get("Heartbeat") is True)


def _object(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _read_channel(machine: str, name: str, about: Mapping[str, Json], told: Mapping[str, Json]) -> AlertChannel:
    patterns = [pattern for pattern, channels in told.items() if isinstance(channels, list) and name in channels]
    occasions = dict.fromkeys(OCCASIONS.get(pattern, pattern) for pattern in patterns)
    topic = _topic_arn(machine, str(about.get("Topic", "")))
    return AlertChannel(name, str(about.get("Kind", "")), topic, list(occasions))


def _topic_arn(machine: str, topic: str) -> str:
    """Return the ARN of a topic: the metadata names the project's own topics, and has the ARNs of others."""
    return topic if topic.startswith("arn:") else str(replace(parse_known(machine), service="sns", resource=topic))
