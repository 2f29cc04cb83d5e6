"""ARNs of what the template makes, said without a reference to it: so that a role can name what names the role."""

from troposphere import GetAtt, Join, Ref, Sub

from lamplighter.base.json_text import Json
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Job, Project
from lamplighter.runs import job_machine


def arn(service: str, resource: str) -> Sub:
    """An ARN in the stack's own account and region."""
    return Sub(f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}")


def sub_if_needed(text: str) -> Json:
    """Text in which CloudFormation has something to fill in, or nothing."""
    return Sub(text) if "${" in text else text


def escape_literal(text: str) -> Json:
    """Text of a job file that CloudFormation is to leave as it is.

    Outside of Fn::Sub it does so anyway, but then `${…}` looks like a place that somebody forgot (cfn-lint's E1029).
    """
    return Join("$", text.split("$")) if "${" in text else text


def cluster_arn(job: Job) -> Json:
    """The ARN of the cluster that a job runs in."""
    if job.cluster is None:
        return GetAtt(names.SHARED_CLUSTER, "Arn")
    return job.cluster if job.cluster.startswith("arn:") else arn("ecs", f"cluster/{job.cluster}")


def task_arns(project: Project, job: Job) -> Json:
    """The ARNs of all tasks in the cluster that a job runs in."""
    name = project.prefix if job.cluster is None else job.cluster.rpartition("/")[2]
    if job.cluster is not None and job.cluster.startswith("arn:"):
        return f"{job.cluster.partition(':cluster/')[0]}:task/{name}/*"
    return arn("ecs", f"task/{name}/*")


def task_definition_arns(project: Project, job: str) -> Sub:
    """The ARNs of all revisions of a job's task definition."""
    return arn("ecs", f"task-definition/{project.name(job)}:*")


def state_machine_arn(project: Project, job: str) -> Sub:
    """The ARN of a job's state machine."""
    return arn("states", f"stateMachine:{project.name(job)}")


def execution_arns(project: Project, job: str, within: str = "") -> Sub:
    """The ARNs of a job's runs."""
    return arn("states", f"execution:{project.name(job)}{within}:*")


def log_group_name(project: Project, job: str) -> str:
    """The name of a job's log group."""
    return f"/lamplighter/{project.prefix}/{job}"


def log_stream_arns(project: Project, job: str) -> Sub:
    """The ARNs of what a job's own containers have logged."""
    return arn("logs", f"log-group:{log_group_name(project, job)}:log-stream:{job}/{job_machine.MAIN_CONTAINER}/*")


def topic_arn(project: Project, channel: str) -> Json:
    """The ARN of a channel's topic."""
    return project.channels[channel].sns or Ref(names.topic_id(channel))


def execution_role_arn(project: Project, job: str) -> Json:
    """The ARN of the role that pulls a job's image."""
    return project.jobs[job].roles.execution or GetAtt(f"{names.logical_id(job)}ExecutionRole", "Arn")


def task_role_arn(project: Project, job: str) -> Json:
    """The ARN of the role that a job itself has."""
    return project.jobs[job].roles.task or GetAtt(f"{names.logical_id(job)}TaskRole", "Arn")


def machine_role_arn(project: Project, job: str) -> Json:
    """The ARN of the role that a job's state machine has."""
    return project.jobs[job].roles.machine or GetAtt(f"{names.logical_id(job)}MachineRole", "Arn")
