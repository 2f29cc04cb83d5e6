"""Build the roles of a project, each with exactly the permissions that it needs.

Guarantees the statement whose absence is the article's trap: `iam:PassRole` on exactly the roles that RunTask passes,
and to ECS tasks only. RunTask is allowed in one cluster only, on every revision of a job's family, because a run that
was started before an update runs its own revision. StopTask and DescribeTasks are allowed on all tasks of that cluster;
Step Functions stops only its own. `.sync` learns from the managed rule that a task has stopped.
See https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html.
"""

import re
from collections.abc import Iterator, Sequence

from lamplighter.asl.definition.walk_states import walk_states
from lamplighter.base.group_items import group_items
from lamplighter.base.json_text import Json
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Job, Project
from lamplighter.jobs.file.secrets import parse_grant
from lamplighter.jobs.machine import workflow
from lamplighter.jobs.machine.alert_states import has_late_alert
from lamplighter.jobs.machine.platform import Platform
from lamplighter.jobs.machine.skip_alert import skip_channels
from lamplighter.jobs.machine.supported_jobs import needs_slot_check, starts_by_name
from lamplighter.jobs.stack import arns, dead_letter_queues, volumes
from lamplighter.jobs.stack.built_images import job_images
from lamplighter.jobs.stack.intrinsic_functions import get_att, ref
from lamplighter.jobs.stack.policies import allow, allow_service, policy_document
from lamplighter.jobs.stack.resources import Resource, properties
from lamplighter.runs import job_machine

MANAGED_RULE_RESOURCE = "rule/StepFunctionsGetEventsForECSTaskRule"
PASSED_TO_ECS: Json = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
_ECR_IMAGE = re.compile(
    r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/(?P<name>[^:@]+)"
)


def job_roles(project: Project, name: str) -> Iterator[Resource]:
    """Yield the roles of a job, apart from those that the user provides."""
    job = project.jobs[name]
    title = names.logical_id(name)
    if job.workflow is None and job.roles.execution is None:
        yield iam_role(f"{title}ExecutionRole", "ecs-tasks", list(execution_permissions(project, name)))
    if job.workflow is None and job.roles.task is None:
        yield iam_role(f"{title}TaskRole", "ecs-tasks", [*job_permissions(job), *volumes.file_system_permissions(job)])
    if job.roles.machine is None:
        yield iam_role(f"{title}MachineRole", "states", list(machine_permissions(project, name)))


def shared_roles(project: Project, platform: Platform) -> Iterator[Resource]:
    """Yield the role that schedules share."""
    started = [name for name, job in project.jobs.items() if starts_by_name(job)]
    slot_checks = [ref(job_machine.SLOT_CHECK)] if any(map(needs_slot_check, project.jobs.values())) else []
    if started or slot_checks:
        start = ["states:StartExecution"]
        machines = [*([ref(job_machine.START_RUN)] if started and platform == "aws" else []), *slot_checks]
        statements = [
            *([allow(start, machines)] if machines else []),
            *([allow_on_machines(start, project, started)] if started and platform == "here" else []),
            allow(["sqs:SendMessage"], [get_att(dead_letter_queues.START_QUEUE_ID, "Arn")]),
        ]
        yield iam_role("ScheduleRole", "scheduler", statements)


def allow_on_machines(actions: list[str], project: Project, jobs: Sequence[str]) -> Json:
    """Return a statement that allows actions on the state machines of several jobs.

    A pattern that stands for many jobs may match those of a project whose name begins with the same words. The tag of
    the project leaves them out.
    """
    if len(jobs) <= arns.MAX_LISTED_JOBS:
        return allow(actions, [arns.state_machine_arn(project, job) for job in jobs])
    own = {"StringEquals": {f"aws:ResourceTag/{job_machine.PROJECT_TAG}": project.prefix}}
    return allow(actions, [arns.state_machine_arn(project, "*")], own)


def job_permissions(job: Job) -> list[Json]:
    """Return the statements for a job's own `permissions`."""
    return [allow(list(each.actions), list(each.resources)) for each in job.permissions]


def execution_permissions(project: Project, name: str) -> Iterator[Json]:
    """Yield the statements that a job's container needs to start: pull the image, read secrets, write the log."""
    job = project.jobs[name]
    yield allow(["logs:CreateLogStream", "logs:PutLogEvents"], [get_att(f"{names.logical_id(name)}Log", "Arn")])
    images = [job.image, *(sidecar.image for sidecar in job.sidecars.values())]
    private = [_ECR_IMAGE.match(image) for image in images if image]
    repositories = [
        f"arn:${{AWS::Partition}}:ecr:{found['region']}:{found['account']}:repository/{found['name']}"
        for found in private
        if found
    ]
    pulled: list[Json] = [arns.sub_if_needed(each) for each in dict.fromkeys(repositories)]
    pulled += [arns.arn("ecr", f"repository/{each.repository(project)}") for each in job_images(project, name)]
    if pulled:
        yield allow(["ecr:GetAuthorizationToken"], ["*"])
        yield allow(["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], pulled)
    resources_by_action: dict[str, dict[str, None]] = {}
    for where in (
        *job.secrets.values(),
        *(each for sidecar in job.sidecars.values() for each in sidecar.secrets.values()),
    ):
        found = parse_grant(where)
        resources_by_action.setdefault(found.action, {}).update(dict.fromkeys(found.resources))
    for action, resources in resources_by_action.items():
        yield allow([action], [arns.sub_if_needed(each) for each in resources])


def container_jobs(project: Project, name: str) -> list[str]:
    """Return the jobs whose containers a job's state machine runs."""
    job = project.jobs[name]
    if job.workflow is None:
        return [name]
    return list(dict.fromkeys(state["Job"] for _, state in workflow.job_steps(project.workflows[job.workflow])))


def machine_permissions(project: Project, name: str) -> Iterator[Json]:
    """Yield the statements for everything that a job's state machine does."""
    job = project.jobs[name]
    job_names = container_jobs(project, name)
    if job_names:
        yield from _task_permissions(project, job_names)
    if job.overlap != "allow":
        yield allow(["states:ListExecutions"], [arns.state_machine_arn(project, name)])
    yield from _run_permissions(project, name)
    if has_late_alert(job):
        yield allow(["states:StartExecution"], [ref(job_machine.LATE_RUNS)])
    if told := dict.fromkeys((*job.notify.caught, *skip_channels(job))):
        yield allow(["sns:Publish"], [arns.topic_arn(project, channel) for channel in told])
    if job.notify.caught and job_names:
        yield allow(["logs:GetLogEvents"], [arns.log_stream_arns(project, each) for each in job_names])
    if job.workflow is not None:
        yield from job_permissions(job)


def _run_permissions(project: Project, name: str) -> Iterator[Json]:
    """Yield the statements for a job's own runs and for the children of a distributed Map.

    See https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html.
    """
    job = project.jobs[name]
    runs, children = arns.execution_arns(project, name), arns.execution_arns(project, name, "/*")
    if job.workflow is not None and is_distributed(project.workflows[job.workflow]):
        yield allow(["states:StartExecution"], [arns.state_machine_arn(project, name)])
        yield allow(["states:DescribeExecution", "states:StopExecution"], [runs, children])
        yield allow(["states:RedriveExecution"], [children])
    elif job.overlap == "cancel-previous":
        yield allow(["states:StopExecution"], [runs])


def is_distributed(definition: Json) -> bool:
    """Return whether a workflow has a distributed Map, whose children are executions."""
    found = [state.get("ItemProcessor") or {} for _, state in walk_states(definition)]
    return any(each.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED" for each in found)


def _task_permissions(project: Project, job_names: list[str]) -> Iterator[Json]:
    """Yield the statements for RunTask and related calls, for the passed roles, and for the managed rule."""
    for jobs in group_items(job_names, lambda name: project.jobs[name].cluster).values():
        first = project.jobs[jobs[0]]
        in_cluster = {"ArnEquals": {"ecs:cluster": arns.cluster_arn(first)}}
        yield allow(["ecs:RunTask"], [arns.task_definition_arns(project, name) for name in jobs], in_cluster)
        yield allow(["ecs:StopTask", "ecs:DescribeTasks"], [arns.task_arns(project, first)], in_cluster)
        at_creation = {"StringEquals": {"ecs:CreateAction": "RunTask"}}
        yield allow(["ecs:TagResource"], [arns.task_arns(project, first)], at_creation)
    passed_roles: list[Json] = []
    for name in job_names:
        for each in (arns.execution_role_arn(project, name), arns.task_role_arn(project, name)):
            if not isinstance(each, str) or each not in passed_roles:
                passed_roles.append(each)
    yield allow(["iam:PassRole"], passed_roles, PASSED_TO_ECS)
    yield allow(
        ["events:PutTargets", "events:PutRule", "events:DescribeRule"], [arns.arn("events", MANAGED_RULE_RESOURCE)]
    )


def iam_role(logical_id: str, service: str, statements: list[Json]) -> Resource:
    """Return a role with these statements that a service assumes."""
    own_account = {"StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")}}
    needs = properties(PolicyName="Needs", PolicyDocument=policy_document(statements))
    return Resource(
        logical_id,
        "AWS::IAM::Role",
        properties(
            AssumeRolePolicyDocument=policy_document([allow_service(service, "sts:AssumeRole", condition=own_account)]),
            Policies=[needs] if statements else None,
        ),
    )
