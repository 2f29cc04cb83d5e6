"""Build ARNs without references to the template's resources, so that a role can name what refers to the role."""

from collections.abc import Sequence

from lamplighter.base.json_text import Json
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Job, Project
from lamplighter.jobs.stack import role_ids
from lamplighter.jobs.stack.intrinsic_functions import get_att, join, ref, sub
from lamplighter.runs.jobs import job_machine

MAX_LISTED_JOBS = 20
"""The most jobs that a statement of a shared role lists; for more, one pattern covers all jobs.

The policies of a role have at most 10,240 characters: see
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html.
"""


def arn(service: str, resource: str) -> Json:
    """Return an ARN in the stack's own account and region."""
    return sub(f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}")


def sub_if_needed(text: str) -> Json:
    """Return text as Fn::Sub if CloudFormation has a placeholder to replace in it, otherwise as it is."""
    return sub(text) if "${" in text else text


def escape_literal(text: str) -> Json:
    """Return text of a job file in a form that CloudFormation does not change.

    CloudFormation changes it only inside Fn::Sub, but elsewhere cfn-lint takes `${…}` for a forgotten Fn::Sub (E1029).
    """
    return join("$", text.split("$")) if "${" in text else text


def cluster_arn(job: Job) -> Json:
    """Return the ARN of a job's cluster."""
    if job.cluster is None:
        return get_att(names.SHARED_CLUSTER, "Arn")
    return job.cluster if job.cluster.startswith("arn:") else arn("ecs", f"cluster/{job.cluster}")


def task_arns(project: Project, job: Job) -> Json:
    """Return the ARN pattern of all tasks in a job's cluster."""
    name = project.prefix if job.cluster is None else job.cluster.rpartition("/")[2]
    if job.cluster is not None and job.cluster.startswith("arn:"):
        return f"{job.cluster.partition(':cluster/')[0]}:task/{name}/*"
    return arn("ecs", f"task/{name}/*")


def task_definition_arns(project: Project, job: str) -> Json:
    """Return the ARN pattern of all revisions of a job's task definition."""
    return arn("ecs", f"task-definition/{project.name(job)}:*")


def state_machine_arn(project: Project, job: str) -> Json:
    """Return the ARN of a job's state machine."""
    return arn("states", f"stateMachine:{project.name(job)}")


def runs_of_jobs(project: Project, jobs: Sequence[str]) -> list[Json]:
    """Return the ARN patterns of the runs of several jobs, or the pattern of those of all jobs."""
    return [execution_arns(project, job) for job in (jobs if len(jobs) <= MAX_LISTED_JOBS else ("*",))]


def execution_arns(project: Project, job: str, within: str = "") -> Json:
    """Return the ARN pattern of a job's runs."""
    return arn("states", f"execution:{project.name(job)}{within}:*")


def log_group_name(project: Project, job: str) -> str:
    """Return the name of a job's log group."""
    return f"/lamplighter/{project.prefix}/{job}"


def log_stream_arns(project: Project, job: str) -> Json:
    """Return the ARN pattern of the log streams of a job's own container."""
    return arn("logs", f"log-group:{log_group_name(project, job)}:log-stream:{job}/{job_machine.MAIN_CONTAINER}/*")


def topic_arn(project: Project, channel: str) -> Json:
    """Return the ARN of a channel's topic."""
    return project.channels[channel].sns or ref(names.topic_id(channel))


def execution_role_arn(project: Project, job: str) -> Json:
    """Return the ARN of a job's task execution role, which pulls the image."""
    return project.jobs[job].roles.execution or get_att(role_ids.execution_role_id(project.jobs[job]), "Arn")


def task_role_arn(project: Project, job: str) -> Json:
    """Return the ARN of the role that the job itself uses."""
    return project.jobs[job].roles.task or get_att(role_ids.task_role_id(project.jobs[job], job), "Arn")


def machine_role_arn(project: Project, job: str) -> Json:
    """Return the ARN of the role of a job's state machine."""
    return project.jobs[job].roles.machine or get_att(role_ids.machine_role_id(project.jobs[job], job), "Arn")
