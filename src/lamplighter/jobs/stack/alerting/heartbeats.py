"""Build what reports the runs of a job to a monitor of heartbeats (`heartbeat: URL`).

On this engine, a rule for the run's events sends to a topic, to which the monitor is subscribed; the alerts service
composes the pings, and SNS delivers them in their order. On AWS, a rule for each kind of event calls an API
destination: `URL/start`, `URL/0` for a success and `URL/fail`. There, no ping names the run, because an input path
cannot make the UUID that the protocol requires. A job with `overlap: skip` sends no start on AWS, because a rule cannot
know whether a run will be skipped; a skipped run sends no success either.
See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html.
"""

from collections.abc import Iterator

from lamplighter.base.chat_services import HEARTBEAT_PROTOCOL
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.file.secrets import dynamic_reference
from lamplighter.jobs.machine.platform import Platform
from lamplighter.jobs.stack.alerting import dead_letter_queues, event_rules
from lamplighter.jobs.stack.alerting.heartbeat_ids import heartbeat_id
from lamplighter.jobs.stack.alerting.project_rules import run_pattern
from lamplighter.jobs.stack.connections import connection
from lamplighter.jobs.stack.intrinsic_functions import get_att, ref
from lamplighter.jobs.stack.resources import Resource, properties
from lamplighter.runs.jobs.heartbeat import STATUSES

PATHS_ON_AWS = {"start": ["RUNNING"], "0": ["SUCCEEDED"], "fail": ["FAILED", "TIMED_OUT", "ABORTED"]}
"""The end of the URL, and the statuses that a rule on AWS reports with it."""
SKIPPED_OUTPUT = '{"skipped":true,'
"""How the output of a skipped run begins (`runs/jobs/skipped_runs.py`)."""
CONNECTION = "HeartbeatConnection"


def heartbeat_resources(project: Project, platform: Platform) -> Iterator[Resource]:
    """Yield the resources of all jobs that report to a monitor."""
    jobs = [name for name, job in project.jobs.items() if job.heartbeat is not None]
    if jobs and platform == "aws":
        yield connection(CONNECTION, project)
    for name in jobs:
        yield from _resources_on_aws(project, name) if platform == "aws" else _resources_here(project, name)


def _resources_here(project: Project, name: str) -> Iterator[Resource]:
    topic = heartbeat_id(name, "Topic")
    address = project.jobs[name].heartbeat
    own = {"Job": name, "Protocol": HEARTBEAT_PROTOCOL, "Endpoint": address}
    yield Resource(
        topic,
        "AWS::SNS::Topic",
        properties(TopicName=f"{project.name(name)}--heartbeat"),
        job=name,
        engine_metadata=own,
    )
    transformer = properties(
        InputPathsMap={"run": "$.detail.executionArn", "status": "$.detail.status"},
        InputTemplate='{"run":<run>,"status":<status>}',
    )
    dead_letters = dead_letter_queues.alert_dead_letters()
    target = properties(Id="heartbeat", Arn=ref(topic), InputTransformer=transformer, DeadLetterConfig=dead_letters)
    yield event_rules.job_rule(
        project, name, "heartbeat", run_pattern([ref(names.state_machine_id(name))], list(STATUSES)), [target]
    )


def _resources_on_aws(project: Project, name: str) -> Iterator[Resource]:
    job, destination = project.jobs[name], heartbeat_id(name, "Destination")
    assert job.heartbeat is not None
    yield Resource(
        destination,
        "AWS::Events::ApiDestination",
        properties(
            ConnectionArn=get_att(CONNECTION, "Arn"),
            HttpMethod="POST",
            InvocationEndpoint=f"{dynamic_reference(job.heartbeat).rstrip('/')}/*",
        ),
        job=name,
        engine_metadata={"Job": name},
    )
    for path, statuses in PATHS_ON_AWS.items():
        if path == "start" and job.overlap == "skip":
            continue
        pattern = run_pattern([ref(names.state_machine_id(name))], statuses)
        if path == "0" and job.overlap == "skip":
            pattern["detail"]["output"] = [{"anything-but": {"prefix": SKIPPED_OUTPUT}}]
        target = properties(
            Id="heartbeat",
            Arn=get_att(destination, "Arn"),
            RoleArn=get_att("EventsRole", "Arn"),
            HttpParameters=properties(PathParameterValues=[path]),
            DeadLetterConfig=dead_letter_queues.alert_dead_letters(),
        )
        title = f"heartbeat-{path if path != '0' else 'success'}"
        yield event_rules.job_rule(project, name, "heartbeat", pattern, [target], title=title)
